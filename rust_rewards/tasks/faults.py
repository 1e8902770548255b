"""Names what can make a task unfit to reward, how bad it is, and what a set of faults makes of a task."""

from collections.abc import Iterable
from typing import NamedTuple

BROKEN, WEAK, NOTICE = "broken", "weak", "notice"
GOOD = "good"
GRADES = (GOOD, WEAK, BROKEN)
KEPT = {"good": (GOOD,), "usable": (GOOD, WEAK)}  # what `--keep` keeps


class Fault(NamedTuple):
    """One fault of a task: its name in `FAULTS`, and what it is about."""

    name: str
    detail: str = ""


class Kind(NamedTuple):
    """How bad a fault is, and what it means."""

    severity: str
    meaning: str


FAULTS = {
    "unreadable": Kind(BROKEN, "the row cannot be read"),
    "no_prompt": Kind(BROKEN, "there is no prompt"),
    "no_tests": Kind(BROKEN, "there are no tests, or none that can be read"),
    "does_not_compile": Kind(BROKEN, "the reference does not compile"),
    "fails": Kind(BROKEN, "the reference fails its tests"),
    "flaky": Kind(BROKEN, "the reference passes now and then"),
    "never_called": Kind(BROKEN, "no test names the entry point"),
    "unverified": Kind(WEAK, "the verifier could not tell"),
    "no_reference": Kind(WEAK, "nothing shows that the task can be solved"),
    "passes_without_work": Kind(WEAK, "tests pass when the body is empty, constant, or returns an argument"),
    "weak_tests": Kind(WEAK, "the tests miss too many mutants of the reference"),
    "duplicate_code": Kind(WEAK, "an earlier task has the same reference, names aside"),
    "duplicate_prompt": Kind(WEAK, "an earlier task has the same prompt"),
    "overlap_prompt": Kind(WEAK, "the prompt is one of the evaluation set"),
    "overlap_code": Kind(WEAK, "the reference is one of the evaluation set, names aside"),
    "leaks": Kind(WEAK, "the prompt holds the reference"),
    "near_duplicate": Kind(NOTICE, "an earlier task has nearly the same prompt"),
    "warns": Kind(NOTICE, "the reference compiles with warnings"),
    "slow": Kind(NOTICE, "the reference takes long"),
}


def grade(faults: Iterable[Fault]) -> str:
    """Return what faults make of a task: `"broken"`, `"weak"` or `"good"`, whatever is worst.

    >>> grade([Fault("warns"), Fault("leaks")]), grade([Fault("warns")]), grade([])
    ('weak', 'good', 'good')
    """
    found = {FAULTS[fault.name].severity for fault in faults}
    return next((severity for severity in (BROKEN, WEAK) if severity in found), GOOD)
