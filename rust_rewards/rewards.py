"""Reward functions for TRL: thin functions over completion -> program -> verdict and metrics -> score.

| function | range | asks |
| --- | --- | --- |
| `format_reward` | 0, 0.5, 1 | is there a program, and is it delivered cleanly? |
| `compile_reward` | 0 or 1 | does rustc accept an answer? |
| `clippy_reward` | 0..1 | 1 / (1 + warnings + lints) of an answer that compiles |
| `tests_reward` | 0..1 | which share of the row's hidden tests passes? `None` without tests |
| `solved_reward` | 0 or 1 | does an answer compile without a warning and pass every hidden test? `None` without tests |
| `ast_reward` | 0..1 | structure, error handling, idioms, documentation, less penalties; never calls rustc |
| `rust_reward` | 0..32 | all of `scoring.compute_reward`: the compiler's verdict, and style where every test passes |

Each takes completions in both of TRL's forms and reads the dataset columns `tests`, `entry_point` and
`code_prefix` when they are there. The value of a row is `None` when it cannot be scored: the completion or a
column is not what it should be, a column has another length than the completions, or the verifier failed.
Such rows are counted in the metric `<reward>/not_scored` and never stop a run. A missing toolchain does, with
`ToolchainError`, at the first call. The metric `<reward>/seconds` is the wall time of a call, and
`tests_reward/solve_rate` the share of rows with tests whose answer passes all of them.

A row is scored or it is not: one that the verifier fails for (at the deadline, say) is `None` in that reward and in
all that are asked about the same batch after it; `whole_rows` makes it so in those before it as well.

What several rewards ask of a program is found out once. `batches` shares a batch's verdicts; `verify` remembers what
the compiler said apart from what the tests said, so `compile_reward`, `rust_reward`, `tests_reward` and
`solved_reward` share the first; `rows` remembers the metrics. Clippy is a compiler run of its own; what it finds
serves the others as well when `clippy_reward` stands first. Limits given to `get_rust_reward` make verdicts of their
own.

An answer is as in `scoring`: a program that is empty, has no function, lacks the row's entry point or is only
a copied signature compiles in vain.
"""

import functools
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec

from .ast_metrics import AstMetrics
from .batches import Columns, Verification, batch_for
from .completions import completion_text, is_clean_block
from .continuation import asked_entry_point, is_complete
from .rows import (
    DEFAULT_LIMITS,
    Column,
    Completion,
    Row,
    first_error,
    measure_rows,
    outcome,
    read_rows,
    readable_tests,
    score_rows,
    unmet_tests,
)
from .scoring import COMPONENTS, DEFAULT_CONFIG, RewardBreakdown, RewardConfig, style_points
from .verifier import Limits, Verdict

COMPILE = Verification()
CLIPPY = Verification(clippy=True)
TESTS = Verification(tests=True)

logger = logging.getLogger(__name__)

LogExtra = Callable[[str, list[Any]], None] | None
LogMetric = Callable[[str, float], None] | None
Rewards = list[float | None]
Given = ParamSpec("Given")


def _timed(reward: Callable[Given, Rewards]) -> Callable[Given, Rewards]:
    """Let a reward function log how long each of its calls takes, in seconds."""

    @functools.wraps(reward)
    def timed_reward(*args: Given.args, **kwargs: Given.kwargs) -> Rewards:
        started = time.monotonic()
        values = reward(*args, **kwargs)
        _log_seconds(reward.__name__, started, kwargs.get("log_metric"))
        return values

    return timed_reward


def _log_seconds(name: str, started: float, log_metric: Any) -> None:
    if log_metric is not None:
        log_metric(f"{name}/seconds", time.monotonic() - started)


@_timed
def format_reward(
    completions: Sequence[Completion],
    code_prefix: Column = None,
    entry_point: Column = None,
    tests: Column = None,
    log_metric: LogMetric = None,
    **kwargs: Any,
) -> list[float | None]:
    """Reward a cleanly delivered program.

    1.0: a complete visible block that says Rust, outside any thinking section, and no second try beside it; for a row
    with a `code_prefix` also a continuation that closes what the prefix opened and stops there. 0.5: code in any other
    form (a block without a language or never closed, bare code, several tries, a continuation that runs on). 0.0: no
    code. The block is the one that the other rewards score; examples of use and tests beside it cost nothing. rustc is
    not asked.

    Example:
    ```python
    >>> from rust_rewards import format_reward

    >>> format_reward(["```rust\\nfn one() -> i32 { 1 }\\n```", "fn one() -> i32 { 1 }", "One."])
    [1.0, 0.5, 0.0]

    ```
    """
    unverified = batch_for(format_reward, Columns(completions, tests, entry_point, code_prefix)).unverified
    rows = read_rows(completions, readable_tests(tests, len(completions)), entry_point, code_prefix)
    values = [None if row is None or place in unverified else _format(row) for place, row in enumerate(rows)]
    return _report("format_reward", values, log_metric)


