"""Runs `python -m rust_rewards generate`."""

import sys

from rust_rewards.commands.generate import main

if __name__ == "__main__":
    sys.exit(main())
