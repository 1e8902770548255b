"""Where a piece of Rust text stands in its brackets. Looks past comments, strings and character literals, and
at nothing else, so it works on text that no parser accepts."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""//[^\n]*+
      | /\*
      | \b(?:b|c)?r(\#*+)"
      | (?:\b[bc])?"(?:[^"\\]|\\.)*+"?
      | '(?:[^'\\\n]|\\(?:u\{[^}\n]*+\}|x..|.))'
      | [{(\[\])};]""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_CLOSERS = {"{": "}", "(": ")", "[": "]"}


class Scan(NamedTuple):
    """What `scan` found.

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


def scan(text: str, since: int = 0) -> Scan:
    """Follow the brackets of Rust text in linear time, whatever the text.

    Example:
    ```python
    >>> from rust_rewards.syntax.brackets import scan

    >>> scan("fn f(a: [u8; 2]) { g('}', ").missing
    ')}'

    ```
    """
    waiting: list[str] = []
    surplus = finished = at = 0
    closed: int | None = None
    while token := _TOKEN.search(text, at):
        at, kind = token.end(), token[0]
        if kind == "/*":
            at = _comment_end(text, at)
        elif token[1] is not None:
            end = text.find('"' + token[1], at)
            at = end + 1 if end >= 0 else len(text)
        elif kind in _CLOSERS:
            waiting.append(_CLOSERS[kind])
        elif kind in ("}", ")", "]"):
            if waiting:
                waiting.pop()
            else:
                surplus += 1
        depth = len(waiting) - surplus
        if depth == 0 and kind in ("}", ";"):
            finished = at
        if depth <= 0 and kind == "}" and at > since and closed is None:
            closed = at
    return Scan(len(waiting) - surplus, "".join(reversed(waiting)), finished, closed)


def _comment_end(text: str, at: int) -> int:
    depth = 1
    while depth and (mark := _COMMENT_MARK.search(text, at)):
        depth += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return len(text) if depth else at
