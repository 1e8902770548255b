"""Varies what MaxRL depends on: threshold, samples per prompt and weight temperature, each around the base recipe.

    # One at a time on the embedded model: 15 settings x 3 seeds x 100 steps, some hours on two CPU cores
    python recipes/sweep.py --output_dir outputs/sweep

    # One seed, two values of one factor
    python recipes/sweep.py --output_dir outputs/sweep-small --seeds 1 --thresholds 20 30 --samples --temperatures

    # Every combination
    python recipes/sweep.py --output_dir outputs/sweep-grid --grid

For each number of samples GRPO runs too: where MaxRL's advantage is largest, and where it vanishes, is the ratio of the
steps that both need to 95 % of GRPO's best. The completions per step stay the same, so more samples mean fewer prompts.
Writes sweep.json, sweep.md and sweep.png into the output folder. Started again, it keeps finished runs and goes on with
the others.
"""

import argparse
import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # `launch` and `experiments` are ours, whatever else is there

from experiments.methods import methods, over_recipe
from experiments.plan import Plan, Run, add_arguments, plan_from
from experiments.report import COLOURS, table_rows, write_report
from experiments.runs import carry_out
from experiments.summary import advantages, summarize_runs

from rust_rewards.evaluation.plots import check_matplotlib, drawing
from rust_rewards.evaluation.tables import format_table
from rust_rewards.exit_codes import DONE, run_command

KIND = "rust-rewards trainer sweep"
THRESHOLDS = (15.0, 20.0, 25.0, 30.0)
SAMPLES = (4, 8, 16, 32)
TEMPERATURES = (0.5, 1.0, 2.0)
FACTORS = {
    "threshold": "correctness_threshold",
    "samples": "num_generations",
    "temperature": "maxrl_weight_temperature",
}
GRPO = "GRPO"


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--thresholds", type=float, nargs="*", default=list(THRESHOLDS), help="[15 20 25 30]")
    parser.add_argument("--samples", type=int, nargs="*", default=list(SAMPLES), help="[4 8 16 32]")
    parser.add_argument("--temperatures", type=float, nargs="*", default=list(TEMPERATURES), help="[0.5 1 2]")
    parser.add_argument("--grid", action="store_true", help="Every combination instead of one factor at a time.")
    return parser.parse_args(argv)


def settings(
    base: Mapping[str, Any], values: Mapping[str, Sequence[float]], *, grid: bool, steps: int
) -> dict[str, dict[str, Any]]:
    """Return the options of every setting by its name.

    Args:
        base (`Mapping`): The base recipe's keys.
        values (`Mapping`): Values to try of each of `FACTORS`.
        grid (`bool`): Every combination, else one factor at a time.
        steps (`int`): Optimizer steps of a run.

    Returns:
        `dict`: Name such as `"samples=16"` -> options; `"GRPO samples=16"` for GRPO with as many samples.
    """
    combinations: list[dict[str, float]]
    if grid:
        tried = {factor: found for factor, found in values.items() if found}
        combinations = [dict(zip(tried, found, strict=True)) for found in itertools.product(*tried.values())]
    else:
        combinations = [{factor: value} for factor, found in values.items() for value in found]
    chosen: dict[str, dict[str, Any]] = {}
    for combination in combinations:
        chosen[label(combination)] = {FACTORS[factor]: value for factor, value in combination.items()}
    for count in dict.fromkeys([*values["samples"], base.get("num_generations", 8)]):
        # A curriculum is that of the recipe, for both sides
        grpo = over_recipe(methods(steps)["grpo"], {**base, "curriculum": False})
        chosen[grpo_label(count)] = {**grpo, "num_generations": count}
    return chosen


def label(combination: Mapping[str, float]) -> str:
    """Return the name of a setting.

    >>> label({"threshold": 20.0, "samples": 16})
    'threshold=20 samples=16'
    """
    return " ".join(f"{factor}={value:g}" for factor, value in combination.items())


def grpo_label(count: float) -> str:
    """Return the name of GRPO with `count` samples per prompt."""
    return f"{GRPO} {label({'samples': count})}"


