"""Rewrites Rust text into text that the tree-sitter grammar reads as rustc reads the original. Pure, in linear time.

The grammar misreads some of what rustc accepts: it takes the low byte of a character for the character, so that in a
comment 是 opens another and 个 closes it; it ends at NUL; it knows neither all of Rust's white space nor all of its
syntax. The texts made here have as many bytes as the original, so that what their tree says holds for the original.

- `plain_text`: comments are emptied, strings hold plain ASCII, white space is blanks. Nothing else changes.
- `known_syntax`: what to try when the grammar refuses that. Syntax it does not know, and that means nothing to whoever
  reads the tree (a sign, `safe`, an empty `where`), is blanked; as a last try, attributes of list elements as well, the
  lints they silence among them: `silencers_in_text` counts those.

Not covered: most of what needs a feature of nightly.
"""

import re
from collections.abc import Iterator

from .lexer import COMMENT, LIFETIME, blank, opening, tokens

_ORDINARY = b"\t\n" + bytes(range(ord(" "), ord("~") + 1))
_LONG_ESCAPE = re.compile(rb"\\u\{[\dA-Fa-f]+_")
_ODD_BLANKS = re.compile("[\x0b\x0c\r\x85\u200e\u200f\u2028\u2029]")  # white space to rustc, as tab, blank and \n are
_NOT_PLAIN = re.compile("[^\t\n -~]")
_NOT_LINE_END = re.compile(r"[^\n]")
_UNICODE_ESCAPE = re.compile(r"\\u\{[\dA-Fa-f_]*\}")
_ENCODING = ("utf-8", "surrogateescape")  # a source may be cut off within a character

Span = tuple[int, int]  # the characters from start to end

# Syntax that the grammar does not know: the first group is blanked. In code without comments and literals.
_UNKNOWN = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(safe)(?=\s+(?:fn|static)\b)",
        r"\b(unsafe)(?=\s+(?:mod\b|extern\s*\{))",
        r"[<,]\s*(-)(?=\s*\d)",  # arguments of constant generics
        r"(?:(?<!:):(?!:)|\b(?:impl|dyn)\b)[\w\s:<>'?&+]{1,300}?(\+)(?=\s*(?:[,>{;)]|where\b))",  # last in bounds
        r"<[\w\s',]{0,200}?(:)(?=\s*[,>])",  # before no bound
        r"(\bwhere\s+\w+\s*:)(?=\s*\{)",
        r"\b(where)(?=\s*[{;])",
        r"\bdyn\s+('\w+\s*\+)",
        r"\b(for\s*<[^<>]{0,200}>)",
        r"((?:::\s*)?<\s*>)",
        r"\bFn(?:Mut|Once)?\s*(::)(?=\s*\()",
        r"(~)",  # a token of macros
        r"\b(auto|const)(?=\s+(?:unsafe\s+)?trait\b)",
        r"\b(gen)(?=\s+(?:fn|move)\b|\s*\{)",
        r"\b(async)(?=\s+Fn(?:Mut|Once)?\b)",
        r"\bimpl\s+(const)\b(?!\s*\{)",
        r"(\[\s*const\s*\])(?=\s*[A-Z])",
    )
)
_RAW_ABI = re.compile(r'\bextern\s+(r)"')
_NUMBERED_FIELD = re.compile(r"(?<=[{,])\s*(\d+)(?=\s*:(?!:))")
_SPACED_MACRO_RULES = re.compile(r"\bmacro_rules(\s+)!")
_TYPE_PATH = re.compile(
    r"(?:(?<!:):(?!:)|->|\bimpl(?:\s*<[^{}]{0,200}?>)?|\bfor\b|\bdyn\b|\+|[<,])"
    r"[\s&]*+(?:mut\s+)?((?:\w+(?:\s*::\s*(?=\w))?)++)\s*(::)(?=\s*<)"
)
_ANGLE = re.compile(r"->|[<>;{}]")
_BRACKET = re.compile(r"#\s*\[|[\[\]]")
_FIELD = re.compile(r"\s*(?:(?:ref|mut|box)\s+)*\w+\s*(?:[,}]|:(?!:))")
_SILENCER = re.compile(r"#\s*!?\s*\[[^\[\]]*\b(?:allow|expect|automatically_derived)\b|#\s*!?\s*\[\s*clippy\b")
_LONGEST_GAP = 200  # characters of blanks before an attribute
_LONGEST_ARGUMENTS = 2000  # characters between the angle brackets of a type


def plain_text(source: bytes) -> bytes:
    """Return UTF-8 source as the grammar is to see it; most source is returned as it is.

    Example:
    ```python
    >>> from rust_rewards.syntax.grammar_text import plain_text

    >>> plain_text("/* 是 */ fn f() {}".encode())
    b'/*     */ fn f() {}'

    ```
    """
    if not _is_odd(source):
        return source
    text = source.decode(*_ENCODING)
    text = _plain_opening(text)
    kept: list[str] = []
    position = 0
    for kind, start, end, _ in tokens(text):
        kept += (_ODD_BLANKS.sub(_blanks, text[position:start]), _plain_token(kind, text[start:end]))
        position = end
    kept.append(_ODD_BLANKS.sub(_blanks, text[position:]))
    return "".join(kept).encode(*_ENCODING)


