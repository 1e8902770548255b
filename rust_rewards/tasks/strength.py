"""Measures hidden tests: runs them on mutants of each task's reference and counts what they let through.

A set whose tests miss faults rewards answers that have them. Outcomes are named as cargo-mutants names them: a mutant
is `caught` when a test fails, `timeout` when one runs out of time, `missed` when all pass, and `unviable` when it does
not compile; of those missed, the ones that certainly do the same as the reference are `equivalent`. The kill rate is
(caught + timeout) / (caught + timeout + missed). That a missed mutant does the same cannot be told in general, so each
is shown as a diff, for a person to write the missing test or to see that there is none.

Programs go through the verifier in batches: a mutant costs what an answer costs.
"""

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..progress import Progress
from ..rows import Row, ask_verifier
from ..verifier import Limits, Verdict
from ..whole_files import write_json
from .equivalence import are_equivalent
from .mutants import Mutant, mutants_of
from .mutation import KINDS
from .stream import TaskLine, fingerprint, in_chunks, stream_tasks
from .unfinished import Unfinished

STRENGTH = "rust-rewards test strength"
OUTCOMES = ("caught", "timeout", "missed", "equivalent", "unviable", "unverified")
PER_TASK = 30  # mutants: enough to tell a weak test from a strong one, at the cost of a step's answers
CHUNK_TASKS = 32
# Most mutants end in milliseconds, and one that loops is to cost little; a slow reference gets the usual limits.
SHORT = Limits(wall_seconds=5.0, cpu_seconds=1.0, deadline_seconds=math.inf)
USUAL = Limits(deadline_seconds=math.inf)
_OUT_OF_TIME = "the reference runs out of time"
_FAILED = frozenset(("failed", "panicked", "crashed"))
_DENIED = re.compile(r"#!?\[\s*(?:deny|forbid)\s*\([^\]]*\)\s*\]")


@dataclass(frozen=True)
class StrengthOptions:
    """How tests are measured.

    Args:
        per_task (`int`, *optional*): Mutants per task at most; `None` for all.
        seed (`int`, *optional*, defaults to `0`): Draws another sample of mutants.
        jobs (`int`, *optional*): Compilers at a time; defaults to the cores.
    """

    per_task: int | None = PER_TASK
    seed: int = 0
    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.per_task is not None and self.per_task < 1:
            raise ValueError(f"per_task is {self.per_task}; give a number above zero, or none for all mutants.")


def measure_file(source: str, out: Path, options: StrengthOptions = StrengthOptions()) -> dict[str, Any]:
    """Measure the tests of a task set and write the result; an interrupted call goes on where it stopped.

    Args:
        source (`str`): A task set, as in `load_tasks`.
        out (`Path`): The JSON file to write.
        options (`StrengthOptions`, *optional*): How many mutants, and which.

    Returns:
        `dict`: What was written: `kill_rate`, `counts` of outcomes, `by_kind`, `not_measured` (reasons, with the number
            of rows), and `tasks`, one entry per row.

    Raises:
        ValueError: When there is no such set, or `out` was begun with other options.
        ToolchainError: When there is no Rust toolchain.
    """
    settings = {"source": fingerprint(source), "per_task": options.per_task, "seed": options.seed}
    done = Unfinished(out, settings)
    progress = Progress(sum(1 for _ in stream_tasks(source)), done.taken)
    for chunk in in_chunks(itertools.islice(stream_tasks(source), done.taken, None), CHUNK_TASKS):
        done.append(measure_tasks(chunk, options), taken=len(chunk), state={})
        progress.report(len(chunk))
    result = summarize(list(done.rows()))
    result = {"kind": STRENGTH, "source": source, "settings": settings, **result}
    write_json(out, result)
    done.discard()
    return result


def measure_tasks(lines: Sequence[TaskLine], options: StrengthOptions = StrengthOptions()) -> list[dict[str, Any]]:
    """Return one entry per row: `line`, `task_id`, `problem` (why it was not measured), `kill_rate` (0..1, `None` when
    no mutant compiles), `counts` of outcomes, `by_kind`, and `missed`, the mutants that all tests pass."""
    references, limits = check_references(lines, options.jobs)
    made: list[list[Mutant]] = []
    for line, problem in zip(lines, references, strict=True):
        task = line.task or {}
        entry_point = task.get("entry_point") or None
        measured = problem is None
        made.append(
            mutants_of(task["reference"], entry_point=entry_point, limit=options.per_task, seed=options.seed)
            if measured
            else []
        )
    outcomes = mutant_outcomes(lines, made, limits, options.jobs)
    return [
        strength_entry(line, problem, mutants, found)
        for line, problem, mutants, found in zip(lines, references, made, outcomes, strict=True)
    ]


def outcome_of(verdict: Verdict | None) -> str:
    """Return what became of a mutant, one of `OUTCOMES`."""
    if verdict is None or verdict.failure is not None:
        return "unverified"
    if _FAILED & set(verdict.test_statuses):
        return "caught"
    if verdict.timed_out:
        return "timeout"
    if not verdict.compiles or "not built" in verdict.test_statuses:
        return "unviable"
    return "missed"


def kill_rate(counts: Mapping[str, int]) -> float | None:
    """Return (caught + timeout) / (caught + timeout + missed), `None` without any of them.

    >>> kill_rate({"caught": 2, "timeout": 1, "missed": 1, "unviable": 5})
    0.75
    """
    killed = counts.get("caught", 0) + counts.get("timeout", 0)
    viable = killed + counts.get("missed", 0)
    return killed / viable if viable else None


