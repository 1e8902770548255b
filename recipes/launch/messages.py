"""Prints messages from the first process, turns mistakes in the input into one line, and keeps libraries quiet."""

import contextlib
import errno
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from rust_rewards.exit_codes import FAILED, UNUSABLE, USER_ERRORS, one_line
from trainers.signal_watch import NothingScoredError

# Libraries that warn of their own deprecations in every run, which nobody who trains can mend
NOISY = "transformers|trl|peft|accelerate|torch|datasets"
# What the file systems and formats of a checkpoint say when the disk is full
FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "PytorchStreamWriter failed", "inline_container")


def announce(message: str) -> None:
    """Print one line, from the first process only."""
    if os.environ.get("RANK", "0") == "0":
        print(message, flush=True)


def quiet_libraries() -> None:
    """Hide deprecations inside libraries, bars where there is no terminal, and a warning that is none.

    Warnings that the user asked for (`python -W`, `PYTHONWARNINGS`) are shown as asked.
    """
    from datasets.utils.logging import disable_progress_bar as disable_datasets_bar
    from transformers.utils import logging as transformers_logging

    if not sys.warnoptions:
        for category in (FutureWarning, DeprecationWarning):
            warnings.filterwarnings("ignore", category=category, module=rf"({NOISY})(\..*)?$")
    if not sys.stderr.isatty():
        transformers_logging.disable_progress_bar()
        disable_datasets_bar()
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    logging.getLogger("transformers.trainer").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Say whether a message is worth showing: weights that are tied to others are in no checkpoint, and not missing."""
    return not record.getMessage().endswith("missing keys in the checkpoint model loaded: ['lm_head.weight'].")


@contextlib.contextmanager
def clear_errors(*kinds: type[Exception]) -> Iterator[None]:
    """End the program with exit code 2 and one line on stderr when the input is at fault.

    Args:
        *kinds (`type[Exception]`): The errors that become one line, `USER_ERRORS` unless given. All others keep their
            traceback. The constructor of a trainer gets fewer: an `OSError` there is no mistake in the input.
    """
    caught = kinds or USER_ERRORS
    try:
        yield
    except caught as err:
        print(f"error: {one_line(err)}", file=sys.stderr, flush=True)
        raise SystemExit(UNUSABLE) from None


@contextlib.contextmanager
def training_errors(training_args: Any) -> Iterator[None]:
    """End the program with exit code 1 and one line when the disk is full or nothing could be scored.

    Args:
        training_args (`TrainingArguments`): Its output folder is named.
    """
    try:
        yield
    except NothingScoredError as err:
        print(f"error: {one_line(err)}", file=sys.stderr, flush=True)
        raise SystemExit(FAILED) from None
    except Exception as err:
        if not is_disk_full(err):
            raise
        print(
            f"error: No space left for {training_args.output_dir} ({one_line(err)}). The log up to this step is kept; "
            "the checkpoint in progress is incomplete and will be passed over. Make room, then give the same command: "
            "it goes on from the last whole checkpoint.",
            file=sys.stderr,
            flush=True,
        )
        raise SystemExit(FAILED) from None


def is_disk_full(err: BaseException) -> bool:
    """Say whether an error means that a disk or quota is full; libraries wrap it in errors of their own.

    >>> is_disk_full(OSError(28, "No space left on device")), is_disk_full(OSError(2, "No such file or directory"))
    (True, False)
    """
    return any(sign in str(err) for sign in FULL)
