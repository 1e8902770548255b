"""Puts two evaluations of the same tasks side by side: differences with intervals, tasks won and lost, sample pairs.

examples:
    rust-rewards compare outputs/before.json outputs/after.json
    rust-rewards compare outputs/before.json outputs/after.json --output_dir outputs/comparison

With --output_dir the comparison is also written there, as comparison.json and comparison.png.
"""

import argparse
from pathlib import Path

from ..evaluation.comparison import compare, format_comparison
from ..evaluation.evaluation_result import read_evaluation
from ..evaluation.plots import check_matplotlib, draw_comparison
from ..exit_codes import DONE
from ..whole_files import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two results and the output folder."""
    parser.add_argument("before", help="Evaluation of one model (JSON of evaluate).")
    parser.add_argument("after", help="Evaluation of another model on the same tasks.")
    parser.add_argument("--output_dir", help="Folder for comparison.json and comparison.png.")


def run(args: argparse.Namespace) -> int:
    """Compare two result files."""
    compare_files(args.before, args.after, output_dir=args.output_dir)
    return DONE


def compare_files(before: str, after: str, *, output_dir: str | None) -> None:
    """Print the comparison of two result files; with `output_dir` also write it there, with a plot."""
    if output_dir:
        check_matplotlib()
    result = compare(read_evaluation(before), read_evaluation(after))
    written = ""
    if output_dir:  # before the text, whose reader may be `head`
        folder = Path(output_dir)
        write_json(folder / "comparison.json", result.to_json())
        draw_comparison(result, folder / "comparison.png")
        written = f"\n\nWritten: {folder / 'comparison.json'}, {folder / 'comparison.png'}"
    print(format_comparison(result) + written)
