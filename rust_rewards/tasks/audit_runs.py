"""Finds the faults of tasks that show when programs run: the reference, three times among others, and its mutants."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..rows import ask_verifier
from ..verifier import Limits, Verdict
from ..verifier.hidden_tests import HiddenTestsError, read_hidden_tests
from .faults import Fault
from .mutants import Mutant, mutants_of
from .stream import TaskLine
from .strength import USUAL, kill_rate, mutant_outcomes, reference_verdicts, strength_entry, task_row

RUNS = 3  # of each reference
SLOW_SECONDS = 2.0
FEWEST_MUTANTS = 5  # that say something about the tests of one task


@dataclass(frozen=True)
class RunOptions:
    """What is run for each task.

    Args:
        mutants (`int`, *optional*, defaults to `10`): Mutants of the reference at most, beside those of whole bodies.
        at_least (`float`, *optional*, defaults to `0.5`): Kill rate below which tests are weak, 0..1.
        seed (`int`, *optional*, defaults to `0`): Draws mutants, and who runs beside whom.
        jobs (`int`, *optional*): Compilers at a time; defaults to the cores.
    """

    mutants: int = 10
    at_least: float = 0.5
    seed: int = 0
    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.mutants < 0:
            raise ValueError(f"mutants is {self.mutants}; give 0 for those of whole bodies only, or a number above it.")
        if not 0.0 <= self.at_least <= 1.0:
            raise ValueError(f"at_least is {self.at_least}; a kill rate lies between 0 and 1.")


class Ran(NamedTuple):
    """What running says of one row: faults, seconds of the reference, and the strength of its tests."""

    faults: list[Fault]
    seconds: float | None = None
    strength: Mapping[str, Any] | None = None


@dataclass
class _Run:
    """One row while it is looked at."""

    line: TaskLine
    task: Mapping[str, Any]
    faults: list[Fault] = field(default_factory=list)
    seconds: float | None = None
    passes: list[bool] = field(default_factory=list)
    limits: Limits = USUAL


def run_audit(lines: Sequence[TaskLine], options: RunOptions) -> list[Ran]:
    """Return what running says of some rows, in order; rows without reference or readable tests are not run."""
    runs = {i: _Run(line, line.task) for i, line in enumerate(lines) if line.task is not None and _can_run(line.task)}
    _first_run(list(runs.values()), options)
    _more_runs([run for run in runs.values() if run.passes], options)
    strengths = _strengths(runs, options)
    found = []
    for i, line in enumerate(lines):
        if i in runs:
            found.append(Ran(runs[i].faults, runs[i].seconds, strengths.get(i)))
        else:
            lacks = line.task is not None and not line.task.get("reference")
            found.append(Ran([Fault("no_reference")] if lacks else []))
    return found


def _can_run(task: Mapping[str, Any]) -> bool:
    if not task.get("reference") or not (task.get("tests") or "").strip():
        return False
    try:
        read_hidden_tests(task["tests"])
    except HiddenTestsError:
        return False
    return True


def _first_run(runs: list[_Run], options: RunOptions) -> None:
    verdicts, limits = reference_verdicts([run.task for run in runs], options.jobs)
    for run, verdict, limit in zip(runs, verdicts, limits, strict=True):
        run.limits = limit
        if verdict is None or verdict.failure is not None:
            run.faults.append(Fault("unverified", verdict.failure or "" if verdict else ""))
            continue
        run.seconds = verdict.seconds
        if not verdict.compiles:
            run.faults.append(Fault("does_not_compile", verdict.errors[0].message if verdict.errors else "out of time"))
            continue
        run.passes.append(_passes(verdict))
        if verdict.warnings:
            run.faults.append(Fault("warns", verdict.warnings[0].message))
        if verdict.timed_out or verdict.seconds > SLOW_SECONDS:
            run.faults.append(Fault("slow", f"{verdict.seconds:.1f} s"))
        if not run.passes[0]:
            failed = [status for status in verdict.test_statuses if status != "passed"]
            run.faults.append(Fault("fails", f"{len(failed)} of {verdict.tests_total} tests: {failed[0]}"))


def _more_runs(runs: list[_Run], options: RunOptions) -> None:
    """Run references again, in another order and so beside others; whose verdicts differ is told."""
    for number in range(2, RUNS + 1):
        order = random.Random(f"{options.seed}:{number}").sample(runs, len(runs))
        # The remark makes it another program, which no cache of verdicts knows.
        rows = [task_row(run.task, f"{run.task['reference']}\n// run {number} of {RUNS}\n") for run in order]
        verdicts = ask_verifier(rows, limits=USUAL, jobs=options.jobs)
        for run, verdict in zip(order, verdicts, strict=True):
            if verdict is not None and verdict.failure is None:
                run.passes.append(_passes(verdict))
    for run in runs:
        if len(set(run.passes)) > 1:
            run.faults = [fault for fault in run.faults if fault.name != "fails"]
            run.faults.append(Fault("flaky", f"{sum(run.passes)} of {len(run.passes)} runs pass"))


def _passes(verdict: Verdict) -> bool:
    return verdict.compiles and 0 < verdict.tests_total == verdict.tests_passed


def _strengths(runs: Mapping[int, _Run], options: RunOptions) -> dict[int, dict[str, Any]]:
    """Run the tests of sound rows on mutants; note tests that pass without any work, and weak ones."""
    sound = {i: run for i, run in runs.items() if run.passes and all(run.passes)}
    lines = [run.line for run in sound.values()]
    made = [_mutants(run.task, options) for run in sound.values()]
    outcomes = mutant_outcomes(lines, made, [run.limits for run in sound.values()], options.jobs)
    strengths = {}
    for (i, run), mutants, found in zip(sound.items(), made, outcomes, strict=True):
        strengths[i] = strength_entry(run.line, None, mutants, found)
        run.faults += _weaknesses(run.task, mutants, found, options)
    return strengths


def _mutants(task: Mapping[str, Any], options: RunOptions) -> list[Mutant]:
    """Return all mutants of whole bodies and a sample of all kinds, in the order of the text."""
    every = mutants_of(task["reference"], entry_point=task.get("entry_point") or None)
    chosen = {mutant.source for mutant in every if mutant.kind == "body"}
    if options.mutants:
        entry_point = task.get("entry_point") or None
        drawn = mutants_of(task["reference"], entry_point=entry_point, limit=options.mutants, seed=options.seed)
        chosen |= {mutant.source for mutant in drawn}
    return [mutant for mutant in every if mutant.source in chosen]


def _weaknesses(
    task: Mapping[str, Any], mutants: Sequence[Mutant], outcomes: Sequence[str], options: RunOptions
) -> list[Fault]:
    found = []
    bodies = [(m, o) for m, o in zip(mutants, outcomes, strict=True) if m.kind == "body" and o not in _NO_ANSWER]
    missed = [mutant for mutant, outcome in bodies if outcome == "missed"]
    asked = (task.get("entry_point") or "").replace(".", "::").rpartition("::")[2]
    idle = [mutant for mutant in missed if mutant.function == asked]
    if not asked and {mutant.function for mutant in missed} == {mutant.function for mutant, _ in bodies}:
        idle = missed
    if idle:
        found.append(Fault("passes_without_work", f"{idle[0].function} {idle[0].after}"))
    counts = {name: outcomes.count(name) for name in ("caught", "timeout", "missed")}
    rate = kill_rate(counts)
    if rate is not None and rate < options.at_least and sum(counts.values()) >= FEWEST_MUTANTS:
        found.append(Fault("weak_tests", f"{rate:.0%} of {sum(counts.values())} mutants are caught"))
    return found


_NO_ANSWER = frozenset(("unviable", "unverified", "equivalent"))
