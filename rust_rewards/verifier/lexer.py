"""Just enough of Rust's lexer to find comments, literals and delimiters. Pure.

It exists to reject, without starting a compiler, programs that rustc provably rejects: those whose delimiters do not
match. Whatever is not plain (unterminated literals, shebangs, odd quotes) is left to rustc: `scan` then says so.
"""

import re
from dataclasses import dataclass

from .verdict import Diagnostic

# Order matters: a quote must be tried as a character literal before it can be a lifetime.
_TOKEN = re.compile(
    r"""
      (?P<line>//[^\n]*)
    | (?P<block>/\*)
    | (?P<raw>(?<!\w)(?:br|cr|r)\#*")
    | (?P<string>"(?:[^"\\]|\\.)*+")
    | (?P<char>'(?:\\(?:u\{[^}'\n]*\}|x[0-9A-Fa-f]{2}|[^xu\n])|[^\\'\n])')
    | (?P<lifetime>'(?:r\#)?[^\W\d]\w*(?!['\w]))
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<odd>['"])
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK = re.compile(r"/\*|\*/")
_PAIR = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Scan:
    """What one pass over a source finds.

    Attributes:
        plain (`bool`): Every literal and comment was understood; the rest of the fields can be relied on.
        unbalanced (`Diagnostic`, *optional*): What rustc would say about delimiters that do not match.
        depth (`int`): Deepest nesting of delimiters.
        code (`str`): The source with comments and literals blanked out, line breaks outside of them kept.
    """

    plain: bool
    unbalanced: Diagnostic | None
    depth: int
    code: str


def scan(source: str) -> Scan:
    """Read `source` once, in linear time."""
    plain = not source.startswith(("#!", "---"))
    stack: list[tuple[str, int]] = []
    problem: Diagnostic | None = None
    kept: list[str] = []
    depth = position = 0
    while match := _TOKEN.search(source, position):
        kind, start, end = match.lastgroup, match.start(), match.end()
        kept.append(source[position:start])
        if kind == "open":
            stack.append((match.group(), start))
            depth = max(depth, len(stack))
        elif kind == "close" and problem is None:
            problem = _mismatch(source, stack, match.group(), start)
        elif kind == "odd":
            plain = False
        elif kind in ("block", "raw"):
            found = _block_end(source, end) if kind == "block" else _raw_end(source, match.group(), end)
            plain, end = (plain, found) if found else (False, len(source))
        kept.append(match.group() if kind in ("open", "close", "lifetime") else " ")
        position = end
    kept.append(source[position:])
    if problem is None and stack:
        problem = _at(source, len(source.rstrip()) - 1, "this file contains an unclosed delimiter")
    return Scan(plain, problem if plain else None, depth, "".join(kept))


def _mismatch(source: str, stack: list[tuple[str, int]], close: str, position: int) -> Diagnostic | None:
    if not stack:
        return _at(source, position, f"unexpected closing delimiter: `{close}`")
    if stack.pop()[0] != _PAIR[close]:
        return _at(source, position, f"mismatched closing delimiter: `{close}`")
    return None


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
