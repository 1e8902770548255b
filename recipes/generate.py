"""Runs `rust-rewards generate`, for those who work in a clone: `python recipes/generate.py --help`."""

import sys

from rust_rewards.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["generate", *sys.argv[1:]]))
