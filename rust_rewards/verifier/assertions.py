"""Rewrites comparisons in the text of hidden tests into macros that see both sides."""

import functools

import tree_sitter

from ..syntax.tree import parse_rust

COMPARE, VALUE = "rr_compare", "rr_value"  # `instrumentation` defines them before the tests
ASSERTIONS = frozenset(("assert", "assert_eq", "assert_ne", "debug_assert", "debug_assert_eq", "debug_assert_ne"))
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))

Edit = tuple[int, int, bytes]  # the bytes from start to end become these


def apply_edits(source: bytes, edits: list[Edit]) -> bytes:
    """Return the source with every edit made; edits do not overlap."""
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    return source


def open_assertions(text: str) -> str:
    """`assert!(a == b)` -> a macro that sees both sides, so that a comparison of the program's own can be doubted."""
    source = text.encode()
    if b"assert!" not in source:
        return text
    edits: list[Edit] = []
    stack = [parse_rust(source).root_node]
    while stack:
        node = stack.pop()
        stack.extend(node.named_children)
        macro = node.child_by_field_name("macro") if node.type == "macro_invocation" else None
        if macro is not None and macro.text in (b"assert", b"debug_assert"):
            arguments = next((child for child in node.named_children if child.type == "token_tree"), None)
            opened = _comparison((arguments.text or b"")[1:-1]) if arguments else None
            if opened:
                edits.append((node.start_byte, node.end_byte, opened))
    return apply_edits(source, edits).decode()


def _comparison(arguments: bytes) -> bytes | None:
    """`a == b, "why"` -> `rr_compare!((a) (==) (b))`; `None` when the first argument is no comparison."""
    tree = parse_rust(b"fn f() { g(" + arguments + b"); }")
    stack, found = [tree.root_node], None
    while stack and found is None:
        node = stack.pop()
        found = node if node.type == "arguments" else None
        stack.extend(reversed(node.named_children))
    first = found.named_children[0] if found and found.named_children else None
    if tree.root_node.has_error or first is None or first.type != "binary_expression":
        return None
    left, operator, right = first.children
    if (operator.text or b"").decode() not in _COMPARISONS:
        return None
    return f"{COMPARE}!(({_text(left)}) ({_text(operator)}) ({_text(right)}))".encode()


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


@functools.lru_cache(maxsize=1024)
def open_comparisons(items: str) -> str:
    """Every `a == b` in the code of tests, and in the conditions of their assertions -> a macro that sees both sides.

    For programs with comparisons of their own; other macros' arguments, methods (`contains`) and patterns stay closed.
    """
    return _opened(parse_rust(items.encode()).root_node)


def _opened(node: tree_sitter.Node) -> str:
    if node.type == "binary_expression" and len(node.children) == 3 and _text(node.children[1]) in _COMPARISONS:
        left, operator, right = node.children
        return f"{VALUE}!(({_opened(left)}) ({_text(operator)}) ({_opened(right)}))"
    if is_assertion(node) and (arguments := next((n for n in node.children if n.type == "token_tree"), None)):
        opened = _opened_arguments(_text(arguments)[1:-1])
        return _text(node) if opened is None else f"{_text(node.children[0])}!({opened})"
    source, start, parts = node.text or b"", node.start_byte, []
    at = start
    for child in node.named_children:
        parts += [source[at - start : child.start_byte - start].decode(), _opened(child)]
        at = child.end_byte
    return "".join([*parts, source[at - start :].decode()])


def _opened_arguments(arguments: str) -> str | None:
    call = parse_rust(f"fn f() {{ g({arguments}) }}".encode()).root_node
    return None if call.has_error else _opened(call)[len("fn f() { g(") : -len(") }")]


def is_assertion(node: tree_sitter.Node) -> bool:
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    macro = inner.child_by_field_name("macro") if inner.type == "macro_invocation" else None
    return macro is not None and (macro.text or b"").decode() in ASSERTIONS
