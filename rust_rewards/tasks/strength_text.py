"""Words the strength of a set's tests for a terminal."""

import itertools
from collections.abc import Mapping
from typing import Any

from .strength import OUTCOMES, kill_rate

WEAKEST = 10  # tasks that are listed


def strength_text(result: Mapping[str, Any], *, shown: int) -> str:
    """Return what `measure_file` found in a few lines: sums, kinds, the weakest tasks, and some missed mutants."""
    tasks = result["tasks"]
    rated = [task for task in tasks if task["kill_rate"] is not None]
    counts = result["counts"]
    lines = [f"{result['source']}: {len(tasks)} tasks, {len(rated)} with a kill rate"]
    lines.append(f"kill rate {_percent(result['kill_rate'])}: {_counted(counts)}")
    lines += [f"  {number} not measured: {reason}" for reason, number in result["not_measured"].items()]
    lines += ["", f"{'kind':<12}{''.join(f'{name:>11}' for name in OUTCOMES[:5])}{'kill rate':>11}"]
    for kind, found in result["by_kind"].items():
        cells = "".join(f"{found.get(name, 0):>11}" for name in OUTCOMES[:5])
        lines.append(f"{kind:<12}{cells}{_percent(kill_rate(found)):>11}")
    weak = sorted((task for task in rated if task["missed"]), key=lambda task: task["kill_rate"])
    if weak:
        lines += ["", "weakest tasks:"]
        lines += [f"  {_percent(task['kill_rate']):>7}  {_name(task)}" for task in weak[:WEAKEST]]
    missed = ((task, mutant) for task in weak for mutant in task["missed"])
    for task, mutant in itertools.islice(missed, shown):
        lines += ["", f"missed: {_name(task)}, {mutant['kind']} in {mutant['function']}, line {mutant['line']}"]
        lines += mutant["diff"].splitlines()
    return "\n".join(lines)


def _name(task: Mapping[str, Any]) -> str:
    return f"{task['task_id']} (row {task['line']})"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts[name]) or "no mutants"
