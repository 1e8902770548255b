"""Program for `torchrun`: one step of the tiny model per case, on this rank's part of a fixed batch.

Usage: torchrun --nproc_per_node N tests/maxrl_two_ranks.py OUTPUT_DIR JSON_CASES

Rank 0 saves gradient, advantages and metrics of every case to OUTPUT_DIR/found.pt.
"""

import json
import sys
from pathlib import Path

import torch
from maxrl_testbed import first_gradient


def first_step(output_dir, case):
    gradient, run = first_gradient(output_dir, case.pop("texts"), **case)
    return {
        "gradient": {name.removeprefix("module."): g for name, g in gradient.items()},
        "advantages": list(run._logs["advantages"]),
        "metrics": {k: v for k, v in run.state.log_history[0].items() if k.startswith("maxrl/")},
        "processes": run.accelerator.num_processes,
        "rank": run.accelerator.process_index,
    }


def main(output_dir, cases):
    torch.set_num_threads(1)
    found = {name: first_step(output_dir, case) for name, case in cases.items()}
    if all(step["rank"] == 0 for step in found.values()):
        torch.save(found, Path(output_dir) / "found.pt")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