def summarize(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums over the entries of `measure_tasks`, and the entries."""
    counts: Counter[str] = Counter()
    by_kind: dict[str, Counter[str]] = {}
    problems: Counter[str] = Counter()
    for task in tasks:
        counts.update(task["counts"])
        for kind, found in task["by_kind"].items():
            by_kind.setdefault(kind, Counter()).update(found)
        if task["problem"] is not None:
            problems[task["problem"].partition(":")[0]] += 1
    kinds = {kind: dict(by_kind[kind]) for kind in KINDS if kind in by_kind}
    return {
        "kill_rate": kill_rate(counts),
        "counts": {name: counts[name] for name in OUTCOMES},
        "by_kind": kinds,
        "not_measured": dict(problems.most_common()),
        "tasks": list(tasks),
    }


def check_references(lines: Sequence[TaskLine], jobs: int | None) -> tuple[list[str | None], list[Limits]]:
    """Return why a row cannot be measured, `None` where it can, and the limits for its mutants."""
    problems = [_unreadable(line) for line in lines]
    tasks = [None if problem else line.task for line, problem in zip(lines, problems, strict=True)]
    verdicts, limits = reference_verdicts(tasks, jobs)
    checked = zip(problems, verdicts, strict=True)
    return [problem or _why_not(verdict) for problem, verdict in checked], limits


def reference_verdicts(
    tasks: Sequence[Mapping[str, Any] | None], jobs: int | None
) -> tuple[list[Verdict | None], list[Limits]]:
    """Return the verdict on each task's reference (`None` where there is no task), and the limits for its mutants: a
    reference that needs longer than most gets the usual ones."""
    limits = [SHORT] * len(tasks)
    rows = [None if task is None else task_row(task, str(task["reference"])) for task in tasks]
    verdicts = ask_verifier(rows, limits=SHORT, jobs=jobs)
    slow = [i for i, verdict in enumerate(verdicts) if verdict is not None and verdict.timed_out]
    for i, verdict in zip(slow, ask_verifier([rows[i] for i in slow], limits=USUAL, jobs=jobs), strict=True):
        verdicts[i], limits[i] = verdict, USUAL
    return verdicts, limits


def _unreadable(line: TaskLine) -> str | None:
    if line.task is None:
        return f"the row cannot be read: {line.problem}"
    if not line.task.get("reference"):
        return "there is no reference"
    if not line.task.get("tests"):
        return "there are no tests"
    return None


def _why_not(verdict: Verdict | None) -> str | None:
    if verdict is None or verdict.failure is not None:
        return f"the reference could not be verified: {verdict.failure if verdict else ''}"
    if not verdict.compiles:
        said = verdict.errors[0].message if verdict.errors else "no diagnostic"
        return _OUT_OF_TIME if verdict.timed_out else f"the reference does not compile: {said}"
    if 0 < verdict.tests_total == verdict.tests_passed:
        return None
    if verdict.timed_out:
        return _OUT_OF_TIME
    return f"the reference fails its tests: {verdict.tests_passed} of {verdict.tests_total} pass"


def task_row(task: Mapping[str, Any], program: str) -> Row:
    """Return a program held against a task's tests."""
    whole = f"{task.get('allow') or ''}{program}"
    return Row(whole, whole, task["tests"], task.get("entry_point") or None, None)


def mutant_outcomes(
    lines: Sequence[TaskLine], made: Sequence[Sequence[Mutant]], limits: Sequence[Limits], jobs: int | None
) -> list[list[str]]:
    """Return the outcome of every mutant, in lists like `made`."""
    found: dict[tuple[int, int], str] = {}
    for some in (SHORT, USUAL):
        places = [(i, j) for i, mutants in enumerate(made) if limits[i] == some for j in range(len(mutants))]
        rows = [task_row(lines[i].task or {}, _undenied(made[i][j].source)) for i, j in places]
        verdicts = ask_verifier(rows, limits=some, jobs=jobs)
        found |= {place: outcome_of(verdict) for place, verdict in zip(places, verdicts, strict=True)}
    missed = [place for place, outcome in found.items() if outcome == "missed"]
    same = are_equivalent([made[i][j] for i, j in missed], jobs=jobs)
    found |= {place: "equivalent" for place, is_same in zip(missed, same, strict=True) if is_same}
    return [[found[i, j] for j in range(len(mutants))] for i, mutants in enumerate(made)]


def _undenied(source: str) -> str:
    """Return a program in which no lint is an error: a mutant may well leave a variable unused."""
    return _DENIED.sub(lambda match: " " * len(match.group()), source)


def strength_entry(
    line: TaskLine, problem: str | None, mutants: Sequence[Mutant], outcomes: Sequence[str]
) -> dict[str, Any]:
    """Return what `measure_tasks` says of one row."""
    task = line.task or {}
    counts = Counter(outcomes)
    by_kind: dict[str, Counter[str]] = {}
    for mutant, outcome in zip(mutants, outcomes, strict=True):
        by_kind.setdefault(mutant.kind, Counter())[outcome] += 1
    return {
        "line": line.number,
        "task_id": task.get("task_id"),
        "problem": problem,
        "kill_rate": kill_rate(counts),
        "counts": dict(counts),
        "by_kind": {kind: dict(found) for kind, found in by_kind.items()},
        "missed": list(_missed(mutants, outcomes)),
    }


def _missed(mutants: Sequence[Mutant], outcomes: Sequence[str]) -> Iterator[dict[str, Any]]:
    for mutant, outcome in zip(mutants, outcomes, strict=True):
        if outcome == "missed":
            yield {
                "kind": mutant.kind,
                "function": mutant.function,
                "line": mutant.line,
                "before": mutant.before,
                "after": mutant.after,
                "diff": mutant.diff(),
            }
