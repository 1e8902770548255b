"""Classifies nodes of the syntax tree: attributes that switch code off, documentation, names that are bound."""

import re

from tree_sitter import Node

from .tree import COMMENTS, text_of, walk

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
_MAY_SILENCE = re.compile(rb"allow|expect|automatically_derived|clippy")
# Options of clippy, such as the oldest compiler to think of, take lints away as well.
_SILENCING = (b"allow(", b"expect(", b"automatically_derived", b"clippy::")
_VARIABLE_ATTRIBUTE = re.compile(rb"#\s*!?\s*\[\s*\$\s*(\w+|\()")
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
    return _silences(_attribute(node))


def makes_attributes(definition: Node) -> bool:
    """Whether a macro makes attributes of what is handed to it as something else: `#[$name]` of `allow(unused)`."""
    for rule in definition.named_children:
        if rule.type == "macro_rule":
            left, right = (text_of(rule.child_by_field_name(side)) for side in ("left", "right"))
            if set(_VARIABLE_ATTRIBUTE.findall(right)) - set(_VARIABLE_ATTRIBUTE.findall(left)):
                return True
    return False


def is_doc(node: Node) -> bool:
    """Whether a comment or attribute is documentation with words in it."""
    text = text_of(node)
    if node.type == "attribute_item":
        return _attribute(node).startswith(b"doc=") and _WORDED.search(text[text.find(b"=") :]) is not None
    if text.startswith(b"///"):
        return not text.startswith(b"////") and _WORDED.search(text) is not None
    return text.startswith(b"/**") and not text.startswith((b"/***", b"/**/")) and _WORDED.search(text) is not None


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


def _silences(attribute: bytes) -> bool:
    if not attribute.startswith(b"cfg_attr("):
        return attribute.startswith(_SILENCING)
    if len(attribute) > _LONGEST:
        return True
    return any(map(_silences, _call(attribute)[1][1:]))


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
