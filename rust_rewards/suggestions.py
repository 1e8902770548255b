"""Words the message for a name that is not known."""

import difflib
from collections.abc import Iterable


def unknown_name(what: str, given: object, known: Iterable[str], hint: str = "") -> str:
    """Word the message for a name that is not known: what was given, the nearest match, what is allowed."""
    known = sorted(known)
    near = difflib.get_close_matches(str(given), known, n=1)
    guess = f" Did you mean '{near[0]}'?" if near else ""
    return f"Unknown {what} '{given}'.{guess} Known: {', '.join(known)}{hint}."
