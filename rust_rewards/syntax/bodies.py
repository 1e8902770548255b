"""Tells which function bodies do nothing or never return, as far as their text tells without types.

Names are resolved through `use ... as`, a `let` of a path, and macros that are nothing but a panic. Not covered: a
panic that depends on a value (`None.map(..).unwrap()`), a recursion or a loop that never ends but could.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tree_sitter import Node

from .tree import COMMENTS, bare_name, name_of, text_of, walk

PANIC_MACROS = frozenset({b"panic", b"todo", b"unimplemented", b"unreachable"})
_EXITS = frozenset({b"exit", b"abort", b"panic_any", b"resume_unwind", b"unreachable_unchecked"})
_WAITS = frozenset({b"park", b"park_timeout", b"sleep", b"yield_now", b"spin_loop"})  # nothing, in an endless loop
_MACROS_THAT_STAY = PANIC_MACROS | frozenset(
    b"assert assert_eq assert_ne dbg eprint eprintln format matches print println vec write writeln".split()
)
_JUMPS = frozenset({"return_expression", "break_expression", "continue_expression"})
_WRAPPERS = frozenset({"block", "expression_statement", "return_expression", "unsafe_block"})
_SHELLS = frozenset({"expression_statement", "parenthesized_expression", "return_expression", "unsafe_block"})
_NOTHING = COMMENTS | {"empty_statement", "continue_expression", "unit_expression"}
_MAY_BE_IDLE = frozenset({"call_expression", "macro_invocation", "let_declaration"})
_PATHS = frozenset({"identifier", "scoped_identifier"})
_PLAIN_VALUES = frozenset({"identifier", "tuple_expression", "reference_expression", "unit_expression"})
_EFFECTS = frozenset({"call_expression", "macro_invocation", "assignment_expression", "compound_assignment_expr"})
_LOOPS = frozenset({"loop_expression", "while_expression", "for_expression"})
_OTHER_BODIES = frozenset({"closure_expression", "function_item", "async_block"})
# Without one of these words a body ends in the ordinary way, if no name of the program's own stands for one.
_MAY_END = re.compile(rb"\bloop\b|\b(?:" + b"|".join(sorted(PANIC_MACROS | _EXITS)) + rb")\b|unwrap|expect")
_NAMES_EXIT = re.compile(rb"\b(?:" + b"|".join(sorted(_EXITS)) + rb")\b")
_LEAVES = re.compile(rb"\breturn\b|\?|\bbreak\b")
_IS_PANIC = re.compile(
    rb"[({\[]\s*(?:::)?(?:[\w$]+\s*::\s*)*(?:r#)?(\w+)\s*!\s*([({\[]).*[)}\]]\s*;?\s*[)}\]]", re.DOTALL
)
_MAX_BYTES = 16 * 1024  # functions may nest, and each of them is read
_MAX_BRANCHES = 30  # nesting of `if` and `match` that is followed to see whether every branch ends


class Body(NamedTuple):
    """A function's body, its own name, and whether the function returns a value."""

    block: Node
    function: bytes
    returns_value: bool


class Vocabulary(NamedTuple):
    """What names of a program stand for: panics and exits under other names, its functions that return `!`, and all its
    functions, which may be called `exit` as well."""

    aliases: Mapping[bytes, bytes]
    never: frozenset[bytes] = frozenset()
    functions: frozenset[bytes] = frozenset()

    def is_exit(self, name: bytes) -> bool:
        """Whether a function of this name ends the program or the thread."""
        return name not in self.functions and self.meaning(name) in _EXITS

    def meaning(self, name: bytes) -> bytes:
        """Return the name that a name stands for, itself if it is nobody's alias."""
        name = name.removeprefix(b"r#")
        for _ in range(len(self.aliases)):
            if name not in self.aliases:
                break
            name = self.aliases[name]
        return name


def diverges(statement: Node) -> bool:
    """Whether nothing after this statement of a block can run, as far as one look tells."""
    node = _inside(statement, frozenset({"expression_statement"}))
    if node.type == "macro_invocation":
        return name_of(node.child_by_field_name("macro")) in PANIC_MACROS
    return node.type in _JUMPS


def panic_macro(definition: Node) -> bytes:
    """Return the panic that a macro is nothing but another name of; nothing for any other macro."""
    rules = [node for node in definition.named_children if node.type == "macro_rule"]
    found = [_IS_PANIC.fullmatch(text_of(rule.child_by_field_name("right"))) for rule in rules]
    names = {match[1] if match else b"" for match in found}
    return names.pop() if len(names) == 1 else b""


