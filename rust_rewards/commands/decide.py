"""Says whether a small training run earns the full one: proceed, adjust or reconsider.

    rust-rewards decide outputs/before.json outputs/after.json outputs/phase1

Reads two evaluations of the same tasks and the run's history, compares six measurements with fixed
thresholds, and prints the verdict, the measured reason and the next setting to try.

    measurement                                threshold            when it fails
    reward gain / (reference - before)         >= 0.10              adjust; reconsider when clearly a loss
    gain in pass@1, 95 % interval              lower limit > 0      adjust; reconsider when clearly a loss
    KL to the starting model, end of run       <= 0.5 per token     adjust: it drifts; lower the learning rate
    entropy, end of run / start of run         >= 0.1               adjust: it stops exploring
    groups without signal, end of run          <= 0.6               adjust: nothing to learn from them
    completions cut off at the limit           <= 0.25              adjust: they end too early

"Clearly a loss" means that the whole interval lies below 0. When no sample passes on either side, the compile
rate stands in for pass@1. A value the run did not record is reported and decides nothing. The thresholds are
ours, from runs of the embedded model; every one is a flag.

Exit code: 0 proceed, 10 adjust, 20 reconsider, 2 unusable input.
"""

import argparse
from dataclasses import fields
from pathlib import Path

from ..evaluation.decision import Thresholds, decide, format_decision
from ..evaluation.evaluation_result import read_evaluation
from ..exit_codes import ADJUST, DONE, RECONSIDER
from ..whole_files import check_output, write_json
from .histories import find_history, read_training_history

EXIT_CODES = {"proceed": DONE, "adjust": ADJUST, "reconsider": RECONSIDER}


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
    result = decide(before, after, read_training_history(args.history), thresholds)
    if args.output_file:
        write_json(args.output_file, result.to_json())
    print(format_decision(result))
    return EXIT_CODES[result.decision]
