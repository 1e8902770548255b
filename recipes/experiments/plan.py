"""Reads from the command line what the runs of an experiment have in common, and checks it."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launch.config_file import read_recipe
from launch.paths import find_path

from rust_rewards.tasks import SHIPPED, load_tasks
from rust_rewards.tasks.reader import find_file


@dataclass(frozen=True)
class Run:
    """One training run of an experiment.

    Args:
        method (`str`): Name of the settings, shared by the runs that differ in the seed only.
        seed (`int`): Seed of the run.
        options (`Mapping[str, Any]`): Options of `recipes/maxrl.py` over those of the base recipe.
    """

    method: str
    seed: int
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What all runs of an experiment have in common.

    Args:
        config (`str`): Recipe (YAML) that the methods start from.
        output_dir (`Path`): Folder of the experiment.
        steps (`int`): Optimizer steps of each run.
        eval_every (`int`): Steps between two measurements on the held-out tasks.
        eval_samples (`int`): Completions per held-out task in these measurements.
        final_samples (`int`): Completions per held-out task after training; the k of pass@k.
    """

    config: str
    output_dir: Path
    steps: int
    eval_every: int
    eval_samples: int
    final_samples: int

    def base(self) -> dict[str, Any]:
        """Return the base recipe's keys."""
        return read_recipe(find_path(self.config))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that make a `Plan`, and the seeds."""
    parser.add_argument("--config", default="recipes/tiny/maxrl.yaml", help="Recipe to start from. [%(default)s]")
    parser.add_argument("--output_dir", type=Path, required=True, help="Folder of all runs and of the report.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="One run per seed. [1 2 3]")
    parser.add_argument("--steps", type=int, default=100, help="Optimizer steps of each run. [%(default)s]")
    parser.add_argument("--eval_every", type=int, default=5, help="Steps between measurements. [%(default)s]")
    parser.add_argument("--eval_samples", type=int, default=2, help="Samples per held-out task then. [%(default)s]")
    parser.add_argument("--final_samples", type=int, default=8, help="Samples per task at the end. [%(default)s]")


def plan_from(args: argparse.Namespace) -> Plan:
    """Return the plan of parsed arguments.

    Raises:
        ValueError: When a count is below 1, a seed is given twice, or the recipe or its held-out tasks are of no use.
    """
    for name in ("steps", "eval_every", "eval_samples", "final_samples"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name} is {getattr(args, name)}; it must be at least 1.")
    if len(set(args.seeds)) < len(args.seeds):
        raise ValueError(f"--seeds {' '.join(map(str, args.seeds))} names a seed twice; each is one run.")
    if not Path(find_path(args.config)).is_file():
        raise ValueError(f"No recipe {args.config}; give a YAML file such as recipes/tiny/maxrl.yaml.")
    counts = (args.steps, args.eval_every, args.eval_samples, args.final_samples)
    plan = Plan(args.config, args.output_dir, *counts)
    check_held_out(held_out_file(plan.base()))
    return plan


def held_out_file(recipe: Mapping[str, Any]) -> str:
    """Return the file of the held-out tasks of a recipe, or the name of a shipped set; those it trains on where it
    names no others.

    Raises:
        ValueError: When it names none, or they are neither.
    """
    name = recipe.get("eval_dataset_name") or recipe.get("dataset_name")
    if not name:
        raise ValueError("The recipe names no tasks: give it a dataset_name, better an eval_dataset_name as well.")
    path = find_path(str(name))
    if find_file(path) is None:
        raise ValueError(
            f"Held-out tasks '{name}' are no file here; an experiment needs a .jsonl file or a shipped set: "
            f"{', '.join(SHIPPED)}."
        )
    return path


def check_held_out(path: str) -> None:
    """Raise `ValueError` when a held-out task has no tests: whether its answers solve it could not be measured."""
    rows = load_tasks(path)
    untested = [number for number, row in enumerate(rows, start=1) if not row.get("tests")]
    if untested:
        raise ValueError(
            f"{len(untested)} of the {len(rows)} held-out tasks in {path} have no tests, which solving is measured by; "
            f"the first is row {untested[0]}."
        )
