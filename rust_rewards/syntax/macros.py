"""Lists the items that a program's own macros write. Macros are read, not expanded.

What stands on the right side of a macro's rules, or is handed to it, is read as Rust, repetitions as if written once
and metavariables as names. A function whose name is a metavariable gets the names that the macro is called with. So an
item is found wherever rustc finds one, and one more now and then: ask only where the program itself has none.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from tree_sitter import Node

from .bodies import PANIC_MACROS
from .grammar_text import plain_text
from .items import Item
from .lexer import blank
from .tree import NAMES, bare_name, parse_rust, text_of, walk
from .walk import list_items

_PLACES = frozenset({"source_file", "declaration_list"})  # where a macro stands for items
_META = b"meta_variable_"
_VARIABLE = re.compile(rb"\$(?:r#)?(\w+)")
_ATTRIBUTE = re.compile(rb"#\s*!?\s*\[\s*\$[^\[\]]*\]")  # none that is known to take an item out
_FRAGMENT = re.compile(rb"\$(\w+)\s*:\s*(\w+)")
_REPETITION = re.compile(r"\$\s*\(|[()\[\]{}]")
_OPERATOR = re.compile(rb"\s*(?:[^\s()\[\]{}$\w?*+]{1,3}\s*)?[?*+]")
_PANIC = re.compile(rb"\b(?:" + b"|".join(sorted(PANIC_MACROS)) + rb")\s*!")
_MAX_NAMES = 50  # that one call gives to one item
_MAX_BYTES = 64 * 1024  # of a macro or a call that is read


def list_macro_items(source: bytes) -> list[Item]:
    """Return the items that UTF-8 source may define through macros of its own."""
    if b"macro_rules" not in source:
        return []
    nodes = list(walk(parse_rust(source).root_node))
    definitions = {bare_name(node): node for node in nodes if node.type == "macro_definition"}
    found: list[Item] = []
    for call in nodes:
        if call.type != "macro_invocation" or not _stands_for_items(call):
            continue
        tokens = next((node for node in call.named_children if node.type == "token_tree"), None)
        if tokens is None or bare_name(call.child_by_field_name("macro")) not in definitions:
            continue
        names = list(dict.fromkeys(text_of(node) for node in walk(tokens) if node.type in NAMES))[:_MAX_NAMES]
        given = plain_text(text_of(tokens))[1:-1]
        texts = [*_right_sides(bare_name(call.child_by_field_name("macro")), definitions), given]
        for text in texts:
            found += _items(text, names, hollow_is_stub=_PANIC.search(given) is not None)
    return found


def _stands_for_items(call: Node) -> bool:
    parent = call.parent
    if parent is not None and parent.type == "expression_statement":
        parent = parent.parent
    return parent is not None and parent.type in _PLACES


def _right_sides(name: bytes, definitions: dict[bytes, Node]) -> Iterator[bytes]:
    """Yield what the rules of a macro write, and those of the macros it calls in turn, as Rust."""
    seen = {name}
    pending = [name]
    while pending:
        for rule in definitions[pending.pop()].named_children:
            right = rule.child_by_field_name("right") if rule.type == "macro_rule" else None
            if right is None or right.end_byte - right.start_byte > _MAX_BYTES:
                continue
            called = {name for name in definitions if name + b"!" in text_of(right)} - seen
            seen |= called
            pending += called
            fragments = dict(_FRAGMENT.findall(text_of(rule.child_by_field_name("left"))))
            yield _as_rust(plain_text(text_of(right))[1:-1], fragments)


def _as_rust(right: bytes, fragments: dict[bytes, bytes]) -> bytes:
    """Return the right side of a rule with metavariables as names and without the marks of repetition."""

    def written(found: re.Match[bytes]) -> bytes:
        name = found[1]
        kind = fragments.get(name, b"")
        if kind == b"vis":
            return b""
        return b"{ " + _META + name + b" }" if kind == b"block" else _META + name

    return _VARIABLE.sub(written, _ATTRIBUTE.sub(b"", _once(right)))


def _once(right: bytes) -> bytes:
    """Return the text with every `$(...) separator *` as what is inside the parentheses."""
    text = right.decode("latin-1")
    kept = bytearray(right)
    opened: list[bool] = []
    for found in _REPETITION.finditer(blank(text).code):
        if found[0] not in ")]}":
            opened.append(found[0][0] == "$")
            if opened[-1]:
                kept[found.start() : found.end()] = b" " * len(found[0])
        elif opened and opened.pop():
            operator = _OPERATOR.match(right, found.end())
            end = operator.end() if operator else found.end()
            kept[found.start() : end] = b" " * (end - found.start())
    return bytes(kept)


def _items(text: bytes, names: list[bytes], *, hollow_is_stub: bool) -> Iterator[Item]:
    """Yield the items in a text; where metavariables name some, once with each of the names."""
    items = [item for item in list_items(text[:_MAX_BYTES]).items if item.kind != "source_file"]
    has_variables = any(item.name.startswith(_META) for item in items)
    for name in (names if has_variables else []) or [b""]:
        copies = {id(item): replace(item, name=name if item.name.startswith(_META) else item.name) for item in items}
        for item, copy in zip(items, copies.values(), strict=True):
            is_hollow = bool(item.words) and all(word.startswith(_META) for word in item.words)
            copy.is_stub = item.is_stub or (is_hollow and hollow_is_stub)
            copy.owner = copies.get(id(item.owner)) if item.owner is not None else None
            yield copy
