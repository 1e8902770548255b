"""Writes what an experiment found: one JSON file with every number, one table, and the curves of the methods."""

import time
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from statistics import fmean
from typing import Any

from experiments.plan import Plan
from rust_rewards.evaluation.plots import drawing
from rust_rewards.evaluation.results import environment
from rust_rewards.evaluation.tables import markdown
from rust_rewards.whole_files import write_json, write_text

ADVANTAGE = "GRPO's steps / its own"
COLOURS = ("#22262b", "#c2571a", "#e0a030", "#a8324a", "#2f6f9f", "#3d7a4e", "#7a5aa6", "#8a8f98", "#c94f7c")


def write_report(
    plan: Plan, name: str, kind: str, table: Sequence[Sequence[str]], note: str, found: Mapping[str, Any]
) -> None:
    """Write `<name>.json` and `<name>.md` into the folder of the experiment.

    Args:
        plan (`Plan`): The experiment's.
        name (`str`): Name of both files.
        kind (`str`): What the JSON file says that it is.
        table (`Sequence`): Cells of the table, the heading first.
        note (`str`): Text under the table; none when empty.
        found (`Mapping[str, Any]`): What the JSON file holds beside the plan and the versions.
    """
    content = {
        "kind": kind,
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "config": plan.config,
        "recipe": plan.base(),
        "steps": plan.steps,
        **environment(),
        **found,
    }
    write_json(plan.output_dir / f"{name}.json", content)
    text = "\n\n".join(filter(None, (markdown(table), note)))
    write_text(plan.output_dir / f"{name}.md", f"{text}\n")


def table_rows(
    summary: Mapping[str, Any], ratios: Mapping[str, float | None], heading: str = "method"
) -> list[list[str]]:
    """Return the table as cells: steps (and seconds) to the targets, final figures, and the `advantages`."""
    methods = summary["methods"]
    first = next(iter(methods.values()))
    rates = [figure for figure in first["final"] if figure.startswith("pass@")]
    rows = [[heading, *(f"to {label}" for label in first["to"]), *rates, "distinct", "entropy", ADVANTAGE]]
    for name, entry in methods.items():
        times = [time_cell(entry["to"][label]) for label in first["to"]]
        shares = [share_cell(entry["final"][rate]) for rate in rates]
        rest = [f"{entry['final'][figure]['mean']:.2f}" for figure in ("distinct", "entropy")]
        ratio = ratios.get(name)
        rows.append([name, *times, *shares, *rest, "-" if ratio is None else f"{ratio:.1f}"])
    return rows


def time_cell(entry: Mapping[str, float | None]) -> str:
    """Return a time to a target as `steps (seconds)`, a dash when it was not reached."""
    if entry["step"] is None or entry["seconds"] is None:
        return "-"
    return f"{entry['step']:.0f} ({entry['seconds']:.0f})"


def share_cell(entry: Mapping[str, float]) -> str:
    """Return a share in percent as `mean (lowest-highest)`.

    >>> share_cell({"mean": 0.5, "low": 0.25, "high": 0.75})
    '50.0 (25-75)'
    """
    return f"{100 * entry['mean']:.1f} ({100 * entry['low']:.0f}-{100 * entry['high']:.0f})"


def draw_methods(results: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], path: Path) -> None:
    """Draw the held-out curves and the entropy of every method against the steps; bands reach over all seeds."""
    with drawing(path, (10.0, 4.2), columns=2, widths=(3, 2)) as (left, right):
        colours = cycle(COLOURS)
        for number, (name, entry) in enumerate(summary["methods"].items()):
            # The first, mostly GRPO, dashed and on top: a schedule that never leaves GRPO has the same line.
            style = {"linestyle": "--", "zorder": 3} if number == 0 else {}
            style["color"] = next(colours)
            points = [{key: 100 * point[key] for key in ("mean", "low", "high")} for point in entry["curve"]]
            _draw_band(left, [point["step"] for point in entry["curve"]], points, {**style, "label": name})
            _draw_band(right, *_entropy([run["steps"] for run in results if run["method"] == name]), style)
        target = {"color": "#555555", "linewidth": 0.8, "linestyle": ":", "label": "95 % of reachable"}
        left.axhline(100 * summary["reachable_target"], **target)
        left.set_xlabel("optimizer step")
        left.set_ylabel("% solved")
        left.set_ylim(0, None)
        left.set_title("Held-out answers that solve their task (band: all seeds)")
        left.legend(loc="lower right", ncols=2, fontsize=8)
        right.set_xlabel("optimizer step")
        right.set_ylabel("nats per token")
        right.set_title("Entropy")


def _draw_band(
    axis: Any, places: Sequence[float], points: Sequence[Mapping[str, float]], style: Mapping[str, Any]
) -> None:
    """Draw a line through the means and a band between the lowest and the highest values."""
    axis.plot(places, [point["mean"] for point in points], **style)
    low, high = ([point[side] for point in points] for side in ("low", "high"))
    axis.fill_between(places, low, high, color=style["color"], alpha=0.12, linewidth=0)


def _entropy(runs: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[list[float], list[dict[str, float]]]:
    """Return the steps that all runs of a method have, and the mean, lowest and highest entropy there."""
    points = []
    for at_step in zip(*runs, strict=False):  # a run that is still shorter ends the curve
        values = [point["entropy"] for point in at_step]
        points.append({"mean": fmean(values), "low": min(values), "high": max(values)})
    return [point["step"] for point in runs[0]][: len(points)], points
