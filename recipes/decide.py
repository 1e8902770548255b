"""Runs `rust-rewards decide`, for those who work in a clone: `python recipes/decide.py --help`."""

import sys

from rust_rewards.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["decide", *sys.argv[1:]]))
