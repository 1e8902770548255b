"""What holds for every test: no network, and one thread for torch."""

import os
import sys

import pytest

# Hubs and telemetry are switched off before anything that would use them is imported.
os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRL_EXPERIMENTAL_SILENCE="1", WANDB_MODE="offline")


@pytest.fixture(autouse=True)
def one_thread():
    """More threads only get in each other's way on matrices this small: steps take seconds instead of 30 ms."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
