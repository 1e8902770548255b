"""Prints messages from the first process, and turns mistakes in the input into one line."""

import contextlib
import os
import sys
from collections.abc import Iterator

from rust_rewards.exit_codes import UNUSABLE, USER_ERRORS


def announce(message: str) -> None:
    """Print one line, from the first process only."""
    if os.environ.get("RANK", "0") == "0":
        print(message, flush=True)


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
        print(f"error: {' '.join(str(err).split())}", file=sys.stderr, flush=True)
        raise SystemExit(UNUSABLE) from None
