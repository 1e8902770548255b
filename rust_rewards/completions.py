"""Finds the Rust program in a completion. Pure text work, in linear time: nothing here compiles or scores.

Which part of a completion counts:

- One block counts, or, where there is no fence, all text. Blocks are never joined; which of them passes plays no part.
- Thinking, HTML comments, tool calls and what follows the end of the turn never count; `<answer>` goes first.
- It is the last complete block that defines the entry point, rather not as a method; or most of what the tests name.
- Where none does, the last Rust block that uses nothing of another, complete before open; then those without language.
- A `markdown` or `text` block is read like the answer around it; blocks of other languages never count.
- Fences and tags in comments and strings of a block are code.

Text is passed on as the model wrote it, except: Windows and old Mac line ends become `\\n`, and so do U+2028, U+2029
and U+0085 in a `//` comment, which end the line for a reader and not for rustc; a byte order mark goes; lone surrogates
become U+FFFD (they have no UTF-8 form); a program is cut at `MAX_SOURCE_CHARS`. NUL stays: rustc accepts it in comments
and rejects it elsewhere.

`markdown` finds the blocks. What a base model wrote after a `code_prefix` is the business of `continuation`. Not
covered: several files in one answer.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .markdown import ANSWER, INVISIBLE, LATER, MAX_SOURCE_CHARS, RUST, Part, looks_like_rust, read_markdown
from .syntax.definitions import declared_words, defined_names
from .syntax.lexer import blank

ASSISTANT = "assistant"

_SURROGATES = re.compile("[\ud800-\udfff]+")
_READERS_LINE_END = re.compile("[\u2028\u2029\x85]")
_COMMENT_OR_LITERAL = re.compile(
    "(?P<comment>//[^\n\u2028\u2029\x85]*+)(?:\n|[\u2028\u2029\x85])"
    r"""|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|r\#"(?:[^"]|"(?!\#))*+|"(?:[^"\\]|\\.)*+"?|'(?:[^'\\\n]|\\.)'""",
    re.DOTALL,
)
_TURN_MARKS = re.compile(r"<[^<>\n]{1,40}>")
_WORD = re.compile(r"[^\W\d]\w*")
_CASES = re.compile(r'\s*\[\s*\{\s*"')


def extract_rust(
    completion: str | Sequence[Mapping[str, Any]], *, entry_point: str | None = None, tests: str | None = None
) -> str:
    """Return the Rust program in a completion, `""` when it holds no code.

    Args:
        completion (`str` or `list[dict]`): Plain text, or chat messages of which the last one by the assistant counts.
        entry_point (`str`, *optional*): Function or type that was asked for.
        tests (`str`, *optional*): Hidden tests. Without an entry point, the names in them tell what was asked for.

    Returns:
        `str`: Source of at most `MAX_SOURCE_CHARS` characters that can be encoded as UTF-8.

    Example:
    ```python
    >>> from rust_rewards.completions import extract_rust

    >>> extract_rust("Sure:\\n```rust\\nfn one() -> i32 { 1 }\\n```\\nDone.")
    'fn one() -> i32 { 1 }\\n'
    >>> extract_rust("```rust\\nfn one() -> i32 { 1 }\\n```\\nUsage:\\n```rust\\none();\\n```", entry_point="one")
    'fn one() -> i32 { 1 }\\n'
    >>> extract_rust("I would rather not.")
    ''

    ```
    """
    parts = answer_parts(read_markdown(completion_text(completion)))
    block = choose_block(parts, entry_point, tests)
    if block is not None:
        return _source(block.text)
    text = "".join(part.text for part in parts)
    if all(part.language is None for part in parts) and looks_like_rust(text):
        return _source(text)
    return ""


