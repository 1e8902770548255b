"""Finds the known name nearest to one that is not known, and words the message."""

import difflib
from collections.abc import Iterable


def nearest(given: object, known: Iterable[str]) -> str | None:
    """Return the known name most like the given one, `None` when none is like it.

    >>> nearest("complie", ["tests", "compile"]), nearest("x", ["tests", "compile"])
    ('compile', None)
    """
    return next(iter(difflib.get_close_matches(str(given), list(known), n=1)), None)


def unknown_name(what: str, given: object, known: Iterable[str], hint: str = "") -> str:
    """Return the message for an unknown name: what was given, the nearest match, what is allowed.

    Example:

    >>> unknown_name("reward", "complie", ["tests", "compile"], ", or a dotted path")
    "Unknown reward 'complie'. Did you mean 'compile'? Known: compile, tests, or a dotted path."
    """
    names = sorted(known)
    near = nearest(given, names)
    guess = f" Did you mean '{near}'?" if near else ""
    return f"Unknown {what} '{given}'.{guess} Known: {', '.join(names)}{hint}."
