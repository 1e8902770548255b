"""Compares what a program printed with what it should print: line by line, white space at the ends aside. Pure.

A line ends at a newline and nowhere else. Spaces, tabs, carriage returns, vertical tabs and form feeds at the end of a
line do not count, nor do blank lines at the end. The harness brings what is printed into this form as it arrives
(`Printed` in `native/harness.rs`), so that no amount of such space can hide what else is there.
"""

import math
import re
from collections.abc import Sequence

BLANK = b" \t\r\x0b\x0c"
NUMBER_BYTES = 64  # how much longer than the expected one a number may be where a tolerance compares them
_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def normalized(text: bytes) -> bytes:
    """Return a text without the white space that does not count.

    >>> normalized(b"1 2 \\n\\n 3\\t\\r\\n\\n")
    b'1 2\\n\\n 3'
    """
    return b"\n".join([line.rstrip(BLANK) for line in text.split(b"\n")]).rstrip(b"\n")


def same_output(want: bytes, found: bytes, tolerance: float | None = None) -> bool:
    """Return whether a program printed what it should.

    Args:
        want (`bytes`): What it should print, normalized.
        found (`bytes`): What it printed, normalized.
        tolerance (`float`, *optional*): Numbers in the same place of the same line may differ by so much, absolutely
            or as a share of the expected one, whichever is more. Without it they are compared as text.
    """
    if want == found or tolerance is None:
        return want == found
    want_lines, found_lines = want.split(b"\n"), found.split(b"\n")
    return len(want_lines) == len(found_lines) and all(
        a == b or _same_words(a.split(), b.split(), tolerance) for a, b in zip(want_lines, found_lines, strict=True)
    )


def most_bytes(want: bytes, tolerance: float | None = None) -> int:
    """Return how long a normalized output can be that is the one that was expected."""
    return len(want) if tolerance is None else len(want) + NUMBER_BYTES * len(want.split())


def _same_words(want: Sequence[bytes], found: Sequence[bytes], tolerance: float) -> bool:
    return len(want) == len(found) and all(
        a == b or _same_number(a, b, tolerance) for a, b in zip(want, found, strict=True)
    )


def _same_number(want: bytes, found: bytes, tolerance: float) -> bool:
    if not _NUMBER.fullmatch(want) or not _NUMBER.fullmatch(found):
        return False
    a, b = float(want), float(found)
    return math.isfinite(a) and abs(a - b) <= tolerance * max(1.0, abs(a))