def completion_text(completion: str | Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a completion in either of TRL's forms: a string, or a list of chat messages.

    Of messages it is the content of the last one whose role is the assistant's (or that has no role); content given as
    parts is the concatenation of their `"text"`. Line ends are `\\n` and the result can be encoded as UTF-8.

    Raises:
        TypeError: When the completion is neither a string nor a list of messages.
    """
    if isinstance(completion, str):
        return _clean(completion)
    if not isinstance(completion, list | tuple) or not all(isinstance(m, Mapping) for m in completion):
        raise TypeError(
            f"A completion is a string or a list of messages, each a dict with 'role' and 'content'; "
            f"got {type(completion).__name__}."
        )
    content = next((m.get("content") for m in reversed(completion) if m.get("role", ASSISTANT) == ASSISTANT), None)
    if isinstance(content, list | tuple):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return _clean(content) if isinstance(content, str) else ""


def answer_parts(parts: Sequence[Part]) -> list[Part]:
    """Return the parts that stand where an answer may stand."""
    return [part for part in parts if part.may_answer]


def choose_block(parts: Sequence[Part], entry_point: str | None = None, tests: str | None = None) -> Part | None:
    """Return the block that is the answer, `None` when no block may be Rust."""
    blocks = [part for part in parts if part.language in (RUST, "")]
    if len(blocks) < 2:
        return blocks[0] if blocks else None
    asked = _asked_names(entry_point, tests)
    leans = _leaning(blocks)
    best: tuple[tuple[int, ...], Part] | None = None
    for place, block in enumerate(blocks):
        rank = _rank(block, asked, leans=place in leans)
        if best is None or rank >= best[0]:  # of equals the last
            best = rank, block
    return best[1] if best else None


def is_clean_block(
    completion: str | Sequence[Mapping[str, Any]], *, entry_point: str | None = None, tests: str | None = None
) -> bool:
    """Whether the answer is a complete visible block that says Rust, and the only try, in a turn that ends.

    Another try is another block that defines what was asked for; where nothing was, anything this block defines.
    Examples of use, tests and output are none.
    """
    everything = read_markdown(completion_text(completion))
    parts = answer_parts(everything)
    if any(LATER in part.sections and _TURN_MARKS.sub("", part.text).strip() for part in everything):
        return False
    block = choose_block(parts, entry_point, tests)
    if block is None or not block.complete or block.is_hidden or block.language != RUST:
        return False
    others = [part for part in parts if part.language in (RUST, "") and part is not block]
    if not looks_like_rust(block.text) or not others:
        return looks_like_rust(block.text)
    own = defined_names(block.text)
    wanted = own & _asked_names(entry_point, tests) or own - {"main"} or own
    return all(wanted.isdisjoint(defined_names(part.text)) for part in others)


def _rank(block: Part, asked: frozenset[str], *, leans: bool) -> tuple[int, ...]:
    """Return what a block is chosen by, the first number before the second; the greatest is the answer."""
    mentioned = any(name in block.text for name in asked)
    defined = len(asked & defined_names(block.text)) if mentioned else 0
    at_top = len(asked & defined_names(block.text, methods=False)) if defined else 0
    is_rust, is_complete = int(block.language == RUST), int(block.complete)
    form = (is_complete, is_rust) if defined else (is_rust, is_complete)
    stands_alone = int(not leans)
    place = (int(not block.is_hidden), int(ANSWER in block.sections))
    return (at_top, defined, *place, *form, int(looks_like_rust(block.text)), stands_alone)


def _leaning(blocks: Sequence[Part]) -> set[int]:
    """Return the places of the blocks that use what an earlier one defines and they do not: examples of its use."""
    leaning: set[int] = set()
    known: set[str] = set()
    for place, block in enumerate(blocks):
        own = defined_names(block.text, methods=False) - {"main"}
        if known and not known.isdisjoint(set(_WORD.findall(blank(block.text[:MAX_SOURCE_CHARS]).code)) - own):
            leaning.add(place)
        else:
            known |= own
    return leaning


def _asked_names(entry_point: str | None, tests: str | None) -> frozenset[str]:
    """Return the names of which an answer defines at least one."""
    if entry_point and entry_point.strip():
        return frozenset(_WORD.findall(entry_point)[-1:])
    if not tests or not tests.strip():
        return frozenset()
    if _CASES.match(tests):  # cases of standard input and output, which may be large
        return frozenset({"main"})
    return _tested_names(tests)


@functools.lru_cache(256)  # one row of tests stands beside every completion of its group
def _tested_names(tests: str) -> frozenset[str]:
    words = set(_WORD.findall(blank(tests[:MAX_SOURCE_CHARS]).code))
    return frozenset(words - declared_words(tests))


def _source(text: str) -> str:
    source = text.lstrip(INVISIBLE)[:MAX_SOURCE_CHARS]
    if _READERS_LINE_END.search(source):
        source = _COMMENT_OR_LITERAL.sub(lambda found: found[0] if not found[1] else found[1] + "\n", source)
    return source


def _clean(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")).lstrip(INVISIBLE)
