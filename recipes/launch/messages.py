"""Prints messages from the first rank, and turns mistakes in the input into one line."""

import contextlib
import os
import sys
from collections.abc import Iterator


def announce(message: str) -> None:
    """Print one line, from the first rank only."""
    if os.environ.get("RANK", "0") == "0":
        print(message, flush=True)


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """End the program with status 2 and one line on stderr when the user's input is at fault."""
    try:
        yield
    except (ValueError, OSError, ImportError, RuntimeError) as err:
        print(f"error: {err}", file=sys.stderr, flush=True)
        raise SystemExit(2) from None
