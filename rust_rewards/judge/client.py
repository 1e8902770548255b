"""Puts one question to an OpenAI-compatible server, and names what goes wrong.

The official `openai` client is the transport. On top of it stand the bounds it does not have: a limit on the
bytes of a response (read as a stream, so that a huge one is dropped and not held), a limit on a request's
total time (its own timeouts are per read, which a server that drips can stretch for ever), retries that end
with the batch's deadline, a circuit breaker and a budget. Every failure becomes a `JudgeFailure` with one of
the `REASONS`.

The key is read from the environment when a client is made, lives nowhere else, and is cut out of whatever the
server says. Clients are made per batch: one cannot be used in another event loop, and trainers make new
loops.

Not covered: streaming answers, other APIs than chat completions, sharing limits between machines.
"""

import asyncio
import os
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..extras import needing
from .config import JudgeConfig
from .limits import Budget, CircuitBreaker, ranks_of_run
from .prompt import SCHEMA
from .response import Answer, JudgeFailure, raise_for_status, read_capped, read_completion

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MAX_ERROR_CHARS = 300
FIRST_BACKOFF_SECONDS = 0.5  # doubles with each attempt, plus up to as much again at random
RETRIED = frozenset({"rate_limited", "server_error", "connection", "malformed"})
SCHEMA_REFUSED = frozenset({400, 415, 422, 500, 501})  # said to a response_format the server does not know
QUESTION_REFUSED = frozenset({400, 413, 422})  # said to one question by a server that takes others


class JudgeClient:
    """Asks one server within its limits. Holds no connection and no key between batches.

    Args:
        config (`JudgeConfig`): Server, limits and prices.
    """

    def __init__(self, config: JudgeConfig) -> None:
        self.config = config
        self.breaker = CircuitBreaker(config.failures_to_pause, config.pause_seconds)
        self.budget = Budget(config.max_requests, config.max_cost, ranks_of_run())
        self.structured: bool | None = None  # whether the server takes `response_format`; `None` until it is known

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Session"]:
        """Open connections for one batch and close them afterwards.

        Raises:
            ImportError: When the `openai` package is missing.
            JudgeFailure: When the key cannot be one.
        """
        openai = require_openai()
        key = read_key(self.config.api_key_env)
        http = openai.DefaultAsyncHttpxClient(
            timeout=self.config.request_timeout,
            follow_redirects=False,  # the key and the programs go where they were meant to, or nowhere
            event_hooks={"response": [raise_for_status]},
        )
        api = openai.AsyncOpenAI(
            api_key=key or "none",  # the client insists on one
            base_url=self.config.endpoint,
            max_retries=0,
            timeout=self.config.request_timeout,
            default_headers={"Accept-Encoding": "identity"},  # so that the limit on bytes is one on memory
            http_client=http,
        )
        async with api:
            yield Session(self, api, key)


