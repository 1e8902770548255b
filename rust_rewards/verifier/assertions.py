"""Rewrites comparisons in the text of hidden tests into macros that see both sides. Pure."""

import functools

from tree_sitter import Node

from ..syntax.tree import parse_rust, text_of, walk

COMPARE, VALUE = "rr_compare", "rr_value"  # `instrumentation` defines them before the tests
_CONDITIONS = frozenset((b"assert", b"debug_assert"))
_ASSERTIONS = _CONDITIONS | {b"assert_eq", b"assert_ne", b"debug_assert_eq", b"debug_assert_ne"}
_COMPARISONS = frozenset((b"==", b"!=", b"<", b"<=", b">", b">="))
_CALL = b"fn f() { g("  # behind it, the arguments of a macro parse as those of a call

Edit = tuple[int, int, bytes]  # the bytes from start to end become these


def apply_edits(source: bytes, edits: list[Edit]) -> bytes:
    """Return the source with every edit made. Edits do not overlap; of two at one place, an insertion comes first."""
    parts: list[bytes] = []
    done = 0
    for start, end, new in sorted(edits):
        parts += [source[done:start], new]
        done = end
    return b"".join([*parts, source[done:]])


@functools.lru_cache(maxsize=1024)  # a step verifies many answers to one task
def open_comparisons(items: str, *, everywhere: bool) -> str:
    """Return the items of tests with macros that see both sides in the place of comparisons.

    So a comparison of the program's own can be doubted. `assert!(a == b)` becomes `rr_compare!((a) (==) (b))`. With
    `everywhere`, every other `a == b` in the code of tests and in the arguments of their assertions becomes
    `rr_value!((a) (==) (b))`. Other macros' arguments, methods (`contains`) and patterns stay as they are.
    """
    source = items.encode()
    if not everywhere and b"assert!" not in source:
        return items
    edits: list[Edit] = []
    # Nodes to look at, and how far into the items their tree begins. A list and no recursion: tests nest to any depth.
    pending = [(parse_rust(source).root_node, 0)]
    while pending:
        node, offset = pending.pop()
        name, tokens = _macro(node)
        if name in _ASSERTIONS and tokens is not None:
            call = parse_rust(_CALL + text_of(tokens)[1:-1] + b") }").root_node
            begin = offset + tokens.start_byte + len(b"(") - len(_CALL)
            condition = _first_argument(call) if name in _CONDITIONS else None
            if call.has_error:
                continue
            if condition is not None and _is_comparison(condition):
                edits += _opened(condition, begin, COMPARE, offset + node.start_byte, offset + node.end_byte)
            elif everywhere:
                pending.append((call, begin))
            continue
        if everywhere and _is_comparison(node):
            edits += _opened(node, offset, VALUE, offset + node.start_byte, offset + node.end_byte)
        pending += [(child, offset) for child in node.named_children]
    return apply_edits(source, edits).decode()


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

    The two sides themselves are not touched, so that a comparison within one of them can be edited as well.
    """
    left, operator, right = (comparison.child_by_field_name(name) for name in ("left", "operator", "right"))
    assert left is not None
    assert right is not None
    return [
        (start, offset + left.start_byte, f"{macro}!((".encode()),
        (offset + left.end_byte, offset + right.start_byte, b") (" + text_of(operator) + b") ("),
        (offset + right.end_byte, end, b"))"),
    ]
