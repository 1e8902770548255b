"""What a model wrote -> Rust source. Pure text work: nothing here compiles or judges.

`extract_rust` answers "which part of this is the program". Every scan is linear, so a completion of megabytes
of noise costs a fraction of a second.

Choices, where Markdown or the models leave room:

- The last complete ```` ```rust ```` block is the answer: models correct themselves downwards. A block
  without a language counts only when no block says Rust, blocks of other languages never.
- A closed thinking section is not the answer; what is inside it counts only when there is no code outside.
- A block that never closes (truncated by the token limit) is its rest, judged as it is.
- Text is passed on as the model wrote it, with three exceptions: Windows line ends become `\\n`, lone
  surrogates become U+FFFD (they have no UTF-8 form, and rustc rejects U+FFFD outside strings and comments),
  and a program is cut at `MAX_SOURCE_CHARS`. NUL is kept: rustc accepts it in comments and rejects it
  elsewhere, and so shall we.

What a base model wrote after a `code_prefix` is continuation.py's business.

Not covered: code indented instead of fenced, and several files in one answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

MAX_SOURCE_CHARS = 256 * 1024  # far above any completion; more is noise that nobody need read
RUST_TAGS = frozenset({"rust", "rs"})
ASSISTANT = "assistant"
MAX_MARKS = 10_000  # fence lines, and thinking tags, looked at in one completion; beyond is noise

_FENCE = re.compile(r"^[ \t]*+(`{3,}+|~{3,}+)[ \t]*+([^`\n]*+)$", re.MULTILINE)
_LANGUAGE = re.compile(r"[\s{.]*([\w+#-]*)")
_SURROGATES = re.compile("[\ud800-\udfff]+")
_THINKING = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_CODE = re.compile(
    r"""^[ \t]*+(?:
        (?:pub(?:\([^)\n]{1,40}\))?[ ]|async[ ]|const[ ]|unsafe[ ]|extern[ ](?:"\w*"[ ])?)*+fn[ ]+\w++\s*+[<(]
      | (?:pub(?:\([^)\n]{1,40}\))?[ ]|unsafe[ ])*+(?:
            (?:struct|enum|union|trait)[ ]+[A-Z]\w*+\s*+[<({;:]
          | (?:const|static)[ ]+(?:mut[ ]+)?\w++\s*+:
          | type[ ]+\w++[^\n=]{0,200}=
          | mod[ ]+\w++\s*+[{;]
          | use[ ]+[\w{:][^\n;]{0,500};
          | impl\b[^\n{]{1,200}\{ )
      | macro_rules!
      | let[ ]+(?:mut[ ]+)?[\w(][^\n=]{0,200}=[^\n]{1,500};
      | [a-z_]{1,30}![(\[{]
      | \#!?\[\w )""",
    re.MULTILINE | re.VERBOSE,
)


class Block(NamedTuple):
    """One fenced block: its language tag in lower case, its text, and whether its closing fence was there."""

    language: str
    text: str
    complete: bool


def extract_rust(completion: str | Sequence[Mapping[str, Any]]) -> str:
    """Return the Rust program in a completion, `""` when it holds no code.

    Args:
        completion (`str` or `list[dict]`): Plain text, or chat messages of which the last one by the
            assistant counts.

    Returns:
        `str`: Source of at most `MAX_SOURCE_CHARS` characters that can be encoded as UTF-8.

    Example:
    ```python
    >>> from rust_rewards.completions import extract_rust

    >>> extract_rust("Sure:\\n```rust\\nfn one() -> i32 { 1 }\\n```\\nDone.")
    'fn one() -> i32 { 1 }\\n'
    >>> extract_rust("I would rather not.")
    ''

    ```
    """
    return _extract(completion_text(completion))


def completion_text(completion: str | Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a completion in either of TRL's forms: a string, or a list of chat messages.

    Of messages it is the content of the last one whose role is the assistant's (or that has no role); content
    given as parts is the concatenation of their `"text"`. Line ends are `\\n` and the result can be encoded
    as UTF-8.

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


def fenced_blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of Markdown in order. A longer fence wraps shorter ones; a fence of the same
    length that names Rust inside an open block starts a new one, since no line of Rust code looks like
    that."""
    opening: re.Match[str] | None = None
    for fence in _fences(text):
        marker, info = fence[1], fence[2]
        if opening is None:
            opening = fence
        elif marker[0] == opening[1][0] and len(marker) >= len(opening[1]):
            if not info.strip():
                yield Block(_language(opening), text[opening.end() + 1 : fence.start()], True)
                opening = None
            elif _language(fence) in RUST_TAGS:
                yield Block(_language(opening), text[opening.end() + 1 : fence.start()], False)
                opening = fence
    if opening is not None:
        yield Block(_language(opening), text[opening.end() + 1 :], False)


def outside_thinking(text: str) -> str:
    """Return the text without its closed thinking sections. A closing tag without an opening one ends a
    section that the chat template began; a section that never closes is ordinary text."""
    pieces, kept_to, opened, orphan = [], 0, None, True
    for tag in islice(_THINKING.finditer(text), MAX_MARKS):
        if not tag[1]:
            opened = tag.start() if opened is None else opened
        elif opened is not None or orphan:
            pieces.append(text[kept_to : opened if opened is not None else kept_to])
            kept_to, opened = tag.end(), None
        orphan = False
    return "".join([*pieces, text[kept_to:]])


def looks_like_rust(text: str) -> bool:
    """Whether some line of the text begins like a Rust item or statement."""
    return _CODE.search(text, 0, MAX_SOURCE_CHARS) is not None


def first_fence(text: str) -> tuple[int, str] | None:
    """Return where the first fence line starts and its language tag, `None` without a fence."""
    fence = next(_fences(text), None)
    return (fence.start(), _language(fence)) if fence else None


def rust_block(text: str) -> Block | None:
    """Return the block that is the answer among the fenced ones, `None` when no fenced block may be Rust."""
    order = [(True, True), (True, False), (False, True), (False, False)]  # (says Rust, is complete)
    best: dict[tuple[bool, bool], Block] = {}
    for block in fenced_blocks(text):
        tagged = block.language in RUST_TAGS
        if tagged or not block.language:
            best[tagged, block.complete] = block
    return next(
        (best[key] for key in order if key in best),
        None,
    )


def is_clean_block(completion: str | Sequence[Mapping[str, Any]]) -> bool:
    """Whether the answer is a complete block that says Rust and holds code, outside any thinking section."""
    block = rust_block(outside_thinking(completion_text(completion)))
    return block is not None and block.complete and block.language in RUST_TAGS and looks_like_rust(block.text)


def _extract(text: str) -> str:
    answer = outside_thinking(text)
    for part in (answer, text) if len(answer) < len(text) else (text,):
        block = rust_block(part)
        if block is not None:
            return block.text[:MAX_SOURCE_CHARS]
        if first_fence(part) is None and looks_like_rust(part):
            return part[:MAX_SOURCE_CHARS]
    return ""


def _clean(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text.replace("\r\n", "\n"))


def _fences(text: str) -> Iterator[re.Match[str]]:
    if "```" in text or "~~~" in text:
        yield from islice(_FENCE.finditer(text), MAX_MARKS)


def _language(fence: re.Match[str]) -> str:
    found = _LANGUAGE.match(fence[2])
    return found[1].lower() if found else ""