@_timed
def compile_reward(
    completions: Sequence[Completion],
    entry_point: Column = None,
    code_prefix: Column = None,
    tests: Column = None,
    log_metric: LogMetric = None,
    **kwargs: Any,
) -> list[float | None]:
    """Reward an answer that rustc accepts: 1.0, else 0.0; `None` when it could not be scored.

    Raises:
        ToolchainError: When there is no Rust toolchain.
    """
    batch = batch_for(compile_reward, Columns(completions, tests, entry_point, code_prefix))
    rows, verdicts = batch.verify(COMPILE)
    values = [
        None if verdict is None or metrics is None else float(verdict.compiles and metrics.live.answers)
        for verdict, metrics in zip(verdicts, measure_rows(rows), strict=True)
    ]
    return _report("compile_reward", values, log_metric)


@_timed
def clippy_reward(
    completions: Sequence[Completion],
    entry_point: Column = None,
    code_prefix: Column = None,
    tests: Column = None,
    log_metric: LogMetric = None,
    **kwargs: Any,
) -> list[float | None]:
    """Reward clean code by the number of complaints about it.

    1 / (1 + n) for an answer that compiles with n warnings and clippy lints (an attribute that silences lints
    counts as one), 0.0 for one that does not compile; `None` when it could not be scored.

    Raises:
        ToolchainError: When there is no Rust toolchain, or no clippy.
    """
    batch = batch_for(clippy_reward, Columns(completions, tests, entry_point, code_prefix))
    rows, verdicts = batch.verify(CLIPPY)
    values = [
        None if verdict is None or metrics is None else _cleanness(verdict, metrics)
        for verdict, metrics in zip(verdicts, measure_rows(rows), strict=True)
    ]
    return _report("clippy_reward", values, log_metric)


@_timed
def tests_reward(
    completions: Sequence[Completion],
    tests: Column = None,  # noqa: PT028 (no test)
    entry_point: Column = None,  # noqa: PT028
    code_prefix: Column = None,  # noqa: PT028
    log_metric: LogMetric = None,  # noqa: PT028
    **kwargs: Any,
) -> list[float | None]:
    """Reward passed hidden tests: their share, 0..1.

    `None` for a row without tests, and for one that could not be scored.

    Raises:
        ToolchainError: When there is no Rust toolchain.
    """
    batch = batch_for(tests_reward, Columns(completions, tests, entry_point, code_prefix))
    _, verdicts = batch.verify(TESTS)
    values = [
        None if verdict is None or not verdict.tests_total else verdict.tests_passed / verdict.tests_total
        for verdict in verdicts
    ]
    if log_metric is not None:
        log_metric("tests_reward/solve_rate", _mean(value == 1 for value in values if value is not None))
    return _report("tests_reward", values, log_metric)


tests_reward.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test by its name


@_timed
def solved_reward(
    completions: Sequence[Completion],
    tests: Column = None,
    entry_point: Column = None,
    code_prefix: Column = None,
    log_metric: LogMetric = None,
    **kwargs: Any,
) -> list[float | None]:
    """Reward a solved task: 1.0 for an answer that compiles without a warning and passes every hidden test.

    0.0 for any other; a warning that an attribute silences counts as one. `None` for a row without tests, and
    for one that could not be scored. This is "correct" as the MaxRL paper means it (arXiv 2602.02710).

    Raises:
        ToolchainError: When there is no Rust toolchain.
    """
    batch = batch_for(solved_reward, Columns(completions, tests, entry_point, code_prefix))
    rows, verdicts = batch.verify(TESTS)
    values = [
        None if verdict is None or score is None or not verdict.tests_total else _solved(verdict, score)
        for verdict, score in zip(verdicts, score_rows(rows, verdicts), strict=True)
    ]
    return _report("solved_reward", values, log_metric)


@_timed
def ast_reward(
    completions: Sequence[Completion],
    entry_point: Column = None,
    code_prefix: Column = None,
    tests: Column = None,
    log_metric: LogMetric = None,
    **kwargs: Any,
) -> list[float | None]:
    """Reward style by the syntax tree alone, without rustc; about a millisecond for a program.

    The style points of `scoring` less its penalties, as a share of the most style points, 0..1; 0.0 for a
    program that does not parse or does not answer. Use it beside a reward that compiles: alone it can be
    earned by code that does not.
    """
    rows = batch_for(ast_reward, Columns(completions, tests, entry_point, code_prefix)).rows()
    values = [None if metrics is None else style_points(metrics) for metrics in measure_rows(rows)]
    return _report("ast_reward", values, log_metric)


