"""Trains a model that does not stop with each way to treat completions that run on to the length limit, three seeds.

    python tests/benchmarks/running_on.py --output_dir outputs/running-on      # 9 runs, half an hour on two cores

The embedded model stops by itself. So it is first fine-tuned on its corpus with further functions behind six of ten
answers: as scored as before, since what follows the function is cut off, but running on. A run is `recipes/grpo.py` on
that with one of `WAYS`, then `rust-rewards evaluate` on the 90 held-out functions. The share cut off and the length are
those of the completions of the last ten steps. What is finished is kept, so the same command continues where it
stopped.
"""

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "recipes" / "tiny"
sys.path.insert(0, str(TINY))

from corpus import corpus  # noqa: E402 (a script of the recipes)

LAST_STEPS = 10
REWARDS = ("--reward_funcs", "rust", "tests")
CORPUS_ROWS, CHATTY_SHARE, FOLLOWERS = 2000, 0.6, 3
FINE_TUNING = [
    *("--max_length", "160", "--max_steps", "60", "--per_device_train_batch_size", "32", "--learning_rate", "5e-4"),
    *("--bf16", "false", "--activation_checkpointing", "false", "--save_strategy", "no", "--disable_tqdm", "true"),
]
WAYS = {
    "neither": [*REWARDS, "--reward_weights", "1", "10"],
    "mask_truncated_completions": [*REWARDS, "--reward_weights", "1", "10", "--mask_truncated_completions", "true"],
    "overlong": [*REWARDS, "overlong", "--reward_weights", "1", "10", "10"],
}
SHOWN = ("cut off, %", "tokens", "compiles, %", "pass@1, %", "pass@4, %")


def prepare(folder: Path) -> Path:
    """Fine-tune the embedded model to run on, unless that is done; return its folder."""
    model = folder / "start"
    if not (model / "config.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        rows = list(corpus(CORPUS_ROWS))
        chance = random.Random(0)
        for place, row in enumerate(rows[:-FOLLOWERS]):
            if chance.random() < CHATTY_SHARE:
                behind = rows[place + 1 : place + 1 + FOLLOWERS]
                row["completion"] += "".join(f"\n{other['prompt']}{other['completion']}" for other in behind)
        tasks = folder / "corpus.jsonl"
        tasks.write_text("".join(json.dumps(row) + "\n" for row in rows[:-FOLLOWERS]))
        start = ["--model_name_or_path", str(TINY / "checkpoint"), "--dataset_name", str(tasks)]
        call([str(ROOT / "recipes" / "sft.py"), *start, "--output_dir", str(model), *FINE_TUNING])
    return model


def run(way: str, seed: int, model: Path, folder: Path, steps: int) -> list[float]:
    """Train and evaluate one way with one seed, unless it is done; return what is `SHOWN`."""
    result = folder / "evaluation.json"
    if not result.exists():
        folder.mkdir(parents=True, exist_ok=True)
        train = [str(ROOT / "recipes" / "grpo.py"), "--config", str(TINY / "grpo.yaml"), "--output_dir", str(folder)]
        train += ["--model_name_or_path", str(model), "--seed", str(seed), "--max_steps", str(steps)]
        call([*train, "--save_strategy", "no", "--disable_tqdm", "true", *WAYS[way]])
        measure(folder, result)
    log = list(csv.DictReader((folder / "rl_training.log").read_text().splitlines()))[-LAST_STEPS:]
    clipped, length = (
        statistics.mean(float(row[name]) for row in log) for name in ("clipped_ratio", "completion_length")
    )
    return [100 * clipped, length, *solved(result)]


def measure(model: Path, result: Path) -> None:
    """Evaluate a model on the held-out functions."""
    command = ["-m", "rust_rewards", "evaluate", "--model_name_or_path", str(model), "--num_samples", "4"]
    command += ["--tasks", str(TINY / "eval.jsonl"), "--temperature", "1.0", "--max_new_tokens", "48"]
    call([*command, "--batch_size", "180", "--output_file", str(result)])


def solved(result: Path) -> list[float]:
    """Return the last columns of `SHOWN`."""
    metrics = json.loads(result.read_text())["summary"]["metrics"]
    return [100 * metrics[name] for name in ("compile_rate", "pass@1", "pass@4")]


def call(command: list[str]) -> None:
    """Run Python on a program of this repository."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Run what is not done, seed by seed, and print the table: mean over the seeds, lowest and highest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output_dir", type=Path, default=ROOT / "outputs" / "running-on")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=40)
    args = parser.parse_args()
    model = prepare(args.output_dir)
    before = args.output_dir / "before.json"
    if not before.exists():
        measure(model, before)
    found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    for seed in args.seeds:
        for way in WAYS:
            found[way].append(run(way, seed, model, args.output_dir / f"{way}-{seed}", args.steps))
            print(f"{way}, seed {seed}: {found[way][-1]}", file=sys.stderr, flush=True)
    print(f"| | {' | '.join(SHOWN)} |\n| --- |{' ---: |' * len(SHOWN)}")
    print(f"| before | | | {' | '.join(f'{value:.1f}' for value in solved(before))} |")
    for way, runs in found.items():
        columns = zip(*runs, strict=True)
        cells = [f"{statistics.mean(column):.1f} ({min(column):.0f}-{max(column):.0f})" for column in columns]
        print(f"| {way} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
