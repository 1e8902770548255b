"""Blanks the comments and literals of Rust text, and says whether its delimiters match. Pure, in linear time.

It is just enough of Rust's lexer to reject, without starting a compiler, programs that rustc provably rejects: those
whose delimiters do not match. Whatever is not plain (unterminated literals, shebangs, odd quotes) is left to rustc:
`scan` then says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

# Every alternative begins with a literal, which makes the search several times faster. Order matters: a quote must be
# tried as a character literal before it can be a lifetime, and as that before it is odd: an escape that rustc refuses,
# or a quote that opens nothing or never closes.
_TOKENS = (
    r"//[^\n]*",
    r"/\*",
    r'"(?:[^"\\]|\\.)*+"',
    r"'(?:\\(?:u\{[^}'\n]*\}|x[0-9A-Fa-f]{2}|[^xu\n])|[^\\'\n])'",
    r"'(?:r\#)?[^\W\d]\w*(?!['\w])",
    r"(?P<odd>'\\(?:x..|.)'|'|\")",
)
_RAW_OPENINGS = tuple(rf'(?<!\w){prefix}#*"' for prefix in ("r", "br", "cr"))
_WITHOUT_RAW = re.compile("|".join(_TOKENS), re.DOTALL)
_WITH_RAW = re.compile("|".join(_RAW_OPENINGS + _TOKENS), re.DOTALL)
_BLOCK = re.compile(r"/\*|\*/")
_DELIMITER = re.compile(r"[()\[\]{}]")
# White space as rustc knows it, and comments that are no documentation.
_TRIVIA = re.compile(r"[\t-\r \x85\u200e\u200f\u2028\u2029]+|//(?![/!])[^\n]*|////[^\n]*|/\*(?=\*/|\*\*)|/\*(?![*!])")
_PAIR = {")": "(", "]": "[", "}": "{"}


COMMENT, LITERAL, LIFETIME = "comment", "literal", "lifetime"


class Token(NamedTuple):
    """A comment, literal or lifetime: where it stands, and whether it was understood. One that never closes ends with
    the text."""

    kind: str
    start: int
    end: int
    closed: bool


class Blanked(NamedTuple):
    """Rust text without its comments and literals.

    Attributes:
        code (`str`): The text with comments and literals blanked out, to the end of the text where one never closes;
            every other character keeps its place.
        plain (`bool`): Every comment and literal was understood.
    """

    code: str
    plain: bool


class Opening(NamedTuple):
    """How a source begins: with a shebang or not, where its first character is behind a byte order mark, and where the
    first token stands behind `#!`."""

    is_shebang: bool
    start: int
    token: int


class Unbalanced(NamedTuple):
    """A delimiter that does not match: what rustc says about it, and its position in the text."""

    message: str
    position: int


@dataclass(frozen=True)
class Scan:
    """What one pass over a source finds.

    Attributes:
        plain (`bool`): Every literal and comment was understood; the rest of the fields can be relied on.
        unbalanced (`Unbalanced`, *optional*): The first delimiter that does not match.
        depth (`int`): Deepest nesting of delimiters; at least that, where they do not match.
        code (`str`): The source with comments and literals blanked out; every other character keeps its place.
    """

    plain: bool
    unbalanced: Unbalanced | None
    depth: int
    code: str


def scan(source: str) -> Scan:
    """Read `source` once: blank it, and match its delimiters."""
    code, understood = blank(source)
    plain = understood and not source.startswith("---") and not opening(source).is_shebang
    depth, problem = _match_delimiters(source, code)
    return Scan(plain, problem if plain else None, depth, code)


def opening(source: str) -> Opening:
    """Look for a shebang, as rustc does: `#!` begins an inner attribute when the next token is a `[`."""
    mark = len(source) - len(source.removeprefix("\ufeff"))
    end = mark + len("#!")
    if not source.startswith("#!", mark):
        return Opening(False, mark, mark)
    while trivia := _TRIVIA.match(source, end):
        end = trivia.end() if trivia.group() != "/*" else _block_end(source, trivia.end())[1]
    return Opening(not source.startswith("[", end), mark, end)


def blank(source: str) -> Blanked:
    """Blank out the comments and literals of `source`, whatever else it holds."""
    plain = True
    kept: list[str] = []
    position = 0
    for kind, start, end, closed in tokens(source):
        kept.append(source[position:start])
        kept.append(source[start:end] if kind == LIFETIME else " " * (end - start))
        plain = plain and closed
        position = end
    kept.append(source[position:])
    return Blanked("".join(kept), plain)


def tokens(source: str) -> Iterator[Token]:
    """Yield the comments, literals and lifetimes of `source`, in order; the text between them is code."""
    position = 0
    token = _WITH_RAW if 'r"' in source or "r#" in source else _WITHOUT_RAW
    while match := token.search(source, position):
        text, start, position = match.group(), match.start(), match.end()
        kind, closed = LITERAL, True
        if text == "/*":
            kind = COMMENT
            closed, position = _block_end(source, position)
        elif text[0] == "/":
            kind = COMMENT
        elif text[0] in "rbc":
            closed, position = _raw_end(source, text, position)
        elif match.lastgroup == "odd":
            closed = False
            if text == '"':
                position = len(source)
        elif text[0] == "'" and text[-1] != "'":
            kind = LIFETIME
        yield Token(kind, start, position, closed)


def _match_delimiters(source: str, code: str) -> tuple[int, Unbalanced | None]:
    """Return `Scan.depth`, and what is wrong with the delimiters if anything is."""
    stack: list[str] = []
    depth = 0
    for count, delimiter in enumerate(_DELIMITER.findall(code)):
        opening = _PAIR.get(delimiter)
        if opening is None:
            stack.append(delimiter)
            depth = max(depth, len(stack))
        elif stack and stack[-1] == opening:
            stack.pop()
        else:
            kind = "mismatched" if stack else "unexpected"
            position = next(islice(_DELIMITER.finditer(code), count, None)).start()
            at_most = sum(map(code.count, "([{"))
            return at_most, Unbalanced(f"{kind} closing delimiter: `{delimiter}`", position)
    if stack:
        return depth, Unbalanced("this file contains an unclosed delimiter", len(source.rstrip()) - 1)
    return depth, None


def _block_end(source: str, position: int) -> tuple[bool, int]:
    """Return whether the block comment that is open at `position` closes, and where it ends."""
    depth = 1
    for match in _BLOCK.finditer(source, position):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return True, match.end()
    return False, len(source)


def _raw_end(source: str, opening: str, position: int) -> tuple[bool, int]:
    """Return whether the raw string that is open at `position` closes, and where it ends."""
    closing = '"' + "#" * opening.count("#")
    found = source.find(closing, position)
    return (True, found + len(closing)) if found >= 0 else (False, len(source))
