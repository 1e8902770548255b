"""Draws the workflow's plots with matplotlib, which loads only here and only when a plot is asked for.

Every function takes plain numbers and a path; the ending of the path (`.png`, `.svg`) decides the format. A
file is replaced whole or not at all.
Not here: the training curves that `trainers.callbacks` draws while training.
"""

import contextlib
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..extras import explain, missing_packages
from ..whole_files import replacing
from .comparison import Comparison, MetricChange
from .statistics import moving_mean, smoothing_window
from .tables import label_of

BEFORE, AFTER, REFERENCE, ACCENT = "#8a8f98", "#c2571a", "#2f6f9f", "#3d7a4e"
COLOURS = (AFTER, REFERENCE, ACCENT, "#8457a8", "#b0892e", "#4a4f57", "#c94f7c")
STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.color": "#e3e5e8",
    "legend.frameon": False,
    "svg.hashsalt": "rust-rewards",  # the same numbers give the same file
}
POINTS_PER_BAR = 2.0  # points per bar of a histogram
SHARE = "share"  # an axis whose label starts with it runs from 0 to 1
TOP_OF_SHARES = 116  # of an axis in percent, with room for the values above full bars
LEGEND_COLUMNS = 4
DPI = 150


def check_matplotlib() -> None:
    """Raise `ValueError` with the line that installs matplotlib when it is missing."""
    if missing_packages("plots"):
        raise ValueError(explain("Drawing plots", "matplotlib", "plots"))


def draw_comparison(result: Comparison, path: Path) -> None:
    """Draw a comparison: shares before and after, and the same of pass@1 and of compiling by difficulty."""
    by_difficulty = [metric for metric in ("pass@1", "compile_rate") if result.change(metric)]
    widths = (3, *(2 for _ in by_difficulty))
    with drawing(path, (5.4 + 3.2 * len(by_difficulty), 3.6), columns=len(widths), widths=widths) as axes:
        draw_shares(axes[0], [entry for entry in result.metrics if entry.metric != "mean_reward"])
        for axis, metric in zip(axes[1:], by_difficulty, strict=True):
            draw_groups(axis, result.before.by_difficulty, result.after.by_difficulty, metric)


def draw_shares(axis: Any, entries: Sequence[MetricChange]) -> None:
    """Draw pairs of bars in percent with their values; the whisker is the difference's interval at the new value."""
    places = range(len(entries))
    old = [100 * entry.before for entry in entries]
    new = [100 * entry.after for entry in entries]
    below = [100 * max(entry.difference - entry.low, 0) for entry in entries]
    above = [100 * max(entry.high - entry.difference, 0) for entry in entries]
    axis.bar([p - 0.2 for p in places], old, 0.38, color=BEFORE, label="before")
    axis.bar([p + 0.2 for p in places], new, 0.38, color=AFTER, label="after", yerr=[below, above], capsize=3)
    axis.set_xticks(list(places), [label_of(entry.metric).replace(" ", "\n") for entry in entries])
    tops = [value + whisker for value, whisker in zip(new, above, strict=True)]
    write_values(axis, [p - 0.2 for p in places], old, old)
    write_values(axis, [p + 0.2 for p in places], tops, new)
    axis.set_ylim(0, TOP_OF_SHARES)
    axis.set_ylabel("% of samples")
    axis.set_title("Before and after (95 % of the difference)", pad=22)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.1)


def write_values(axis: Any, places: Sequence[float], heights: Sequence[float], values: Sequence[float]) -> None:
    """Write each value, a percentage, above its bar."""
    for place, height, value in zip(places, heights, values, strict=True):
        axis.text(place, height + 1.5, f"{value:.0f}", ha="center", va="bottom", fontsize=7)


def draw_groups(axis: Any, before: Mapping[str, Any], after: Mapping[str, Any], metric: str) -> None:
    """Draw a share of samples per difficulty, before and after; a group without it has no bar."""
    names = list(dict.fromkeys([*before, *after]))
    places = range(len(names))
    for side, groups, colour in ((-0.2, before, BEFORE), (0.2, after, AFTER)):
        known = {p: groups[n]["metrics"][metric] for p, n in enumerate(names) if _measured(groups, n, metric)}
        shown, heights = [place + side for place in known], [100 * value for value in known.values()]
        axis.bar(shown, heights, 0.38, color=colour)
        write_values(axis, shown, heights, heights)
    axis.set_xticks(list(places), names)
    axis.set_ylim(0, TOP_OF_SHARES)
    axis.set_xlabel("difficulty")
    axis.set_ylabel("% of samples")
    axis.set_title(f"{label_of(metric)}, by difficulty", pad=22)


def _measured(groups: Mapping[str, Any], name: str, metric: str) -> bool:
    return name in groups and metric in groups[name]["metrics"]


def draw_histograms(sides: Mapping[str, Sequence[float]], path: Path) -> None:
    """Draw the distribution of rewards of model and reference, in points, with a line at each mean."""
    with drawing(path, (6.4, 3.4)) as axis:
        draw_distributions(axis, sides, {"model": AFTER, "reference": REFERENCE})


