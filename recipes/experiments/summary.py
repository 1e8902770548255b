"""Sums up the runs of an experiment: one entry per method over its seeds, a table, a plot. Pure but for the plot.

The time to a target is where the curve of solved held-out answers first reaches it, read off between two
measurements by a straight line. A method's figure is the median over its seeds; a seed that never gets there counts
as later than any that does, so a median can be "not reached".

Not here: training and measuring (`experiments.py`).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.measure import mean

TARGETS = (0.5, 0.8, 0.95)  # shares of solved held-out answers
REACHABLE_SHARE = 0.95  # of the best that any method reached
OF_REACHABLE = f"{100 * REACHABLE_SHARE:.0f} % of reachable"
ADVANTAGE = "GRPO's steps / its own"
COLOURS = ("#22262b", "#c2571a", "#e0a030", "#a8324a", "#2f6f9f", "#3d7a4e", "#7a5aa6", "#8a8f98", "#c94f7c")


def crossing(points: Sequence[Mapping[str, Any]], target: float, axis: str) -> float | None:
    """
    Return where a curve first reaches `target`.

    Args:
        points (`Sequence[Mapping]`): Measurements with `solved` and `axis`, in order.
        target (`float`): Share of solved answers; one of 0 counts as never reached.
        axis (`str`): `"step"` or `"seconds"`.

    Returns:
        `float`: Position on the axis, interpolated; `None` when the target is never reached.

    >>> curve = [{"step": 0, "solved": 0.25}, {"step": 10, "solved": 0.75}, {"step": 20, "solved": 0.5}]
    >>> crossing(curve, 0.5, "step"), crossing(curve, 0.2, "step"), crossing(curve, 0.9, "step")
    (5.0, 0.0, None)
    """
    before: Mapping[str, Any] | None = None
    for point in points:
        if point["solved"] >= target > 0:
            if before is None:
                return float(point[axis])
            share = (target - before["solved"]) / (point["solved"] - before["solved"])
            return float(before[axis] + share * (point[axis] - before[axis]))
        before = point
    return None


def summarize(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Sum up runs by method.

    Args:
        results (`Sequence[Mapping]`): What `experiments.measure` returned, with `method` and `seed`.

    Returns:
        `dict`: `reachable`, the best share of solved held-out answers that a method reached (mean over its seeds);
            `reachable_target`, `REACHABLE_SHARE` of it; `methods`, one entry per method: `seeds`, `curve` (step,
            mean, lowest and highest share over the seeds), `to` (target -> steps and seconds, median over the seeds),
            and mean, lowest and highest of the final figures.
    """
    names = list(dict.fromkeys(result["method"] for result in results))
    groups = {name: [result for result in results if result["method"] == name] for name in names}
    curves = {name: mean_curve(group) for name, group in groups.items()}
    reachable = max(point["mean"] for curve in curves.values() for point in curve)
    targets = {f"{100 * target:.0f} %": target for target in TARGETS}
    targets[OF_REACHABLE] = REACHABLE_SHARE * reachable
    rates = [key for key in results[0] if key.startswith("pass@") and all(key in run for run in results)]
    final = [*rates, "solved", "distinct", "entropy", "train_seconds"]
    methods = {}
    for name, group in groups.items():
        to = {
            label: {
                axis: median([crossing(run["held_out"], target, axis) for run in group]) for axis in ("step", "seconds")
            }
            for label, target in targets.items()
        }
        methods[name] = {
            "seeds": [run["seed"] for run in group],
            "curve": curves[name],
            "area": mean(point["mean"] for point in curves[name]),
            "to": to,
            "final": {key: spread([run[key] for run in group]) for key in final},
        }
    return {"reachable": reachable, "reachable_target": targets[OF_REACHABLE], "methods": methods}


