"""Decides whether a small training run earns the full one: proceed, adjust or reconsider. Pure.

Six measurements, each against a threshold. The gravest verdict wins, and the advice of every measurement that failed
names the next setting to try. `commands/decide.py` shows the table of thresholds.
Not here: reading the inputs, and acting on the decision.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .comparison import Comparison, MetricChange, compare
from .evaluation_result import EvaluationResult
from .results import DECISION, ResultFileError, read_result
from .tables import format_table
from .training_history import TrainingHistory

VERDICTS = ("reconsider", "adjust", "proceed")  # the gravest first
KL_WITHOUT_MOVEMENT = 0.01  # KL per token below which the policy is still where it started
ADVICE = {
    "proceed": "the full run with the same settings: all tasks and more epochs (such as a model's grpo_phase2.yaml)",
    "loss": "no further run; read samples of both models (rust-rewards generate --compare), then check the reward "
    "(rust-rewards selftest)",
    "entropy": "--temperature 1.0 or above and --entropy_coef 0.01: the model has stopped exploring",
    "easy": "harder tasks, or the curriculum (trainers.curriculum): most groups are solved already",
    "hard": "easier tasks first (trainers.curriculum), or --num_generations doubled: most groups never succeed",
}


@dataclass(frozen=True)
class Thresholds:
    """What a run must reach, or must not exceed.

    Args:
        min_relative_gain (`float`, *optional*, defaults to `0.1`): Reward gain as a share of what was left to
            gain.
        max_kl (`float`, *optional*, defaults to `0.5`): KL to the starting model, per token.
        min_entropy_ratio (`float`, *optional*, defaults to `0.1`): Entropy at the end over entropy at the
            start.
        max_silent_groups (`float`, *optional*, defaults to `0.6`): Share of groups whose rewards are all
            equal.
        max_truncated (`float`, *optional*, defaults to `0.25`): Share of completions cut off at the limit.
    """

    min_relative_gain: float = 0.1
    max_kl: float = 0.5
    min_entropy_ratio: float = 0.1
    max_silent_groups: float = 0.6
    max_truncated: float = 0.25


@dataclass(frozen=True)
class Check:
    """One measurement against its threshold.

    Attributes:
        name (`str`): What was measured.
        value (`float`, *optional*): The measured value, `None` when the run did not record it.
        shown (`str`): The value as a person reads it.
        threshold (`str`): The condition it should meet.
        verdict (`str`): `"proceed"`, `"adjust"`, `"reconsider"`, or `"not measured"`.
        advice (`str`): The next setting when it does not meet the condition, else empty.
    """

    name: str
    value: float | None
    shown: str
    threshold: str
    verdict: str
    advice: str = ""


@dataclass(frozen=True)
class Decision:
    """What follows from a small run.

    Attributes:
        decision (`str`): `"proceed"`, `"adjust"` or `"reconsider"`.
        reasons (`list[str]`): The measurements that decided, in words.
        next_settings (`list[str]`): What to run next.
        checks (`list[Check]`): Every measurement.
        thresholds (`dict[str, float]`): What they were held against.
    """

    decision: str
    reasons: list[str]
    next_settings: list[str]
    checks: list[Check]
    thresholds: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the decision as it stands in a file."""
        return {"kind": DECISION, **asdict(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Decision":
        """Return the decision that a file holds."""
        known = {item.name: content[item.name] for item in fields(cls)}
        names = [item.name for item in fields(Check)]
        checks = [Check(**{name: check[name] for name in names if name in check}) for check in content["checks"]]
        return cls(**{**known, "checks": checks})


def read_decision(path: Path | str) -> Decision:
    """Read a decision from a file.

    Raises:
        ResultFileError: When the file is missing, is no complete JSON, is of another kind or lacks a part.
    """
    return read_result(path, DECISION, Decision)


def decide(
    before: EvaluationResult,
    after: EvaluationResult,
    history: TrainingHistory,
    thresholds: Thresholds | None = None,
) -> Decision:
    """Decide from two evaluations and a history.

    Args:
        before (`EvaluationResult`): The evaluation of the starting model.
        after (`EvaluationResult`): The evaluation of the trained model, on the same tasks.
        history (`TrainingHistory`): The run between them.
        thresholds (`Thresholds`, *optional*): Defaults to the documented ones.

    Raises:
        ResultFileError: When the two evaluations measure different tasks, or are one and the same.
    """
    limits = thresholds or Thresholds()
    if before == after:  # one file given twice, or a copy of it
        raise ResultFileError(
            f"Both evaluations are one measurement, of {before.model['name']} at {before.date}; there is nothing to "
            "decide. Give that of the starting model first, then that of the trained one."
        )
    comparison = compare(before, after)
    checks = [
        check_reward(comparison, history, limits),
        check_correctness(comparison),
        check_kl(history, limits),
        check_entropy(history, limits),
        check_signal(comparison, history, limits),
        check_truncation(history, limits),
    ]
    found = {check.verdict for check in checks}
    decision = next((verdict for verdict in VERDICTS if verdict in found), "proceed")
    telling = [check for check in checks if check.verdict == decision]
    return Decision(
        decision=decision,
        reasons=[f"{check.name}: {check.shown} (needs {check.threshold})" for check in telling],
        next_settings=next_settings(decision, checks),
        checks=checks,
        thresholds=asdict(limits),
    )


def check_reward(comparison: Comparison, history: TrainingHistory, limits: Thresholds) -> Check:
    """Compare the reward gain with what the reference solutions leave to gain."""
    reward, ceiling = _change_of(comparison, "mean_reward"), comparison.before.task_set["reference_reward"]
    name, condition = "reward gain of the reachable range", f">= {limits.min_relative_gain:g}"
    shown = f"{reward.before:.2f} -> {reward.after:.2f}"
    if reward.high < 0:
        return Check(name, None, f"{shown}, clearly a loss", condition, "reconsider", ADVICE["loss"])
    if ceiling is None:
        return Check(name, None, f"{shown}, tasks without references", condition, "not measured")
    if ceiling <= reward.before:
        return Check(name, None, f"{shown}, references reach {ceiling:.2f}", condition, "adjust", ADVICE["easy"])
    gain = reward.difference / (ceiling - reward.before)
    shown = f"{gain:.2f} ({shown}, references {ceiling:.2f})"
    if gain >= limits.min_relative_gain:
        return Check(name, gain, shown, condition, "proceed")
    return Check(name, gain, shown, condition, "adjust", _faster(history, gain))


def check_correctness(comparison: Comparison) -> Check:
    """Look at the interval of the gain in pass@1, or in the compile rate when nothing ever passes."""
    solved, compiling = comparison.change("pass@1"), _change_of(comparison, "compile_rate")
    if solved is None:
        name, change = "compile rate gain (tasks without tests)", compiling
    elif solved.before == solved.after == 0:
        name, change = "compile rate gain (nothing passes yet)", compiling
    else:
        name, change = "pass@1 gain", solved
    gain, condition = change.difference, "lower limit > 0"
    shown = f"{gain:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"
    if change.low > 0:
        return Check(name, gain, shown, condition, "proceed")
    if change.high < 0:
        return Check(name, gain, shown, condition, "reconsider", ADVICE["loss"])
    drawn = comparison.before.sampling.get("num_samples", 1)
    advice = f"rust-rewards evaluate --num_samples {4 * drawn} (was {drawn}) on both sides, for a narrower interval"
    return Check(name, gain, shown, condition, "adjust", advice)


def check_kl(history: TrainingHistory, limits: Thresholds) -> Check:
    """Compare the KL at the end of the run with its limit."""
    return _upper_limit("KL per token at the end", history.at_end.get("kl"), limits.max_kl, _slower(history))


def check_entropy(history: TrainingHistory, limits: Thresholds) -> Check:
    """Compare the entropy at the end of the run with that at its start."""
    first, last = history.at_start.get("entropy"), history.at_end.get("entropy")
    name, condition = "entropy kept", f">= {limits.min_entropy_ratio:g}"
    if first is None or last is None or first <= 0:
        return Check(name, None, "not recorded", condition, "not measured")
    ratio, shown = last / first, f"{last / first:.2f} ({first:.3f} -> {last:.3f} nats)"
    if ratio >= limits.min_entropy_ratio:
        return Check(name, ratio, shown, condition, "proceed")
    return Check(name, ratio, shown, condition, "adjust", ADVICE["entropy"])


def check_signal(comparison: Comparison, history: TrainingHistory, limits: Thresholds) -> Check:
    """Compare the share of groups whose completions all earn the same with its limit."""
    reached = comparison.change("pass@1") or _change_of(comparison, "compile_rate")
    advice = ADVICE["easy"] if reached.after > 0.5 else ADVICE["hard"]
    value = history.at_end.get("frac_reward_zero_std")
    return _upper_limit("groups without signal at the end", value, limits.max_silent_groups, advice)


def check_truncation(history: TrainingHistory, limits: Thresholds) -> Check:
    """Compare the share of completions that ran into the token limit with its limit."""
    longest = history.highest("completions/max_length")
    known = f" {2 * int(longest)} (was {int(longest)})" if longest else ", doubled"
    advice = f"--max_completion_length{known}: answers are cut off before they end"
    value = history.at_end.get("clipped_ratio")
    return _upper_limit("completions cut off at the end", value, limits.max_truncated, advice)


def next_settings(decision: str, checks: Sequence[Check]) -> list[str]:
    """Return what to run next: the full run, or the advice of every check that failed, each once."""
    if decision == "proceed":
        return [ADVICE["proceed"]]
    failed = [check.advice for check in checks if check.verdict in ("adjust", "reconsider")]
    return list(dict.fromkeys(failed))


def format_decision(result: Decision) -> str:
    """Return the decision as a person reads it."""
    rows = [["measured", "value", "needs", ""]]
    rows += [[check.name, check.shown, check.threshold, check.verdict] for check in result.checks]
    parts = [format_table(rows), f"Decision: {result.decision}"]
    parts += [f"  because {reason}" for reason in result.reasons]
    parts += [f"  next: {setting}" for setting in result.next_settings]
    return "\n".join(parts)


def _change_of(comparison: Comparison, metric: str) -> MetricChange:
    """Return the change of a figure that every evaluation has."""
    change = comparison.change(metric)
    if change is None:
        raise ResultFileError(f"One of the evaluations has no {metric}; write it again with `rust-rewards evaluate`.")
    return change


def _upper_limit(name: str, value: float | None, limit: float, advice: str) -> Check:
    condition = f"<= {limit:g}"
    if value is None:
        return Check(name, None, "not recorded", condition, "not measured")
    if value <= limit:
        return Check(name, value, f"{value:.3f}", condition, "proceed")
    return Check(name, value, f"{value:.3f}", condition, "adjust", advice)


def _faster(history: TrainingHistory, gain: float) -> str:
    """Return how to gain more, given the gain so far as a share of what was left to gain."""
    moved, rate = history.at_end.get("kl"), history.highest("learning_rate")
    if moved is not None and moved < KL_WITHOUT_MOVEMENT and rate:
        return f"--learning_rate {2 * rate:.2g} (was {rate:.2g}): the model has hardly moved from where it started"
    if gain <= 0:
        known = f" {2 * rate:.2g} (was {rate:.2g})" if rate else ", doubled"
        return f"--learning_rate{known}, or easier tasks first: nothing was gained, so more of the same will not help"
    epochs = math.ceil(history.highest("epoch") or 0.0)
    known = f" {2 * epochs} (was {epochs})" if epochs else ", doubled"
    return f"--num_train_epochs{known}: it gains, but slowly"


def _slower(history: TrainingHistory) -> str:
    rate = history.highest("learning_rate")
    known = f" {rate / 2:.2g} (was {rate:.2g})" if rate else ", halved"
    return f"--learning_rate{known} or a larger --beta: the model drifts away from where it started"
