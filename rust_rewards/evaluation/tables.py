"""Formats values and tables for a terminal and for Markdown."""

from collections.abc import Mapping, Sequence

from ..scoring import DEFAULT_CONFIG

LABELS = {
    "compile_rate": "compiles",
    "warning_free_rate": "no warnings",
    "clippy_clean_rate": "clippy clean",
    "tests_passed": "tests passed",
    "mean_reward": "mean reward",
}


def label_of(metric: str) -> str:
    """Return the words a table shows for a metric."""
    return LABELS.get(metric, metric)


def as_text(metric: str, value: float, *, signed: bool = False) -> str:
    """Return a metric's value as a table shows it: shares in percent, rewards in points."""
    sign = "+" if signed else ""
    return f"{value:{sign}.2f}" if metric == "mean_reward" else f"{100 * value:{sign}.1f} %"


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as aligned text; the first row is the heading, the first column is left-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as a Markdown table; the first row is the heading."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    ruler = "| " + " | ".join(["---", *["---:"] * (len(rows[0]) - 1)]) + " |"
    return "\n".join([lines[0], ruler, *lines[1:]])


def format_components(points: Mapping[str, float]) -> str:
    """Return the components that gave or cost points in one line, `"compile_success +10.0, ..."`."""
    return ", ".join(f"{name} {value:+.1f}" for name, value in points.items() if value and name != "total")


def component_table(points: Mapping[str, float]) -> str:
    """Return a score as lines of component, points and range, the total last."""
    ranges = DEFAULT_CONFIG.ranges()
    lines = []
    for name in [*(name for name in points if name != "total"), "total"]:
        low, high = ranges[name]
        lines.append(f"  {name:<16}{points[name]:>7.2f}   {low:g}..{high:g}")
    return "\n".join(lines)
