"""The syntax tree of Rust text: parses it, walks it, names its nodes, and says which names are declared where.

Broken code has a tree too, as good as can be. The tree-sitter grammar is loaded once per process.
"""

import functools
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import tree_sitter_rust
from tree_sitter import Language, Node, Parser, Tree

from .grammar_text import known_syntax, plain_text

ITEM_KINDS = frozenset(
    {
        "const_item",
        "enum_item",
        "extern_crate_declaration",
        "foreign_mod_item",
        "function_item",
        "impl_item",
        "macro_definition",
        "mod_item",
        "static_item",
        "struct_item",
        "trait_item",
        "type_item",
        "union_item",
        "use_declaration",
    }
)
NOMINAL_KINDS = frozenset({"struct_item", "enum_item", "union_item"})  # the items that declare a type
COMMENTS = frozenset({"line_comment", "block_comment"})
WORDS = frozenset({"identifier", "field_identifier", "shorthand_field_identifier"})
NAMES = WORDS | {"type_identifier", "primitive_type"}

Declarations = frozenset[tuple[int | None, bytes]]  # what `declared_in` says of an item, and the item's bare name


class Reading(NamedTuple):
    """A syntax tree, and whether the grammar took the text as it is: neither did anything have to be left out, nor is
    there an error in the tree."""

    tree: Tree
    exact: bool


def parse_rust(source: bytes) -> Tree:
    """Return the syntax tree of UTF-8 source. Never fails; `root_node.has_error` tells of broken source.

    The grammar reads the source as `grammar_text` rewrites it. Places and texts of nodes are those of the source.
    """
    return read_rust(source).tree


def read_rust(source: bytes) -> Reading:
    """Return the syntax tree of UTF-8 source as `parse_rust` does, and whether all of the source is in it."""
    plain = plain_text(source)
    tree = _parser().parse(source) if plain is source else _parse(plain, source)
    exact = not tree.root_node.has_error
    if not exact:
        others = (_parse(known, source) for known in known_syntax(plain))
        tree = next((other for other in others if not other.root_node.has_error), tree)
    return Reading(tree, exact)


def _parse(text: bytes, source: bytes) -> Tree:
    """Return the tree of a text, with nodes that find their own text in the source."""
    buffer = bytearray(text)
    tree = _parser().parse(buffer)
    buffer[:] = source  # the tree keeps the buffer
    return tree


def walk(root: Node) -> Iterator[Node]:
    """Yield a node and all named nodes below it, in the order of the text, however deep they nest."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(node.named_children)


def text_of(node: Node | None) -> bytes:
    """Return the source of a node, nothing for none."""
    return (node.text or b"") if node is not None else b""


def name_of(node: Node | None) -> bytes:
    """Return the plain name that a node is or has, as it is written: `panic` of `std::panic`, `Stack` of `Stack<T>`, an
    item's own name; nothing for none."""
    while node is not None and node.type not in NAMES:
        node = (
            node.child_by_field_name("name")
            or node.child_by_field_name("type")
            or (node.named_children[-1] if node.named_child_count else None)
        )
    return text_of(node)


def bare_name(node: Node | None) -> bytes:
    """Return `name_of` a node without `r#`, which is no part of a name."""
    return name_of(node).removeprefix(b"r#")


def declared_in(item: Node) -> int | None:
    """Return what stands for the module or block around an item, in which its name means it; `None` for an item under a
    `cfg`, which may not be there at all and leave its name to another."""
    before = item.prev_named_sibling
    while before is not None and (before.type == "attribute_item" or before.type in COMMENTS):
        if before.type == "attribute_item" and b"cfg" in text_of(before):
            return None
        before = before.prev_named_sibling
    return item.parent.id if item.parent else None


def declarations(nodes: Iterable[Node], kinds: Collection[str]) -> Declarations:
    """Return where the items of these kinds are declared and what they are called, for `is_declared_beside`."""
    return frozenset((declared_in(node), bare_name(node)) for node in nodes if node.type in kinds)


def is_declared_beside(impl: Node, named: Node | None, declared: Declarations) -> bool:
    """Return whether the type or trait that an impl names is one of those declared in its own module or block. Declared
    in another module, it may only share the name of a foreign one; so may a path, a reference or a tuple."""
    plain = named.child_by_field_name("type") if named is not None and named.type == "generic_type" else named
    if plain is None or plain.type != "type_identifier" or impl.parent is None:
        return False
    return (impl.parent.id, bare_name(plain)) in declared


def kind_names() -> list[str]:
    """Return the name of every kind of node; a node's `kind_id` is its place in the list, except ERROR's."""
    language = _language()
    return [language.node_kind_for_id(number) or "" for number in range(language.node_kind_count)]


@functools.cache
def _language() -> Language:
    return Language(tree_sitter_rust.language())


@functools.cache
def _parser() -> Parser:
    return Parser(_language())
