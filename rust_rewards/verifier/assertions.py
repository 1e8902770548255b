"""Rewrites the text of hidden tests so that macros of ours see what they compare, and nothing else changes. Pure.

- `open_comparisons`: a comparison becomes a macro that sees both sides.
- `plain_names`: in constants, and where the tests import a macro of the standard library, its own meaning stays.
"""

import functools
import re
from collections.abc import Iterator

from tree_sitter import Node

from ..syntax.tree import parse_rust, text_of, walk

COMPARE, VALUE = "rr_compare", "rr_value"  # `instrumentation` defines them before the tests
CONSTANT = "rr_const_"  # the beginning of the names of assertions in constants
_CONDITIONS = frozenset((b"assert", b"debug_assert"))
_ASSERTIONS = _CONDITIONS | {b"assert_eq", b"assert_ne", b"debug_assert_eq", b"debug_assert_ne"}
_COMPARISONS = frozenset((b"==", b"!=", b"<", b"<=", b">", b">="))
_CALL = b"fn f() { g("  # behind it, the arguments of a macro parse as those of a call
# Macros of the standard library that `instrumentation` defines anew: a program could redefine them.
SHIELDED = frozenset(
    """
    column concat dbg eprint eprintln file format format_args line matches module_path panic print println stringify
    thread_local todo unimplemented unreachable vec write writeln
    """.split()  # noqa: SIM905
)
_MODULES_TOO = frozenset((b"panic", b"vec"))
_OURS = _ASSERTIONS | {name.encode() for name in SHIELDED}
_STANDARD = frozenset((b"std", b"core", b"alloc"))
_IMPORTS = re.compile(r"\buse\b[^;]*\b(?:std|core|alloc)\b")
_CONSTANTS = re.compile(r"\b(?:const|static|enum)\b|;\s*\{")
_NO_CONSTANT_BEHIND = frozenset((b"*", b"<", b","))  # `*const T`, `<const N: usize>`
_TOKENS = frozenset(("token_tree", "token_repetition"))  # what macros are made of and given
_ITEM_WORDS = frozenset((b"unsafe", b"extern", b"async", b"fn"))

Edit = tuple[int, int, bytes]  # the bytes from start to end become these


def apply_edits(source: bytes, edits: list[Edit]) -> bytes:
    """Return the source with every edit made. Edits do not overlap; of two at one place, an insertion comes first."""
    parts: list[bytes] = []
    done = 0
    for start, end, new in sorted(edits):
        parts += [source[done:start], new]
        done = end
    return b"".join([*parts, source[done:]])


def plain_names(tests: str) -> str:
    """Return the tests with the macros of the standard library that must stay what they are.

    Assertions in constants (const and static items, `const {}`, const functions, lengths of arrays, values of enums)
    are evaluated by the compiler and cannot report to us: they become `rr_const_assert!`, the standard library's own.
    An import of a macro that we define anew (`use std::assert_eq;`) would make its name ambiguous: it goes, and of
    `use std::panic;` the module is left.
    """
    has_imports = _IMPORTS.search(tests) is not None
    has_constants = "assert!" in tests and _CONSTANTS.search(tests) is not None
    if not has_imports and not has_constants:
        return tests
    source = tests.encode()
    edits: list[Edit] = []
    # Nodes to look at, and whether they lie in a constant.
    pending = [(parse_rust(source).root_node, False)]
    while pending:
        node, constant = pending.pop()
        if node.type == "use_declaration":
            edits += _without_our_macros(node.child_by_field_name("argument"), ())
            continue
        if constant and node.type == "macro_invocation":
            is_call = text_of(node.child_by_field_name("macro")) in _CONDITIONS
            edits += [(node.start_byte, node.start_byte, CONSTANT.encode())] if is_call else []
        if node.type in _TOKENS:
            inside = _constant_tokens(node)
            for child, following in _pairs(node.children):
                here = constant or child.id in inside
                is_call = text_of(child) in _CONDITIONS and text_of(following) == b"!"
                edits += [(child.start_byte, child.start_byte, CONSTANT.encode())] if here and is_call else []
                pending.append((child, here))
            continue
        constants = {child.id for child in _constant_parts(node)}
        pending += [(child, constant or child.id in constants) for child in node.named_children]
    return apply_edits(source, edits).decode() if edits else tests


