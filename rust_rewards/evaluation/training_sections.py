"""Writes the page's sections about the training itself: the run's settings, and its curves.

Not here: the other sections (`report.py`), and how HTML looks (`html_page.py`).
"""

import shlex
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import html_page as html
from .analysis import RewardAnalysis
from .evaluation_result import EvaluationResult
from .plots import draw_band, draw_curves, svg_of
from .run_files import RunFiles
from .run_settings import RunRecord, RunSettings
from .statistics import moving_mean, smoothing_window
from .training_history import Curve, TrainingHistory

ALGORITHMS = {"GRPOConfig": "GRPO", "MaxRLConfig": "MaxRL", "RLOOConfig": "RLOO", "SFTConfig": "supervised"}
# Heading -> settings of the trainer under it, as they are called in YAML
SHOWN: dict[str, tuple[str, ...]] = {
    "batch": (
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "num_generations",
        "steps_per_generation",
        "num_iterations",
    ),
    "length of the run": ("max_steps", "num_train_epochs", "seed"),
    "optimiser": ("learning_rate", "lr_scheduler_type", "warmup_steps", "weight_decay", "max_grad_norm", "optim"),
    "objective": ("loss_type", "beta", "epsilon", "scale_rewards", "entropy_coef", "mask_truncated_completions"),
    "MaxRL": (
        "correctness_threshold",
        "maxrl_weighting",
        "maxrl_weight_temperature",
        "maxrl_baseline",
        "maxrl_schedule",
    ),
    "sampling while training": ("max_completion_length", "temperature", "top_p", "top_k", "use_vllm"),
    "precision": ("bf16", "fp16", "gradient_checkpointing"),
}


@dataclass(frozen=True)
class Chart:
    """One figure: its curves by label, each under the first of these names that the run has measured."""

    title: str
    unit: str
    names: Mapping[str, tuple[str, ...]]


CHARTS = (
    Chart(
        "Hidden tests",
        "share",
        {
            "tests passed": ("tests_passed",),
            "pass@1": ("tests_reward/solve_rate",),
            "solved without a warning": ("rewards/solved_reward/mean",),
            "correct (MaxRL)": ("maxrl/correctness_rate",),
        },
    ),
    Chart(
        "Compiling and parsing",
        "share of completions",
        {"compiles": ("compile_success_rate",), "parses": ("parse_success_rate",)},
    ),
    Chart("Loss", "loss", {"loss": ("loss",)}),
    Chart("KL to the starting model", "per token", {"KL": ("kl",)}),
    Chart("Entropy", "nats per token", {"entropy": ("entropy",)}),
    Chart("Groups without signal", "share of groups", {"groups": ("frac_reward_zero_std",)}),
    Chart("Completions cut off", "share of completions", {"cut off": ("clipped_ratio",)}),
    Chart("Length of completions", "tokens", {"mean length": ("completion_length",)}),
    Chart("Curriculum", "tasks", {"unlocked": ("curriculum/unlocked",), "at rest": ("curriculum/resting",)}),
)
ENDS = (
    ("reward", ("avg_reward",)),
    *CHARTS[0].names.items(),
    ("compiling", ("compile_success_rate",)),
    ("entropy", ("entropy",)),
)


def configuration(run: RunFiles) -> str:
    """Return the section about what was run, on what, and how."""
    items: list[tuple[str, str]] = []
    if run.history:
        logged = f"{run.history.steps} logged steps, up to iteration {run.history.last_iteration:.0f}"
        items.append(("training", logged))
    items += _settings(run)
    items += [(name, side.model["name"]) for name, side in run.sides.items()]
    if run.newest:
        items += _provenance(run.newest)
    yaml = html.details(run.config[0], f"<pre>{html.escape(run.config[1])}</pre>") if run.config else ""
    return html.section("Configuration", html.definitions(items), yaml)


def _settings(run: RunFiles) -> list[tuple[str, str]]:
    """Return the training settings in groups, and the rewards with their weights."""
    rewards = [("rewards", told)] if (told := _rewards(run)) else []
    items = [*(_recorded(run.record) if run.record else _guessed(run.settings)), *rewards]
    if run.settings is None:
        return items
    for heading, names in SHOWN.items():
        known = [f"{name} {_worded(run.settings.values[name])}" for name in names if name in run.settings.values]
        if known:
            items.append((heading, ", ".join(known)))
    return items


def _recorded(record: RunRecord) -> list[tuple[str, str]]:
    """Return what our recipes say of the run."""
    tasks = f"{record.dataset}: {record.rows} tasks, {record.rows_with_tests} with tests"
    items = [("algorithm", record.method), ("trained model", record.base_model), ("trained on", tasks)]
    if record.arguments:
        items.append(("command line", shlex.join(record.arguments)))
    return items


def _guessed(settings: RunSettings | None) -> list[tuple[str, str]]:
    return [("algorithm", ALGORITHMS.get(settings.kind, settings.kind))] if settings else []


def reward_names(history: TrainingHistory | None) -> list[str]:
    """Return the reward functions of a run, in the order in which they were given."""
    curves = history.curves if history else {}
    return [name.split("/")[1] for name in curves if name.startswith("rewards/") and name.endswith("/mean")]


