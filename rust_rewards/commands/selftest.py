"""`selftest`: does the reward tell good answers from bad ones on this machine, with this toolchain?

Judges the pairs of `rust_rewards.selftest_pairs` as training would and compares, pair by pair, the one component that
should differ. The difference is normalised by the component's range, so 1.0 is all of it, and must be at least 0.2; the
good answer's total may not be below the bad one's either.

Not covered: answers in the wild. It shows that the parts work and point the right way, not that no model will find a
way around them.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .selftest_pairs import PAIRS, TESTS, Pair

HELP = "check that the reward tells good answers from bad ones"
MIN_DIFFERENCE = 0.2  # of the component's range


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--verbose", action="store_true", help="show every component of both answers")


def run(args: argparse.Namespace) -> int:
    """Judge every pair and print the table.

    Returns:
        `int`: 0 when every pair differs enough, 1 when one does not, 2 when there is no toolchain.
    """
    from ..verifier import ToolchainError

    try:
        rows = score_pairs(PAIRS)
    except ToolchainError as err:
        sys.stderr.write(f"selftest: {err}\n")
        return 2
    lines = [format_row(row) for row in rows]
    if args.verbose:
        lines = [line + "\n" + format_components(row) for line, row in zip(lines, rows, strict=True)]
    failed = sum(not row["ok"] for row in rows)
    verdict = f"{failed} of {len(rows)} pairs differ too little" if failed else f"all {len(rows)} pairs differ enough"
    sys.stdout.write("\n".join([HEADING, *lines, f"{verdict} (at least {MIN_DIFFERENCE} of the component's range)\n"]))
    return 1 if failed else 0


def score_pairs(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Judge both answers of each pair.

    Args:
        pairs (`Sequence[Pair]`): The pairs.

    Returns:
        `list[dict]`: Per pair `name`, `component`, `good` and `bad` (its value on both sides), `difference` in shares
        of its range, `totals`, `components` of both sides, and whether it is `ok`. A side that could not be judged has
        `None` values and makes the pair fail.
    """
    from ..verifier import verify

    programs = [program for pair in pairs for program in (pair.good, pair.bad)]
    tests = [pair.tests or None for pair in pairs for _ in range(2)]
    entry_points = [pair.entry_point for pair in pairs for _ in range(2)]
    verdicts = verify(programs, tests, entry_points=entry_points)
    sides = [
        _components(program, entry_point, verdict)
        for program, entry_point, verdict in zip(programs, entry_points, verdicts, strict=True)
    ]
    return [_row(pair, good, bad) for pair, good, bad in zip(pairs, sides[::2], sides[1::2], strict=True)]


def _components(program: str, entry_point: str, verdict: Any) -> dict[str, float] | None:
    from ..ast_metrics import analyze_ast
    from ..scoring import compute_reward

    if verdict.failure is not None:
        return None
    breakdown = compute_reward(verdict, analyze_ast(program, entry_point=entry_point))
    passed = verdict.tests_passed / verdict.tests_total if verdict.tests_total else 0.0
    values = {name: value + 0.0 for name, value in asdict(breakdown).items()}  # -0.0 becomes 0.0
    return {**values, TESTS: passed}


def _row(pair: Pair, good: dict[str, float] | None, bad: dict[str, float] | None) -> dict[str, Any]:
    from ..scoring import RewardConfig

    row: dict[str, Any] = {"name": pair.name, "component": pair.component, "components": (good, bad)}
    if good is None or bad is None:
        return row | {"good": None, "bad": None, "difference": None, "totals": (None, None), "ok": False}
    low, high = {**RewardConfig().ranges(), TESTS: (0.0, 1.0)}[pair.component]
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
        return f"{start} could not be judged: run `python -m rust_rewards doctor`  FAILED"
    totals = "{:.2f} / {:.2f}".format(*row["totals"])
    numbers = f"{row['good']:>6.2f} {row['bad']:>6.2f} {row['difference']:>6.2f}  {totals:>13}"
    return f"{start} {numbers}{'' if row['ok'] else '  FAILED'}"


def format_components(row: dict[str, Any]) -> str:
    """Return the components of both answers, one line each."""
    lines = []
    for side, values in zip(("good", "bad"), row["components"], strict=True):
        parts = ", ".join(f"{name} {value:g}" for name, value in (values or {}).items() if value)
        lines.append(f"    {side}: {parts or 'nothing'}")
    return "\n".join(lines)
