"""Says whether a small training run earns the full one: proceed, adjust or reconsider.

    rust-rewards decide outputs/before.json outputs/after.json outputs/phase1

Reads two evaluations of the same tasks and the run's history, compares five measurements with fixed
thresholds, and prints the verdict, the measured reason and the next setting to try.

    measurement                                threshold            when it fails
    reward gain / (reference - before)         >= 0.10              adjust; reconsider when clearly a loss
    gain in pass@1, 95 % interval              lower limit > 0      adjust; reconsider when clearly a loss
    KL to the starting model, end of run       <= 0.5 per token     adjust: it drifts; lower the learning rate
    entropy, end of run / start of run         >= 0.1               adjust: it stops exploring
    groups without signal, end of run          <= 0.6               adjust: nothing to learn from them
    completions cut off at the limit           <= 0.25              adjust: they cannot be judged

"Clearly a loss" means that the whole interval lies below 0. When no sample passes on either side, the compile
rate stands in for pass@1. A value the run did not record is reported and decides nothing. The thresholds are
ours, from runs of the embedded model; every one is a flag.

Exit code: 0 proceed, 10 adjust, 20 reconsider, 2 unusable input.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from trainers.training_log import Step, at_end, at_start, find_history, read_history, series

from ..evaluation.comparison import compare
from ..evaluation.evaluation_result import EvaluationResult, read_evaluation
from ..evaluation.results import DECISION, check_output, write_json
from ..evaluation.statistics import Interval
from ..evaluation.tables import format_table
from ..exit_codes import ADJUST, DONE, RECONSIDER

KL_WITHOUT_MOVEMENT = 0.01  # KL per token below which the policy is still where it started
EXIT_CODES = {"proceed": DONE, "adjust": ADJUST, "reconsider": RECONSIDER}


ADVICE = {
    "proceed": "the full run with the same settings: all tasks and more epochs (such as a model's grpo_phase2.yaml)",
    "loss": "no further run; read samples of both models (rust-rewards generate --compare), then check the reward "
    "(python -m rust_rewards selftest)",
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


def decide(
    before: EvaluationResult,
    after: EvaluationResult,
    steps: Sequence[Step],
    thresholds: Thresholds | None = None,
) -> dict[str, Any]:
    """Decide from two evaluations and a history.

    Args:
        before (`EvaluationResult`): The evaluation of the starting model.
        after (`EvaluationResult`): The evaluation of the trained model, on the same tasks.
        steps (`Sequence[Step]`): What `read_history` returned.
        thresholds (`Thresholds`, *optional*): Defaults to the documented ones.

    Returns:
        `dict`: `decision`, `reasons`, `next_settings`, `checks`, `thresholds`.

    Raises:
        ResultFileError: When the two evaluations measure different tasks.
    """
    limits = thresholds or Thresholds()
    metrics = {entry["metric"]: entry for entry in compare(before, after)["metrics"]}
    checks = [
        check_reward(metrics["mean_reward"], before, steps, limits),
        check_correctness(metrics, before),
        check_kl(steps, limits),
        check_entropy(steps, limits),
        check_signal(steps, metrics, limits),
        check_truncation(steps, limits),
    ]
    verdicts = {check.verdict for check in checks}
    decision = next((name for name in ("reconsider", "adjust") if name in verdicts), "proceed")
    telling = [check for check in checks if check.verdict == decision]
    return {
        "kind": DECISION,
        "decision": decision,
        "reasons": [f"{check.name}: {check.shown} (needs {check.threshold})" for check in telling],
        "next_settings": next_settings(decision, checks),
        "checks": [asdict(check) for check in checks],
        "thresholds": asdict(limits),
    }


def check_reward(
    entry: Mapping[str, Any], before: EvaluationResult, steps: Sequence[Step], limits: Thresholds
) -> Check:
    """Compare the reward gain with what the reference solutions leave to gain."""
    ceiling = before.task_set["reference_reward"]
    name, condition = "reward gain of the reachable range", f">= {limits.min_relative_gain:g}"
    shown = f"{entry['before']:.2f} -> {entry['after']:.2f}"
    if entry["high"] < 0:
        return Check(name, None, f"{shown}, clearly a loss", condition, "reconsider", ADVICE["loss"])
    if ceiling is None:
        return Check(name, None, f"{shown}, tasks without references", condition, "not measured")
    if ceiling <= entry["before"]:
        return Check(name, None, f"{shown}, references reach {ceiling:.2f}", condition, "adjust", ADVICE["easy"])
    gain = entry["difference"] / (ceiling - entry["before"])
    shown = f"{gain:.2f} ({shown}, references {ceiling:.2f})"
    if gain >= limits.min_relative_gain:
        return Check(name, gain, shown, condition, "proceed")
    return Check(name, gain, shown, condition, "adjust", _faster(steps))


def check_correctness(metrics: Mapping[str, Mapping[str, Any]], before: EvaluationResult) -> Check:
    """Look at the interval of the gain in pass@1, or in the compile rate when nothing ever passes."""
    solved = metrics["pass@1"]
    nobody = solved["before"] == solved["after"] == 0
    entry = metrics["compile_rate"] if nobody else solved
    name = "compile rate gain (nothing passes yet)" if nobody else "pass@1 gain"
    interval = Interval(entry["difference"], entry["low"], entry["high"])
    shown = f"{interval.difference:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
    if interval.low > 0:
        return Check(name, interval.difference, shown, "lower limit > 0", "proceed")
    if interval.high < 0:
        return Check(name, interval.difference, shown, "lower limit > 0", "reconsider", ADVICE["loss"])
    drawn = before.sampling.get("num_samples", 1)
    advice = f"rust-rewards evaluate --num_samples {4 * drawn} (was {drawn}) on both sides, for a narrower interval"
    return Check(name, interval.difference, shown, "lower limit > 0", "adjust", advice)


def check_kl(steps: Sequence[Step], limits: Thresholds) -> Check:
    """Compare the KL at the end of the run with its limit."""
    return _upper_limit("KL per token at the end", at_end(steps, "kl"), limits.max_kl, _slower(steps))


def check_entropy(steps: Sequence[Step], limits: Thresholds) -> Check:
    """Compare the entropy at the end of the run with that at its start."""
    first, last = at_start(steps, "entropy"), at_end(steps, "entropy")
    name, condition = "entropy kept", f">= {limits.min_entropy_ratio:g}"
    if first is None or last is None or first <= 0:
        return Check(name, None, "not recorded", condition, "not measured")
    ratio, shown = last / first, f"{last / first:.2f} ({first:.3f} -> {last:.3f} nats)"
    if ratio >= limits.min_entropy_ratio:
        return Check(name, ratio, shown, condition, "proceed")
    return Check(name, ratio, shown, condition, "adjust", ADVICE["entropy"])


def check_signal(steps: Sequence[Step], metrics: Mapping[str, Mapping[str, Any]], limits: Thresholds) -> Check:
    """Compare the share of groups whose completions all earn the same with its limit."""
    advice = ADVICE["easy"] if metrics["pass@1"]["after"] > 0.5 else ADVICE["hard"]
    value = at_end(steps, "frac_reward_zero_std")
    return _upper_limit("groups without signal at the end", value, limits.max_silent_groups, advice)


def check_truncation(steps: Sequence[Step], limits: Thresholds) -> Check:
    """Compare the share of completions that ran into the token limit with its limit."""
    longest = max(series(steps, "completions/max_length")[1], default=None)
    known = f" {2 * int(longest)} (was {int(longest)})" if longest else ", doubled"
    advice = f"--max_completion_length{known}: answers are cut off before they end"
    return _upper_limit("completions cut off at the end", at_end(steps, "clipped_ratio"), limits.max_truncated, advice)


def next_settings(decision: str, checks: Sequence[Check]) -> list[str]:
    """Return what to run next: the full run, or the advice of every check that failed, each once."""
    if decision == "proceed":
        return [ADVICE["proceed"]]
    failed = [check.advice for check in checks if check.verdict in ("adjust", "reconsider")]
    return list(dict.fromkeys(failed))


def format_decision(result: Mapping[str, Any]) -> str:
    """Return the decision as a person reads it."""
    rows = [["measured", "value", "needs", ""]]
    rows += [[c["name"], c["shown"], c["threshold"], c["verdict"]] for c in result["checks"]]
    parts = [format_table(rows), f"Decision: {result['decision']}"]
    parts += [f"  because {reason}" for reason in result["reasons"]]
    parts += [f"  next: {setting}" for setting in result["next_settings"]]
    return "\n".join(parts)


def _upper_limit(name: str, value: float | None, limit: float, advice: str) -> Check:
    condition = f"<= {limit:g}"
    if value is None:
        return Check(name, None, "not recorded", condition, "not measured")
    verdict = "proceed" if value <= limit else "adjust"
    return Check(name, value, f"{value:.3f}", condition, verdict, "" if verdict == "proceed" else advice)


def _faster(steps: Sequence[Step]) -> str:
    moved, rate = at_end(steps, "kl"), max(series(steps, "learning_rate")[1], default=0.0)
    if moved is not None and moved < KL_WITHOUT_MOVEMENT and rate:
        return f"--learning_rate {2 * rate:.2g} (was {rate:.2g}): the model has hardly moved from where it started"
    epochs = math.ceil(max(series(steps, "epoch")[1], default=0.0))
    known = f" {2 * epochs} (was {epochs})" if epochs else ", doubled"
    return f"--num_train_epochs{known}: it gains, but slowly"


def _slower(steps: Sequence[Step]) -> str:
    highest = max(series(steps, "learning_rate")[1], default=0.0)
    known = f" {highest / 2:.2g} (was {highest:.2g})" if highest else ", halved"
    return f"--learning_rate{known} or a larger --beta: the model drifts away from where it started"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the three inputs, the output and the thresholds."""
    parser.add_argument("before", help="Evaluation of the starting model (JSON of evaluate).")
    parser.add_argument("after", help="Evaluation of the trained model on the same tasks.")
    parser.add_argument("history", help="training_history.json, trainer_state.json, or the run's folder.")
    parser.add_argument("--output_file", help="Also write the decision as JSON; report shows the run's decision.json.")
    for field in fields(Thresholds):
        parser.add_argument(f"--{field.name}", type=float, default=field.default, help="[%(default)s]")


def run(args: argparse.Namespace) -> int:
    """Print the decision; its exit code tells it to scripts."""
    thresholds = Thresholds(**{field.name: getattr(args, field.name) for field in fields(Thresholds)})
    if args.output_file:
        check_output(args.output_file, args.before, args.after, find_history(Path(args.history)))
    before, after = (read_evaluation(path) for path in (args.before, args.after))
    result = decide(before, after, read_history(args.history), thresholds)
    if args.output_file:
        write_json(args.output_file, result)
    print(format_decision(result))
    return EXIT_CODES[result["decision"]]
