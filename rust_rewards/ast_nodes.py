"""What a single node of the syntax tree says: name, switched off or not, documented or not, idle or not."""

import re

from tree_sitter import Node

PANIC_MACROS = frozenset({b"panic", b"todo", b"unimplemented", b"unreachable"})
WORDS = frozenset({"identifier", "field_identifier", "shorthand_field_identifier"})
COMMENTS = frozenset({"line_comment", "block_comment"})
_NAMES = WORDS | {"type_identifier", "primitive_type"}
_CFG_ON = (
    b"not(",
    b"unix",
    b"debug_assertions",
    b"target_",
    b"panic",
)  # `cfg`s that hold in an ordinary build
_JUMPS = frozenset({"return_expression", "break_expression", "continue_expression"})
_WRAPPERS = frozenset({"block", "expression_statement", "loop_expression", "return_expression", "unsafe_block"})
_NOTHING = COMMENTS | {"empty_statement", "continue_expression", "unit_expression"}
_PLAIN_VALUES = frozenset({"identifier", "tuple_expression", "reference_expression", "unit_expression"})
# Fewer than three letters document nothing.
_WORDED = re.compile(rb"(?:[A-Za-z\x80-\xff][^A-Za-z\x80-\xff]*){3}")


def text_of(node: Node | None) -> bytes:
    """Return the source of a node, nothing for none."""
    return (node.text or b"") if node is not None else b""


def last_name(node: Node | None) -> bytes:
    """Return the last plain name of a path, type or macro: `panic` of `std::panic`, `Stack` of `Stack<T>`."""
    while node is not None and node.type not in _NAMES:
        node = (
            node.child_by_field_name("name")
            or node.child_by_field_name("type")
            or (node.named_children[-1] if node.named_child_count else None)
        )
    return text_of(node)


def names_bound(pattern: Node) -> set[bytes]:
    """Return the names a pattern binds, without those that start with an underscore."""
    names, pending = set(), [pattern]
    while pending:
        node = pending.pop()
        if node.type in ("identifier", "shorthand_field_identifier"):
            names.add(text_of(node))
        pending += node.named_children
    return {name for name in names if not name.startswith(b"_")}


def is_off(node: Node) -> bool:
    """Whether an attribute takes its item out of an ordinary build: a test, or a `cfg` that does not hold."""
    text = _attribute(node)
    if text.startswith(b"cfg("):
        return not text[4:].startswith(_CFG_ON)
    return text.startswith((b"test]", b"bench]"))


def is_silencer(node: Node) -> bool:
    """Whether an attribute allows or expects lints, plainly or through `cfg_attr`."""
    text = _attribute(node)
    conditional = text.startswith(b"cfg_attr(") and (b"allow(" in text or b"expect(" in text)
    return text.startswith((b"allow(", b"expect(")) or conditional


def is_doc(node: Node) -> bool:
    """Whether a comment or attribute is documentation with words in it."""
    text = text_of(node)
    if node.type == "attribute_item":
        return _attribute(node).startswith(b"doc=") and _WORDED.search(text[text.find(b"=") :]) is not None
    if text.startswith(b"///"):
        return not text.startswith(b"////") and _WORDED.search(text) is not None
    return text.startswith(b"/**") and not text.startswith((b"/***", b"/**/")) and _WORDED.search(text) is not None


def diverges(statement: Node) -> bool:
    """Whether nothing after this statement of a block can run, as far as one look tells."""
    node = statement
    if node.type == "expression_statement" and node.named_child_count:
        node = node.named_children[0]
    if node.type == "macro_invocation":
        return last_name(node.child_by_field_name("macro")) in PANIC_MACROS
    return node.type in _JUMPS


def does_nothing(body: Node, function_name: bytes) -> bool:
    """Whether a block holds only statements without effect: none, `todo!()` and its kind, an empty loop, an
    exit, a call of the function itself, a discarded plain value."""
    pending = [body]
    while pending:
        node = pending.pop()
        kind = node.type
        if kind in _WRAPPERS:
            pending += node.named_children
        elif not (kind in _NOTHING or _is_idle(node, function_name)):
            return False
    return True


def _is_idle(node: Node, function_name: bytes) -> bool:
    if node.type == "macro_invocation":
        return last_name(node.child_by_field_name("macro")) in PANIC_MACROS
    if node.type == "call_expression":
        called = node.child_by_field_name("function")
        is_method = called is None or called.type == "field_expression"
        return not is_method and last_name(called) in (function_name, b"exit", b"abort")
    if node.type == "let_declaration":
        value = node.child_by_field_name("value")
        discards = text_of(node.child_by_field_name("pattern")).startswith(b"_")
        return discards and value is not None and (value.type in _PLAIN_VALUES or "literal" in value.type)
    return False


def _attribute(node: Node) -> bytes:
    """Return what stands inside `#[...]` or `#![...]` without blanks, nothing for any other node."""
    if node.type not in ("attribute_item", "inner_attribute_item"):
        return b""
    text = b"".join(text_of(node).split())
    return text[text.find(b"[") + 1 :]