def check_samples(base: Mapping[str, Any], counts: Sequence[int]) -> None:
    """Raise `ValueError` when the completions of a step cannot be divided into groups of one of `counts`."""
    devices = base.get("gradient_accumulation_steps", 1)
    batch = base.get("generation_batch_size") or base.get("per_device_train_batch_size", 8) * devices
    wrong = [count for count in counts if count < 2 or batch % count]
    if wrong:
        raise ValueError(
            f"{wrong[0]} samples per prompt do not divide the {batch} completions of a step; choose divisors of "
            f"{batch}, at least 2, or another batch in the recipe."
        )


def rivals(base: Mapping[str, Any], chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return, for each MaxRL setting, the name of GRPO with as many samples per prompt."""
    return {
        name: grpo_label(options.get("num_generations", base.get("num_generations", 8)))
        for name, options in chosen.items()
        if not name.startswith(GRPO)
    }


def draw_sweep(summary: Mapping[str, Any], values: Mapping[str, Sequence[float]], samples: int, path: Path) -> None:
    """Draw the share of solved final answers over each factor; whiskers reach over the seeds.

    Args:
        summary (`Mapping`): What `summarize_runs` returned.
        values (`Mapping`): Values that were tried of each of `FACTORS`.
        samples (`int`): The recipe's samples per prompt. Where only MaxRL depends on a factor, a dotted line shows GRPO
            with as many.
        path (`Path`): The picture to write.
    """
    factors = [factor for factor, found in values.items() if found]
    top = max(100 * entry["final"]["solved"]["high"] for entry in summary["methods"].values()) or 100
    with drawing(path, (3.3 * len(factors), 3.4), columns=len(factors)) as drawn:
        axes = drawn if len(factors) > 1 else [drawn]
        for axis, factor in zip(axes, factors, strict=True):
            for side, colour in (("MaxRL", COLOURS[1]), (GRPO, COLOURS[0])):
                points = _points(summary, side, factor, values[factor])
                if points:
                    places, shares, below, above = zip(*points, strict=True)
                    axis.errorbar(places, shares, (below, above), color=colour, capsize=3, marker="o", label=side)
                elif side == GRPO:
                    share = 100 * summary["methods"][grpo_label(samples)]["final"]["solved"]["mean"]
                    axis.axhline(share, color=colour, linestyle=":", label=grpo_label(samples))
            axis.set_xlabel(FACTORS[factor])
            axis.set_ylim(0, 1.1 * top)
            axis.legend(loc="lower right")
        axes[0].set_ylabel("% of held-out answers solved")


def _points(summary: Mapping[str, Any], side: str, factor: str, values: Sequence[float]) -> list[tuple]:
    """Return value, % solved, and the whisker's reach below and above it, for every value with a run of this side."""
    points: list[tuple] = []
    for value in values:
        name = label({factor: value})
        entry = summary["methods"].get(f"{GRPO} {name}" if side == GRPO else name)
        if entry is not None:
            solved = entry["final"]["solved"]
            below, above = solved["mean"] - solved["low"], solved["high"] - solved["mean"]
            points.append((f"{value:g}", 100 * solved["mean"], 100 * below, 100 * above))
    return points


def sweep(args: argparse.Namespace) -> int:
    """Carry out the runs and write the report; return the exit code.

    Raises:
        ValueError: When the arguments or the recipe cannot be used.
        RunFailedError: When a run failed.
    """
    check_matplotlib()
    plan: Plan = plan_from(args)
    values = {"threshold": args.thresholds, "samples": args.samples, "temperature": args.temperatures}
    if not any(values.values()):
        raise ValueError("Nothing to vary: give values for --thresholds, --samples or --temperatures.")
    base = plan.base()
    check_samples(base, args.samples)
    chosen = settings(base, values, grid=args.grid, steps=plan.steps)
    runs = [Run(name, seed, options) for seed in args.seeds for name, options in chosen.items()]
    results = carry_out(plan, runs)
    summary = summarize_runs(results)
    ratios = advantages(summary, rivals(base, chosen))
    table = table_rows(summary, ratios, heading="setting")
    found = {"options": chosen, "advantage": ratios, **summary, "runs": results}
    write_report(plan, "sweep", KIND, table, "", found)
    written = "sweep.json, sweep.md"
    if not args.grid:
        draw_sweep(summary, values, base.get("num_generations", 8), plan.output_dir / "sweep.png")
        written += ", sweep.png"
    print(f"\n{format_table(table)}\n\nWritten: {written} in {plan.output_dir}")
    return DONE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    args = parse_arguments(argv)
    return run_command("sweep.py", lambda: sweep(args))


if __name__ == "__main__":
    sys.exit(main())
