"""A reward for `test_grpo_recipe.py` that writes down, per process, what it gave and what the trainer had logged."""

import json
import os
import signal
from pathlib import Path

CALLS: list[dict] = []


def record(completions, trainer_state=None, log_metric=None, **kwargs):
    """Reward the number of bytes in a completion; at RECORD_SIGNAL_AT calls the last process signals itself."""
    rewards = [float(len(completion.encode())) for completion in completions]
    log_metric("mean_length_in_bytes", sum(rewards) / len(rewards))
    CALLS.append({"rewards": rewards, "logged": trainer_state.log_history[-1:]})
    rank = os.environ["RANK"]
    (Path(os.environ["RECORD_TO"]) / f"rank-{rank}.json").write_text(json.dumps(CALLS))
    if rank == "1" and len(CALLS) == int(os.environ["RECORD_SIGNAL_AT"]):
        os.kill(os.getpid(), signal.SIGTERM)
    return rewards
