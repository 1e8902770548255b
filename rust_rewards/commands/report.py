"""Puts everything a run left behind on one page: a single HTML file that needs no network.

examples:
    rust-rewards report outputs/tiny-phase1
    rust-rewards report outputs/tiny-phase1 --config recipes/tiny/grpo_phase1.yaml --output_file report.html

Looks in the folder for what the other commands write: training_history.json (or a checkpoint's trainer state),
before.json and after.json (evaluate), reward_analysis.json (analyze), decision.json (decide), completions/*.parquet
(log_completions: true), and any YAML. What is missing is named on the page with the command that writes it; a file
that is there but broken is an error.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from trainers.training_log import Step, at_end, at_start, epoch_table, find_history, read_history, series

from ..evaluation import html_page as html
from ..evaluation.comparison import compare, describe_sample
from ..evaluation.error_codes import codes_over_time
from ..evaluation.evaluation_result import EvaluationResult, read_evaluation
from ..evaluation.plots import (
    AFTER,
    BEFORE,
    REFERENCE,
    check_matplotlib,
    draw_band,
    draw_component_bars,
    draw_curves,
    draw_distributions,
    draw_groups,
    draw_shares,
    svg_of,
)
from ..evaluation.results import ANALYSIS, DECISION, ResultFileError, check_output, read_result, write_text
from ..evaluation.scores import ScoredSample
from ..evaluation.summary import component_averages
from ..evaluation.tables import as_text, label_of
from ..exit_codes import DONE

CODES_SHOWN = 8  # error codes in a table
SIDE_COLOURS = {"before": BEFORE, "after": AFTER, "reference": REFERENCE}
CURVES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Compiling and parsing",
        "share of completions",
        {"compile_success_rate": "compiles", "parse_success_rate": "parses"},
    ),
    ("Loss", "loss", {"loss": "loss"}),
    ("KL to the starting model", "per token", {"kl": "KL"}),
    ("Entropy", "nats per token", {"entropy": "entropy"}),
    ("Groups without signal", "share of groups", {"frac_reward_zero_std": "groups"}),
    ("Length of completions", "tokens", {"completion_length": "mean length"}),
    ("Curriculum", "tasks", {"curriculum/unlocked": "unlocked", "curriculum/resting": "at rest"}),
)


@dataclass(frozen=True)
class RunFiles:
    """What was found in a run's folder; `None` and empty for what was not."""

    folder: Path
    steps: list[Step]
    before: EvaluationResult | None
    after: EvaluationResult | None
    analysis: dict[str, Any] | None
    comparison: dict[str, Any] | None  # of the two evaluations
    decision: dict[str, Any] | None  # as `decide` wrote it
    config: tuple[str, str] | None  # name and text of a YAML file
    codes: dict[str, tuple[list[float], list[float]]]

    @property
    def sides(self) -> dict[str, EvaluationResult]:
        """The evaluations that are there, by name."""
        found = {"before": self.before, "after": self.after}
        return {name: result for name, result in found.items() if result is not None}


def find_run(folder: Path, config: Path | None = None) -> RunFiles:
    """Read everything that the page can show.

    Args:
        folder (`Path`): The run's output folder.
        config (`Path`, *optional*): YAML file to show; defaults to the first one in the folder.

    Raises:
        ResultFileError: When the folder does not exist, holds nothing to report, or a file in it is broken.
    """
    if not folder.is_dir():
        raise ResultFileError(f"There is no folder {folder}. Give the --output_dir of a training run.")
    history = find_history(folder)
    before, after = (_evaluation_if_there(folder / name) for name in ("before.json", "after.json"))
    analysis = _read_if_there(folder / "reward_analysis.json", ANALYSIS)
    if not (history or before or after or analysis):
        raise ResultFileError(
            f"{folder} holds nothing to report: no training_history.json, before.json, after.json or "
            "reward_analysis.json. Train (recipes/grpo.py), evaluate or analyze first."
        )
    chosen = config or next(iter(sorted(folder.glob("*.yaml"))), None)
    return RunFiles(
        folder=folder,
        steps=read_history(history) if history else [],
        before=before,
        after=after,
        analysis=analysis,
        comparison=compare(before, after) if before and after else None,
        decision=_read_if_there(folder / "decision.json", DECISION),
        config=(chosen.name, _read_text(chosen)) if chosen else None,
        codes=codes_over_time(folder / "completions"),
    )


