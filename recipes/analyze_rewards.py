"""Runs `rust-rewards analyze`, for those who work in a clone: `python recipes/analyze_rewards.py --help`."""

import sys

from rust_rewards.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["analyze", *sys.argv[1:]]))
