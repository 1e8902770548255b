"""Rewards programs for what rustc and the AST cannot see, by the judgement of a large code model. Optional.

What could not be judged is `None`, never a neutral score, and is counted by reason; a program that is itself to blame
for that earns 0. The judge cannot stop a training: one deadline bounds each batch, and a server that keeps failing is
left alone for a while. A row that the verifier failed for is `None` here too.

TRL runs synchronous rewards one after another and asynchronous ones together, after those. For a step to take
as long as the slower of verifier and judge, and not as both, the synchronous ones must be made asynchronous
as well: `with_judge` does so with `in_background`.

Judges can be talked round by what a program says; `python -m rust_rewards judge --calibrate` measures yours.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from ..batches import Columns, unverified_rows
from ..completions import completion_text
from ..extras import explain, missing_packages
from ..rows import Column, Completion, broadcast, read_without_tests
from .arguments import JudgeArguments, config_from_arguments
from .background import after_rewards, in_background
from .config import JudgeConfig
from .judge import EVADED, FAILED, REASONS, Judge
from .prompt import SCORES, Judgement, build_messages, parse_answer
from .response import JudgeFailure

PROBE_TASK = "Write a function `double` that returns twice its argument."
PROBE_CODE = "pub fn double(x: i32) -> i32 {\n    x * 2\n}\n"

logger = logging.getLogger(__name__)


class JudgeError(RuntimeError):
    """The judge cannot be used as configured; the message says what to do."""


class JudgeReward:
    """The judge as an asynchronous TRL reward function. Picklable.

    Args:
        config (`JudgeConfig`): Server, question and limits.
    """

    def __init__(self, config: JudgeConfig) -> None:
        self.__name__ = "judge_reward"
        self.judge = Judge(config)

    async def __call__(
        self,
        completions: Sequence[Completion],
        prompts: Sequence[Completion] | str | None = None,
        code_prefix: Column = None,
        entry_point: Column = None,
        tests: Column = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **kwargs: Any,
    ) -> list[float | None]:
        """Return the judge's reward for each completion.

        Args:
            completions (`list`): Completions as strings or chat messages.
            prompts (`list`, *optional*): What the task was: strings, or chat messages of which the last user's counts.
            code_prefix (`list[str]`, *optional*): Begin of each program, for base models. As in the other rewards,
                one string is every row's, and a column that cannot be read costs its rows their judgement.
            entry_point, tests (`list[str]`, *optional*): What was asked for: they tell which block is the answer.
            log_extra (`Callable`, *optional*): Receives the columns `judge_quality`, `judge_correctness`,
                `judge_idiomaticity` and `judge_rationale` (or why there is no judgement).
            log_metric (`Callable`, *optional*): Receives `judge/scored`, `judge/cached` and, for each of
                `REASONS`, `judge/none/<reason>` and, where the program may be to blame, `judge/zero/<reason>`, as
                shares of the batch; `judge/requests` and `judge/cost_usd`, this process's sums so far;
                `judge/seconds`, the time this call took.

        Returns:
            `list[float | None]`: 0..`weight_scale` each; 0.0 where the program is to blame that there is no
                judgement, `None` where it is not.
        """
        began, config = perf_counter(), self.judge.config
        rows = read_without_tests(completions, tests, entry_point, code_prefix)
        programs = [None if row is None else row.program for row in rows]
        tasks = [task_text(prompt) for prompt in broadcast("" if prompts is None else prompts, len(rows))]
        judgements = await self.judge.judge_programs(programs, tasks)
        seconds = perf_counter() - began
        unverified = await after_rewards(unverified_rows, Columns(completions, tests, entry_point, code_prefix))
        for place in unverified:
            judgements[place] = Judgement(reason="verifier", rationale="The verifier failed for this row.")
        if log_extra is not None:
            for name, values in _columns(judgements).items():
                log_extra(f"judge_{name}", values)
        if log_metric is not None:
            for name, value in self._metrics(judgements).items():
                log_metric(f"judge/{name}", value)
            log_metric("judge/seconds", seconds)
        weights = (config.w_quality, config.w_correctness, config.w_idiomaticity)
        return [judgement.reward(weights, config.weight_scale) for judgement in judgements]

    def _metrics(self, judgements: Sequence[Judgement]) -> dict[str, float]:
        """Return the same keys for every batch, the empty one included: ranks log in step."""
        size = max(1, len(judgements))
        unknown = Counter(judgement.reason for judgement in judgements if not judgement.failed)
        failed = Counter(judgement.reason for judgement in judgements if judgement.failed)
        cached = [judgement for judgement in judgements if judgement.cached]
        budget = self.judge.client.budget
        return {
            "scored": unknown[None] / size,
            "cached": len(cached) / size,
            "requests": float(budget.requests),
            "cost_usd": budget.cost,
            **{f"none/{reason}": unknown[reason] / size for reason in REASONS if reason not in FAILED},
            **{f"zero/{reason}": failed[reason] / size for reason in (*FAILED, *EVADED)},
        }


def _columns(judgements: Sequence[Judgement]) -> dict[str, list[Any]]:
    """Return the columns of the completions table: each score, and the judge's sentence or why there is none."""
    columns: dict[str, list[Any]] = {
        name: [None if judgement.scores is None else judgement.scores[place] for judgement in judgements]
        for place, name in enumerate(SCORES)
    }
    columns["rationale"] = [
        f"{judgement.reason}: {judgement.rationale}" if judgement.reason else judgement.rationale
        for judgement in judgements
    ]
    return columns


