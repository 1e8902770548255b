"""Writes the page about a run: what is on it, section by section.

A section is a function from the run's files to HTML, empty when there is nothing to show.
Not here: finding and reading the files (`run_files.py`), and how HTML looks (`html_page.py`).
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from . import html_page as html
from .comparison import Comparison, SamplePair, change_rows, describe_sample
from .decision import Decision
from .error_codes import named
from .plots import (
    AFTER,
    BEFORE,
    REFERENCE,
    draw_component_bars,
    draw_curves,
    draw_distributions,
    draw_groups,
    draw_shares,
    svg_of,
)
from .run_files import RunFiles
from .summary import component_averages
from .tables import as_text, label_of
from .training_sections import configuration, training

KEY_FIGURES = ("compile_rate", "pass@1", "tests_passed", "mean_reward")
CODES_SHOWN = 8  # error codes in a table
SIDE_COLOURS = {"before": BEFORE, "after": AFTER, "reference": REFERENCE}


def build_page(run: RunFiles) -> str:
    """Return the page of a run as HTML."""
    parts = [
        _header(run),
        configuration(run),
        training(run),
        _components(run),
        _before_and_after(run),
        _error_codes(run),
        _pairs(run),
        _decision(run),
        _missing(run),
    ]
    return html.page(f"{run.folder.name}: report", [part for part in parts if part])


def _header(run: RunFiles) -> str:
    title = html.escape(run.folder.resolve().name)
    badge = _badge(run.decision) if run.decision else ""
    dated = html.paragraph(f"Evaluated {run.newest.date}", soft=True) if run.newest else ""
    tiles = []
    for name in KEY_FIGURES:
        change = run.comparison.change(name) if run.comparison else None
        if change:
            tiles.append((label_of(name), as_text(name, change.after), f"was {as_text(name, change.before)}"))
    return f"<header><h1>{title} {badge}</h1>{dated}</header>{html.tiles(tiles)}"


def _badge(decision: Decision) -> str:
    word = html.escape(decision.decision)
    return f'<span class="badge {word}">{word}</span>'


def _components(run: RunFiles) -> str:
    means = {name: component_averages(side.samples) for name, side in run.sides.items()}
    if run.analysis and run.analysis.gap is not None:
        means["reference"] = {entry["name"]: entry["reference"] or 0.0 for entry in run.analysis.components}
    if not means:
        return ""
    colours = {name: SIDE_COLOURS[name] for name in means}
    names = list(next(iter(means.values())))
    rows: list[dict[str, Any]] = [
        {"name": name, **{side: values.get(name, 0.0) for side, values in means.items()}} for name in names
    ]
    draw_points = partial(draw_component_bars, components=rows, sides=colours)
    figures = [("Mean points by component", svg_of(draw_points, (4.2, 4.2)))]
    rewards = {name: [s.reward for s in side.samples if s.reward is not None] for name, side in run.sides.items()}
    rewards = {name: values for name, values in rewards.items() if values}
    if rewards:
        draw_rewards = partial(draw_distributions, sides=rewards, colours=colours)
        figures.append(("Distribution of rewards", svg_of(draw_rewards, (4.2, 3.0))))
    cells = [["component", *means]]
    cells += [[row["name"].replace("_", " "), *(f"{row[side]:.2f}" for side in means)] for row in rows]
    return html.section("Reward by component", html.figures(figures), html.details("the numbers", html.table(cells)))


def _before_and_after(run: RunFiles) -> str:
    comparison = run.comparison
    if comparison is None:
        return ""
    shares = [change for change in comparison.metrics if change.metric != "mean_reward"]
    groups = comparison.before.by_difficulty, comparison.after.by_difficulty
    figures = [("Shares of samples before and after", svg_of(lambda axis: draw_shares(axis, shares), (4.2, 3.0)))]
    for metric in ("pass@1", "compile_rate"):
        if comparison.change(metric):
            draw = partial(draw_groups, before=groups[0], after=groups[1], metric=metric)
            figures.append((f"{label_of(metric)} by difficulty, before and after", svg_of(draw, (4.2, 3.0))))
    won, lost = comparison.won, comparison.lost
    return html.section(
        "Before and after",
        html.paragraph(f"{comparison.tasks_compared} tasks: {len(won)} won, {len(lost)} lost."),
        *(html.paragraph(note, soft=True) for note in comparison.notes),
        html.table(change_rows(comparison.metrics, between="to")),
        html.figures(figures),
        html.details("by difficulty", html.table(_group_rows(comparison, "difficulty"))),
        html.details("by topic", html.table(_group_rows(comparison, "topic"))),
    )


def _group_rows(comparison: Comparison, kind: str) -> list[list[str]]:
    rows = [[kind, "tasks", "compiles before", "after", "pass@1 before", "after"]]
    before, after = (getattr(side, f"by_{kind}") for side in (comparison.before, comparison.after))
    for group, old in before.items():
        new = after.get(group)  # difficulty and topic are no part of what is measured
        known: list[Mapping[str, float]] = [side["metrics"] if side else {} for side in (old, new)]
        cells = [
            as_text(name, metrics[name]) if name in metrics else "-"
            for name in ("compile_rate", "pass@1")
            for metrics in known
        ]
        rows.append([group, str(old["tasks"]), *cells])
    return rows


def _error_codes(run: RunFiles) -> str:
    if not run.codes and not any(side.error_codes for side in run.sides.values()):
        return ""
    figures = []
    if run.codes:
        title = "First error of training completions"
        draw_codes = partial(draw_curves, curves=run.codes, title=title, ylabel="share of completions")
        what = "Share of completions by their first compiler error, over iterations"
        figures.append((what, svg_of(draw_codes, (4.2, 3.0))))
    rows = [["compiler error", *(f"% {name}" for name in run.sides)]]
    totals: Counter[str] = Counter()
    for side in run.sides.values():
        totals.update(side.error_codes)
    for code in dict.fromkeys([*(code for code, _ in totals.most_common(CODES_SHOWN)), *run.codes]):
        shares = (side.error_codes.get(code, 0) / max(side.summary["samples"], 1) for side in run.sides.values())
        rows.append([named(code), *(f"{100 * share:.1f}" for share in shares)])
    about = html.paragraph("Share of each side's samples that show the error.", soft=True) if run.sides else ""
    return html.section("Compiler errors", html.figures(figures), about, html.table(rows))


def _pairs(run: RunFiles) -> str:
    if run.comparison is None:
        return ""
    rule = (
        "The task that gained most, the median one, and the one that lost most (or gained least); of each the two "
        "samples whose rewards differ most nearly as the task's means do, and in that direction."
    )
    return html.section("Sample pairs", html.paragraph(rule, soft=True), *map(_pair, run.comparison.pairs))


def _pair(pair: SamplePair) -> str:
    sides = (("before", pair.before), ("after", pair.after))
    shown = [(f"{side}: {describe_sample(sample)}", sample.program) for side, sample in sides]
    return html.code_pair(pair.title, shown)


def _decision(run: RunFiles) -> str:
    if run.decision is None:
        return ""
    rows = [["measured", "says", "value", "needs"]]
    rows += [[check.name, check.verdict, check.shown, check.threshold] for check in run.decision.checks]
    following = [html.paragraph(f"Next: {setting}") for setting in run.decision.next_settings]
    badge = f"<p>{_badge(run.decision)}</p>"
    return html.section("Decision", badge, html.table(rows, text_columns=(1, 2, 3)), *following)


def _missing(run: RunFiles) -> str:
    """Return what is not on the page, with the command that makes it."""
    folder = run.folder
    before, after = folder / "before.json", folder / "after.json"
    evaluations = f"rust-rewards evaluate --output_file {before} (and {after})"
    decision = f"rust-rewards decide {before} {after} {folder} --output_file {folder / 'decision.json'}"
    wanted = (
        (run.history, "Training curves", "recipes/grpo.py or recipes/maxrl.py into this folder"),
        (run.comparison, "Before and after", evaluations),
        (run.decision, "The decision", decision),
        (run.analysis, "Points of the references", f"rust-rewards analyze --output_dir {folder}"),
        (run.codes, "Compiler errors over time", "training with --log_completions true and the rust reward"),
        (run.settings or run.config, "The training settings", f"training_args.bin, which training leaves in {folder}"),
    )
    rows = [["not on this page", "comes from"]] + [[what, how] for there, what, how in wanted if not there]
    return html.section("Missing", html.table(rows, text_columns=(1,))) if len(rows) > 1 else ""
