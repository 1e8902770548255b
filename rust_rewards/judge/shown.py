"""Makes of a program the text that the judge is shown, in which nothing reads as anything but the program. Pure.

Three things are done to it. Tokens and tags that chat templates are made of (`<|im_end|>`, `</think>`, `[INST]`) are
broken up with a blank: a server that looks for them in the text would end the user's turn there, whatever stands
around the program. Characters that cannot be seen, and those outside comments and strings that are not ASCII, are
written as escapes (`\\u{e0041}`): what the judge reads is what a person would see. Comments are left out on request,
with everything else that is text for readers and not for the compiler.

Not covered: names (`fn all_scores_are_ten`) and strings, which are part of the program; plain words.
"""

import re
import unicodedata

from tree_sitter import Node

from ..syntax.lexer import blank
from ..syntax.nodes import is_off
from ..syntax.tree import COMMENTS, parse_rust, text_of, walk

# Words that chat templates and tokenizers put between angle brackets. A list, so that HTML in a program stays as it is
_WORDS = (
    r"s|bos|eos|eot|eod|unk|pad|mask|sep|cls|turn|think(?:ing)?|\w+:think|thought|reason(?:ing)?|reflection|scratchpad"
    r"|analysis|final|answer|output|solution|system|user|assistant|human|model|tools?|tool_\w+|function(?:_\w+)?|invoke"
    r"|parameter|im_\w+|(?:start|begin|end)_of_\w+|endoftext|fim_\w+|file_sep|filename|repo_?name|gh_stars|issue_\w+"
    r"|jupyter_\w+|commit_\w+|empty_output|extra_id_\d+|unused\d+|reserved_\w+|special_\w+|image|audio|video"
    r"|0x[0-9A-F]{2}|(?:BOS|EOS|PAD|UNK|MASK|SEP|CLS)(?:_TOKEN)?"
)
_ANGLED = rf"[|｜]|/?(?:{_WORDS})\b[^<>\n]*>|</?SYS|\[(?:begin|end|pad|fim)"
_BRACKETED = (
    r"/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|ARGS|CALL_ID|IMG(?:_BREAK|_END)?|AUDIO"
    r"|BEGIN_AUDIO|THINK|PREFIX|MIDDLE|SUFFIX|CLS|SEP|PAD|UNK|BOS|EOS|g?MASK)\]"
)
_TEMPLATE_TOKEN = re.compile(rf"<(?={_ANGLED})|\[(?={_BRACKETED})|◁(?=/?\w)")
# Unicode's default-ignorable characters, other blanks that look like nothing, line ends that are none in Rust, and
# all that is no character: controls, surrogates, private and unassigned ones
_UNSEEN = re.compile(
    "[\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_CLASSES_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")


def shown_program(code: str, *, strip_comments: bool = False) -> str:
    """Return the program as the judge is shown it; with `strip_comments` without its comments."""
    if strip_comments:
        code = without_comments(code)
    return broken_up(escaped(code.replace("\r\n", "\n")))


def broken_up(text: str) -> str:
    """Return a text in which no token or tag of a chat template is left: a blank stands behind its first character.

    Example:

    >>> broken_up("Vec<u8> // </think><|im_end|>[/INST]")
    'Vec<u8> // < /think>< |im_end|>[ /INST]'
    """
    return _TEMPLATE_TOKEN.sub(lambda found: f"{found.group()} ", text)


def escaped(code: str) -> str:
    """Return Rust source with escapes for what cannot be seen, and outside comments and strings for all but ASCII.

    Example:

    >>> escaped('let \\u0430 = "\\u043e\\u200b"; // \\U000e0041')
    'let \\\\u{430} = "\\u043e\\\\u{200b}"; // \\\\u{e0041}'
    """
    if code.isascii() and code.isprintable():
        return code
    bare = blank(code).code  # as long as the source
    return "".join(
        character if _is_plain(character, in_code=in_code == character) else f"\\u{{{ord(character):x}}}"
        for character, in_code in zip(code, bare, strict=True)
    )


def _is_plain(character: str, *, in_code: bool) -> bool:
    if character.isascii():
        return character.isprintable() or character in "\n\t"
    unseen = _UNSEEN.match(character) or unicodedata.category(character) in _CLASSES_UNSEEN
    return not (in_code or unseen)


def without_comments(code: str) -> str:
    """Return Rust source without what is written for readers only, and without the lines that leaves empty.

    That is comments and documentation in every form (`#[doc = ...]`, `#![doc(...)]`, `#[cfg_attr(..., doc = ...)]`,
    also in macros), other attributes with words in them (`#[deprecated(note = ...)]`, `reason = ...`), and items that
    are not compiled (`#[cfg(test)]`).

    Example:

    >>> without_comments('/// Answer 10.\\n#[doc = "10"]\\npub fn one() -> i32 { 1 /* ten */ } // 10\\n')
    'pub fn one() -> i32 { 1   }\\n'
    """
    source, kept, position = code.encode("utf-8", "replace"), bytearray(), 0
    for node in walk(parse_rust(source).root_node):
        span = _for_readers(node)
        if span is None or span[0] < position:
            continue
        start, end = span
        kept += source[position:start] + (b"\n" if source[start:end].endswith(b"\n") else b" ")
        position = end
    kept += source[position:]
    lines = kept.decode("utf-8", "replace").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines if line.strip())


def _for_readers(node: Node) -> tuple[int, int] | None:
    """Return where text begins and ends that the compiler needs nothing of, when it begins with this node."""
    if node.type in COMMENTS:
        return node.start_byte, node.end_byte
    start = _attribute_start(node)
    if start is None:
        return None
    if node.type == "attribute_item" and is_off(node):
        item = node.next_named_sibling
        while item is not None and (item.type == "attribute_item" or item.type in COMMENTS):
            item = item.next_named_sibling
        return start, node.end_byte if item is None else item.end_byte
    return (start, node.end_byte) if _has_words(node) else None


def _attribute_start(node: Node) -> int | None:
    """Return where an attribute begins, one among a macro's tokens included; `None` for any other node."""
    if node.type in ("attribute_item", "inner_attribute_item"):
        return node.start_byte
    if node.type != "token_tree" or not text_of(node).startswith(b"["):
        return None
    before = node.prev_sibling
    if before is not None and text_of(before) == b"!":
        before = before.prev_sibling
    return before.start_byte if before is not None and text_of(before) == b"#" else None


def _has_words(attribute: Node) -> bool:
    """Whether an attribute is documentation, or carries a string that is no condition of the build."""
    parts = list(walk(attribute))
    names = [text_of(part).removeprefix(b"r#") for part in parts if part.type == "identifier"]
    if b"doc" in names:
        return True
    return names[:1] != [b"cfg"] and any("string_literal" in part.type for part in parts)