def stubs(bodies: Mapping[int, Body], vocabulary: Vocabulary) -> set[int]:
    """Return the keys of the bodies that do nothing, or never return the value they owe.

    Functions that only call each other do nothing either, whatever their number.
    """
    known = frozenset(body.function for body in bodies.values())
    vocabulary = vocabulary._replace(functions=known)
    endless = {key for key, body in bodies.items() if body.returns_value and _never_returns(body, vocabulary)}
    found = {key: _idle_calls(body, vocabulary) for key, body in bodies.items()}
    idle = {key: calls for key, calls in found.items() if calls is not None}
    changed = True
    while changed:
        working = {body.function for key, body in bodies.items() if key not in idle and key not in endless}
        kept = {key: calls for key, calls in idle.items() if calls <= known and calls.isdisjoint(working)}
        changed = len(kept) < len(idle)
        idle = kept
    return set(idle) | endless


def _idle_calls(body: Body, vocabulary: Vocabulary) -> set[bytes] | None:
    """Return the functions of the program that a body calls, if it holds nothing else but statements without effect:
    none, `todo!()` and its kind, an empty loop, an exit, a call of itself, a discarded plain value. Else `None`."""
    calls: set[bytes] = set()
    local = _with_lets(body.block, vocabulary)
    pending = [(body.block, False)]
    while pending:
        node, in_loop = pending.pop()
        kind = node.type
        if kind in _WRAPPERS or kind == "loop_expression":
            in_loop = in_loop or kind == "loop_expression"
            pending += [(child, in_loop) for child in node.named_children if child.type != "label"]
        elif kind in _NOTHING or (kind in _MAY_BE_IDLE and _is_idle(node, body.function, local, in_loop)):
            continue
        elif callee := _called_function(node):
            calls.add(callee)
        else:
            return None
    return calls


def _is_idle(node: Node, function: bytes, vocabulary: Vocabulary, in_loop: bool) -> bool:
    if _is_panic(node, vocabulary):
        return True
    if node.type == "call_expression":
        # `max(a, b)` in `max` never ends; `std::cmp::max(a, b)` is another function of that name
        called = text_of(node.child_by_field_name("function"))
        is_itself = called in (function, b"Self::" + function, b"self::" + function)
        callee = _callee(node)
        return is_itself or vocabulary.is_exit(callee) or (in_loop and vocabulary.meaning(callee) in _WAITS)
    if node.type == "let_declaration":
        value = node.child_by_field_name("value")
        if value is None:
            return False
        discards = text_of(node.child_by_field_name("pattern")).startswith(b"_")
        is_plain = value.type in _PLAIN_VALUES or "literal" in value.type
        return (discards and is_plain) or (value.type in _PATHS and vocabulary.is_exit(bare_name(value)))
    return False


def _is_panic(node: Node, vocabulary: Vocabulary) -> bool:
    """Whether a node is a macro that panics, or `None.unwrap()` and its kind."""
    if node.type == "macro_invocation":
        return vocabulary.meaning(name_of(node.child_by_field_name("macro"))) in PANIC_MACROS
    method = node.child_by_field_name("function") if node.type == "call_expression" else None
    if method is None or method.type != "field_expression":
        return False
    receiver = _inside(method.child_by_field_name("value") or method, _SHELLS)
    named = receiver.child_by_field_name("function") if receiver.type == "call_expression" else receiver
    fails = {b"None": (b"unwrap", b"expect"), b"Err": (b"unwrap", b"expect"), b"Ok": (b"unwrap_err", b"expect_err")}
    if named is not None and named.type == "generic_function":
        named = named.child_by_field_name("function")
    is_path = named is not None and named.type in _PATHS
    return is_path and name_of(method.child_by_field_name("field")) in fails.get(bare_name(named), ())


def _callee(call: Node) -> bytes:
    """Return the bare name of the function that is called, casts aside; nothing for a method."""
    called = call.child_by_field_name("function")
    while called is not None and called.type in (
        "parenthesized_expression",
        "type_cast_expression",
        "generic_function",
    ):
        called = called.named_children[0] if called.named_child_count else None
    if called is None or called.type not in _PATHS:
        return b""
    return bare_name(called)


