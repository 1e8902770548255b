"""Turns rustc's JSON lines (`--error-format=json`) into `Diagnostic`s. Pure.

rustc's own summaries ("aborting due to 2 previous errors", "1 warning emitted") are not diagnostics about the program
and are left out; so are notes and help without a warning or an error of their own.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from .verdict import Diagnostic

SUMMARIES = (
    "aborting due to ",
    "Some errors have detailed explanations",
    "For more information about this error",
)


class Located(NamedTuple):
    """A diagnostic and the file of its primary span ("" when it has none)."""

    file: str
    diagnostic: Diagnostic


def parse_diagnostics(stderr: str) -> Iterator[Located]:
    """Yield the errors and warnings in what rustc or clippy-driver wrote, in order."""
    for line in stderr.splitlines():
        if not line.startswith("{"):
            continue
        try:
            message = json.loads(line)
        except json.JSONDecodeError:  # output cut at the limit
            continue
        if isinstance(message.get("spans"), list) and not is_summary(message):
            yield located(message)


def is_summary(message: dict[str, Any]) -> bool:
    """Return whether a JSON message is rustc's own summary, a note or a help, and not about the program."""
    text = message.get("message", "")
    if not str(message.get("level", "")).startswith(("error", "warning")):
        return True
    counted = text.endswith((" warning emitted", " warnings emitted")) and text.split()[0].isdigit()
    return counted or text.startswith(SUMMARIES)


def located(message: dict[str, Any]) -> Located:
    """Turn one JSON message of rustc into a `Located` diagnostic. The span is where a reader would look: for a macro,
    its outermost use in the user's own file."""
    span = next((s for s in message["spans"] if s["is_primary"]), None) or next(iter(message["spans"]), None)
    while span and span.get("expansion") and span["expansion"].get("span"):
        span = span["expansion"]["span"]
    code = message.get("code")
    level = "error" if message["level"].startswith("error") else "warning"
    return Located(
        span["file_name"] if span else "",
        Diagnostic(
            level=level,
            code=code["code"] if code else None,
            message=message["message"],
            line=span["line_start"] if span else 0,
            column=span["column_start"] if span else 0,
            rendered=message.get("rendered") or "",
        ),
    )
