"""Bring your own tasks: read, check and measure task sets."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..exit_codes import DONE, FAILED
from ..tasks.strength import PER_TASK, StrengthOptions, measure_file
from ..tasks.strength_text import strength_text
from ..verifier import find_toolchain
from ..whole_files import check_output


class Subcommand(NamedTuple):
    """What `rust-rewards tasks NAME` does: its options, and its work, which returns an exit code."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="subcommand")
    for name, subcommand in SUBCOMMANDS.items():
        added = subparsers.add_parser(
            name,
            help=subcommand.help,
            description=subcommand.run.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        subcommand.add_arguments(added)


def run(args: argparse.Namespace) -> int:
    """Run one subcommand and return its exit code."""
    return SUBCOMMANDS[args.subcommand].run(args)


def _add_strength(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tasks", help="JSON Lines file, dataset of the hub, or shipped set (train, eval)")
    parser.add_argument("--out", type=Path, default=Path("strength.json"), help="result (default: strength.json)")
    parser.add_argument(
        "--per_task", type=int, default=PER_TASK, help=f"mutants per task at most; 0 for all (default: {PER_TASK})"
    )
    parser.add_argument("--seed", type=int, default=0, help="draws other mutants (default: 0)")
    parser.add_argument("--show", type=int, default=5, help="missed mutants to show as a diff (default: 5)")
    parser.add_argument("--at_least", type=float, help="exit code 1 when the kill rate (0..1) is lower")
    parser.add_argument("--jobs", type=int, help="compilers at a time (default: the cores)")


def _strength(args: argparse.Namespace) -> int:
    """Runs the hidden tests on mutants of each reference and tells how many they catch.

    A mutant is the reference with one small fault. Those that all tests pass are in the result with their diff, so that
    the missing test can be written. An interrupted command goes on where it stopped.

    example:
      rust-rewards tasks strength tasks.jsonl --out strength.json --at_least 0.9

    exit code: 0 measured; 1 below --at_least, or nothing could be measured; 2 options or files that cannot be used
    """
    check_output(args.out, args.tasks)
    find_toolchain()
    options = StrengthOptions(per_task=args.per_task or None, seed=args.seed, jobs=args.jobs)
    result = measure_file(args.tasks, args.out, options)
    print(strength_text(result, shown=args.show))
    print(f"\nWritten: {args.out}")
    rate = result["kill_rate"]
    return FAILED if rate is None or (args.at_least is not None and rate < args.at_least) else DONE


SUBCOMMANDS = {
    "strength": Subcommand("measure hidden tests with mutants of the references", _add_strength, _strength),
}
