"""Runs `python -m trainers.training_log`: prints one line per epoch of a training run."""

import sys

from trainers.training_log import main

if __name__ == "__main__":
    sys.exit(main())