class Session:
    """Connections of one batch, bound to the running event loop."""

    def __init__(self, client: JudgeClient, api: "AsyncOpenAI", key: str) -> None:
        self._client, self._api, self._key = client, api, key

    async def ask(self, messages: list[dict[str, str]], until: float) -> Answer:
        """Put one question, trying again where that can help.

        Args:
            messages (`list[dict]`): Chat messages.
            until (`float`): Time of the event loop's clock after which no further attempt starts.

        Raises:
            JudgeFailure: When there is no answer.
        """
        breaker = self._client.breaker
        attempts = 1 if breaker.on_trial else 1 + self._client.config.retries
        for attempt in range(attempts):
            if breaker.paused:
                raise JudgeFailure("paused", "The judge is paused after repeated failures.")
            try:
                answer = await self._ask_once(messages)
            except JudgeFailure as failure:
                if failure.reason in ("budget", "not_taken"):  # neither says anything of the server's health
                    raise
                wait = max(failure.retry_after, FIRST_BACKOFF_SECONDS * 2**attempt * (1 + random.random()))
                late = asyncio.get_running_loop().time() + wait >= until
                if late or attempt + 1 == attempts or failure.reason not in RETRIED:
                    breaker.failed(str(failure))
                    raise
                await asyncio.sleep(wait)
            else:
                breaker.succeeded()
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _ask_once(self, messages: list[dict[str, str]]) -> Answer:
        """Make one attempt; a second request is part of it when the server does not know `response_format`."""
        if self._client.structured is not None:
            return await self._ask_known(messages, structured=self._client.structured)
        try:
            answer, works = await self._request(messages, structured=True), True
        except JudgeFailure as failure:
            if failure.status not in SCHEMA_REFUSED:
                raise
            answer, works = await self._request(messages, structured=False), False
        self._client.structured = works
        return answer

    async def _ask_known(self, messages: list[dict[str, str]], *, structured: bool) -> Answer:
        """Make one attempt with a server that has answered before: what it refuses now is this question."""
        try:
            return await self._request(messages, structured=structured)
        except JudgeFailure as failure:
            if failure.status in QUESTION_REFUSED:
                raise JudgeFailure("not_taken", str(failure), failure.status) from None
            raise

    async def _request(self, messages: list[dict[str, str]], *, structured: bool) -> Answer:
        config, budget = self._client.config, self._client.budget
        # A token is at least one byte, so this is the most the request can cost.
        sent = sum(len(m["content"].encode()) for m in messages)
        booked = (sent * config.input_price + config.max_tokens * config.output_price) / 1e6
        if not budget.reserve(booked):
            raise JudgeFailure("budget", "The judge's budget is used up.")
        body = await self._exchange(messages, structured=structured)
        answer = read_completion(self._without_key(body.decode("utf-8", "replace")), config)
        if answer.cost is not None:
            budget.settle(booked, answer.cost)
        return answer._replace(text=self._without_key(answer.text))

    async def _exchange(self, messages: list[dict[str, str]], *, structured: bool) -> bytes:
        """Send one request and return the body of the response, or raise what it says in our words."""
        import anyio
        import httpx2
        import openai

        config = self._client.config
        options: dict[str, Any] = {"response_format": SCHEMA} if structured else {}
        create = self._api.chat.completions.with_streaming_response.create
        try:
            async with (
                asyncio.timeout(config.request_timeout),
                create(
                    model=config.model,
                    messages=messages,
                    temperature=config.temperature,
                    max_tokens=config.max_tokens,
                    **options,
                ) as response,
            ):
                return await read_capped(response.iter_bytes())
        except JudgeFailure as failure:
            failure.args = (self._without_key(str(failure))[:MAX_ERROR_CHARS],)
            raise failure from None
        except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException):
            raise JudgeFailure("timeout", f"No answer within {config.request_timeout:g} s.") from None
        except (
            openai.OpenAIError,
            httpx2.HTTPError,
            OSError,
            anyio.EndOfStream,
            anyio.ClosedResourceError,
        ) as err:
            # `from None`: the original carries the request, and with it the key.
            raise JudgeFailure("connection", self._describe(err)) from None

    def _describe(self, err: BaseException) -> str:
        """Name the innermost cause of a broken connection: "Connection error." says too little."""
        cause, certificate = err, False
        while True:
            certificate = certificate or isinstance(cause, ssl.SSLCertVerificationError)
            deeper = cause.__cause__ or cause.__context__
            if deeper is None:
                break
            cause = deeper
        text = self._without_key(f"{type(cause).__name__}: {cause}")[:MAX_ERROR_CHARS]
        if certificate or "CERTIFICATE_VERIFY_FAILED" in text:
            return f"The certificate of {self._client.config.endpoint} was not accepted: {text}"
        return text

    def _without_key(self, text: str) -> str:
        """Cut the key out of a text of the server's: some repeat what they were sent."""
        return text.replace(self._key, "[key]") if self._key else text


def require_openai() -> Any:
    """Return the `openai` module, or raise `ImportError` with the line that installs it."""
    with needing("judge", "The judge"):
        import openai
    return openai


def read_key(variable: str) -> str:
    """Return the key in an environment variable, `""` when unset.

    Raises:
        JudgeFailure: When it holds characters that no HTTP header may (the value is not shown).
    """
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise JudgeFailure("rejected", f"The value of {variable} is no key: it has blanks or unprintable characters.")
    return key
