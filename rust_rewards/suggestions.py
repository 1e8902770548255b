"""Words the message for a name that is not known, with the known name nearest to it."""

import difflib
from collections.abc import Iterable


def unknown_name(what: str, given: object, known: Iterable[str], hint: str = "") -> str:
    """Return the message for an unknown name: what was given, the nearest match, what is allowed.

    Example:

    >>> unknown_name("reward", "complie", ["tests", "compile"], ", or a dotted path")
    "Unknown reward 'complie'. Did you mean 'compile'? Known: compile, tests, or a dotted path."
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(str(given), names, n=1)
    guess = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return f"Unknown {what} '{given}'.{guess} Known: {', '.join(names)}{hint}."
