"""Writes the page about an audit of a task set: what is broken, how strong the tests are, time, difficulty.

Pictures are drawn here as SVG, bar by bar, so the page needs no package for plots.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..tasks.faults import BROKEN, FAULTS, NOTICE, WEAK
from . import html_page as html

COLOURS = {BROKEN: "#a3222b", WEAK: "#8a5a00", NOTICE: "#5c6570"}
PLAIN = "#a94712"
ROWS_SHOWN = 200  # of the tasks with faults
DIFFS_SHOWN = 20
BAR, GAP, LABELS, LENGTH = 22, 8, 190, 300  # of a bar and what is around it, in pixels
SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def build_audit_page(result: Mapping[str, Any]) -> str:
    """Return the page of an audit as HTML.

    Args:
        result (`Mapping`): What `audit_file` returned.
    """
    tasks = result["tasks"]
    title = f"Audit of {result['source']}"
    parts = [
        f"<header><h1>{escape(title)}</h1></header>",
        _tiles(result),
        _faults(result),
        _distributions(tasks),
        _worst(tasks),
        _missed(tasks),
    ]
    return html.page(title, [part for part in parts if part])


def bars(rows: Sequence[tuple[str, int, str]]) -> bytes:
    """Return a picture of bars, one below the other: each a label, a number, a colour."""
    most = max((number for _, number, _ in rows), default=0) or 1
    height = len(rows) * (BAR + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LABELS + LENGTH + 70} {height}" '
        'font-family="system-ui, sans-serif" font-size="14">'
    ]
    for place, (label, number, colour) in enumerate(rows):
        top = GAP + place * (BAR + GAP)
        length = LENGTH * number / most
        middle = top + BAR - 6
        parts.append(f'<text x="{LABELS - 8}" y="{middle}" text-anchor="end" fill="#1d2126">{escape(label)}</text>')
        parts.append(f'<rect x="{LABELS}" y="{top}" width="{length:.1f}" height="{BAR}" rx="3" fill="{colour}"/>')
        parts.append(f'<text x="{LABELS + length + 6:.1f}" y="{middle}" fill="#5c6570">{number}</text>')
    return "".join([*parts, "</svg>"]).encode()


def shares(values: Sequence[float]) -> list[tuple[str, int, str]]:
    """Return the bars of a histogram of shares, 0..1: none, by tenths, all."""
    rows = [("0 %", values.count(0.0), PLAIN)]
    for low in range(0, 100, 10):
        inside = [value for value in values if 0.0 < value < 1.0 and low <= value * 100 < low + 10]
        rows.append((f"{low} to {low + 10} %", len(inside), PLAIN))
    return [*rows, ("100 %", values.count(1.0), PLAIN)]


def _tiles(result: Mapping[str, Any]) -> str:
    rows = result["rows"] or 1
    grades = result["grades"]
    items = [("tasks", str(result["rows"]), "rows read")]
    items += [(name, str(number), f"{number / rows:.1%}") for name, number in grades.items()]
    items.append(("kept", str(result["kept"]), f"those that are {result['keep']}"))
    return html.tiles(items)


def _faults(result: Mapping[str, Any]) -> str:
    faults = result["faults"]
    if not faults:
        return html.section("What is broken", html.paragraph("No fault was found."))
    ordered = sorted(faults.items(), key=lambda item: -item[1])
    picture = bars([(name.replace("_", " "), number, COLOURS[FAULTS[name].severity]) for name, number in ordered])
    rows = [["fault", "severity", "tasks", "what it means"]]
    rows += [[name, FAULTS[name].severity, str(number), FAULTS[name].meaning] for name, number in ordered]
    return html.section(
        "What is broken", html.figures([("tasks by fault", picture)]), html.table(rows, text_columns=(1, 3))
    )


def _distributions(tasks: Sequence[Mapping[str, Any]]) -> str:
    items = []
    for name, heading in (("kill_rate", "strength: share of mutants caught"), ("pass_rate", "difficulty: pass rate")):
        values = [task[name] for task in tasks if task[name] is not None]
        if values:
            items.append((heading, bars(shares(values))))
    seconds = [task["seconds"] for task in tasks if task["seconds"] is not None]
    if seconds:
        items.append(("seconds per reference", bars(_times(seconds))))
    if not items:
        return ""
    shown = "".join(f"<div><h3>{escape(heading)}</h3>{html.picture(heading, svg)}</div>" for heading, svg in items)
    return html.section("Strength, difficulty, time", f'<div class="figures">{shown}</div>')


def _times(seconds: Sequence[float]) -> list[tuple[str, int, str]]:
    rows, low = [], 0.0
    for high in (*SECONDS, float("inf")):
        inside = sum(1 for value in seconds if low <= value < high)
        label = f"from {low:g} s" if high == float("inf") else f"{low:g} to {high:g} s"
        rows.append((label, inside, PLAIN))
        low = high
    return rows


def _worst(tasks: Sequence[Mapping[str, Any]]) -> str:
    faulty = [task for task in tasks if task["faults"]]
    if not faulty:
        return ""
    order = {BROKEN: 0, WEAK: 1}
    faulty.sort(key=lambda task: (order.get(task["grade"], 2), task["line"]))
    rows = [["task", "row", "grade", "faults"]]
    for task in faulty[:ROWS_SHOWN]:
        said = "; ".join(f"{f['name']} ({f['detail']})" if f["detail"] else f["name"] for f in task["faults"])
        rows.append([str(task["task_id"] or "-"), str(task["line"]), task["grade"], said])
    left = len(faulty) - ROWS_SHOWN
    more = html.paragraph(f"{left} more are in audit.json.", soft=True) if left > 0 else ""
    return html.section("Tasks with faults", html.table(rows, text_columns=(3,)), more)


def _missed(tasks: Sequence[Mapping[str, Any]]) -> str:
    """The faults that tests let through, as diffs: what to write a test for."""
    weak = sorted((task for task in tasks if task["missed"]), key=lambda task: task["kill_rate"])
    pairs = [(task, mutant) for task in weak for mutant in task["missed"]][:DIFFS_SHOWN]
    if not pairs:
        return ""
    shown = "".join(
        f"<h3>{escape(str(task['task_id']))}: {escape(mutant['kind'])} in {escape(mutant['function'])}</h3>"
        f"<pre>{escape(mutant['diff'])}</pre>"
        for task, mutant in pairs
    )
    return html.section("Faults that the tests let through", html.details("Show the weakest tasks' diffs", shown))