def mean_curve(group: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Return the mean, lowest and highest share of solved held-out answers, at every step measured in all runs."""
    shares = [{point["step"]: point["solved"] for point in run["held_out"]} for run in group]
    steps = sorted(set.intersection(*map(set, shares)))
    return [{"step": step, **spread([share[step] for share in shares])} for step in steps]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return mean, lowest and highest of some numbers."""
    return {"mean": mean(values), "low": min(values), "high": max(values)}


def median(values: Sequence[float | None]) -> float | None:
    """
    Return the median where `None` is later than every number; `None` when that is what the median is.

    >>> median([10.0, None, 30.0]), median([10.0, None, None]), median([10.0, 20.0])
    (30.0, None, 15.0)
    """
    middle = statistics.median(math.inf if value is None else value for value in values)
    return None if math.isinf(middle) else middle


def advantages(summary: Mapping[str, Any], rivals: Mapping[str, str]) -> dict[str, float | None]:
    """
    Return how many times fewer steps each method needs for what its rival learns.

    That is 95 % of the best share of solved held-out answers on the rival's mean curve, which the rival reaches by
    definition, however much better another method becomes.

    Args:
        summary (`Mapping`): What `summarize` returned.
        rivals (`Mapping[str, str]`): Method -> the method that it is measured against.

    Returns:
        `dict[str, float | None]`: Steps of the rival over those of the method; `None` when the method never gets there,
            or both are there before the first step.
    """
    curves = {
        name: [{"step": point["step"], "solved": point["mean"]} for point in entry["curve"]]
        for name, entry in summary["methods"].items()
    }
    ratios: dict[str, float | None] = {}
    for name, rival in rivals.items():
        target = REACHABLE_SHARE * max(point["solved"] for point in curves[rival])
        ours, theirs = (crossing(curves[method], target, "step") for method in (name, rival))
        ratios[name] = theirs / ours if ours and theirs is not None else None
    return ratios


def table_rows(
    summary: Mapping[str, Any], ratios: Mapping[str, float | None], heading: str = "method"
) -> list[list[str]]:
    """Return the report's table as cells: steps (and seconds) to the targets, final figures, and the `advantages`."""
    methods = summary["methods"]
    rates = [key for key in next(iter(methods.values()))["final"] if key.startswith("pass@")]
    labels = list(next(iter(methods.values()))["to"])
    rows = [[heading, *(f"to {label}" for label in labels), *rates, "distinct", "entropy", ADVANTAGE]]
    for name, entry in methods.items():
        times = [time_cell(entry["to"][label]) for label in labels]
        shares = [
            f"{100 * entry['final'][rate]['mean']:.1f} "
            f"({100 * entry['final'][rate]['low']:.0f}-{100 * entry['final'][rate]['high']:.0f})"
            for rate in rates
        ]
        rest = [f"{entry['final'][key]['mean']:.2f}" for key in ("distinct", "entropy")]
        ratio = ratios.get(name)
        rows.append([name, *times, *shares, *rest, "-" if ratio is None else f"{ratio:.1f}"])
    return rows


def time_cell(entry: Mapping[str, float | None]) -> str:
    """Return a time to a target as `steps (seconds)`, a dash when it was not reached."""
    if entry["step"] is None or entry["seconds"] is None:
        return "-"
    return f"{entry['step']:.0f} ({entry['seconds']:.0f})"


def draw_curves(results: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], path: Path) -> None:
    """Draw the held-out curves and the entropy of every method against the steps; bands reach over all seeds."""
    from rust_rewards.evaluation.plots import drawing

    with drawing(path, (10.0, 4.2), columns=2, widths=(3, 2)) as (left, right):
        for number, ((name, entry), colour) in enumerate(zip(summary["methods"].items(), colours(), strict=False)):
            # The first, mostly GRPO, dashed and on top: a schedule that never leaves GRPO has the same line.
            style = {} if number else {"linestyle": "--", "zorder": 3}
            curve = entry["curve"]
            steps = [point["step"] for point in curve]
            left.plot(steps, [100 * point["mean"] for point in curve], color=colour, label=name, **style)
            low, high = ([100 * point[side] for point in curve] for side in ("low", "high"))
            left.fill_between(steps, low, high, color=colour, alpha=0.12, linewidth=0)
            runs = [run["steps"] for run in results if run["method"] == name]
            places = [point["step"] for point in runs[0]]
            values = [[point["entropy"] for point in points] for points in zip(*runs, strict=False)]
            right.plot(places[: len(values)], [mean(v) for v in values], color=colour, **style)
            lows, highs = [min(v) for v in values], [max(v) for v in values]
            right.fill_between(places[: len(values)], lows, highs, color=colour, alpha=0.12, linewidth=0)
        left.axhline(100 * summary["reachable_target"], color="#555555", linewidth=0.8, linestyle=":")
        left.set_xlabel("optimizer step")
        left.set_ylabel("% solved")
        left.set_ylim(0, None)
        left.set_title("Held-out answers that solve their task (band: all seeds)")
        left.legend(loc="lower right", ncols=2, fontsize=8)
        right.set_xlabel("optimizer step")
        right.set_ylabel("nats per token")
        right.set_title("Entropy")


def colours() -> list[str]:
    """Return enough colours for any number of methods."""
    return list(COLOURS) * 8
