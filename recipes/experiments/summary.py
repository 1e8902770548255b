"""Sums up the runs of an experiment: one entry per method over its seeds, and how methods compare. Pure.

The time to a target is where the curve of solved held-out answers first reaches it, read off between two
measurements by a straight line. A method's figure is the median over its seeds; a seed that never gets there counts
as later than any that does, so a median can be "not reached".

Not here: training (`runs.py`), measuring (`measure.py`), tables and plots (`report.py`).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

TARGETS = (0.5, 0.8, 0.95)  # shares of solved held-out answers
REACHABLE_SHARE = 0.95  # of the best that any method reached
OF_REACHABLE = f"{100 * REACHABLE_SHARE:.0f} % of reachable"


def crossing(points: Sequence[Mapping[str, Any]], target: float, axis: str) -> float | None:
    """Return where a curve first reaches `target`.

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


def summarize_runs(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up runs by method.

    Args:
        results (`Sequence[Mapping]`): What `measure.measure` returned, with `method` and `seed`.

    Returns:
        `dict`: `reachable`, the best share of solved held-out answers that a method reached (mean over its seeds);
            `reachable_target`, `REACHABLE_SHARE` of it; `methods`, one entry per method, see `summarize_method`.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault(result["method"], []).append(result)
    reachable = max(point["mean"] for group in groups.values() for point in mean_curve(group))
    targets = {f"{100 * target:.0f} %": target for target in TARGETS}
    targets[OF_REACHABLE] = REACHABLE_SHARE * reachable
    # Runs of another experiment with other samples per task have another pass@k, which has no column then.
    rates = [key for key in results[0] if key.startswith("pass@") and all(key in run for run in results)]
    figures = [*rates, "solved", "distinct", "entropy", "train_seconds"]
    return {
        "reachable": reachable,
        "reachable_target": targets[OF_REACHABLE],
        "methods": {name: summarize_method(group, targets, figures) for name, group in groups.items()},
    }


def summarize_method(
    runs: Sequence[Mapping[str, Any]], targets: Mapping[str, float], figures: Sequence[str]
) -> dict[str, Any]:
    """Sum up the runs of one method over its seeds.

    Args:
        runs (`Sequence[Mapping]`): Its results.
        targets (`Mapping[str, float]`): Label -> share of solved held-out answers.
        figures (`Sequence[str]`): Final figures to sum up.

    Returns:
        `dict`: `seeds`, `curve` (see `mean_curve`), `area` (mean of the curve), `to` (label of a target -> steps and
            seconds, median over the seeds) and `final` (figure -> mean, lowest and highest).
    """
    curve = mean_curve(runs)
    to: dict[str, dict[str, float | None]] = {}
    for label, target in targets.items():
        to[label] = {
            axis: median([crossing(run["held_out"], target, axis) for run in runs]) for axis in ("step", "seconds")
        }
    return {
        "seeds": [run["seed"] for run in runs],
        "curve": curve,
        "area": statistics.fmean(point["mean"] for point in curve),
        "to": to,
        "final": {figure: low_mean_high([run[figure] for run in runs]) for figure in figures},
    }


def mean_curve(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Return the mean, lowest and highest share of solved held-out answers, at every step measured in all runs."""
    shares = [{point["step"]: point["solved"] for point in run["held_out"]} for run in runs]
    steps = sorted(set.intersection(*map(set, shares)))
    return [{"step": step, **low_mean_high([share[step] for share in shares])} for step in steps]


def low_mean_high(values: Sequence[float]) -> dict[str, float]:
    """Return the mean, the lowest and the highest of some numbers."""
    return {"mean": statistics.fmean(values), "low": min(values), "high": max(values)}


def median(values: Sequence[float | None]) -> float | None:
    """Return the median where `None` is later than every number; `None` when that is what the median is.

    >>> median([10.0, None, 30.0]), median([10.0, None, None]), median([10.0, 20.0])
    (30.0, None, 15.0)
    """
    middle = statistics.median(math.inf if value is None else value for value in values)
    return None if math.isinf(middle) else middle


def advantages(summary: Mapping[str, Any], rivals: Mapping[str, str]) -> dict[str, float | None]:
    """Return how many times fewer steps each method needs for what its rival learns.

    That is 95 % of the best share of solved held-out answers on the rival's mean curve, which the rival reaches by
    definition, however much better another method becomes.

    Args:
        summary (`Mapping`): What `summarize_runs` returned.
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
