"""Follows the brackets of a piece of Rust text: what is open at its end, and where its last finished item ends.

Looks past comments, strings and character literals, and at nothing else, so it works on text that no parser accepts.
A literal that never closes takes the rest of the text with it, as it does in a completion that was cut off.
"""

import re
from typing import NamedTuple

from .lexer import blank

_MARK = re.compile(r"[{}()\[\];]")
_CLOSERS = {"{": "}", "(": ")", "[": "]"}


class Brackets(NamedTuple):
    """What `follow_brackets` found.

    Attributes:
        depth (`int`): Brackets open at the end; negative when more were closed than opened.
        missing (`str`): The brackets that would close them.
        finished (`int`): Where the last finished top-level item ends.
        closed (`int`, *optional*): Where a `}` first brought the depth down to zero or below, after `since`.
    """

    depth: int
    missing: str
    finished: int
    closed: int | None


def follow_brackets(text: str, since: int = 0) -> Brackets:
    """Follow the brackets of Rust text in linear time, whatever the text.

    Example:
    ```python
    >>> from rust_rewards.syntax.brackets import follow_brackets

    >>> follow_brackets("fn f(a: [u8; 2]) { g('}', ").missing
    ')}'

    ```
    """
    waiting: list[str] = []
    surplus = finished = 0
    closed: int | None = None
    for found in _MARK.finditer(blank(text).code):
        mark, end = found.group(), found.end()
        if mark in _CLOSERS:
            waiting.append(_CLOSERS[mark])
        elif mark != ";":
            if waiting:
                waiting.pop()
            else:
                surplus += 1
        depth = len(waiting) - surplus
        if depth == 0 and mark in "};":
            finished = end
        if depth <= 0 and mark == "}" and end > since and closed is None:
            closed = end
    return Brackets(len(waiting) - surplus, "".join(reversed(waiting)), finished, closed)
