"""Decides, without a compiler, how a program is to be checked. Pure.

A program may share a crate with others only if nothing in it can tell, or change, that it is a module of a larger
crate. The test is on words rather than on meaning: a word in a comment sends a program to a process of its own as well,
which costs time and never a verdict.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from ..syntax.lexer import Scan, scan
from ..syntax.tree import declared_in, parse_rust
from .verdict import Diagnostic

MAX_DEPTH = 100  # deeper nesting makes rustc recurse; alone it can only hurt itself
MAX_BYTES = 64 * 1024  # larger sources would dominate a batch

# Words through which a module reaches its crate, its files, the linker, or its own path.
_ALONE = re.compile(
    r"\b(?:crate|extern|include|include_str|include_bytes|macro_export|no_mangle|export_name|link_section|link_name|link_args|link_ordinal|linkage|asm"
    r"|global_asm|naked\w*|global_allocator|panic_handler|proc_macro\w*|module_path|type_name\w*|long_running_const_eval)\b"
    r"|\bfile\s*!|\blink\s*\(|\bpath\s*=\s*\"|#\s*\[\s*(?:unsafe\s*\(\s*)?used\b"
)
# One of these is in every text that `_ALONE` matches; looking for them is twenty times faster.
_ALONE_STEMS = (
    "crate", "extern", "include", "macro_export", "no_mangle", "export_name", "link", "asm", "naked",
    "global_allocator", "panic_handler", "proc_macro", "module_path", "type_name", "long_running", "file", "path",
    "used",
)  # fmt: skip
_CLIPPY = re.compile(r"\bclippy\b(?!\s*::)")  # `allow(clippy::...)` is no condition
_INNER_ATTRIBUTE = re.compile(r"#\s*!")
_MOD_FILE = re.compile(r"\bmod\b(?!\s+(?:r#)?\w+\s*\{)")
_SYSTEM = re.compile(r"\b(?:fs|net|temp_dir)\b")  # modules; their types cannot be had without naming them
_HARMLESS_CRATE = "pub(crate)"


@dataclass(frozen=True)
class Triage:
    """How to check one program.

    Attributes:
        rejected (`Diagnostic`, *optional*): rustc's answer, when it is certain without asking.
        has_main (`bool`): There is a top-level `fn main`: the program is a binary.
        alone (`bool`): Needs a compiler of its own.
        uses_files (`bool`): Mentions files, the network or processes; its tests get a private folder.
        knows_clippy (`bool`): Could be another program for clippy than for rustc, whose word counts.
    """

    rejected: Diagnostic | None
    has_main: bool
    alone: bool
    uses_files: bool
    knows_clippy: bool = False


def triage(source: str, edition: str) -> Triage:
    """Look at `source` (valid UTF-8 text) once."""
    seen = scan(source)
    if seen.unbalanced is not None:
        return Triage(seen.unbalanced, has_main=False, alone=False, uses_files=False)
    knows_clippy = "clippy" in source and bool(_CLIPPY.search(seen.code if seen.plain else source))
    if len(source) > MAX_BYTES or seen.depth > MAX_DEPTH:
        return Triage(None, _has_main_word(seen), True, True, knows_clippy)
    alone = (
        knows_clippy
        or not seen.plain
        or edition == "2015"
        or not seen.code.isascii()
        or bool(_INNER_ATTRIBUTE.search(source))
        or _reaches_out(source)
        or ("mod" in seen.code and bool(_MOD_FILE.search(seen.code)))
    )
    uses_files = bool(_SYSTEM.search(seen.code)) or ("process" in seen.code and "Command" in seen.code)
    readable = seen.code if seen.plain else source
    if not any(word in readable for word in ("main", "super", "impl")):  # what follows needs a syntax tree
        return Triage(None, False, alone, uses_files, knows_clippy)
    root = parse_rust(source.encode()).root_node
    main = [n for n in root.named_children if n.type == "function_item" and _name(n) == b"main"]
    alone = (
        alone
        or not all(_is_plain_main(node) for node in main)
        or (bool(main) and len(re.findall(r"\bmain\b", seen.code)) > 1)
        or _climbs_out(root, seen)
        or _implements_for_others(root, seen)
    )
    return Triage(None, bool(main), alone, uses_files, knows_clippy)


def _reaches_out(source: str) -> bool:
    text = source.replace(_HARMLESS_CRATE, " pub ")
    return any(stem in text for stem in _ALONE_STEMS) and bool(_ALONE.search(text))


def _has_main_word(seen: Scan) -> bool:
    return bool(re.search(r"^(?:pub\s+)?fn\s+main\s*\(", seen.code, re.MULTILINE))


def _name(node: tree_sitter.Node) -> bytes:
    name = node.child_by_field_name("name")
    return (name.text or b"") if name else b""


def _is_plain_main(node: tree_sitter.Node) -> bool:
    """`fn main() ...` without modifiers, generics, arguments or attributes: a call from outside can stand in for it."""
    kinds = {child.type for child in node.children}
    parameters = node.child_by_field_name("parameters")
    before = node.prev_named_sibling
    return (
        not kinds & {"function_modifiers", "type_parameters", "where_clause", "visibility_modifier"}
        and parameters is not None
        and parameters.named_child_count == 0
        and (before is None or before.type != "attribute_item")
    )


def _climbs_out(root: tree_sitter.Node, seen: Scan) -> bool:
    """Whether some `super` could reach above the program's root."""
    words = len(re.findall(r"\bsuper\b", seen.code))
    if not words:
        return False
    if root.has_error or re.search(r"super\s*::\s*super", seen.code):
        return True
    if any(node.type == "use_declaration" and (node.text or b"").count(b"super") > 1 for node in _nodes(root)):
        return True
    if any(node.type in ("token_tree", "macro_definition") and b"super" in (node.text or b"") for node in _nodes(root)):
        return True
    inside = sum(
        len(re.findall(rb"\bsuper\b", scan((node.text or b"").decode()).code.encode()))
        for node in root.named_children
        if node.type == "mod_item"
    )
    return inside != words


