"""Runs `rust-rewards evaluate`, for those who work in a clone: `python recipes/evaluate.py --help`."""

import sys

from rust_rewards.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
