"""Puts everything a run left behind on one page: a single HTML file that needs no network.

examples:
    rust-rewards report outputs/tiny-phase1
    rust-rewards report outputs/tiny-phase1 --config recipes/tiny/grpo_phase1.yaml --output_file report.html

Looks in the folder for what training and the other commands write: training_history.json (or a checkpoint's trainer
state), run.json and training_args.bin (what the run used), before.json and after.json (evaluate), reward_analysis.json
(analyze), decision.json (decide), completions/*.parquet (log_completions: true), and any YAML. What is missing is named
on the page with the command that writes it; a file that is there but broken is an error.
"""

import argparse
from pathlib import Path

from ..evaluation.plots import check_matplotlib
from ..evaluation.report import build_page
from ..evaluation.run_files import read_run
from ..exit_codes import DONE
from ..whole_files import check_output, write_text
from .histories import find_history, read_training_history


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run's folder, its YAML and the page."""
    parser.add_argument("output_dir", type=Path, help="Output folder of a training run.")
    parser.add_argument("--config", type=Path, help="YAML file of the run, to show on the page.")
    parser.add_argument("--output_file", type=Path, help="Page to write; defaults to report.html in the folder.")


def run(args: argparse.Namespace) -> int:
    """Write the page of a run."""
    check_matplotlib()
    target = args.output_file or args.output_dir / "report.html"
    check_output(target, args.config, *args.output_dir.glob("*.json"))
    found = find_history(args.output_dir) if args.output_dir.is_dir() else None
    history = read_training_history(found) if found else None
    text = build_page(read_run(args.output_dir, history, args.config))
    write_text(target, text)
    print(f"Written: {target} ({len(text) // 1024} KiB)")
    return DONE
