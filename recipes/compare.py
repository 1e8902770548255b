"""Compares GRPO and the forms of MaxRL on the same prompts, from the same checkpoint, with the same budget.

    # What each method does with five samples of one prompt; needs no model
    python recipes/compare.py --example

    # All methods on the embedded model: 9 methods x 3 seeds x 100 steps, some hours on two CPU cores
    python recipes/compare.py --output_dir outputs/compare

    # The learning rate tuned for each method with the same effort, two methods only
    python recipes/compare.py --output_dir outputs/compare --methods grpo maxrl-exp \
        --learning_rates 1e-4 3e-4 6e-4 --tuning_seed 11

    # Another recipe, with a model of your own
    python recipes/compare.py --config recipes/smollm2-135m/maxrl.yaml --output_dir outputs/compare-smollm2

Writes methods.json, methods.md and methods.png into the output folder. Started again, it keeps finished runs and goes
on with the others.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # `launch` and `experiments` are ours, whatever else is there

from experiments.methods import GRPO, methods, over_recipe
from experiments.plan import Plan, Run, add_arguments, plan_from
from experiments.report import draw_methods, table_rows, write_report
from experiments.runs import carry_out
from experiments.summary import advantages, summarize_runs

from rust_rewards.evaluation.plots import check_matplotlib
from rust_rewards.evaluation.tables import format_table
from rust_rewards.exit_codes import DONE, run_command

KIND = "rust-rewards trainer comparison"
# The rewards of five answers to one prompt: three compile, two do not. An answer that does not parse has 0 points, one
# with an error of types the 8 of a program that parses.
EXAMPLE = (
    ("iterator code", 28.6),
    ("error handling", 28.0),
    ("a struct", 25.1),
    ("type mismatch", 8.0),
    ("syntax error", 0.0),
)


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    known = list(methods(1))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", action="store_true", help="Print the example of five samples and end.")
    add_arguments(parser)
    parser.add_argument("--methods", nargs="+", default=known, choices=known, metavar="METHOD", help=", ".join(known))
    parser.add_argument(
        "--learning_rates",
        type=float,
        nargs="+",
        default=[],
        help="Try these for every method with --tuning_seed, and use each method's best for its seeds.",
    )
    parser.add_argument("--tuning_seed", type=int, default=0, help="Not one of --seeds. [%(default)s]")
    return parser.parse_args(argv)


def compare_methods(args: argparse.Namespace) -> int:
    """Carry out the runs and write the report; return the exit code.

    Raises:
        ValueError: When the arguments or the recipe cannot be used.
        RunFailedError: When a run failed.
    """
    check_matplotlib()
    plan = plan_from(args)
    chosen = {name: over_recipe(methods(plan.steps)[name], plan.base()) for name in args.methods}
    tuned, tuning = tune(plan, chosen, args.learning_rates, args.tuning_seed, args.seeds)
    # Seeds outside, methods inside: an interrupted comparison has all methods with some seeds.
    runs = [Run(name, seed, options) for seed in args.seeds for name, options in tuned.items()]
    results = carry_out(plan, runs)
    summary = summarize_runs(results)
    ratios = advantages(summary, dict.fromkeys(tuned, GRPO)) if GRPO in tuned else {}
    table = table_rows(summary, ratios)
    note = (
        f"Base recipe {plan.config}, {plan.steps} steps, seeds {', '.join(map(str, args.seeds))}. Steps (and seconds "
        "of training) until that share of the held-out answers is solved, median over the seeds. Reachable: the best "
        f"share of any method, {summary['reachable']:.1%}; its target is 95 % of it. pass@k in %, with the lowest and "
        "the highest seed. The last column: how many times fewer steps than GRPO to 95 % of GRPO's own best."
    )
    found = {"options": tuned, "tuning": tuning, "advantage": ratios, **summary, "runs": results}
    write_report(plan, "methods", KIND, table, note, found)
    draw_methods(results, summary, plan.output_dir / "methods.png")
    print(f"\n{format_table(table)}\n\n{note}\nWritten: methods.json, methods.md, methods.png in {plan.output_dir}")
    return DONE


def tune(
    plan: Plan, chosen: Mapping[str, Mapping[str, Any]], rates: Sequence[float], tuning_seed: int, seeds: Sequence[int]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, float]]]:
    """Choose each method's learning rate: the one with the highest mean of its held-out curve.

    Args:
        plan (`Plan`): What all runs have in common.
        chosen (`Mapping`): Options of each method.
        rates (`Sequence[float]`): Learning rates to try; none or one leaves nothing to choose.
        tuning_seed (`int`): Seed of the trial runs.
        seeds (`Sequence[int]`): Seeds of the comparison, which must not decide about its own settings.

    Returns:
        `tuple`: The options with the learning rate, and per method the mean of the curve at each rate.

    Raises:
        ValueError: When the tuning seed is one of the seeds.
    """
    if len(rates) < 2:
        fixed = {"learning_rate": rates[0]} if rates else {}
        return {name: {**options, **fixed} for name, options in chosen.items()}, {}
    if tuning_seed in seeds:
        raise ValueError(
            f"--tuning_seed {tuning_seed} is one of --seeds; choose another, so that tuning is not reused."
        )
    trials = {(name, rate): f"tuning/{name}-lr{rate:g}" for name in chosen for rate in rates}
    runs = [Run(trial, tuning_seed, {**chosen[name], "learning_rate": rate}) for (name, rate), trial in trials.items()]
    tried = summarize_runs(carry_out(plan, runs))["methods"]
    tuning = {name: {f"{rate:g}": tried[trials[name, rate]]["area"] for rate in rates} for name in chosen}
    best = {name: best_rate(areas) for name, areas in tuning.items()}
    return {name: {**options, "learning_rate": best[name]} for name, options in chosen.items()}, tuning


def best_rate(areas: Mapping[str, float]) -> float:
    """Return the learning rate with the highest mean of its curve; the smaller one of equals, being the safer.

    >>> best_rate({"0.0003": 0.5, "0.0001": 0.5, "0.001": 0.1})
    0.0001
    """
    return float(min(areas, key=lambda rate: (-areas[rate], float(rate))))


def example_rows() -> list[list[str]]:
    """Return the example as cells: what each of five samples contributes under GRPO and under MaxRL."""
    import torch

    from trainers.maxrl_config import RUST_COMPILES
    from trainers.objectives import grpo_advantages, maxrl_advantages

    rewards = torch.tensor([reward for _, reward in EXAMPLE])
    columns = {"GRPO": grpo_advantages(rewards, len(EXAMPLE))}
    for weighting in ("exp", "standardized", "uniform"):
        columns[weighting] = maxrl_advantages(rewards, len(EXAMPLE), threshold=RUST_COMPILES, weighting=weighting)
    columns["uniform, baseline"] = maxrl_advantages(
        rewards, len(EXAMPLE), threshold=RUST_COMPILES, weighting="uniform", baseline=True
    )
    rows = [["sample", "reward", "correct", *columns]]
    for index, (name, reward) in enumerate(EXAMPLE):
        correct = "yes" if reward > RUST_COMPILES else "no"
        rows.append([name, f"{reward:.1f}", correct, *(f"{column[index]:+.2f}" for column in columns.values())])
    return rows


def print_example() -> int:
    """Print the example with a line of explanation; return the exit code."""
    from trainers.maxrl_config import RUST_COMPILES

    print(f"Five answers to one prompt, threshold {RUST_COMPILES:g}. The advantage multiplies the gradient of an")
    print("answer's log-probability: above 0 the answer becomes more likely, below 0 less, 0 leaves it out.\n")
    print(format_table(example_rows()))
    print("\nGRPO pushes every answer up or down around the mean. MaxRL (exp, standardized, uniform) learns from the")
    print("three correct ones alone; their advantages sum to 5, the size of the group, however many are correct.")
    print("With the baseline, the paper's estimator, wrong answers are pushed down as well.")
    return DONE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if "--example" in arguments:  # needs none of the arguments that a comparison needs
        return run_command("compare.py", print_example)
    args = parse_arguments(arguments)
    return run_command("compare.py", lambda: compare_methods(args))


if __name__ == "__main__":
    sys.exit(main())