def _called_function(node: Node) -> bytes:
    """Return the name of the function that a statement calls and nothing else; nothing for any other statement."""
    called = node.child_by_field_name("function") if node.type == "call_expression" else None
    arguments = node.child_by_field_name("arguments")
    if called is None or called.type != "identifier" or arguments is None:
        return b""
    return b"" if any(inner.type in _EFFECTS for inner in walk(arguments)) else bare_name(called)


def _with_lets(block: Node, vocabulary: Vocabulary) -> Vocabulary:
    """Return the vocabulary with the local names of exits: `let stop = std::process::exit;`."""
    if not (vocabulary.aliases or _mentions(_NAMES_EXIT, block)):
        return vocabulary
    local = {}
    for node in block.named_children:
        if node.type != "let_declaration":
            continue
        value, pattern = node.child_by_field_name("value"), node.child_by_field_name("pattern")
        if value is not None and value.type == "type_cast_expression":
            value = value.named_children[0]
        if value is not None and value.type in _PATHS and pattern is not None and pattern.type == "identifier":
            local[text_of(pattern)] = bare_name(value)
    exits = {name: path for name, path in local.items() if vocabulary.is_exit(path)}
    return vocabulary._replace(aliases={**vocabulary.aliases, **exits}) if exits else vocabulary


def _mentions(words: re.Pattern[bytes], block: Node) -> bool:
    """Whether one of the words stands in a block that is not too long to be read for its end."""
    return block.end_byte - block.start_byte <= _MAX_BYTES and words.search(text_of(block)) is not None


def _never_returns(body: Body, vocabulary: Vocabulary) -> bool:
    """Whether a body ends in no way but a panic or an exit, or not at all."""
    if not (vocabulary.aliases or vocabulary.never or _mentions(_MAY_END, body.block)):
        return False
    local = _with_lets(body.block, vocabulary)
    return _is_endless(body.block, local, 0) and not _may_leave(body.block, vocabulary)


def _is_endless(node: Node, vocabulary: Vocabulary, depth: int) -> bool:
    """Whether what stands behind a node can never run, jumps out of it aside."""
    node = _inside(node, _SHELLS)
    if depth > _MAX_BRANCHES:
        return False
    if node.type == "block":
        return any(_is_endless(child, vocabulary, depth + 1) for child in node.named_children)
    if node.type == "let_declaration":
        value = node.child_by_field_name("value")
        return value is not None and _is_endless(value, vocabulary, depth + 1)
    if node.type == "loop_expression":
        return not any(_breaks_out(node))
    if node.type == "if_expression":
        branches = [node.child_by_field_name(name) for name in ("consequence", "alternative")]
        return all(branch is not None and _is_endless(_else_body(branch), vocabulary, depth + 1) for branch in branches)
    if node.type == "match_expression":
        body = node.child_by_field_name("body")
        arms = (
            [arm.child_by_field_name("value") for arm in body.named_children if arm.type == "match_arm"] if body else []
        )
        return bool(arms) and all(arm is not None and _is_endless(arm, vocabulary, depth + 1) for arm in arms)
    if node.type == "call_expression":
        callee = _callee(node)
        if vocabulary.is_exit(callee) or callee in vocabulary.never:
            return True
    return _is_panic(node, vocabulary)


def _else_body(node: Node) -> Node:
    return node.named_children[-1] if node.type == "else_clause" and node.named_child_count else node


def _breaks_out(loop: Node) -> Iterator[bool]:
    """Yield `True` for each `break` in a loop that may be its own."""
    pending = [(child, False) for child in loop.named_children]
    while pending:
        node, inside_another = pending.pop()
        if node.type == "break_expression":
            is_labelled = any(child.type == "label" for child in node.named_children)
            if is_labelled or not inside_another:
                yield True
        if node.type not in _OTHER_BODIES:
            inner = inside_another or node.type in _LOOPS
            pending += [(child, inner) for child in node.named_children]


def _may_leave(block: Node, vocabulary: Vocabulary) -> bool:
    """Whether a body may return or break elsewhere, macros of the program's own included."""
    for node in walk(block):
        if node.type in ("return_expression", "try_expression"):
            return True
        if node.type == "macro_invocation":
            name = vocabulary.meaning(name_of(node.child_by_field_name("macro")))
            if name not in _MACROS_THAT_STAY or _LEAVES.search(text_of(node)):
                return True
    return False


def _inside(node: Node, shells: frozenset[str]) -> Node:
    """Return what a node is when the shells around it are taken off."""
    while node.type in shells:
        inner = [child for child in node.named_children if child.type not in COMMENTS]
        if len(inner) != 1:
            break
        node = inner[0]
    return node
