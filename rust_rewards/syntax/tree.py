"""The tree-sitter grammar for Rust, loaded once per process. Broken code has trees too, as good as can be."""

import functools

import tree_sitter_rust
from tree_sitter import Language, Node, Parser, Tree

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


def parse_rust(source: bytes) -> Tree:
    """Return the syntax tree of UTF-8 source. Never fails; `root_node.has_error` tells of broken source."""
    return _parser().parse(source)


def declared_in(item: Node) -> int | None:
    """Return what stands for the module or block around an item, in which its name means it; `None` for an item under a
    `cfg`, which may not be there at all and leave its name to another."""
    before = item.prev_named_sibling
    while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
        if before.type == "attribute_item" and b"cfg" in (before.text or b""):
            return None
        before = before.prev_named_sibling
    return item.parent.id if item.parent else None


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
