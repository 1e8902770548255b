"""Runs `python -m rust_rewards report`."""

import sys

from rust_rewards.commands.report import main

if __name__ == "__main__":
    sys.exit(main())
