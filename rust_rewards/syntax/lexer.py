"""Just enough of Rust's lexer to find comments, literals and delimiters. Pure.

It exists to reject, without starting a compiler, programs that rustc provably rejects: those whose delimiters do not
match. Whatever is not plain (unterminated literals, shebangs, odd quotes) is left to rustc: `scan` then says so.
"""

import re
from dataclasses import dataclass
from itertools import islice

from ..verifier.verdict import Diagnostic

# Every alternative begins with a literal, which makes the search several times faster. Order matters: a quote must be
# tried as a character literal before it can be a lifetime; a lone quote is nothing we understand.
_TOKENS = (
    r"//[^\n]*",
    r"/\*",
    r'"(?:[^"\\]|\\.)*+"',
    r"'(?:\\(?:u\{[^}'\n]*\}|x[0-9A-Fa-f]{2}|[^xu\n])|[^\\'\n])'",
    r"'(?:r\#)?[^\W\d]\w*(?!['\w])",
    r"'",
    r'"',
)
_RAW_OPENINGS = tuple(rf'(?<!\w){prefix}#*"' for prefix in ("r", "br", "cr"))
_WITHOUT_RAW = re.compile("|".join(_TOKENS), re.DOTALL)
_WITH_RAW = re.compile("|".join(_RAW_OPENINGS + _TOKENS), re.DOTALL)
_BLOCK = re.compile(r"/\*|\*/")
_DELIMITER = re.compile(r"[()\[\]{}]")
_PAIR = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Scan:
    """What one pass over a source finds.

    Attributes:
        plain (`bool`): Every literal and comment was understood; the rest of the fields can be relied on.
        unbalanced (`Diagnostic`, *optional*): What rustc would say about delimiters that do not match.
        depth (`int`): Deepest nesting of delimiters; at least that, where they do not match.
        code (`str`): The source with comments and literals blanked out; every other character keeps its place.
    """

    plain: bool
    unbalanced: Diagnostic | None
    depth: int
    code: str


def scan(source: str) -> Scan:
    """Read `source` once, in linear time."""
    plain = not source.startswith(("#!", "---"))
    kept: list[str] = []
    position = 0
    token = _WITH_RAW if 'r"' in source or "r#" in source else _WITHOUT_RAW
    while match := token.search(source, position):
        text, start, end = match.group(), match.start(), match.end()
        kept.append(source[position:start])
        if text in ("'", '"'):
            plain = False
        elif text == "/*" or text[0] in "rbc":
            found = _block_end(source, end) if text == "/*" else _raw_end(source, text, end)
            plain, end = (plain, found) if found else (False, len(source))
        is_lifetime = text[0] == "'" and text[-1] != "'"
        kept.append(text if is_lifetime else " " * (end - start))
        position = end
    kept.append(source[position:])
    code = "".join(kept)
    depth, problem = _delimiters(source, code)
    return Scan(plain, problem if plain else None, depth, code)


def _delimiters(source: str, code: str) -> tuple[int, Diagnostic | None]:
    """`Scan.depth`, and what is wrong with the delimiters if anything is."""
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
            place = next(islice(_DELIMITER.finditer(code), count, None)).start()
            return sum(map(code.count, "([{")), _at(source, place, f"{kind} closing delimiter: `{delimiter}`")
    if stack:
        return depth, _at(source, len(source.rstrip()) - 1, "this file contains an unclosed delimiter")
    return depth, None


def _at(source: str, position: int, message: str) -> Diagnostic:
    line = source.count("\n", 0, position) + 1
    column = position - (source.rfind("\n", 0, position) + 1) + 1
    text = source.split("\n")[line - 1].rstrip("\r") if source else ""
    shown = f"error: {message}\n --> program.rs:{line}:{column}\n  |\n{line} | {text[:200]}\n"
    return Diagnostic("error", None, message, line, column, shown)


def _block_end(source: str, position: int) -> int:
    depth = 1
    for match in _BLOCK.finditer(source, position):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return 0


def _raw_end(source: str, opening: str, position: int) -> int:
    closing = '"' + "#" * opening.count("#")
    found = source.find(closing, position)
    return found + len(closing) if found >= 0 else 0
