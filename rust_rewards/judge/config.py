"""Holds the settings of the judge: what it is asked, where, and within which bounds (`JudgeConfig`).

The key itself is no field: the configuration names an environment variable, which is read when a request is
made. So a configuration can be printed, logged, pickled and committed.
"""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from .prompt import DEFAULT_TEMPLATE, check_template

DEFAULT_CACHE = "~/.cache/rust-rewards/judge.sqlite3"
ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


class Wanted(NamedTuple):
    """What a number of the configuration has to be, and how a message says so."""

    words: str
    whole: bool
    zero: bool

    def allows(self, value: object) -> bool:
        """Return whether a value is such a number. A truth value is none."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return math.isfinite(value) and (value >= 0 if self.zero else value > 0)


_COUNT = Wanted("a whole number above 0", whole=True, zero=False)
_COUNT_OR_NONE = Wanted("a whole number of at least 0", whole=True, zero=True)
_ABOVE_ZERO = Wanted("a number above 0", whole=False, zero=False)
_AT_LEAST_ZERO = Wanted("a number of at least 0", whole=False, zero=True)
NUMBERS = {
    "max_tokens": _COUNT,
    "concurrency": _COUNT,
    "failures_to_pause": _COUNT,
    "max_chars": _COUNT,
    "request_timeout": _ABOVE_ZERO,
    "deadline": _ABOVE_ZERO,
    "pause_seconds": _ABOVE_ZERO,
    "weight_scale": _ABOVE_ZERO,
    "w_quality": _AT_LEAST_ZERO,
    "w_correctness": _AT_LEAST_ZERO,
    "w_idiomaticity": _AT_LEAST_ZERO,
    "temperature": _AT_LEAST_ZERO,
    "input_price": _AT_LEAST_ZERO,
    "output_price": _AT_LEAST_ZERO,
    "retries": _COUNT_OR_NONE,
    "max_requests": _COUNT_OR_NONE,
    "max_cost": _AT_LEAST_ZERO,
}
UNLIMITED_WITHOUT = frozenset({"max_requests", "max_cost"})  # may be `None`


@dataclass(frozen=True)
class JudgeConfig:
    """Settings of the judge reward. Plain values, safe to print and to pickle.

    Args:
        endpoint (`str`): Base URL of an OpenAI-compatible server, as in `"http://localhost:8000/v1"`.
        model (`str`): Name of the model, as the server knows it.
        api_key_env (`str`, *optional*, defaults to `"JUDGE_API_KEY"`): Name of the environment variable that
            holds the key; may be unset for servers that want none.
        w_quality (`float`, *optional*, defaults to `1.0`): Weight of the score for quality, at least 0.
        w_correctness (`float`, *optional*, defaults to `1.0`): Weight of the score for correctness, at least 0.
        w_idiomaticity (`float`, *optional*, defaults to `1.0`): Weight of the score for idiomatic Rust, at least 0.
        weight_scale (`float`, *optional*, defaults to `1.0`): Reward of a program with full marks; the
            weighted mean of the three scores, brought to 0..1, is multiplied by it.
        temperature (`float`, *optional*, defaults to `0.0`): Sampling temperature of the judge.
        max_tokens (`int`, *optional*, defaults to `256`): Longest answer, in tokens.
        concurrency (`int`, *optional*, defaults to `16`): Requests in flight at a time, per process.
        request_timeout (`float`, *optional*, defaults to `30.0`): Longest wait for one request, in seconds.
        deadline (`float`, *optional*, defaults to `120.0`): Longest time spent on one batch, compiling,
            retries and waiting included, in seconds. Keep it below the collective timeout of the training job.
        retries (`int`, *optional*, defaults to `2`): Further attempts after a rate limit, a server error, a
            broken connection or a garbled response.
        max_requests (`int`, *optional*): Requests a run may send, retries included, over all ranks; unlimited without.
        max_cost (`float`, *optional*): USD a run may spend, over all ranks; needs the two prices; unlimited without.
        input_price (`float`, *optional*, defaults to `0.0`): USD for a million tokens sent.
        output_price (`float`, *optional*, defaults to `0.0`): USD for a million tokens received.
        only_compiling (`bool`, *optional*, defaults to `True`): Ask only about programs that rustc accepts.
        strip_comments (`bool`, *optional*, defaults to `False`): Show the judge the program without its
            comments, which are the usual place of text meant to talk it round. It then cannot value documentation.
        max_chars (`int`, *optional*, defaults to `16000`): Longest program, and longest task, the judge is
            shown, in characters; a longer one is not judged, because half a program would be misjudged.
        cache_path (`str`, *optional*, defaults to `"~/.cache/rust-rewards/judge.sqlite3"`): File of answers
            shared by runs and by the ranks of one machine, on a local disk; `None` or `""` for no cache.
        prompt_template (`str`, *optional*): The question, with `{code}` where the program goes and, if
            wanted, `{task}` where the task goes; the built-in question if left out.
        failures_to_pause (`int`, *optional*, defaults to `8`): Failed requests in a row after which the judge pauses.
        pause_seconds (`float`, *optional*, defaults to `60.0`): First pause, in seconds; doubles up to an
            hour while the server stays away.

    Raises:
        ValueError: When a value is missing or out of its range.
    """

    endpoint: str
    model: str
    api_key_env: str = "JUDGE_API_KEY"
    w_quality: float = 1.0
    w_correctness: float = 1.0
    w_idiomaticity: float = 1.0
    weight_scale: float = 1.0
    temperature: float = 0.0
    max_tokens: int = 256
    concurrency: int = 16
    request_timeout: float = 30.0
    deadline: float = 120.0
    retries: int = 2
    max_requests: int | None = None
    max_cost: float | None = None
    input_price: float = 0.0
    output_price: float = 0.0
    only_compiling: bool = True
    strip_comments: bool = False
    max_chars: int = 16000
    cache_path: str | None = DEFAULT_CACHE
    prompt_template: str = DEFAULT_TEMPLATE
    failures_to_pause: int = 8
    pause_seconds: float = 60.0

    def __post_init__(self) -> None:
        _check_endpoint(self.endpoint)
        if not self.model:
            raise ValueError("The judge has no model. Give the name the server knows it by, e.g. 'qwen3-coder'.")
        if not ENVIRONMENT_NAME.fullmatch(self.api_key_env):
            raise ValueError(  # the value is not shown: it may be the key itself
                "api_key_env must be the name of an environment variable in capitals, such as JUDGE_API_KEY. "
                "If you gave the key itself: export it under such a name, and give the name."
            )
        check_template(self.prompt_template)
        for name, wanted in NUMBERS.items():
            value = getattr(self, name)
            if not (value is None and name in UNLIMITED_WITHOUT) and not wanted.allows(value):
                raise ValueError(f"JudgeConfig.{name} is {value!r}; it must be {wanted.words}.")
        if self.max_cost is not None and self.input_price + self.output_price == 0:
            raise ValueError(
                f"max_cost is {self.max_cost}, but both prices are 0, so it would never be reached. "
                "Give input_price and output_price in USD per million tokens, or use max_requests."
            )
        if self.w_quality + self.w_correctness + self.w_idiomaticity == 0:
            raise ValueError("w_quality, w_correctness and w_idiomaticity are all 0; at least one must be above 0.")


def _check_endpoint(endpoint: str) -> None:
    if not endpoint:
        raise ValueError("The judge has no endpoint. Give its base URL, e.g. http://localhost:8000/v1.")
    parts = urlsplit(endpoint)
    if "@" in endpoint or parts.query or parts.fragment:  # may hold a key, so it is not shown
        raise ValueError(
            "The judge's endpoint must be a plain base URL without user, password or query. "
            "Put the key into an environment variable and name that in api_key_env."
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"The judge's endpoint is {endpoint!r}; it must look like http://localhost:8000/v1.")
