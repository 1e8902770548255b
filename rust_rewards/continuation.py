"""Joins the completion of a base model to the `code_prefix` it was given: a Rust program.

A base model continues the prefix, a chat model answers with the whole function, and both run on: prose, a
closing fence, the next exercise. The rule, in this order:

1. What stands before the first fence closes the item that the prefix left open: program = prefix + that text.
2. The answer (`extract_rust`) defines the function that the prefix opens, or repeats the prefix: it is the
   program, with the prefix's finished items (`use`, helper types) put in front where it lacks them.
3. Otherwise the answer, or the bare text, continues the prefix, whether or not it closes it.

A continuation ends where its item ends, plus the complete items that follow directly: helpers and types the
function needs, and anything else the model chose to add, which counts for or against it as in any program.
From the first thing that is no complete item (prose, a half-written function, a second definition of the same
name) it is cut. A continuation that never closes its item is taken as it is.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .completions import answer_parts, completion_text, extract_rust
from .markdown import MAX_SOURCE_CHARS, looks_like_rust, read_markdown
from .syntax.brackets import follow_brackets
from .syntax.tree import ITEM_KINDS, parse_rust

_BETWEEN_ITEMS = ("line_comment", "block_comment", "attribute_item", "empty_statement")
_FUNCTION_NAME = re.compile(r"\bfn\s+(\w++)")


def build_program(
    completion: str | Sequence[Mapping[str, Any]],
    code_prefix: str | None = None,
    *,
    entry_point: str | None = None,
    tests: str | None = None,
) -> str:
    """Return the program that a completion stands for, given the prefix it continues or repeats.

    Args:
        completion (`str` or `list[dict]`): What the model wrote, as in `extract_rust`.
        code_prefix (`str`, *optional*): Beginning of the program, such as a documented signature up to its `{`.
            Without one this is `extract_rust`. A blank completion is no program, whatever the prefix.
        entry_point, tests (`str`, *optional*): What was asked for, as in `extract_rust`. With a prefix and without an
            entry point it is the function that the prefix opens.

    Example:
    ```python
    >>> from rust_rewards.continuation import build_program

    >>> build_program("    x + 1\\n}\\n\\nThis adds one.", "fn inc(x: i32) -> i32 {\\n")
    'fn inc(x: i32) -> i32 {\\n    x + 1\\n}\\n'

    ```
    """
    entry_point = asked_entry_point(code_prefix, entry_point)
    answer = extract_rust(completion, entry_point=entry_point, tests=tests)
    if not code_prefix or not code_prefix.strip():
        return answer
    prefix = completion_text(code_prefix)
    parts = answer_parts(read_markdown(completion_text(completion)))
    if not any(part.text.strip() for part in parts):
        return ""
    before_fence = itertools.takewhile(lambda part: not part.fenced, parts)
    lead = "".join(part.text for part in before_fence)[:MAX_SOURCE_CHARS]
    if lead.strip() and (joined := _join(prefix, lead)):
        return joined
    if answer and _repeats(prefix, answer):
        return _missing_items(prefix, answer) + answer
    rest = answer or lead
    return _join(prefix, rest) or prefix + rest


def asked_entry_point(code_prefix: str | None, entry_point: str | None) -> str | None:
    """Return the name that a row asks for: its entry point, else the function that its prefix opens."""
    if code_prefix and not (entry_point and entry_point.strip()):
        return next(iter(_opened_functions(completion_text(code_prefix))), None)
    return entry_point


def is_complete(code_prefix: str, program: str) -> bool:
    """Whether a program closes everything it opened, the item left open by its prefix included."""
    return follow_brackets(program).depth == 0 and len(program) > len(code_prefix)


def _join(prefix: str, text: str) -> str | None:
    """Return prefix + text up to the end of the item the prefix left open and the complete items after it;
    `None` when the prefix left none open or the text does not close it."""
    before = follow_brackets(prefix)
    if before.depth <= 0 and not prefix[before.finished :].strip():
        return None
    program = prefix + text
    end = follow_brackets(program, len(prefix)).closed
    if end is None:
        return None
    tail = _complete_items(program[end:], set(_FUNCTION_NAME.findall(prefix)))
    return program[:end] + (tail or "\n")


def _complete_items(text: str, taken: set[str]) -> str:
    """Return the leading part of the text that consists of complete items with names not taken before."""
    source = text.encode()
    end = 0
    for node in parse_rust(source).root_node.children:
        if node.type in ITEM_KINDS and not node.has_error:
            name = node.child_by_field_name("name")
            if name is not None and node.type == "function_item":
                known = (name.text or b"").decode()
                if known in taken:
                    break
                taken.add(known)
            end = node.end_byte
        elif node.type not in _BETWEEN_ITEMS or node.has_error:
            break
    return source[:end].decode() + "\n" if end else ""


def _repeats(prefix: str, answer: str) -> bool:
    if _squeeze(answer).startswith(_squeeze(prefix)):
        return True
    names = _opened_functions(prefix)
    return any(name in _FUNCTION_NAME.findall(answer) for name in names) and looks_like_rust(answer)


def _opened_functions(prefix: str) -> list[str]:
    """Return the names of the functions in the item that the prefix leaves open, else that of its last function."""
    open_item = prefix[follow_brackets(prefix).finished :]
    return _FUNCTION_NAME.findall(open_item) or _FUNCTION_NAME.findall(prefix)[-1:]


def _missing_items(prefix: str, answer: str) -> str:
    """Return the finished items of the prefix whose header the answer does not contain."""
    source = prefix[: follow_brackets(prefix).finished].encode()
    held = _squeeze(answer)
    missing = [
        text
        for node in parse_rust(source).root_node.children
        if node.type in ITEM_KINDS and _header(text := (node.text or b"").decode()) not in held
    ]
    return "".join(text + "\n" for text in missing)


def _header(item: str) -> str:
    end = item.find(";") if item.startswith(("use", "pub use")) else item.find("{")
    return _squeeze(item[:end] if end > 0 else item).removeprefix("pub ")


def _squeeze(text: str) -> str:
    return " ".join(text.split())
