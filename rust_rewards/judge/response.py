"""Reads the response of a judge's server (completion, error page, Retry-After header) without trusting its size or
form."""

import email.utils
import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from .config import JudgeConfig

MAX_BODY_BYTES = 1 << 20  # an answer of 256 tokens takes a few kilobytes
MAX_ERROR_BYTES = 4096  # of an error page, for the log


class JudgeFailure(Exception):
    """A question that got no usable answer.

    Attributes:
        reason (`str`): One of `rust_rewards.judge.REASONS`.
        status (`int`): HTTP status, 0 when there was none.
        retry_after (`float`): Seconds the server asked to wait, 0 when it did not.
    """

    def __init__(self, reason: str, message: str, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.reason, self.status, self.retry_after = reason, status, retry_after


class Answer(NamedTuple):
    """The text of a completion, what it cost, and why it is no answer.

    Attributes:
        text (`str`): The model's text, as it came.
        cost (`float`, *optional*): Price in USD; `None` when the server reports no usage.
        problem (`str`, *optional*): `"refused"` or `"truncated"`; `None` when the model finished an answer.
    """

    text: str
    cost: float | None = None
    problem: str | None = None


def read_completion(body: str, config: JudgeConfig) -> Answer:
    """Take the model's text and the price out of a response, trusting nothing about its form.

    Args:
        body (`str`): The response as it came.
        config (`JudgeConfig`): For the prices.

    Returns:
        `Answer`, with a `problem` when the model did not finish it.

    Raises:
        JudgeFailure: `"malformed"` when this is no chat completion.
    """
    try:
        response = json.loads(body)
        choice = response["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text, refusal = message.get("content"), message.get("refusal")
    except (ValueError, RecursionError, TypeError, LookupError, AttributeError):
        raise JudgeFailure("malformed", f"The response is no chat completion; it begins {body[:80]!r}.") from None
    cost = _cost(response.get("usage"), config)
    if refusal or finish == "content_filter":
        return Answer(refusal if isinstance(refusal, str) else "", cost, "refused")
    if finish == "length":
        return Answer(text if isinstance(text, str) else "", cost, "truncated")
    if not isinstance(text, str):
        raise JudgeFailure("malformed", f"The answer's content is of type {type(text).__name__}, not text.")
    return Answer(text, cost)


def _cost(usage: Any, config: JudgeConfig) -> float | None:
    """Return the price of a request in USD from the reported tokens, `None` when the report is of no use."""
    if not isinstance(usage, dict):
        return None
    counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
    sent, received = (count if isinstance(count, int) and 0 <= count < 1e9 else None for count in counts)
    if sent is None or received is None:
        return None
    return (sent * config.input_price + received * config.output_price) / 1e6


async def read_capped(chunks: AsyncIterator[bytes]) -> bytes:
    """Collect a body, or raise as soon as it is too long."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise JudgeFailure("oversize", f"The response is longer than {MAX_BODY_BYTES} bytes.")
    return bytes(body)


async def raise_for_status(response: Any) -> None:
    """Turn anything but success into a `JudgeFailure`, reading no more of it than is worth showing."""
    status = response.status_code
    if status < 300:
        return
    page = bytearray()
    async for chunk in response.aiter_bytes():
        page += chunk
        if len(page) >= MAX_ERROR_BYTES:
            break
    if status == 429:
        reason = "rate_limited"
    else:
        reason = "server_error" if status >= 500 else "rejected"
    text = " ".join(page[:MAX_ERROR_BYTES].decode("utf-8", "replace").split())
    wait = retry_after_seconds(response.headers.get("retry-after", ""), time.time())
    raise JudgeFailure(reason, f"HTTP {status}: {text}", status, wait)


def retry_after_seconds(header: str, now: float) -> float:
    """Read a Retry-After header, given in seconds or as a date.

    Args:
        header (`str`): Its value, `""` when absent.
        now (`float`): Present time, in seconds since the epoch.

    Returns:
        `float`: Seconds to wait, 0 when the header says nothing usable.

    Example:

    >>> retry_after_seconds("2", 0.0)
    2.0
    >>> retry_after_seconds("Thu, 01 Jan 1970 00:01:00 GMT", 45.0)
    15.0
    """
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return 0.0
    return seconds if 0 < seconds < float("inf") else 0.0