def _constant_parts(node: Node) -> list[Node]:
    """Return the parts of a node that the compiler evaluates."""
    if node.type in ("const_item", "static_item", "enum_variant"):
        parts = [node.child_by_field_name("value")]
    elif node.type in ("array_type", "array_expression"):
        parts = [node.child_by_field_name("length")]
    elif node.type == "const_block" or (node.type == "function_item" and is_const(node)):
        parts = [node.child_by_field_name("body")]
    elif node.type == "type_arguments":
        parts = [child for child in node.named_children if child.type == "block"]
    else:
        parts = []
    return [part for part in parts if part is not None]


def is_const(function: Node) -> bool:
    """Return whether a function is a `const fn`."""
    modifiers = next((child for child in function.children if child.type == "function_modifiers"), None)
    return b"const" in text_of(modifiers).split()


def _constant_tokens(tree: Node) -> set[int]:
    """Return the ids of the tokens of a macro's argument or body that will lie in a constant, as far as words tell."""
    found: set[int] = set()
    until: str | None = None  # what ends the constant that is open: a block, or a semicolon
    text = b""
    for child, following in _pairs(tree.children):
        before, text = text, text_of(child)
        if until is None and text in (b"const", b"static") and before not in _NO_CONSTANT_BEHIND:
            until = "block" if text_of(following)[:1] == b"{" or text_of(following) in _ITEM_WORDS else ";"
        elif until == "block" and text[:1] == b"{":
            found.add(child.id)
            until = None
        elif until == ";":
            found.add(child.id)
            until = None if text == b";" else until
    return found


def _pairs(nodes: list[Node]) -> Iterator[tuple[Node, Node | None]]:
    """Yield each node with the one that follows it."""
    return zip(nodes, [*nodes[1:], None], strict=True)


def _without_our_macros(imported: Node | None, path: tuple[bytes, ...]) -> Iterator[Edit]:
    """Yield the edits that leave out of one import, below `path`, the macros that we define anew."""
    if imported is None:
        return
    if imported.type in ("use_list", "scoped_use_list"):
        root = imported.child_by_field_name("path")
        inner = (*path, *(text_of(root).split(b"::") if root else ()))
        entries = imported if imported.type == "use_list" else imported.child_by_field_name("list")
        for entry in entries.named_children if entries else ():
            yield from _without_our_macros(entry, inner)
    elif imported.type == "use_wildcard":
        parts = [part for part in (*path, *text_of(imported).split(b"::")) if part]
        if parts[0] in _STANDARD and parts[1:2] == [b"prelude"]:  # it is there anyway, but for its macros
            start = b"" if path else parts[0] + b"::"
            yield imported.start_byte, imported.end_byte, start + b"fmt as _"
    elif imported.type in ("identifier", "scoped_identifier"):
        *above, name = [*path, *(part.strip() for part in text_of(imported).split(b"::"))]
        if [part for part in above if part] not in [[root] for root in _STANDARD] or name not in _OURS:
            return
        if name in _MODULES_TOO:
            yield imported.end_byte, imported.end_byte, b"::{self}"
        else:  # something harmless that every one of these crates has
            name_at = imported.end_byte - len(name)
            yield name_at, imported.end_byte, b"fmt as _"