def _is_odd(source: bytes) -> bool:
    """Whether anything in the source needs rewriting."""
    if b"/*" in source or source.startswith(b"#!") or source.translate(None, _ORDINARY):
        return True
    return b"\\u{" in source and _LONG_ESCAPE.search(source) is not None


def known_syntax(plain: bytes) -> Iterator[bytes]:
    """Yield what to try, in turn, in the place of plain text that the grammar refuses."""
    text = plain.decode(*_ENCODING)
    code = blank(text).code
    known = _rewritten(text, code)
    if known != text:
        yield known.encode(*_ENCODING)
    attributes = list(_attributes_of_elements(code))
    if attributes:
        yield _blanked(known, attributes).encode(*_ENCODING)


def silencers_in_text(source: bytes) -> int:
    """Return how many attributes in the text may silence a lint. More than there are, never fewer."""
    return len(_SILENCER.findall(blank(source.decode(*_ENCODING)).code))


def _blanks(found: re.Match[str] | str) -> str:
    """Return as many blanks as the text has bytes."""
    return " " * len((found if isinstance(found, str) else found[0]).encode(*_ENCODING))


def _letters(found: re.Match[str]) -> str:
    return "a" * len(found[0].encode(*_ENCODING))  # behind a backslash, `x` would begin an escape


def _plain_opening(text: str) -> str:
    """Return the text with blanks in the place of a byte order mark and a shebang, and between the parts of what is no
    shebang but an inner attribute."""
    is_shebang, mark, token = opening(text)
    if is_shebang:
        line, feed, rest = text.partition("\n")
        return _blanks(line) + feed + rest
    if token == mark:
        return _blanks(text[:mark]) + text[mark:]
    behind = mark + len("#!")
    return _blanks(text[:mark]) + text[mark:behind] + _blanks(text[behind:token]) + text[token:]


def _plain_token(kind: str, text: str) -> str:
    if kind == LIFETIME:
        return text
    if kind == COMMENT and text.startswith("/*"):
        inside = text[2:-2].encode(*_ENCODING).decode("latin-1")
        return f"/*{_NOT_LINE_END.sub(' ', inside)}*/" if text.endswith("*/") and len(text) >= len("/**/") else text
    if "\\u{" in text:
        text = _UNICODE_ESCAPE.sub(lambda escape: escape[0].replace("_", "0"), text)
    if text[0] == "'":  # one character is one character, of however many bytes
        return re.sub("[\0\r]", "x", text)
    return _NOT_PLAIN.sub(_letters, text)


def _rewritten(text: str, code: str) -> str:
    """Return the text in syntax that the grammar knows; `code` is the text without comments and literals."""
    unknown = [found.span(1) for pattern in _UNKNOWN for found in pattern.finditer(code)]
    unknown += [found.span(1) for found in _RAW_ABI.finditer(text)]
    unknown += [found.span(2) for found in _TYPE_PATH.finditer(code) if _is_type(code, found.end())]
    characters = list(_blanked(text, unknown))
    for found in _NUMBERED_FIELD.finditer(code):
        characters[found.start(1) : found.end(1)] = "x" * len(found[1])
    for found in _SPACED_MACRO_RULES.finditer(code):
        characters[found.start(1) : found.end()] = "!" + " " * len(found[1])
    return "".join(characters)


def _is_type(code: str, at: int) -> bool:
    """Whether what has generic arguments from a position on is a type, and not a function that is called."""
    depth = 0
    for found in _ANGLE.finditer(code, at, at + _LONGEST_ARGUMENTS):
        if found[0] in ("<", ">"):
            depth += 1 if found[0] == "<" else -1
        elif found[0] != "->":
            return False
        if depth == 0 and found[0] == ">":
            return not code[found.end() :].lstrip().startswith(("::", "("))
    return False


def _attributes_of_elements(code: str) -> Iterator[Span]:
    """Yield where attributes stand before a field of a pattern, an element of a tuple or a parameter of a closure."""
    opened: list[int] = []  # where each open bracket stands, or the `#` before it
    for found in _BRACKET.finditer(code):
        if found[0] != "]":
            opened.append(found.start())
        elif opened and code[start := opened.pop()] == "#":
            before = code[max(0, start - _LONGEST_GAP) : start].rstrip()[-1:]
            if before in (",", "(", "|", "]") or (before == "{" and _FIELD.match(code, found.end())):
                yield start, found.end()


def _blanked(text: str, spans: list[Span]) -> str:
    characters = list(text)
    for start, end in spans:
        characters[start:end] = [" " if character != "\n" else "\n" for character in characters[start:end]]
    return "".join(characters)