def build_page(run: RunFiles) -> str:
    """Return the page of a run as HTML."""
    parts = [
        _header(run),
        _configuration(run),
        _curves(run),
        _components(run),
        _before_and_after(run),
        _error_codes(run),
        _pairs(run),
        _decision(run),
        _missing(run),
    ]
    return html.page(f"{run.folder.name}: report", [part for part in parts if part])


def _header(run: RunFiles) -> str:
    decision, comparison = run.decision, run.comparison
    date = _about(run).get("date")
    badge = f'<span class="badge {decision["decision"]}">{decision["decision"]}</span>' if decision else ""
    dated = html.paragraph(f"Evaluated {date}", soft=True) if date else ""
    shown = []
    for name in ("compile_rate", "pass@1", "tests_passed", "mean_reward"):
        entry = next((e for e in comparison["metrics"] if e["metric"] == name), None) if comparison else None
        if entry:
            remark = f"was {as_text(name, entry['before'])}"
            shown.append((label_of(name), as_text(name, entry["after"]), remark))
    title = html.escape(run.folder.resolve().name)
    return f"<header><h1>{title} {badge}</h1>{dated}</header>{html.tiles(shown)}"


def _configuration(run: RunFiles) -> str:
    result = _about(run)
    items: list[tuple[str, str]] = []
    if run.steps:
        items.append(("training", f"{len(run.steps)} logged steps, up to iteration {run.steps[-1]['iteration']:.0f}"))
    items += [(name, side.model["name"]) for name, side in run.sides.items()]
    if result:
        sampling = ", ".join(f"{key} {value}" for key, value in result["sampling"].items())
        items += [
            (
                "tasks",
                f"{result['task_set']['count']} of {result['task_set']['source']} ({result['task_set']['hash']})",
            ),
            ("sampling", f"{sampling}, seed {result['seed']}"),
            ("toolchain", f"rustc {result['toolchain']['rustc']}, {result['toolchain']['host']}"),
            ("packages", ", ".join(f"{name} {version}" for name, version in result["packages"].items())),
            ("machine", f"{result['machine']['platform']}, {result['machine']['processors']} processors"),
        ]
    yaml = html.details(run.config[0], f"<pre>{html.escape(run.config[1])}</pre>") if run.config else ""
    return html.section("Configuration", html.definitions(items), yaml)


def _curves(run: RunFiles) -> str:
    if not run.steps:
        return ""
    items = [("Average reward with one standard deviation, over iterations", svg_of(partial(_draw_reward, run.steps)))]
    for title, unit, names in CURVES:
        curves = {label: series(run.steps, name) for name, label in names.items() if series(run.steps, name)[0]}
        if curves:
            items.append(
                (f"{title}, over iterations", svg_of(partial(draw_curves, curves=curves, title=title, ylabel=unit)))
            )
    ends = [
        f"{label} {first:.3f} to {last:.3f}"
        for label, name in (("reward", "avg_reward"), ("compiling", "compile_success_rate"), ("entropy", "entropy"))
        if (first := at_start(run.steps, name)) is not None and (last := at_end(run.steps, name)) is not None
    ]
    summary = html.paragraph(f"First to last quarter of the run: {', '.join(ends)}.")
    return html.section("Training", summary, html.figures(items), _epochs(run.steps))


def _draw_reward(steps: Sequence[Step], axis: Any) -> None:
    numbers, rewards = series(steps, "avg_reward")
    draw_curves(axis, {"reward": (numbers, rewards)}, "Average reward, ± 1 standard deviation", "points")
    both = [step for step in steps if "avg_reward" in step and "reward_std" in step]
    draw_band(
        axis,
        [step["iteration"] for step in both],
        [step["avg_reward"] for step in both],
        [step["reward_std"] for step in both],
    )