@dataclass(frozen=True)
class RustReward:
    """The combined reward as a picklable callable. `get_rust_reward` makes it; `rust_reward` is the default one.

    Per call and completion it logs the columns `verdict` (`"compiles"`, `"parses"`, `"syntax error"`, `"no answer"`,
    `"timed out"`, `"not scored"`), `first_error` and `unmet_tests` (`"test 2 failed"`); per call the mean of every
    component as `rust_reward/<component>`, the shares `rust_reward/compile_rate` and `rust_reward/parse_rate`, the
    count `rust_reward/not_scored` and `rust_reward/seconds`.
    """

    config: RewardConfig = DEFAULT_CONFIG
    limits: Limits = DEFAULT_LIMITS

    __name__ = "rust_reward"

    def __call__(
        self,
        completions: Sequence[Completion],
        tests: Column = None,
        entry_point: Column = None,
        code_prefix: Column = None,
        log_extra: LogExtra = None,
        log_metric: LogMetric = None,
        **kwargs: Any,
    ) -> list[float | None]:
        """Reward all that `scoring.compute_reward` looks at: 0..32 with the default weights.

        At least 24 for an answer that compiles without warning or penalty, below 20 for one that does not
        compile; `None` when it could not be scored. In a row with hidden tests, only an answer that passes all
        of them earns style points: a wrong one has 24 at most.

        Raises:
            ToolchainError: When there is no Rust toolchain.
        """
        started = time.monotonic()
        batch = batch_for(self, Columns(completions, tests, entry_point, code_prefix))
        rows, verdicts = batch.verify(TESTS._replace(limits=self.limits))
        if rows and not any(row is not None and row.tests for row in rows):
            _say_once("%s: these rows have no tests, so style is all it sees beyond the compiler.", self.__name__)
        scores = score_rows(rows, verdicts, self.config)
        if log_extra is not None:
            log_extra("verdict", [outcome(v, s) for v, s in zip(verdicts, scores, strict=True)])
            log_extra("first_error", [first_error(verdict) for verdict in verdicts])
            log_extra("unmet_tests", [unmet_tests(v.test_statuses) if v is not None else None for v in verdicts])
        if log_metric is not None:
            known = [score for score in scores if score is not None]
            for name in COMPONENTS:
                log_metric(f"{self.__name__}/{name}", _mean(getattr(score, name) for score in known))
            log_metric(f"{self.__name__}/compile_rate", _mean(score.compile_success > 0 for score in known))
            log_metric(f"{self.__name__}/parse_rate", _mean(score.parseable > 0 for score in known))
            _log_seconds(self.__name__, started, log_metric)
        return _report(self.__name__, [None if s is None else s.total for s in scores], log_metric)


def get_rust_reward(config: RewardConfig = DEFAULT_CONFIG, limits: Limits = DEFAULT_LIMITS) -> RustReward:
    """Return the combined reward with the given weights and limits.

    Args:
        config (`RewardConfig`, *optional*): Weights of the components.
        limits (`Limits`, *optional*): What one program may use.

    Example:
    ```python
    >>> from rust_rewards import RewardConfig, get_rust_reward

    >>> reward = get_rust_reward(RewardConfig(doc_bonus=0.0))
    >>> reward.__name__
    'rust_reward'

    ```
    """
    return RustReward(config, limits)


rust_reward = get_rust_reward()


def verification_of(reward: object) -> Verification | None:
    """Return what a reward of ours asks of the verifier; `None` for one that asks nothing, or is not ours."""
    if isinstance(reward, RustReward):
        return TESTS._replace(limits=reward.limits)
    asks = ((compile_reward, COMPILE), (clippy_reward, CLIPPY), (tests_reward, TESTS), (solved_reward, TESTS))
    return next((wanted for ours, wanted in asks if ours is reward), None)


def _cleanness(verdict: Verdict, metrics: AstMetrics) -> float:
    if not (verdict.compiles and metrics.live.answers):
        return 0.0
    return 1 / (1 + len(verdict.warnings) + len(verdict.lints) + metrics.live.silenced_lints)


def _solved(verdict: Verdict, score: RewardBreakdown) -> float:
    is_clean_answer = score.compile_success > 0 and score.no_warnings > 0
    return float(is_clean_answer and verdict.tests_passed == verdict.tests_total)


def _format(row: Row) -> float:
    """Return what `format_reward` gives for a row."""
    asked = asked_entry_point(row.code_prefix, row.entry_point)
    if is_clean_block(row.completion, entry_point=asked, tests=row.tests):
        return 1.0
    if row.code_prefix is None:
        return 0.5 if row.program.strip() else 0.0
    if not is_complete(row.code_prefix, row.program):
        return 0.0
    everything = row.code_prefix + completion_text(row.completion)
    return 1.0 if row.program.split() == everything.split() else 0.5


def _report(name: str, values: list[float | None], log_metric: LogMetric) -> list[float | None]:
    if log_metric is not None:
        log_metric(f"{name}/not_scored", float(values.count(None)))
    return values


@functools.cache
def _say_once(message: str, name: str) -> None:
    logger.info(message, name)


def _mean(values: Iterable[float]) -> float:
    """Return the mean; 0.0 for none, so that an empty batch logs the same metrics."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0
