"""Turns completions and dataset columns into rows, and rows into verdicts, metrics and scores.

    completions, columns --read_rows--> rows --verify_rows--> verdicts --+
                                          |                              +--score_rows--> scores
                                          +-----measure_rows---> metrics +

Every list has one entry per completion, in order; `None` stands for a row that could not be read, or that the
verifier could not verify. Whoever needs verdicts or scores of completions (the rewards, the judge, the command
line, evaluation) goes this way, so all of them read columns alike.

Not here: what a reward makes of a verdict (`rewards`), and what a program is (`completions`, `continuation`).
"""

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .ast_metrics import AstMetrics, analyze_ast
from .continuation import build_program
from .scoring import DEFAULT_CONFIG, RewardBreakdown, RewardConfig, compute_reward
from .verifier import Limits, Verdict, text_of_tests, verify

Completion = str | Sequence[dict[str, Any]]
Column = Sequence[str | None] | str | None

DEFAULT_LIMITS = Limits()
# Metrics are remembered for more programs than a step has; only longer texts than any answer are measured anew.
MEASURED_PROGRAMS = 4096
MEASURED_CHARS = 32 * 1024
UNMET_SHOWN = 5  # hidden tests that did not pass
_UNREADABLE = object()
FAULTS_OF_TESTS = ("the tests ", "a test ", "case ")
_said: set[str] = set()

logger = logging.getLogger(__name__)


class Row(NamedTuple):
    """One completion with its columns, read: the program, and what to hold it against."""

    completion: Completion
    program: str
    tests: str | None
    entry_point: str | None
    code_prefix: str | None


def read_rows(
    completions: Sequence[Completion],
    tests: Column = None,
    entry_point: Column = None,
    code_prefix: Column = None,
) -> list[Row | None]:
    """Read completions and their columns; `None` for a row that cannot be read.

    A column is a list with one string or `None` per completion, or one string for all. Blank strings mean none. Tests
    may be lists and objects, as good as their JSON.
    """
    columns = {
        "tests": [text_of_tests(cell) for cell in broadcast(tests, len(completions))],
        "entry_point": broadcast(entry_point, len(completions)),
        "code_prefix": broadcast(code_prefix, len(completions)),
    }
    for name, cells in columns.items():
        for kind in {
            type(cell) for cell in cells if not (cell is None or isinstance(cell, str) or cell is _UNREADABLE)
        }:
            _say_unread(name, kind.__name__)
    return [_read_row(*cells) for cells in zip(completions, *columns.values(), strict=True)]


@functools.cache
def _say_unread(column: str, kind: str) -> None:
    """Say, once for each, that a column holds what cannot be read."""
    logger.warning("The column %s holds values of type %s where text is read; their rows are not scored.", column, kind)


def read_without_tests(
    completions: Sequence[Completion], tests: Column, entry_point: Column = None, code_prefix: Column = None
) -> list[Row | None]:
    """Read rows for somebody who runs no tests: the names in them may tell which block is the answer, and no more."""
    rows = read_rows(completions, readable_tests(tests, len(completions)), entry_point, code_prefix)
    return [None if row is None else row._replace(tests=None) for row in rows]


def readable_tests(tests: Column, rows: int) -> Column:
    """Return a column of tests without what cannot be read, for somebody who can do without."""
    if tests is None:
        return None
    cells = [text_of_tests(cell) for cell in broadcast(tests, rows)]
    return [cell if isinstance(cell, str) else None for cell in cells]


def broadcast(column: Any, rows: int) -> list[Any]:
    """Return one cell per row of a column.

    A string or `None` is every row's cell. A value that is no list of as many cells gives cells that are neither
    string nor `None`, so that no row can be read.
    """
    if column is None or isinstance(column, str):
        return [column] * rows
    try:
        cells = None if isinstance(column, Mapping) else list(column)
    except TypeError:  # a number, say
        cells = None
    if cells is not None and len(cells) == rows:
        return cells
    what = f"is of type {type(column).__name__}" if cells is None else f"has {len(cells)} values"
    logger.warning("A column %s for %d completions; these rows are not scored.", what, rows)
    return [_UNREADABLE] * rows