def _epochs(steps: Sequence[Step]) -> str:
    return f"<h3>Epochs (means over logged steps)</h3>{html.table(epoch_table(steps))}"


def _components(run: RunFiles) -> str:
    means = {name: component_averages(side.samples) for name, side in run.sides.items()}
    if run.analysis and run.analysis["gap"] is not None:
        means["reference"] = {entry["name"]: entry["reference"] for entry in run.analysis["components"]}
    if not means:
        return ""
    colours = {name: SIDE_COLOURS[name] for name in means}
    names = list(next(iter(means.values())))
    rows: list[dict[str, Any]] = [
        {"name": name, **{side: values.get(name, 0.0) for side, values in means.items()}} for name in names
    ]
    draw_points = partial(draw_component_bars, components=rows, sides=colours)
    items = [("Mean points by component", svg_of(draw_points, (4.2, 4.2)))]
    rewards = {name: [s.reward for s in side.samples if s.reward is not None] for name, side in run.sides.items()}
    rewards = {name: values for name, values in rewards.items() if values}
    if rewards:
        draw_rewards = partial(draw_distributions, sides=rewards, colours=colours)
        items.append(("Distribution of rewards", svg_of(draw_rewards, (4.2, 3.0))))
    cells = [["component", *means]]
    cells += [[row["name"].replace("_", " "), *(f"{row[side]:.2f}" for side in means)] for row in rows]
    return html.section("Reward by component", html.figures(items), html.details("the numbers", html.table(cells)))


def _before_and_after(run: RunFiles) -> str:
    comparison = run.comparison
    if comparison is None:
        return ""
    rows = [["", "before", "after", "difference", "95 % interval"]]
    for entry in comparison["metrics"]:
        name = entry["metric"]
        low, high = (as_text(name, entry[end], signed=True) for end in ("low", "high"))
        values = [as_text(name, entry[side]) for side in ("before", "after")]
        rows.append([label_of(name), *values, as_text(name, entry["difference"], signed=True), f"{low} to {high}"])
    shares = [entry for entry in comparison["metrics"] if entry["metric"] != "mean_reward"]
    groups = [comparison[side]["by_difficulty"] for side in ("before", "after")]
    items = [
        ("Shares of samples before and after", svg_of(lambda axis: draw_shares(axis, shares), (4.2, 3.0))),
        ("Share of compiling samples by difficulty", svg_of(lambda axis: draw_groups(axis, *groups), (4.2, 3.0))),
    ]
    won, lost = comparison["won"], comparison["lost"]
    tasks = f"{comparison['tasks_compared']} tasks: {len(won)} won, {len(lost)} lost."
    notes = [html.paragraph(note, soft=True) for note in comparison["notes"]]
    topics = html.details("by topic", html.table(_topic_rows(comparison)))
    return html.section(
        "Before and after", html.paragraph(tasks), *notes, html.table(rows), html.figures(items), topics
    )


def _topic_rows(comparison: Mapping[str, Any]) -> list[list[str]]:
    rows = [["topic", "tasks", "compiles before", "after", "pass@1 before", "after"]]
    for topic, old in comparison["before"]["by_topic"].items():
        new = comparison["after"]["by_topic"].get(topic, {"metrics": {}})  # topics are no part of what is measured
        cells = [
            as_text(name, side["metrics"][name]) if name in side["metrics"] else "-"
            for name in ("compile_rate", "pass@1")
            for side in (old, new)
        ]
        rows.append([topic, str(old["tasks"]), *cells])
    return rows


