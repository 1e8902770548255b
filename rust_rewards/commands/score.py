"""Scores one Rust file point by point, or a file of samples row by row."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ..evaluation.sample_file import Options, score_file
from ..evaluation.scores import score_programs
from ..evaluation.tables import component_table
from ..exit_codes import DONE, FAILED, RunFailedError
from ..rows import Row, unmet_tests

RUST_ENDINGS = (".rs", ".txt", "")  # of a file that is scored as a program

EPILOG = """
examples:
  rust-rewards score answer.rs --entry_point add --tests hidden.rs
  rust-rewards score samples.jsonl --out scored.jsonl

A row of samples.jsonl is an object with "completion" (text or chat messages) and, where it has them, "tests",
"entry_point" and "code_prefix". Each row of scored.jsonl is a row of samples.jsonl, in order, with these
columns added: "verdict", "reward" (that of rust_reward), "breakdown", "tests_reward", "score_error" (why there
is no score) and "score_options". After an interruption the same command goes on where it stopped.

exit code: 0 scored, whatever the score; 1 nothing could be scored; 2 options or files that cannot be used
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the input, the output, and what programs are held against."""
    parser.epilog = EPILOG
    parser.add_argument("file", type=Path, help="a Rust source file, or samples as .jsonl")
    parser.add_argument("--tests", type=Path, help="hidden tests for a Rust file")
    parser.add_argument("--entry_point", help="function or type that a Rust file has to define")
    parser.add_argument("--json", action="store_true", help="print the score of a Rust file as JSON")
    parser.add_argument("--clippy", action="store_true", help="run clippy as well")
    parser.add_argument("--out", type=Path, help="where the scored samples go")
    parser.add_argument("--column", default="completion", help="column of the samples to score (default: completion)")
    parser.add_argument("--jobs", type=int, help="compilers at a time (default: the cores)")
    parser.add_argument("--engine", choices=["local", "ray"], default="local", help="where samples are scored")


def run(args: argparse.Namespace) -> int:
    """Score what was given; return 1 when nothing could be scored."""
    if not args.file.is_file():
        raise ValueError(f"{args.file} is no file. Give a Rust source file, or samples as .jsonl with --out.")
    if args.out is not None or args.file.suffix == ".jsonl":
        return _score_samples(args)
    if args.file.suffix not in RUST_ENDINGS:
        raise ValueError(
            f"{args.file} does not end in .rs. Give a Rust source file under such a name, or samples as .jsonl with "
            "--out."
        )
    return _score_file(args)


def _score_file(args: argparse.Namespace) -> int:
    source = _read(args.file)
    tests = _read(args.tests) if args.tests else None
    row = Row(source, source, tests, args.entry_point, None)
    [scored] = score_programs([row], clippy=args.clippy, jobs=args.jobs)
    verdict, points = scored.verdict, scored.components
    if verdict is None or points is None:
        raise RunFailedError(f"{args.file} could not be verified: {scored.failure}")
    if args.json:
        print(json.dumps({"verdict": asdict(verdict), "breakdown": points}, indent=2))
        return DONE
    for message in (*verdict.errors, *verdict.warnings, *verdict.lints):
        print(message.rendered or f"{message.level}: {message.message}")
    print(f"{args.file}: {scored.outcome}")
    if verdict.tests_total:
        unmet = unmet_tests(verdict.test_statuses)
        print(f"{verdict.tests_passed} of {verdict.tests_total} hidden tests pass{': ' if unmet else ''}{unmet}")
    print(component_table(points))
    return DONE


def _score_samples(args: argparse.Namespace) -> int:
    for option in ("tests", "entry_point", "json"):
        if getattr(args, option):
            raise ValueError(f"--{option} is for one Rust file; samples bring their own columns.")
    if args.out is None:
        raise ValueError(f"{args.file} holds samples; say where the scored ones go: --out scored.jsonl")
    options = Options(column=args.column, clippy=args.clippy, jobs=args.jobs)
    summary = score_file(args.file, args.out, options, engine=args.engine)
    print(summary.as_text(args.out))
    return DONE if summary.scored or not summary.rows else FAILED


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
