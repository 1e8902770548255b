"""Forms a judgement on each program: settles what needs no question first, and asks the rest at once.

In this order: no program, or too long; does not compile; answered before (cache); asked now. Equal questions
are one question. Whatever happens, there is a `Judgement` for every program, by the deadline.

Whose fault it is that there are no scores decides what that is worth. A program that is none, does not compile or is
too long has failed: 0. So has one about which a judge that has answered about others gives no answer twice: it would
otherwise be the way of a bad program to be taken for an average one. All else is the judge's fault, or ours: `None`.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from traceback import extract_tb
from typing import Any, NamedTuple

from ..verifier import Limits, SandboxError, ToolchainError, verify
from .cache import JudgeCache, cache_key
from .client import JudgeClient, JudgeFailure, Session
from .config import JudgeConfig
from .prompt import SYSTEM, Judgement, build_messages, parse_answer
from .shown import shown_program

FAILED = ("no_code", "too_long", "not_compiling")  # of the program, before anybody is asked: 0
# The program's fault where the judge answers about others: it was asked a second time, under another marker
EVADED = (
    "refused",  # by the model
    "truncated",  # by `max_tokens`
    "unparsable",
    "out_of_range",
    "not_taken",  # 400, 413 or 422 from a server that has taken other questions: too many tokens, say
)
REASONS = (
    *FAILED,
    *EVADED,
    "unreadable",  # the completion, the prompt or the prefix is not what it should be
    "long_task",  # the task exceeds `max_chars`
    "verifier",  # rustc could not be asked, by the judge or by another reward of the batch
    "budget",
    "paused",  # by the circuit breaker
    "deadline",  # of the batch
    "timeout",  # of one request
    "rate_limited",  # 429 to the last attempt
    "server_error",  # 5xx to the last attempt
    "rejected",  # any other status, or an unusable key
    "connection",
    "malformed",  # no chat completion
    "oversize",
    "internal",  # an unforeseen error; the log says where
)

logger = logging.getLogger(__name__)


class Question(NamedTuple):
    """One program and what it was to do."""

    task: str
    program: str


class Judge:
    """Forms judgements with one server. Picklable; a copy starts with a new budget and a new circuit breaker.

    Args:
        config (`JudgeConfig`): Server, question and limits.
    """

    def __init__(self, config: JudgeConfig) -> None:
        self.config = config
        self.client = JudgeClient(config)
        self._cache = JudgeCache(config.cache_path) if config.cache_path else None
        self._gate: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._has_scored = False  # a program, ever

    def __reduce__(self) -> tuple[type["Judge"], tuple[JudgeConfig]]:
        return Judge, (self.config,)

    async def judge_programs(self, programs: Sequence[str | None], tasks: Sequence[str | None]) -> list[Judgement]:
        """Return a judgement on each program.

        Args:
            programs (`list[str]`): Rust sources, `None` where the row could not be read.
            tasks (`list[str]`): What each was to do, as long as `programs`; `None` where that could not be read.

        Raises:
            ImportError: When the `openai` package is missing.
        """
        until = asyncio.get_running_loop().time() + self.config.deadline
        rows = [_question(*pair) for pair in zip(tasks, programs, strict=True)]
        questions = [question for question in rows if question is not None]
        settled = {q: Judgement(reason=reason) for q in questions if (reason := self._unfit(q))}
        try:
            async with asyncio.timeout_at(until):
                if self.config.only_compiling:
                    settled |= await self._uncompilable(_left(questions, settled))
                settled |= await self._answered_before(_left(questions, settled))
        except TimeoutError:
            settled |= dict.fromkeys(_left(questions, settled), Judgement(reason="deadline"))
        settled |= await self._asked(_left(questions, settled), until)
        self._has_scored = self._has_scored or any(judgement.scores for judgement in settled.values())
        blamed = (*FAILED, *EVADED) if self._has_scored else FAILED
        settled = {q: replace(judgement, failed=judgement.reason in blamed) for q, judgement in settled.items()}
        return [Judgement(reason="unreadable") if question is None else settled[question] for question in rows]

    def _unfit(self, question: Question) -> str | None:
        """Say why a question is not worth putting, if so. Half a program would be misjudged, so none is cut."""
        most = self.config.max_chars
        if not question.program.strip():
            return "no_code"
        if len(question.task) > most:
            return "long_task"
        return "too_long" if len(question.program) > most or len(self._shown(question)) > most else None

    def _shown(self, question: Question) -> str:
        return shown_program(question.program, strip_comments=self.config.strip_comments)

    async def _uncompilable(self, questions: list[Question]) -> dict[Question, Judgement]:
        """Settle what rustc rejects. In a thread, since the loop may serve other rewards meanwhile."""
        programs = list(dict.fromkeys(q.program for q in questions))
        if not programs:
            return {}
        limits = Limits(deadline_seconds=self.config.deadline)
        try:
            verdicts = await asyncio.to_thread(verify, programs, limits=limits)
        except (ToolchainError, SandboxError, OSError) as err:
            return dict.fromkeys(questions, Judgement(reason="verifier", rationale=str(err)))
        rejected = {}
        for program, verdict in zip(programs, verdicts, strict=True):
            if verdict.failure is not None:
                rejected[program] = Judgement(reason="verifier", rationale=verdict.failure)
            elif not verdict.compiles:
                rejected[program] = Judgement(reason="not_compiling")
        return {q: rejected[q.program] for q in questions if q.program in rejected}

    async def _answered_before(self, questions: list[Question]) -> dict[Question, Judgement]:
        """Settle what the cache knows."""
        if self._cache is None or not questions:
            return {}
        keys = {q: self._key(q) for q in questions}
        answers = await asyncio.to_thread(self._cache.lookup, keys.values())
        return {q: parse_answer(answers[key], cached=True) for q, key in keys.items() if key in answers}

    async def _asked(self, questions: list[Question], until: float) -> dict[Question, Judgement]:
        """Settle the rest by asking, until the deadline."""
        settled: dict[Question, Judgement] = {}
        if not questions:
            return settled
        try:
            async with self.client.session() as session:
                if self.client.breaker.on_trial:  # one question decides whether the others are put
                    settled |= await self._ask_each(questions[:1], session, until)
                settled |= await self._ask_each(_left(questions, settled), session, until)
        except JudgeFailure as failure:
            self.client.breaker.failed(str(failure))
            judgement = Judgement(reason=failure.reason, rationale=str(failure))
            settled |= dict.fromkeys(_left(questions, settled), judgement)
        return settled

    async def _ask_each(self, questions: list[Question], session: Session, until: float) -> dict[Question, Judgement]:
        loop = asyncio.get_running_loop()
        asked = {loop.create_task(self._ask(q, session, until)): q for q in questions}
        try:
            if asked:
                await asyncio.wait(asked, timeout=max(0.0, until - loop.time()))
        finally:
            for task in asked:
                task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return {question: _outcome(task) for task, question in asked.items()}

    async def _ask(self, question: Question, session: Session, until: float) -> Judgement:
        """Put one question, a second time when the first answer is none: the program may have brought that about."""
        judgement = await self._ask_once(question, session, until)
        return await self._ask_once(question, session, until) if judgement.reason in EVADED else judgement

    async def _ask_once(self, question: Question, session: Session, until: float) -> Judgement:
        messages = build_messages(self.config.prompt_template, question.task, self._shown(question))
        async with self._slot():
            try:
                answer = await session.ask(messages, until)
            except JudgeFailure as failure:
                return Judgement(reason=failure.reason, rationale=str(failure))
        if answer.problem is not None:
            return Judgement(reason=answer.problem, rationale=answer.text)
        judgement = parse_answer(answer.text)
        if self._cache is not None and judgement.scores is not None:
            await asyncio.to_thread(self._cache.store, self._key(question), answer.text)  # another process may write
        return judgement

    def _slot(self) -> asyncio.Semaphore:
        """Return the limit on requests in flight; one per event loop, shared by batches that overlap in it."""
        loop = asyncio.get_running_loop()
        if self._gate is None or self._gate[0] is not loop:
            self._gate = loop, asyncio.Semaphore(self.config.concurrency)
        return self._gate[1]

    def _key(self, question: Question) -> str:
        config = self.config
        asked = (SYSTEM, config.prompt_template, config.strip_comments)
        return cache_key(*asked, config.model, config.temperature, config.max_tokens, *question)


def _question(task: str | None, program: str | None) -> Question | None:
    return None if task is None or program is None else Question(task, program)


def _left(questions: Iterable[Question], settled: dict[Question, Judgement]) -> list[Question]:
    return [q for q in dict.fromkeys(questions) if q not in settled]


def _outcome(task: "asyncio.Task[Judgement]") -> Judgement:
    """Read a finished task. Only the place of an unforeseen error is told: its text might hold the key."""
    if task.cancelled():
        return Judgement(reason="deadline")
    error = task.exception()
    if error is None:
        return task.result()
    where: Any = extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
    logger.warning("The judge met an unforeseen error: %s. The program concerned is not judged.", place)
    return Judgement(reason="internal", rationale=place)
