"""Reduces prompts and programs to what they say, so that copies are found under other names and layouts. Pure."""

import hashlib
import re
from collections.abc import Iterator

from tree_sitter import Node

from ..syntax.tree import COMMENTS, parse_rust, text_of

SHINGLE = 8  # words of a piece of a prompt
SKETCH = 16  # smallest hashes of pieces that stand for a prompt
_WORD = re.compile(r"[a-z0-9_]+")
_NAMING = frozenset(
    """parameter let_declaration closure_parameters for_expression tuple_pattern mut_pattern ref_pattern
    captured_pattern match_pattern slice_pattern reference_pattern""".split()  # noqa: SIM905
)
_NAMED_ITEMS = frozenset(("function_item", "const_item", "static_item", "mod_item", "function_signature_item"))


def words(text: str) -> list[str]:
    """Return the words of a text without case and punctuation."""
    return _WORD.findall(text.lower())


def pieces(text: str, length: int = SHINGLE) -> set[int]:
    """Return hashes of all runs of `length` words; of a shorter text, that of the whole."""
    found = words(text)
    last = max(1, len(found) - length + 1)
    return {stable_hash(" ".join(found[i : i + length])) for i in range(last)} if found else set()


def sketch(some: set[int]) -> tuple[int, ...]:
    """Return the smallest hashes of a set: sets that are much alike have most of them in common (Broder 1997)."""
    return tuple(sorted(some)[:SKETCH])


def resemblance(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    """Estimate the Jaccard index of two sets from their sketches, 0..1.

    >>> resemblance((1, 2, 3), (1, 2, 3)), resemblance((1, 2), (3, 4))
    (1.0, 0.0)
    """
    smallest = sorted({*first, *second})[:SKETCH]
    common = set(first) & set(second)
    return sum(value in common for value in smallest) / len(smallest) if smallest else 0.0


def stable_hash(text: str) -> int:
    """Return 64 bits that are the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def skeleton(source: str) -> str:
    """Return the tokens of a program without comments and layout, in which the names that it declares are numbered.

    >>> skeleton("fn add(a: i32, b: i32) -> i32 { a + b } // sum") == skeleton("fn f(x: i32,y: i32)->i32 {x+y}")
    True
    >>> skeleton("fn f(x: i32) -> i32 { min(x, 1) }") == skeleton("fn f(x: i32) -> i32 { max(x, 1) }")
    False
    """
    root = parse_rust(source.encode("utf-8", "replace")).root_node
    declared = {text_of(node) for node in _leaves(root) if _is_declared(node)}
    numbers: dict[bytes, bytes] = {}
    tokens = []
    for node in _leaves(root):
        text = text_of(node)
        if text in declared and node.type in ("identifier", "shorthand_field_identifier"):
            text = numbers.setdefault(text, b"#%d" % len(numbers))
        tokens.append(text)
    return b" ".join(tokens).decode("utf-8", "replace")


def _leaves(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in COMMENTS:
            continue
        if node.child_count and node.type not in ("string_literal", "raw_string_literal"):
            pending += reversed(node.children)
        else:
            yield node


def _is_declared(node: Node) -> bool:
    parent = node.parent
    if node.type != "identifier" or parent is None or not text_of(node)[:1].islower():
        return False
    if parent.type in _NAMED_ITEMS:
        return parent.child_by_field_name("name") == node
    if parent.type in ("let_declaration", "for_expression", "parameter"):
        return parent.child_by_field_name("pattern") == node
    return parent.type in _NAMING
