"""Compares ways to combine correctness and style in one reward: trains the embedded model with each, three seeds.

    python tests/benchmarks/combinations.py --output_dir outputs/combinations      # 18 runs, an hour on one core

A run is `recipes/grpo.py` for 100 steps with one combination as its only reward, then `rust-rewards evaluate` on the
90 held-out functions. What is finished is kept, so the same command continues where it stopped.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rust_rewards.rows import measure_rows, read_rows, score_rows, verify_rows
from rust_rewards.scoring import DEFAULT_CONFIG, GAINS, style

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "recipes" / "tiny"
# Name -> points from: the score without style, the style points, the share of passed tests
COMBINATIONS: dict[str, Callable[[float, float, float], float]] = {
    "added": lambda core, points, share: core + points + 10 * share,
    "gated": lambda core, points, share: core + (points if share == 1 else 0) + 10 * share,
    "gated30": lambda core, points, share: core + (points if share == 1 else 0) + 30 * share,
    "scaled": lambda core, points, share: core + points * share + 10 * share,
    "capped": lambda core, points, share: core + min(points, 2.0) + 10 * share,
    "tests_alone": lambda core, points, share: 10 * share,
}
SHOWN = ("pass@1", "pass@4", "tests_passed", "compile_rate", "clippy_clean_rate")


class Combination:
    """A reward that TRL calls; `__name__` is that of the combination."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, completions, tests=None, entry_point=None, code_prefix=None, **kwargs):
        """Reward each completion; `None` when it could not be scored."""
        rows = read_rows(completions, tests, entry_point, code_prefix)
        verdicts = verify_rows(rows)
        values = []
        for verdict, score, metrics in zip(verdicts, score_rows(rows, verdicts), measure_rows(rows), strict=True):
            if verdict is None or score is None or metrics is None:
                values.append(None)
                continue
            kept = sum(getattr(score, name) for name in style(metrics))
            weighed = {name: getattr(DEFAULT_CONFIG, GAINS[name]) * part for name, part in style(metrics).items()}
            points = sum(weighed.values()) if score.compile_success else 0.0
            share = verdict.tests_passed / verdict.tests_total if verdict.tests_total else 0.0
            values.append(COMBINATIONS[self.__name__](score.total - kept, points, share))
        return values


added, gated, gated30, scaled, capped, tests_alone = map(Combination, COMBINATIONS)


def run(name: str, seed: int, folder: Path, steps: int) -> dict[str, float]:
    """Train and evaluate one combination with one seed, unless it is done; return the metrics."""
    result = folder / "evaluation.json"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
    train = [str(ROOT / "recipes" / "grpo.py"), "--config", str(TINY / "grpo.yaml"), "--output_dir", str(folder)]
    train += ["--seed", str(seed), "--max_steps", str(steps), "--save_strategy", "no", "--disable_tqdm", "true"]
    train += ["--reward_funcs", f"combinations.{name}", "--reward_weights", "1.0"]
    train += ["--mask_truncated_completions", "true"]  # what the recipe had when the table was made
    measure = ["-m", "rust_rewards", "evaluate", "--model_name_or_path", str(folder), "--num_samples", "4"]
    measure += ["--tasks", str(TINY / "eval.jsonl"), "--temperature", "1.0", "--max_new_tokens", "48"]
    measure += ["--batch_size", "180", "--output_file", str(result)]
    if not result.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for command in (train, measure):
            subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True, capture_output=True)
    return json.loads(result.read_text())["summary"]["metrics"]


def main() -> None:
    """Run what is not done, and print the table: mean over the seeds, lowest and highest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output_dir", type=Path, default=ROOT / "outputs" / "combinations")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=100)
    args = parser.parse_args()
    print(f"| combination | {' | '.join(SHOWN)} |\n| --- |{' ---: |' * len(SHOWN)}")
    for name in COMBINATIONS:
        found = [run(name, seed, args.output_dir / f"{name}-{seed}", args.steps) for seed in args.seeds]
        cells = []
        for metric in SHOWN:
            values = [100 * metrics[metric] for metrics in found]
            cells.append(f"{statistics.mean(values):.1f} ({min(values):.0f}-{max(values):.0f})")
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
