"""Bring your own tasks: read, check and measure task sets."""

import argparse
import inspect
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..evaluation.audit_page import build_audit_page
from ..evaluation.task_difficulty import write_difficulty
from ..exit_codes import DONE, FAILED
from ..tasks.audit import ANNOTATED, FILTERED, RESULT, audit_file, audit_text
from ..tasks.audit_runs import RunOptions
from ..tasks.convert import PRESETS, ConvertOptions, Mapped, convert_source
from ..tasks.convert.mapped import KINDS, PARTS, read_mapping
from ..tasks.convert.source_rows import MAX_ROW_BYTES
from ..tasks.faults import KEPT
from ..tasks.strength import PER_TASK, StrengthOptions, measure_file
from ..tasks.strength_text import strength_text
from ..tasks.task_text import draw_tasks, find_task, task_text
from ..verifier import find_toolchain
from ..whole_files import check_output, write_json, write_text

PAGE = "audit.html"


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
            description=inspect.getdoc(subcommand.run),
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


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", help="file (.jsonl, .json, .csv, .parquet), folder, Exercism track, or dataset of the hub"
    )
    parser.add_argument("--to", type=Path, required=True, help="task file to write")
    parser.add_argument("--preset", choices=PRESETS, metavar="NAME", help=f"format: {', '.join(PRESETS)}")
    parser.add_argument(
        "--map", nargs="+", metavar="PART=COLUMN", help=f"columns of another format: {', '.join(PARTS)}"
    )
    parser.add_argument("--kind", choices=KINDS, help="what the tests of another format are")
    parser.add_argument("--config", help="configuration of a dataset of the hub")
    parser.add_argument("--split", default="train", help="split of a dataset of the hub (default: train)")
    parser.add_argument("--licence", help="licence of the rows (default: what the format's card says)")
    parser.add_argument("--max_cases", type=int, help="cases of standard input per task at most")
    parser.add_argument(
        "--max_row_mb", type=float, default=MAX_ROW_BYTES >> 20, help="larger rows are left out (default: 64)"
    )
    parser.add_argument("--report", type=Path, help="JSON file for what was left out, and why")


def _convert(args: argparse.Namespace) -> int:
    """Converts a published task set into our columns.

    The format is told by the columns, or named by --preset; any other is described by --map and --kind. Each row is
    taken, repaired, or left out with a counted reason. An interrupted command goes on where it stopped.

    examples:
      rust-rewards tasks convert rows.parquet --to tasks.jsonl
      rust-rewards tasks convert exercism-rust --to exercism.jsonl
      rust-rewards tasks convert mine.csv --to tasks.jsonl --kind asserts --map prompt=question tests=checks

    exit code: 0 converted; 2 options or files that cannot be used, or no row became a task
    """
    check_output(args.to, args.source)
    if (args.map is None) != (args.kind is None):
        raise ValueError("--map and --kind belong together: --map prompt=... tests=... --kind asserts.")
    options = ConvertOptions(
        preset=args.preset,
        mapped=Mapped(read_mapping(args.map), args.kind) if args.map else None,
        config=args.config,
        split=args.split,
        licence=args.licence,
        max_cases=args.max_cases,
        max_row_bytes=int(args.max_row_mb * 2**20),
    )
    counts = convert_source(args.source, args.to, options)
    if args.report:
        write_json(args.report, counts.to_json())
    print(counts.as_text())
    print(f"\nWritten: {args.to}")
    return DONE


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tasks", help="JSON Lines file, dataset of the hub, or shipped set (train, eval)")
    parser.add_argument("task_id", nargs="*", help="ids, or numbers of lines; drawn at random unless given")
    parser.add_argument("--random", type=int, default=1, metavar="N", help="tasks to draw (default: 1)")
    parser.add_argument("--seed", type=int, help="draws the same tasks again")


