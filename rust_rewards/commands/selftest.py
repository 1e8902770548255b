"""Checks that the reward tells good answers from bad ones on this machine, with this toolchain.

Scores the pairs of `selftest_pairs.py` as training would and compares, pair by pair, the one component that
should differ. The difference is normalised by the component's range, so 1.0 is all of it, and must be at least 0.2; the
good answer's total may not be below the bad one's either.

Not covered: answers in the wild. It shows that the parts work and point the right way, not that no model will find a
way around them.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ..evaluation.scores import ScoredSample, score_programs
from ..evaluation.tables import format_components
from ..exit_codes import DONE, FAILED
from ..rows import Row
from ..scoring import DEFAULT_CONFIG
from .selftest_pairs import PAIRS, TESTS, Pair

MIN_DIFFERENCE = 0.2  # of the component's range


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--verbose", action="store_true", help="show every component of both answers")


def run(args: argparse.Namespace) -> int:
    """Score every pair and print the table.

    Returns:
        `int`: 0 when every pair differs enough, 1 when one does not.
    """
    rows = score_pairs(PAIRS)
    lines = [format_row(row) for row in rows]
    if args.verbose:
        lines = [line + "\n" + format_sides(row) for line, row in zip(lines, rows, strict=True)]
    failed = len([row for row in rows if not row["ok"]])
    verdict = f"{failed} of {len(rows)} pairs differ too little" if failed else f"all {len(rows)} pairs differ enough"
    sys.stdout.write("\n".join([HEADING, *lines, f"{verdict} (at least {MIN_DIFFERENCE} of the component's range)\n"]))
    return FAILED if failed else DONE


def score_pairs(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Score both answers of each pair.

    Args:
        pairs (`Sequence[Pair]`): The pairs.

    Returns:
        `list[dict]`: Per pair `name`, `component`, `good` and `bad` (its value on both sides), `difference` in shares
        of its range, `totals`, `components` of both sides, and whether it is `ok`. A side without a verdict has
        `None` values and makes the pair fail.
    """
    rows = [
        Row(program, program, pair.tests or None, pair.entry_point, None)
        for pair in pairs
        for program in (pair.good, pair.bad)
    ]
    sides = [_components(sample) for sample in score_programs(rows)]
    return [_row(pair, good, bad) for pair, good, bad in zip(pairs, sides[::2], sides[1::2], strict=True)]


def _components(sample: ScoredSample) -> dict[str, float] | None:
    if sample.components is None:
        return None
    points = {name: value + 0.0 for name, value in sample.components.items()}  # -0.0 becomes 0.0
    return {**points, TESTS: float(sample.share_passed or 0.0)}


def _row(pair: Pair, good: dict[str, float] | None, bad: dict[str, float] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": pair.name, "component": pair.component, "components": (good, bad)}
    if good is None or bad is None:
        return row | {"good": None, "bad": None, "difference": None, "totals": (None, None), "ok": False}
    low, high = {**DEFAULT_CONFIG.ranges(), TESTS: (0.0, 1.0)}[pair.component]
    values = good[pair.component], bad[pair.component]
    difference = (values[0] - values[1]) / (high - low)
    totals = good["total"], bad["total"]
    ok = difference >= MIN_DIFFERENCE and (pair.component == TESTS or totals[0] > totals[1])
    return row | {"good": values[0], "bad": values[1], "difference": difference, "totals": totals, "ok": ok}


HEADING = f"{'pair':<46} {'component':<16} {'good':>6} {'bad':>6} {'diff.':>6}  {'totals':>13}"


def format_row(row: dict[str, Any]) -> str:
    """Return one line of the table."""
    start = f"{row['name']:<46} {row['component']:<16}"
    if row["difference"] is None:
        return f"{start} could not be verified: run `rust-rewards doctor`  FAILED"
    totals = "{:.2f} / {:.2f}".format(*row["totals"])
    numbers = f"{row['good']:>6.2f} {row['bad']:>6.2f} {row['difference']:>6.2f}  {totals:>13}"
    return f"{start} {numbers}{'' if row['ok'] else '  FAILED'}"


def format_sides(row: dict[str, Any]) -> str:
    """Return the components of both answers, one line each."""
    lines = []
    for side, values in zip(("good", "bad"), row["components"], strict=True):
        points = format_components(values or {})
        lines.append(f"    {side}: {points or 'nothing'}")
    return "\n".join(lines)
