"""Runs `python -m rust_rewards evaluate`."""

import sys

from rust_rewards.commands.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
