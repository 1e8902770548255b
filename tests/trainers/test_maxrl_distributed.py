"""Two processes take the step that one takes on the same global batch, also when a group spans them."""

import json
import os
import subprocess
import sys

import pytest
import torch
from maxrl_testbed import first_gradient
from paths import SUPPORT

pytestmark = pytest.mark.filterwarnings("ignore:You are using 'rollout_func'")

# One group of eight over both ranks (its correct completions on both), lengths that differ, one cut off.
TEXTS = [
    "28 a b <eos>",
    "5 c <eos>",
    "5 a d e <eos>",
    "10 <eos>",
    "20 a <eos>",
    "21 b b b b <eos>",
    "nan a <eos>",
    "26 a b c d e f g",
]
BATCHES = {
    "a group spans the ranks": {"num_generations": 8, "loss_type": "dapo"},
    "a group spans the ranks, length-free loss": {"num_generations": 8, "loss_type": "dr_grpo"},
    "a group spans ranks and accumulated batches": {
        "num_generations": 8,
        "gradient_accumulation_steps": 2,
        "maxrl_baseline": True,
    },
    "one group per rank, one without correct completions": {
        "num_generations": 4,
        "maxrl_schedule": "per_group",
        "correctness_threshold": 24.0,
    },
}


CASES = {name: {"maxrl_weighting": "uniform", **options} for name, options in BATCHES.items()}


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory):
    """Take the step of every case on two CPU processes; return what rank 0 saved."""
    output_dir = tmp_path_factory.mktemp("two")
    cases = {}
    for name, options in CASES.items():
        per_device = 4 // options.get("gradient_accumulation_steps", 1)
        cases[name] = {**options, "texts": TEXTS, "per_device_train_batch_size": per_device}
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    program = SUPPORT / "maxrl_two_ranks.py"
    done = subprocess.run(
        [*launch, str(program), str(output_dir), json.dumps(cases)],
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return torch.load(output_dir / "found.pt")


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_two_processes_take_the_step_of_one(two_ranks, tmp_path, name):
    per_device = 8 // CASES[name].get("gradient_accumulation_steps", 1)
    alone, single = first_gradient(tmp_path, TEXTS, **CASES[name], per_device_train_batch_size=per_device)
    both = two_ranks[name]
    assert both["processes"] == 2
    assert both["advantages"] == pytest.approx(list(single._logs["advantages"]), abs=1e-6)
    assert both["metrics"] == {k: v for k, v in single.state.log_history[0].items() if k.startswith("maxrl/")}
    assert max(g.abs().max().item() for g in alone.values()) > 0.01
    for parameter, expected in alone.items():
        torch.testing.assert_close(both["gradient"][parameter], expected, atol=1e-5, rtol=0, msg=parameter)