def _rewards(run: RunFiles) -> str:
    if run.record and run.record.rewards:
        return ", ".join(f"{weight:g} x {name}" for name, weight in run.record.rewards.items())
    names = reward_names(run.history)
    weights = run.settings.values.get("reward_weights") if run.settings else None
    if not isinstance(weights, list) or len(weights) != len(names):
        return ", ".join(names)
    return ", ".join(f"{weight:g} x {name}" for name, weight in zip(names, weights, strict=True))


def _worded(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _provenance(result: EvaluationResult | RewardAnalysis) -> list[tuple[str, str]]:
    """Return what a measurement depends on, by name."""
    tasks, toolchain, machine = result.task_set, result.toolchain, result.machine
    sampling = ", ".join(f"{key} {value}" for key, value in result.sampling.items())
    return [
        ("measured on", f"{tasks['count']} tasks of {tasks['source']} ({tasks['hash']})"),
        ("sampling there", f"{sampling}, seed {result.seed}"),
        ("toolchain", f"rustc {toolchain['rustc']}, {toolchain['host']}"),
        ("packages", ", ".join(f"{name} {version}" for name, version in result.packages.items())),
        ("machine", f"{machine['platform']}, {machine['processors']} processors"),
    ]


def training(run: RunFiles) -> str:
    """Return the section with the curves of the run; empty without a history."""
    history = run.history
    if history is None:
        return ""
    figures = [("Average reward with one standard deviation, over iterations", svg_of(partial(_draw_reward, history)))]
    for chart in CHARTS:
        curves = {label: found for label, names in chart.names.items() if (found := _first(history, names))}
        if curves:
            draw = partial(draw_curves, curves=curves, title=chart.title, ylabel=chart.unit)
            figures.append((f"{chart.title}, over iterations", svg_of(draw)))
    times = times_of(history, run.settings)
    if times:
        draw = partial(draw_curves, curves=times, title="Time per step", ylabel="seconds")
        figures.append(("Time per step and what rewards take of it, over iterations", svg_of(draw)))
    ends = [
        f"{label} {history.at_start[name]:.3f} to {history.at_end[name]:.3f}"
        for label, names in ENDS
        if (name := next((name for name in names if name in history.curves), None))
    ]
    notes = [_reward_note(run), _time_note(times), _smoothing_note(history)]
    return html.section(
        "Training",
        html.paragraph(f"First to last quarter of the run: {', '.join(ends)}."),
        *(html.paragraph(note, soft=True) for note in notes if note),
        html.figures(figures),
        f"<h3>Epochs (means over logged steps)</h3>{html.table(history.epochs)}",
    )


def _first(history: TrainingHistory, names: Sequence[str]) -> Curve | None:
    return next((history.curves[name] for name in names if name in history.curves), None)


def times_of(history: TrainingHistory, settings: RunSettings | None) -> dict[str, Curve]:
    """Return the seconds of an optimiser step and, where it was logged, what the rewards take of them.

    A batch of completions is rewarded once and may serve several steps; its seconds are spread over these.
    """
    if "step_time" not in history.curves:
        return {}
    times: dict[str, Curve] = {"step": history.curves["step_time"]}
    spread = settings.steps_per_batch if settings else 1.0
    rewards: dict[float, float] = {}
    for name in reward_names(history):
        for iteration, seconds in zip(*history.curves.get(f"{name}/seconds", ((), ())), strict=True):
            rewards[iteration] = rewards.get(iteration, 0.0) + seconds / spread
    if rewards:
        times["rewards"] = list(rewards), list(rewards.values())
    return times


def _time_note(times: Mapping[str, Curve]) -> str:
    if not times:
        return ""
    told = f"A step takes {statistics.median(times['step'][1]):.2f} s (median)"
    if "rewards" not in times:
        return f"{told}."
    share = sum(times["rewards"][1]) / sum(times["step"][1])
    return f"{told}; the rewards take {100 * share:.0f} % of the time."


def _reward_note(run: RunFiles) -> str:
    rewards = _rewards(run)
    if "," not in rewards or not run.sides:
        return ""
    return f"The reward here is that of training ({rewards}); the mean reward of evaluations is rust_reward alone."


def _smoothing_note(history: TrainingHistory) -> str:
    window = smoothing_window(history.steps)
    return f"Thin: as logged; bold: the mean of {window} logged steps around each." if window > 1 else ""


def _draw_reward(history: TrainingHistory, axis: Any) -> None:
    rewards = history.curves.get("avg_reward", ([], []))
    draw_curves(axis, {"reward": rewards}, "Average reward, ± 1 standard deviation", "points")
    means, deviations = (dict(zip(*history.curves.get(n, ([], [])), strict=True)) for n in ("avg_reward", "reward_std"))
    both = [iteration for iteration in means if iteration in deviations]
    window = smoothing_window(len(both))
    middle, spread = (moving_mean([values[i] for i in both], window) for values in (means, deviations))
    draw_band(axis, both, middle, spread)