def draw_distributions(axis: Any, sides: Mapping[str, Sequence[float]], colours: Mapping[str, str]) -> None:
    """Draw each side's rewards as shares of its samples, in bins of two points."""
    values = [value for rewards in sides.values() for value in rewards]
    first, last = math.floor(min(values) / POINTS_PER_BAR), math.floor(max(values) / POINTS_PER_BAR)
    edges = [POINTS_PER_BAR * number for number in range(first, last + 2)]
    for name, rewards in sides.items():
        colour = colours[name]
        weights = [100 / len(rewards)] * len(rewards)
        mean = sum(rewards) / len(rewards)
        axis.hist(rewards, edges, weights=weights, color=colour, alpha=0.65, label=f"{name}, mean {mean:.1f}")
        axis.axvline(mean, color=colour, linestyle="--", linewidth=1.2)
    axis.set_xlabel("reward in points")
    axis.set_ylabel("% of answers")
    axis.set_title("How rewards are distributed", pad=22)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.1)


def draw_components(components: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the mean points of each component: the model's, beside the references' where there are any."""
    sides = {"model": AFTER, "reference": REFERENCE}
    known = {name: colour for name, colour in sides.items() if all(entry[name] is not None for entry in components)}
    with drawing(path, (6.4, 0.42 * len(components) + 1.2)) as axis:
        draw_component_bars(axis, components, known)


def draw_component_bars(axis: Any, components: Sequence[Mapping[str, Any]], sides: Mapping[str, str]) -> None:
    """Draw horizontal bars, one row per component with a `name` and a value under each of `sides` (name: colour)."""
    rows = range(len(components))
    height = 0.8 / len(sides)
    for place, (side, colour) in enumerate(sides.items()):
        offset = (place - (len(sides) - 1) / 2) * height
        values = [entry[side] for entry in components]
        axis.barh([row + offset for row in rows], values, height, color=colour, label=side)
    axis.set_yticks(list(rows), [entry["name"].replace("_", " ") for entry in components])
    axis.invert_yaxis()
    axis.axvline(0, color="#555555", linewidth=0.8)
    axis.grid(True, axis="x")
    axis.grid(False, axis="y")
    axis.set_xlabel("mean points")
    axis.set_title("Points by component", pad=22)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(sides), borderaxespad=0.1)


def draw_curves(
    axis: Any, curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], title: str, ylabel: str
) -> None:
    """Draw named curves over the iterations, with a legend when there are several.

    Of a long curve the values are drawn thin, and the mean of those around each bold.
    """
    for (name, (steps, values)), colour in zip(curves.items(), COLOURS, strict=False):
        marker = "o" if len(steps) < 3 else None  # a line through one point is invisible
        window = smoothing_window(len(values))
        if window > 1:
            axis.plot(steps, values, color=colour, linewidth=0.7, alpha=0.35)
        axis.plot(steps, moving_mean(values, window), color=colour, marker=marker, linewidth=1.6, label=name)
    axis.set_xlabel("iteration")
    axis.locator_params(axis="x", integer=True)
    axis.set_ylabel(ylabel)
    axis.yaxis.get_major_formatter().set_useOffset(False)
    if ylabel.startswith(SHARE):
        axis.set_ylim(-0.03, 1.03)
    legend_rows = -(-len(curves) // LEGEND_COLUMNS) if len(curves) > 1 else 0
    axis.set_title(title, pad=8 + 13 * legend_rows)
    if legend_rows:
        axis.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=LEGEND_COLUMNS, borderaxespad=0.1, fontsize=8)


def draw_band(axis: Any, steps: Sequence[float], middle: Sequence[float], spread: Sequence[float]) -> None:
    """Shade one standard deviation around a curve."""
    low = [m - s for m, s in zip(middle, spread, strict=True)]
    high = [m + s for m, s in zip(middle, spread, strict=True)]
    axis.fill_between(steps, low, high, color=COLOURS[0], alpha=0.15, linewidth=0)


def svg_of(draw: Callable[[Any], None], size: tuple[float, float] = (4.2, 2.7)) -> bytes:
    """Return the SVG of what `draw` puts on its axis, `size` in inches."""
    buffer = io.BytesIO()
    with drawing(buffer, size) as axis:
        draw(axis)
    return buffer.getvalue()


@contextlib.contextmanager
def drawing(
    target: Path | io.BytesIO, size: tuple[float, float], columns: int = 1, widths: Sequence[float] | None = None
) -> Iterator[Any]:
    """Open a figure and give its axis (or axes, for several columns); afterwards write it.

    Args:
        target (`Path` or `BytesIO`): A `.png` or `.svg` file, or a buffer that receives SVG.
        size (`tuple[float, float]`): Width and height in inches.
        columns (`int`, *optional*, defaults to `1`): Axes side by side.
        widths (`Sequence[float]`, *optional*): Their relative widths.
    """
    check_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        yield figure.subplots(1, columns, width_ratios=widths)
        if isinstance(target, io.BytesIO):
            figure.savefig(target, format="svg", metadata={"Date": None})
            return
        with replacing(target) as temporary:
            figure.savefig(temporary, dpi=DPI, metadata={"Date": None} if target.suffix == ".svg" else None)