def _error_codes(run: RunFiles) -> str:
    if not run.codes and not any(side.error_codes for side in run.sides.values()):
        return ""
    items = []
    if run.codes:
        title = "First error of training completions"
        draw_codes = partial(draw_curves, curves=run.codes, title=title, ylabel="share of completions")
        items.append(
            ("Share of completions by their first compiler error, over iterations", svg_of(draw_codes, (4.2, 3.0)))
        )
    rows = [["compiler error", *(f"% of samples {name}" for name in run.sides)]]
    totals: Counter[str] = Counter()
    for side in run.sides.values():
        totals.update(side.error_codes)
    for code, _ in totals.most_common(CODES_SHOWN):
        shares = (side.error_codes.get(code, 0) / max(side.summary["samples"], 1) for side in run.sides.values())
        rows.append([code, *(f"{100 * share:.1f}" for share in shares)])
    return html.section("Compiler errors", html.figures(items), html.table(rows) if len(rows) > 1 else "")


def _pairs(run: RunFiles) -> str:
    comparison = run.comparison
    if comparison is None:
        return ""
    rule = "The first sample of both sides for the task that gained most, the median one, and the one that lost most."
    shown = [
        html.code_pair(
            f"{pair['task_id']} ({pair['change']:+.2f} points)",
            [(f"{side}: {describe_sample(sample)}", sample.program) for side, sample in _samples_of(pair)],
        )
        for pair in comparison["pairs"]
    ]
    return html.section("Sample pairs", html.paragraph(rule, soft=True), *shown)


def _samples_of(pair: Mapping[str, Any]) -> list[tuple[str, ScoredSample]]:
    return [(side, ScoredSample.from_json(pair[side])) for side in ("before", "after")]


def _decision(run: RunFiles) -> str:
    decision = run.decision
    if decision is None:
        return ""
    rows = [["measured", "says", "value", "needs"]]
    rows += [[c["name"], c["verdict"], c["shown"], c["threshold"]] for c in decision["checks"]]
    badge = f'<p><span class="badge {decision["decision"]}">{decision["decision"]}</span></p>'
    following = [html.paragraph(f"Next: {setting}") for setting in decision["next_settings"]]
    return html.section("Decision", badge, html.table(rows, text_columns=(2,)), *following)


def _missing(run: RunFiles) -> str:
    wanted = (
        (run.steps, "Training curves", "recipes/grpo.py or recipes/maxrl.py into this folder"),
        (
            run.before and run.after,
            "Before and after",
            "rust-rewards evaluate --output_file before.json (and after.json)",
        ),
        (run.decision, "The decision", "rust-rewards decide before.json after.json --output_file decision.json"),
        (run.analysis, "Points of the references", "rust-rewards analyze --output_dir with this folder"),
        (run.codes, "Compiler errors over time", "training with --log_completions true and the rust reward"),
        (run.config, "The training settings", "rust-rewards report --config with the run's YAML"),
    )
    rows = [["not on this page", "comes from"]] + [[what, how] for there, what, how in wanted if not there]
    return html.section("Missing", html.table(rows, text_columns=(1,))) if len(rows) > 1 else ""


def _about(run: RunFiles) -> Mapping[str, Any]:
    """Return what the newest measurement says of its date, tasks, sampling and machine; empty without any."""
    evaluated = run.after or run.before
    return vars(evaluated) if evaluated else run.analysis or {}


def _evaluation_if_there(path: Path) -> EvaluationResult | None:
    return read_evaluation(path) if path.exists() else None


def _read_if_there(path: Path, kind: str) -> dict[str, Any] | None:
    return read_result(path, kind) if path.exists() else None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as err:
        raise ResultFileError(f"Cannot read {path}: {err.strerror}.") from err


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run's folder, its YAML and the page."""
    parser.add_argument("output_dir", type=Path, help="Output folder of a training run.")
    parser.add_argument("--config", type=Path, help="YAML file of the run, to show on the page.")
    parser.add_argument("--output_file", type=Path, help="Page to write; defaults to report.html in the folder.")


def run(args: argparse.Namespace) -> int:
    """Write the page of a run."""
    check_matplotlib()
    target = args.output_file or args.output_dir / "report.html"
    check_output(target, args.config, *args.output_dir.glob("*.json"))
    text = build_page(find_run(args.output_dir, args.config))
    write_text(target, text)
    print(f"Written: {target} ({len(text) // 1024} KiB)")
    return DONE
