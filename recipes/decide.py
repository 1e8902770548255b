"""Runs `python -m rust_rewards decide`."""

import sys

from rust_rewards.commands.decide import main

if __name__ == "__main__":
    sys.exit(main())
