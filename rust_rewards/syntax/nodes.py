"""Classifies nodes of the syntax tree: attributes that switch code off, documentation, statements without effect."""

import re

from tree_sitter import Node

from .tree import COMMENTS, name_of, text_of, walk

PANIC_MACROS = frozenset({b"panic", b"todo", b"unimplemented", b"unreachable"})
# Attributes that leave their item in the build. Any other is a test, or one under a name of the program's own.
_INERT = frozenset(
    b"""
    allow automatically_derived cold coverage crate_name crate_type debugger_visualizer default deny deprecated
    derive doc expect export_name feature forbid global_allocator ignore inline instruction_set link link_name
    link_ordinal link_section macro_export macro_use must_use naked no_implicit_prelude no_link no_main no_mangle
    no_std non_exhaustive panic_handler path recursion_limit repr should_panic target_feature track_caller
    type_length_limit unsafe used warn windows_subsystem
    """.split()
)
_INERT_TOOLS = (b"clippy::", b"rustfmt::", b"diagnostic::", b"miri::")
# Options of `cfg` in an ordinary build on the systems the verifier runs on; those of other names are not known.
_CFG = {
    **dict.fromkeys((b"true", b"unix", b"debug_assertions", b'panic="unwind"', b'target_family="unix"'), True),
    **dict.fromkeys((b"false", b"test", b"windows", b"doc", b"doctest", b"miri", b"wasm", b"proc_macro"), False),
}
_LONGEST = 1000  # bytes of an attribute that is read; conditions in real programs are shorter
_PLAIN = re.compile(rb"#!?\[(\w+)[\](=]")
_MAY_SILENCE = re.compile(rb"allow|expect|automatically_derived")
_SILENCING = (b"allow(", b"expect(", b"automatically_derived")
_JUMPS = frozenset({"return_expression", "break_expression", "continue_expression"})
_WRAPPERS = frozenset({"block", "expression_statement", "loop_expression", "return_expression", "unsafe_block"})
_NOTHING = COMMENTS | {"empty_statement", "continue_expression", "unit_expression"}
_PLAIN_VALUES = frozenset({"identifier", "tuple_expression", "reference_expression", "unit_expression"})
# Fewer than three letters document nothing.
_WORDED = re.compile(rb"(?:[A-Za-z\x80-\xff][^A-Za-z\x80-\xff]*){3}")


def names_bound(pattern: Node) -> set[bytes]:
    """Return the names a pattern binds, without those that start with an underscore."""
    bound = (text_of(n) for n in walk(pattern) if n.type in ("identifier", "shorthand_field_identifier"))
    return {name for name in bound if not name.startswith(b"_")}


def is_off(node: Node) -> bool:
    """Whether an attribute takes its item out of an ordinary build: a test, a `cfg` that does not hold or of which that
    is not known, an attribute of unknown name (`use core::prelude::v1::test as inline_me`)."""
    plain = _PLAIN.match(text_of(node))
    if plain and plain.group(1) in _INERT:
        return False
    text = _attribute(node)
    return bool(text) and (len(text) > _LONGEST or _takes_out(text))


def is_silencer(node: Node) -> bool:
    """Whether an attribute, or a tree of tokens that a macro may make one of, allows or expects lints."""
    if not _MAY_SILENCE.search(text_of(node)):
        return False
    text = _attribute(node)
    conditional = text.startswith(b"cfg_attr(") and any(word in text for word in _SILENCING)
    return text.startswith(_SILENCING) or conditional


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
        return name_of(node.child_by_field_name("macro")) in PANIC_MACROS
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
        return name_of(node.child_by_field_name("macro")) in PANIC_MACROS
    if node.type == "call_expression":
        called = node.child_by_field_name("function")
        if called is None or called.type == "field_expression":
            return False
        # `max(a, b)` in `max` never ends; `std::cmp::max(a, b)` is another function of that name
        is_itself = text_of(called) in (function_name, b"Self::" + function_name, b"self::" + function_name)
        return is_itself or name_of(called) in (b"exit", b"abort")
    if node.type == "let_declaration":
        value = node.child_by_field_name("value")
        discards = text_of(node.child_by_field_name("pattern")).startswith(b"_")
        return discards and value is not None and (value.type in _PLAIN_VALUES or "literal" in value.type)
    return False


def _attribute(node: Node) -> bytes:
    """Return what stands inside `#[...]`, `#![...]` or `[...]` without blanks, comments and `r#`; nothing for any other
    node."""
    if node.type not in ("attribute_item", "inner_attribute_item", "token_tree"):
        return b""
    parts: list[bytes] = []
    pending = [node]
    while pending:
        part = pending.pop()
        if part.type in COMMENTS:
            continue
        if part.child_count and part.type != "string_literal":
            pending += reversed(part.children)
        else:
            parts.append(text_of(part).removeprefix(b"r#"))
    text = b"".join(b"".join(parts).split())
    return text[text.find(b"[") + 1 : -1]


def _takes_out(attribute: bytes) -> bool:
    name, arguments = _call(attribute)
    if name == b"cfg":
        return len(arguments) != 1 or _holds(arguments[0]) is not True
    if name == b"cfg_attr":
        if not arguments:
            return True
        return _holds(arguments[0]) is not False and any(map(_takes_out, arguments[1:]))
    return name not in _INERT and not attribute.startswith(_INERT_TOOLS)


def _holds(predicate: bytes) -> bool | None:
    """Whether the predicate of a `cfg` holds in an ordinary build; `None` where that depends on what is not known."""
    name, arguments = _call(predicate)
    if name == b"not" and len(arguments) == 1:
        inner = _holds(arguments[0])
        return None if inner is None else not inner
    if name in (b"all", b"any") and b"(" in predicate:
        found = [_holds(argument) for argument in arguments]
        decisive = name == b"any"
        if decisive in found:
            return decisive
        return None if None in found else not decisive
    if predicate.startswith(b"feature="):
        return False
    return _CFG.get(predicate)


def _call(text: bytes) -> tuple[bytes, list[bytes]]:
    """Split `name(a, b(c, d))` into its name and the arguments in parentheses; `name = a` has none."""
    name = re.split(rb"[(=]", text, maxsplit=1)[0]
    arguments: list[bytes] = []
    depth, start = 0, len(name) + 1
    for position in range(start, len(text)):
        char = text[position : position + 1]
        ends = char == b")" and depth == 0
        if ends or (char == b"," and depth == 0):
            if start < position:
                arguments.append(text[start:position])
            start = position + 1
        if ends:
            break
        if char == b"(":
            depth += 1
        elif char == b")":
            depth -= 1
    return name, arguments