def _show(args: argparse.Namespace) -> int:
    """Shows tasks as a person wants to read them: by id, by the number of a line, or at random.

    examples:
      rust-rewards tasks show eval eval/arithmetic/clamp_percent
      rust-rewards tasks show tasks.jsonl --random 3
    """
    if args.random < 1:
        raise ValueError(f"--random is {args.random}; give a number above zero.")
    seed = args.seed if args.seed is not None else secrets.randbits(32)
    lines = [find_task(args.tasks, name) for name in args.task_id] or draw_tasks(args.tasks, args.random, seed)
    print("\n\n\n".join(map(task_text, lines)))
    return DONE


def _add_difficulty(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("samples", nargs="+", type=Path, help="results of evaluate, or JSON Lines of samples")
    parser.add_argument("--tasks", required=True, help="JSON Lines file, dataset of the hub, or shipped set")
    parser.add_argument("--to", type=Path, required=True, help="task file to write: the rows with their pass rate")
    parser.add_argument("--prompt_style", choices=["auto", "chat", "prefix"], default="auto", help="of the samples")


def _difficulty(args: argparse.Namespace) -> int:
    """Writes into each task how often a model solved it (pass_rate, 0..1), from samples of the model.

    Training with --min_pass_rate and --max_pass_rate then leaves out what is never or always solved.

    example:
      rust-rewards tasks difficulty before.json --tasks tasks.jsonl --to rated.jsonl
    """
    check_output(args.to, args.tasks, *args.samples)
    print(write_difficulty(args.samples, args.tasks, args.to, args.prompt_style))
    print(f"\nWritten: {args.to}")
    return DONE


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tasks", help="JSON Lines file, dataset of the hub, or shipped set (train, eval)")
    parser.add_argument("--output_dir", type=Path, default=Path("audit"), help="where the files go (default: audit)")
    parser.add_argument("--against", metavar="TASKS", help="evaluation set that no task may be of")
    parser.add_argument("--keep", choices=KEPT, default="good", help="rows of kept.jsonl (default: good)")
    parser.add_argument("--mutants", type=int, default=10, help="per task, beside those of whole bodies (default: 10)")
    parser.add_argument(
        "--at_least", type=float, default=0.5, help="kill rate below which tests are weak (default: 0.5)"
    )
    parser.add_argument("--seed", type=int, default=0, help="draws other mutants (default: 0)")
    parser.add_argument("--jobs", type=int, help="compilers at a time (default: the cores)")


def _audit(args: argparse.Namespace) -> int:
    """Finds everything that makes a task unfit to reward, and writes the set without it.

    References that do not compile, warn, fail, or fail now and then; tests that pass without any work, are weak, or
    never name the entry point; copies, overlap with an evaluation set, prompts that hold the reference. Writes
    audit.json, annotated.jsonl, kept.jsonl and audit.html. An interrupted command goes on where it stopped.

    example:
      rust-rewards tasks audit tasks.jsonl --output_dir audit --against eval --keep good
    """
    for name in (RESULT, ANNOTATED, FILTERED, PAGE):
        check_output(args.output_dir / name, args.tasks, args.against)
    find_toolchain()
    options = RunOptions(mutants=args.mutants, at_least=args.at_least, seed=args.seed, jobs=args.jobs)
    result = audit_file(args.tasks, args.output_dir, options, against=args.against, keep=args.keep)
    write_text(args.output_dir / PAGE, build_audit_page(result))
    print(audit_text(result))
    print(f"\nWritten: {', '.join(str(args.output_dir / name) for name in (RESULT, ANNOTATED, FILTERED, PAGE))}")
    return DONE


SUBCOMMANDS = {
    "convert": Subcommand("convert a published task set into our columns", _add_convert, _convert),
    "show": Subcommand("show tasks as a person wants to read them", _add_show, _show),
    "difficulty": Subcommand("write pass rates of a model into the tasks", _add_difficulty, _difficulty),
    "audit": Subcommand("find everything that makes a task unfit to reward", _add_audit, _audit),
    "strength": Subcommand("measure hidden tests with mutants of the references", _add_strength, _strength),
}
