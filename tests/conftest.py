"""No test needs a network: hubs and telemetry are switched off before anything that would use them is imported."""

import os

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRL_EXPERIMENTAL_SILENCE="1", WANDB_MODE="offline")