@functools.lru_cache(maxsize=1024)  # a step verifies many answers to one task
def open_comparisons(items: str, *, everywhere: bool) -> str:
    """Return the items of tests with macros that see both sides in the place of comparisons.

    So a comparison of the program's own can be doubted. `assert!(a == b)` becomes `rr_compare!((a) (==) (b))`, in
    macros as well. With `everywhere`, every other `a == b` in the code of tests and in the arguments of their
    assertions becomes `rr_value!((a) (==) (b))`. Other macros' arguments, methods (`contains`), constants and patterns
    stay as they are.
    """
    source = items.encode()
    if not everywhere and b"assert!" not in source:
        return items
    edits: list[Edit] = []
    # Nodes to look at, and how far into the items their tree begins. A list and no recursion: tests nest to any depth.
    pending = [(parse_rust(source).root_node, 0)]
    while pending:
        node, offset = pending.pop()
        calls = _calls(node)
        for name, start, tokens in calls:
            call = parse_rust(_CALL + text_of(tokens)[1:-1] + b") }").root_node
            begin = offset + tokens.start_byte + len(b"(") - len(_CALL)
            condition = _first_argument(call) if name in _CONDITIONS else None
            if call.has_error:
                continue
            if condition is not None and _is_comparison(condition):
                end = begin + condition.end_byte
                edits += _opened(condition, begin, COMPARE, offset + start, end)
                edits.append((offset + tokens.end_byte - 1, offset + tokens.end_byte, b")"))
            elif everywhere:
                pending.append((call, begin))
        seen = {tokens.id for _, _, tokens in calls}
        if node.type == "macro_invocation" and calls:
            continue
        if everywhere and _is_comparison(node):
            edits += _opened(node, offset, VALUE, offset + node.start_byte, offset + node.end_byte)
        constants = {child.id for child in _constant_parts(node)}
        pending += [(child, offset) for child in node.named_children if child.id not in seen | constants]
    return apply_edits(source, edits).decode()


def _calls(node: Node) -> list[tuple[bytes, int, Node]]:
    """Return the standard assertions that a node calls: the name, where the call begins, its arguments in brackets."""
    if node.type == "macro_invocation":
        name, tokens = _macro(node)
        return [(name, node.start_byte, tokens)] if name in _ASSERTIONS and tokens is not None else []
    if node.type not in _TOKENS:
        return []
    triples = zip(node.children, node.children[1:], node.children[2:], strict=False)
    return [
        (text_of(name), name.start_byte, tokens)
        for name, mark, tokens in triples
        if tokens.type == "token_tree" and text_of(mark) == b"!" and text_of(name) in _ASSERTIONS
    ]


def is_assertion(node: Node) -> bool:
    """Return whether a node is a call of a standard assertion, or a statement that is nothing else."""
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    return _macro(inner)[0] in _ASSERTIONS


def _macro(node: Node) -> tuple[bytes, Node | None]:
    """Return the name of the macro that a node calls and its arguments in their brackets; nothing for other nodes."""
    if node.type != "macro_invocation":
        return b"", None
    tokens = next((child for child in node.named_children if child.type == "token_tree"), None)
    return text_of(node.child_by_field_name("macro")), tokens


def _first_argument(call: Node) -> Node | None:
    arguments = next((node for node in walk(call) if node.type == "arguments"), None)
    return arguments.named_children[0] if arguments is not None and arguments.named_children else None


def _is_comparison(node: Node) -> bool:
    return node.type == "binary_expression" and text_of(node.child_by_field_name("operator")) in _COMPARISONS


def _opened(comparison: Node, offset: int, macro: str, start: int, end: int) -> list[Edit]:
    """Return the edits that put `macro!((left) (operator) (right))` in the place of what lies from `start` to `end`.

    The two sides themselves are not touched, so that a comparison within one of them can be edited as well. An
    assertion's message stays behind the two sides.
    """
    left, operator, right = (comparison.child_by_field_name(name) for name in ("left", "operator", "right"))
    assert left is not None
    assert right is not None
    closing = b")" if macro == COMPARE else b"))"
    return [
        (start, offset + left.start_byte, f"{macro}!((".encode()),
        (offset + left.end_byte, offset + right.start_byte, b") (" + text_of(operator) + b") ("),
        (offset + right.end_byte, end, closing),
    ]