def verify_rows(
    rows: Sequence[Row | None],
    *,
    clippy: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    jobs: int | None = None,
) -> list[Verdict | None]:
    """Return a verdict for every row; `None` where there is no row, or the verifier failed."""
    verdicts = ask_verifier(rows, clippy=clippy, limits=limits, jobs=jobs)
    known = [verdict for verdict in verdicts if verdict is not None]
    failures = [verdict.failure for verdict in known if verdict.failure is not None and not _was_said(verdict.failure)]
    if failures:
        logger.warning("%d of %d programs could not be verified; first: %s", len(failures), len(known), failures[0])
    return [None if verdict is None or verdict.failure is not None else verdict for verdict in verdicts]


def _was_said(failure: str) -> bool:
    """Return whether it is a fault of tests, as they stay the same in every step, of a kind that was logged before."""
    kind = failure.split(":")[0]
    known = kind in _said
    if failure.startswith(FAULTS_OF_TESTS):
        _said.add(kind)
    return known


def ask_verifier(
    rows: Sequence[Row | None],
    *,
    clippy: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    jobs: int | None = None,
) -> list[Verdict | None]:
    """Return a verdict for every row, failures of the verifier included; `None` where there is no row."""
    known = [row for row in rows if row is not None]
    if not known:
        return [None] * len(rows)
    verdicts = iter(
        verify(
            [row.program for row in known],
            [row.tests for row in known],
            entry_points=[row.entry_point for row in known],
            clippy=clippy,
            limits=limits,
            jobs=jobs,
        )
    )
    return [None if row is None else next(verdicts) for row in rows]


def measure_rows(rows: Sequence[Row | None]) -> list[AstMetrics | None]:
    """Return the metrics of every row. A program is measured once, however many rewards read it."""
    return [None if row is None else _measure(row.program, row.entry_point) for row in rows]


def score_rows(
    rows: Sequence[Row | None], verdicts: Sequence[Verdict | None], config: RewardConfig = DEFAULT_CONFIG
) -> list[RewardBreakdown | None]:
    """Return the score of every row that has a verdict."""
    return [
        None if verdict is None or metrics is None else compute_reward(verdict, metrics, config)
        for verdict, metrics in zip(verdicts, measure_rows(rows), strict=True)
    ]


def first_error(verdict: Verdict | None) -> str | None:
    """Return the first error in one line, such as `"E0308: mismatched types"`; `None` without one."""
    if verdict is None or not verdict.errors:
        return None
    error = verdict.errors[0]
    return f"{error.code}: {error.message}" if error.code else error.message


def unmet_tests(statuses: Sequence[str]) -> str:
    """Return which hidden tests did not pass and how they ended; empty when none was built, or all passed.

    >>> unmet_tests(("passed", "failed", "panicked")), unmet_tests(("not built",))
    ('test 2 failed, test 3 panicked', '')
    """
    unmet = [f"test {n} {s}" for n, s in enumerate(statuses, 1) if s not in ("passed", "not built")]
    rest = [f"{len(unmet) - UNMET_SHOWN} more"] if len(unmet) > UNMET_SHOWN else []
    return ", ".join(unmet[:UNMET_SHOWN] + rest)


def outcome(verdict: Verdict | None, score: RewardBreakdown | None) -> str:
    """Return a verdict in a word or two, for tables.

    One of `"compiles"`, `"no answer"` (it compiles, but is none), `"parses"`, `"syntax error"`, `"timed out"`
    and `"not scored"`.
    """
    if verdict is None or score is None:
        return "not scored"
    if verdict.timed_out:
        return "timed out"
    if verdict.compiles:
        return "compiles" if score.compile_success else "no answer"
    return "parses" if verdict.parses else "syntax error"


def _read_row(completion: Completion, tests: Any, entry_point: Any, code_prefix: Any) -> Row | None:
    if not all(cell is None or isinstance(cell, str) for cell in (tests, entry_point, code_prefix)):
        return None
    tests, entry_point, code_prefix = (
        cell if cell and cell.strip() else None for cell in (tests, entry_point, code_prefix)
    )
    try:
        program = build_program(completion, code_prefix, entry_point=entry_point, tests=tests)
    except TypeError:
        return None
    return Row(completion, program, tests, entry_point, code_prefix)


def _measure(program: str, entry_point: str | None) -> AstMetrics:
    if len(program) > MEASURED_CHARS:
        return analyze_ast(program, entry_point=entry_point)
    return _measure_once(program, entry_point)


@functools.lru_cache(MEASURED_PROGRAMS)  # safe to use from several threads; what it keeps is frozen
def _measure_once(program: str, entry_point: str | None) -> AstMetrics:
    return analyze_ast(program, entry_point=entry_point)
