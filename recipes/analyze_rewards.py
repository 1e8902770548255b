"""Runs `python -m rust_rewards analyze`."""

import sys

from rust_rewards.commands.analyze import main

if __name__ == "__main__":
    sys.exit(main())