def _nodes(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.named_children)


_NOMINAL = {"struct_item", "enum_item", "union_item"}


def _implements_for_others(root: tree_sitter.Node, seen: Scan) -> bool:
    """Whether an impl could touch type inference in other modules: a foreign trait for a foreign type, or one hidden in
    a macro."""
    if "impl" not in seen.code:
        return False
    types: set[tuple[int | None, bytes]] = set()
    traits: set[tuple[int | None, bytes]] = set()
    impls: list[tree_sitter.Node] = []
    for node in _nodes(root):
        if node.type in _NOMINAL:
            types.add((declared_in(node), _name(node)))
        elif node.type == "trait_item":
            traits.add((declared_in(node), _name(node)))
        elif node.type == "impl_item":
            impls.append(node)
        elif node.type in ("token_tree", "macro_definition") and re.search(rb"\bimpl\b", node.text or b""):
            return True
    return not all(_is_local(node, types, traits) for node in impls)


def _is_local(
    impl: tree_sitter.Node, types: set[tuple[int | None, bytes]], traits: set[tuple[int | None, bytes]]
) -> bool:
    """Whether trait or type is declared beside the impl. In another module, it may only share a foreign one's name."""
    trait, target = impl.child_by_field_name("trait"), impl.child_by_field_name("type")
    if target is None:
        return False
    scope = impl.parent.id if impl.parent else 0
    return trait is None or (scope, _base(trait)) in traits or (scope, _base(target)) in types


def _base(node: tree_sitter.Node) -> bytes:
    """The bare name of a type such as `Stack` or `Stack<T>`; b"" for paths, references, tuples and the like."""
    if node.type == "generic_type":
        inner = node.child_by_field_name("type")
        return _base(inner) if inner else b""
    return (node.text or b"") if node.type == "type_identifier" else b""