def get_judge_reward(config: JudgeConfig) -> JudgeReward:
    """Return the judge as a reward function for `reward_funcs`.

    Args:
        config (`JudgeConfig`): Server, question and limits.

    Raises:
        ImportError: When the `openai` package is missing.

    Example:
    ```python
    config = JudgeConfig(endpoint="http://localhost:8000/v1", model="qwen3-coder")
    check_judge(config)
    trainer = GRPOTrainer(..., reward_funcs=[in_background(rust_reward), get_judge_reward(config)])
    ```
    """
    if missing_packages("judge"):
        raise ImportError(explain("The judge", "openai", "judge"))
    return JudgeReward(config)


def with_judge(
    reward_funcs: Sequence[Any], reward_weights: Sequence[float] | None, arguments: JudgeArguments
) -> tuple[list[Any], list[float] | None]:
    """Add the judge to a script's rewards when its `--judge_*` options ask for one, after one probe request.

    Args:
        reward_funcs (`list`): The other rewards.
        reward_weights (`list[float]`, *optional*): Their weights, if any; the judge's is 1, its scale being
            `judge_weight_scale`.
        arguments (`JudgeArguments`): The parsed options.

    Returns:
        `tuple[list, list[float] | None]`: The rewards, made to overlap with the judge, and the judge last; and
            the weights. Both as they were when no judge is asked for. With `judge_optional`, a judge that does
            not answer is there all the same, paused: it may come back, and all ranks need equally many rewards.

    Raises:
        ImportError: When the `openai` package is missing.
        JudgeError: When the judge does not answer and is not optional.
        ValueError: When an option is wrong.
    """
    weights = None if reward_weights is None else list(reward_weights)
    config = config_from_arguments(arguments)
    if config is None:
        return list(reward_funcs), weights
    reward = get_judge_reward(config)
    if os.environ.get("RANK", "0") == "0":  # one request and one message for the whole run
        try:
            check_judge(config)
        except JudgeError as err:
            if not arguments.judge_optional:
                raise JudgeError(f"{err} Or train whether it answers or not: --judge_optional") from None
            reward.judge.client.breaker.open(str(err))
    return [*map(in_background, reward_funcs), reward], None if weights is None else [*weights, 1.0]


def check_judge(config: JudgeConfig) -> None:
    """Ask the judge one question, to learn now and not after the first rollout that it cannot be used.

    Args:
        config (`JudgeConfig`): Server, question and limits.

    Raises:
        JudgeError: When there is no answer: wrong address, certificate, key or model. An answer that is not in
            the form asked for is only a warning: other programs may fare better.
    """
    judge = Judge(config)

    async def probe() -> str:
        loop = asyncio.get_running_loop()
        async with judge.client.session() as session:
            messages = build_messages(config.prompt_template, PROBE_TASK, PROBE_CODE)
            return (await session.ask(messages, until=loop.time())).text  # one attempt

    try:
        with ThreadPoolExecutor(max_workers=1) as pool:  # the thread of a notebook already runs an event loop
            text = pool.submit(asyncio.run, probe()).result()
    except JudgeFailure as failure:
        raise JudgeError(_advice(failure, config)) from None
    if parse_answer(text).scores is None:
        logger.warning(
            "The judge answers, but not in the form asked for: %r. If that goes on, its rewards are all "
            "None; try a larger model, or `python -m rust_rewards judge --calibrate`.",
            text[:200],
        )


def task_text(prompt: Any) -> str | None:
    """Return what a prompt asks for: a string as it is, of chat messages the last one by the user.

    `None` when it is neither.
    """
    if isinstance(prompt, str):
        return completion_text(prompt)
    if not isinstance(prompt, list | tuple) or not all(isinstance(message, Mapping) for message in prompt):
        return None
    asked = [message for message in prompt if message.get("role") == "user"]
    return completion_text([{"content": asked[-1].get("content")}]) if asked else ""


def _advice(failure: JudgeFailure, config: JudgeConfig) -> str:
    """Say what was tried, what came back, and what to do, in one message."""
    key = f"The key is read from {config.api_key_env}"
    key += ", which is set." if os.environ.get(config.api_key_env) else ", which is not set."
    advice = {
        401: f"{key} Export a valid one, or name another variable in api_key_env.",
        403: f"{key} It may not use this model.",
        404: f"Is {config.model!r} a model of this server? Should the endpoint end in /v1?",
    }.get(failure.status)
    if advice is None and "certificate" in str(failure):
        advice = "Set SSL_CERT_FILE to the file of the authority that signed it, or use the name it was made for."
    if advice is None and failure.reason in ("connection", "timeout"):
        advice = "Is the server running, and reachable from this machine?"
    told = str(failure).rstrip(".")
    return f"The judge {config.model!r} at {config.endpoint} cannot be used: {told}. {advice or ''}".rstrip()
