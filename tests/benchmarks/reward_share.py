"""What share of a GRPO step the rewards take in the embedded recipe.

    OMP_NUM_THREADS=2 python tests/benchmarks/reward_share.py --max_steps 120

Flags go to `recipes/grpo.py`. Times TRL's `_calculate_rewards` and sets it against the `step_time` that TRL logs.
"""

import csv
import runpy
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from trl import GRPOTrainer

RECIPE = Path(__file__).resolve().parent.parent.parent / "recipes" / "grpo.py"


def main() -> None:
    """Run the recipe with a clock around its rewards and print the medians and the share."""
    calculate, taken = GRPOTrainer._calculate_rewards, []

    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        rewards = calculate(*args, **kwargs)
        taken.append(time.perf_counter() - start)
        return rewards

    GRPOTrainer._calculate_rewards = timed
    with tempfile.TemporaryDirectory() as folder:
        sys.argv = [str(RECIPE), "--output_dir", folder, "--save_strategy", "no", *sys.argv[1:]]
        sys.path.insert(0, str(RECIPE.parent))  # as for a script that Python runs itself
        runpy.run_path(str(RECIPE), run_name="__main__")
        rows = csv.DictReader(Path(folder, "rl_training.log").read_text().splitlines())
        steps = [float(row["step_time"]) for row in rows]
    medians = f"rewards {statistics.median(taken):.2f} s, step {statistics.median(steps):.2f} s (medians)"
    print(f"{medians}; share of all steps {sum(taken) / sum(steps):.1%}")


if __name__ == "__main__":
    main()
