"""Runs `rust-rewards report`, for those who work in a clone: `python recipes/report.py --help`."""

import sys

from rust_rewards.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["report", *sys.argv[1:]]))
