"""Draws the reward and success curves of a run from its `rl_training.log`.

    python -m trainers.training_plot outputs/tiny-grpo        # writes outputs/tiny-grpo/rl_training.png

Reads the CSV only, so it works while training is still running. Needs matplotlib (the extra `plots`).
"""

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from trainers.training_log import LOG_NAME, read_log

PLOT_NAME = "rl_training.png"
# Column -> label, line style and colour
RATES = {
    "parse_success_rate": ("parses", ":", "#7f8c8d"),
    "compile_success_rate": ("compiles", "-", "#1f6f8b"),
    "tests_passed": ("hidden tests passed", "--", "#4c8c4a"),
}

FLAT = 0.1  # points of reward; less than that is no curve


def plot_training_log(csv_path: str | os.PathLike, png_path: str | os.PathLike) -> None:
    """
    Plot average reward (with one standard deviation), success rates (0..1) and, where it was measured, KL (nats).

    Args:
        csv_path (`str` or `os.PathLike`):
            A log that [`TrainingLogCallback`] wrote; the name of its folder becomes the title.
        png_path (`str` or `os.PathLike`):
            The picture to write.

    Raises:
        `ImportError`: When matplotlib is not installed.
        [`TrainingLogError`]: When the log has no rows, or is not such a log.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError as err:
        raise ImportError('Drawing plots needs matplotlib. Run: pip install "rust-rewards[plots]"') from err

    columns = read_log(csv_path, ("iteration", "avg_reward", "reward_std", "kl", *RATES))
    steps, reward, spread = columns["iteration"], columns["avg_reward"], columns["reward_std"]
    has_kl = not all(map(math.isnan, columns["kl"]))
    panels = 3 if has_kl else 2
    figure = Figure(figsize=(8, 3 * panels), layout="constrained")
    figure.suptitle(Path(csv_path).absolute().parent.name)
    axes = figure.subplots(panels, 1, sharex=True)
    upper, lower = axes[0], axes[1]
    marker = "o" if len(steps) < 3 else None  # a line through one point is invisible

    upper.plot(steps, reward, color="#b7410e", marker=marker)
    low = [mean - std for mean, std in zip(reward, spread, strict=True)]
    high = [mean + std for mean, std in zip(reward, spread, strict=True)]
    upper.fill_between(steps, low, high, color="#b7410e", alpha=0.15, linewidth=0, label="± 1 standard deviation")
    upper.set_ylabel("average reward")
    limits = [value for value in (*low, *high) if math.isfinite(value)]
    if limits and max(limits) - min(limits) < FLAT:  # otherwise a run of zeros is drawn from -0.05 to 0.05
        upper.set_ylim(min(limits) - 1, max(limits) + 1)
    upper.legend()

    for column, (label, style, color) in RATES.items():
        if not all(math.isnan(value) for value in columns[column]):
            lower.plot(steps, columns[column], style, label=label, color=color, marker=marker)
            lower.legend()
    lower.set_ylabel("share of completions")
    lower.set_ylim(-0.02, 1.02)
    if has_kl:
        axes[2].plot(steps, columns["kl"], color="#5b4b8a", marker=marker)
        axes[2].set_ylabel("KL to the start (nats)")
    axes[-1].set_xlabel("iteration")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(png_path, dpi=120)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the plot of a run; return the exit code: 0, or 2 when there is no log to draw or no matplotlib."""
    parser = argparse.ArgumentParser(
        prog="python -m trainers.training_plot", description="Plot a run's rl_training.log."
    )
    parser.add_argument("output_dir", type=Path, help="output folder of the run")
    folder = parser.parse_args(argv).output_dir
    try:
        plot_training_log(folder / LOG_NAME, folder / PLOT_NAME)
    except (OSError, ValueError, ImportError) as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    print(f"Wrote {folder / PLOT_NAME}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
