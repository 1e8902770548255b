"""Finds what can be changed in one node of a Rust syntax tree so that the program may do something else. Pure.

Each function reads one kind of node and yields changes; `CHANGES` says which reads which. Changes are made to the text,
so some of them are refused by the compiler; whoever uses them counts those. Where a change cannot be seen from outside
(the length of a buffer that is reserved, the text of a panic) none is made.
Not here: which nodes are live, and programs (`mutants.py`).
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tree_sitter import Node

from ..syntax.bodies import diverges
from ..syntax.nodes import is_off
from ..syntax.tree import name_of, text_of
from .body_values import DEFAULT, Values

FLIPPED = {
    **{"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<"},
    **{"&&": "||", "||": "&&"},
}
FLIPPED |= {f"{operator}=": f"{other}=" for operator, other in FLIPPED.items() if len(operator) < 3}
COMPARED = {"==": "!=", "!=": "==", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
SHIFTED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "..": "..=", "..=": ".."}
_PAIRS = """
min max, min_by max_by, min_by_key max_by_key, first last, any all, is_some is_none, is_ok is_err, take skip,
push_front push_back, pop_front pop_back, pop_first pop_last, to_lowercase to_uppercase, is_lowercase is_uppercase,
to_ascii_lowercase to_ascii_uppercase, is_ascii_lowercase is_ascii_uppercase, starts_with ends_with, find rfind,
take_while skip_while, checked_add checked_sub, wrapping_add wrapping_sub, saturating_add saturating_sub, sum product,
trim_start trim_end, strip_prefix strip_suffix, floor ceil, leading_zeros trailing_zeros, count_ones count_zeros,
rotate_left rotate_right, is_lt is_gt, is_le is_ge, union intersection, div_euclid rem_euclid
"""
SWAPPED = {
    name: other
    for first, second in (pair.split() for pair in _PAIRS.split(","))
    for name, other in ((first, second), (second, first))
}
# Methods whose result can stand for what they are called on
LEFT_OUT = frozenset(
    (
        "rev",
        "trim",
        "abs",
        "filter",
        "skip",
        "take",
        "step_by",
        "to_lowercase",
        "to_uppercase",
        "reverse",
        "then_with",
        "dedup",
    )
)
COMMUTATIVE = frozenset(("swap", "max", "min", "gcd", "lcm", "abs_diff", "eq", "ne", "hypot"))
# What is given to these cannot be seen from outside
UNSEEN_CALLS = frozenset(("with_capacity", "reserve", "reserve_exact", "expect", "expect_err", "shrink_to"))
UNSEEN_MACROS = frozenset(
    (
        "panic",
        "todo",
        "unimplemented",
        "unreachable",
        "eprint",
        "eprintln",
        "debug_assert",
        "debug_assert_eq",
        "debug_assert_ne",
    )
)
PRINTING_MACROS = frozenset(("print", "println"))
ASSERTIONS = frozenset(("assert", "assert_eq", "assert_ne"))
FORMATTING = frozenset(("format", "print", "println", "write", "writeln"))
_INTEGER = re.compile(r"(0x[\da-fA-F_]+?|0o[0-7_]+|0b[01_]+|\d[\d_]*?)_?((?:[iu](?:8|16|32|64|128|size))?)")
_FLOAT = re.compile(r"(\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]+)?)_?((?:f32|f64)?)")
_UNIT_BODIES = frozenset(("for_expression", "while_expression", "loop_expression"))
_REMOVABLE = frozenset(
    (
        "call_expression",
        "assignment_expression",
        "compound_assignment_expr",
        "macro_invocation",
        "return_expression",
        "break_expression",
        "continue_expression",
        "for_expression",
        "loop_expression",
        "try_expression",
    )
)
_OPERAND_ENDS = frozenset(("identifier", "integer_literal", "float_literal", "token_tree", "self", "char_literal"))


class Change(NamedTuple):
    """One change: its kind, the bytes from `start` to `end`, and what comes in their place."""

    kind: str
    start: int
    end: int
    new: bytes


class Surroundings(NamedTuple):
    """What a change may need to know besides its node.

    Attributes:
        own (`Mapping`): Values of the program's own types, by name.
        none_value, error_value, ok_value (`str`): What stands in `Some`, `Err` and `Ok` in the place of what they are
            swapped for, in this function.
        returns_value (`bool`): The function returns a value.
        unseen_macros (`frozenset[str]`): What these macros do cannot be seen from outside.
    """

    own: Values
    none_value: str = DEFAULT
    error_value: str = DEFAULT
    ok_value: str = DEFAULT
    returns_value: bool = True
    unseen_macros: frozenset[str] = UNSEEN_MACROS


def changes_of(node: Node, around: Surroundings) -> Iterator[Change]:
    """Yield the changes of one node, in the order of the text where there are several."""
    for find in CHANGES.get(node.type, ()):
        yield from find(node, around)


def macro_name(node: Node) -> str:
    """Return the name of the macro that a node calls, without its path."""
    return name_of(node.child_by_field_name("macro")).decode()


def called_name(call: Node) -> str:
    """Return the name of the function or method that a call calls, without path and type arguments."""
    function = call.child_by_field_name("function")
    if function is not None and function.type == "generic_function":
        function = function.child_by_field_name("function")
    if function is not None and function.type == "field_expression":
        function = function.child_by_field_name("field")
    return name_of(function).decode()


def _whole(kind: str, node: Node, new: bytes) -> Change:
    return Change(kind, node.start_byte, node.end_byte, new)


def _part(kind: str, node: Node, part: Node, new: str) -> Change:
    """Return the change of a whole node in which one part becomes `new`."""
    text = text_of(node)
    start, end = part.start_byte - node.start_byte, part.end_byte - node.start_byte
    return _whole(kind, node, text[:start] + new.encode() + text[end:])


def _operator(node: Node) -> Node | None:
    return node.child_by_field_name("operator")


def _binary(node: Node, around: Surroundings) -> Iterator[Change]:
    operator = _operator(node)
    if operator is None:
        return
    text = text_of(operator).decode()
    if text in FLIPPED:
        yield _part("operator", node, operator, FLIPPED[text])
    if text in COMPARED:
        yield _part("comparison", node, operator, COMPARED[text])
    if text in SHIFTED and not _chooses_between_sides(node):
        yield _part("bound", node, operator, SHIFTED[text])


def _chooses_between_sides(comparison: Node) -> bool:
    """Whether it is the condition of `if a < b { a } else { b }`, where equality makes no difference."""
    branch = comparison.parent
    if branch is None or branch.type != "if_expression" or branch.child_by_field_name("condition") != comparison:
        return False
    other = branch.child_by_field_name("alternative")
    blocks = [branch.child_by_field_name("consequence"), other.named_children[-1] if other is not None else None]
    values = [text_of(block)[1:-1].strip() for block in blocks if block is not None and block.type == "block"]
    sides = [text_of(comparison.child_by_field_name(side)) for side in ("left", "right")]
    return len(values) == 2 and sorted(values) == sorted(sides)


def _unary(node: Node, around: Surroundings) -> Iterator[Change]:
    operand = node.named_children[-1] if node.named_child_count else None
    if operand is None or text_of(node)[:1] not in (b"!", b"-"):
        return
    is_zero = operand.type in ("integer_literal", "float_literal") and not text_of(operand).strip(b"0_.")
    if not is_zero:
        yield _whole("operator", node, text_of(operand))


def _compound(node: Node, around: Surroundings) -> Iterator[Change]:
    operator = _operator(node)
    if operator is not None and text_of(operator).decode() in FLIPPED:
        yield _part("operator", node, operator, FLIPPED[text_of(operator).decode()])


def _range(node: Node, around: Surroundings) -> Iterator[Change]:
    dots = next((child for child in node.children if child.type in ("..", "..=")), None)
    if dots is not None and node.children[-1] != dots:  # there is an end
        yield _part("bound", node, dots, SHIFTED[dots.type])


def _assignment(node: Node, around: Surroundings) -> Iterator[Change]:
    """To the grammar, `..=i` assigns to `..`."""
    if text_of(node).startswith(b"..="):
        yield _whole("bound", node, b".." + text_of(node)[3:])


def _integer(node: Node, around: Surroundings) -> Iterator[Change]:
    text = text_of(node).decode()
    found = _INTEGER.fullmatch(text)
    if found is None:
        yield from _float(node, around)  # `2f32`, an integer to the grammar
        return
    digits, suffix = found.group(1).replace("_", ""), found.group(2)
    number = int(digits, 0) if digits[:2].lower() in ("0x", "0o", "0b") else int(digits)
    is_length = node.parent is not None and node.parent.child_by_field_name("length") == node
    others = [number + 1] if not is_length else []  # a longer array holds as much
    others += [number - 1] if number > 0 else []
    for other in others:
        yield _whole("constant", node, f"{other}{suffix}".encode())


def _float(node: Node, around: Surroundings) -> Iterator[Change]:
    found = _FLOAT.fullmatch(text_of(node).decode())
    if found is not None:
        number = float(found.group(1).replace("_", ""))
        yield _whole("constant", node, f"{number + 1.0!r}{found.group(2)}".encode())


def _boolean(node: Node, around: Surroundings) -> Iterator[Change]:
    parent = node.parent
    is_condition = parent is not None and parent.child_by_field_name("condition") == node
    if not is_condition:
        yield _whole("constant", node, b"false" if text_of(node) == b"true" else b"true")


def _char(node: Node, around: Surroundings) -> Iterator[Change]:
    text = text_of(node).decode("utf-8", "replace")
    opening, inner = text.partition("'")[0], text.partition("'")[2][:-1]
    other = chr(ord(inner) + 1) if len(inner) == 1 and inner.isascii() and inner.isalnum() else "x"
    if not other.isalnum():  # behind `z`, `Z` and `9`
        other = chr(ord(inner) - 1)
    if other == inner:
        other = "y"
    yield _whole("constant", node, f"{opening}'{other}'".encode())


def _string(node: Node, around: Surroundings) -> Iterator[Change]:
    yield _whole("constant", node, _other_string(text_of(node)))


def _other_string(text: bytes) -> bytes:
    opening = re.match(rb"[bc]?", text)
    prefix = opening.group() if opening else b""
    is_empty = text.removeprefix(prefix).strip(b"r#") == b'""'
    return prefix + (b'"xyzzy"' if is_empty else b'""')


def _condition(node: Node, around: Surroundings) -> Iterator[Change]:
    """The condition of an `if` or `while`, the guard of a match arm."""
    condition = node.child_by_field_name("condition")
    if condition is None or condition.type in ("let_condition", "let_chain", "boolean_literal"):
        return
    operator = text_of(_operator(condition)) if condition.type == "binary_expression" else b""
    is_negated = condition.type == "unary_expression" and text_of(condition)[:1] == b"!"
    if operator not in (b"==", b"!=") and not is_negated:  # the operator's own change says the same
        yield _whole("condition", condition, b"!(" + text_of(condition) + b")")
    if node.type != "while_expression":
        yield _whole("branch", condition, b"true")
    yield _whole("branch", condition, b"false")


def _match(node: Node, around: Surroundings) -> Iterator[Change]:
    """An arm goes where a later one takes everything."""
    block = node.child_by_field_name("body")
    arms = [child for child in block.named_children if child.type == "match_arm"] if block is not None else []
    last = arms[-1].child_by_field_name("pattern") if arms else None
    if last is None or not re.fullmatch(rb"_|[a-z_][a-z_0-9]*", text_of(last)):
        return
    for arm in arms[:-1]:
        yield _whole("branch", arm, b"")


def _block(node: Node, around: Surroundings) -> Iterator[Change]:
    """Statements go: those whose value nobody uses, and a variable that hides an earlier one of its name."""
    last = node.named_children[-1] if node.named_child_count else None
    off = dead = False
    for child in node.named_children:
        if child.type == "attribute_item":
            off = off or is_off(child)
            continue
        if off or dead:
            off = False
            continue
        dead = diverges(child)
        inner = child
        if child.type == "expression_statement" and child.named_child_count:
            inner = child.named_children[0]
        is_statement = child.type == "expression_statement" or (child == last and _wants_no_value(node, around))
        goes = is_statement and inner.type in _REMOVABLE and not _is_unseen(inner, around)
        if goes or (child.type == "let_declaration" and _hides_its_source(child)):
            yield _whole("statement", child, b"")


def _wants_no_value(block: Node, around: Surroundings) -> bool:
    owner = block.parent
    if owner is None or owner.type in _UNIT_BODIES:
        return True
    if owner.type == "function_item":
        return not around.returns_value
    return owner.type == "if_expression" and owner.child_by_field_name("alternative") is None


def _is_unseen(node: Node, around: Surroundings) -> bool:
    if node.type == "call_expression":
        return called_name(node) in UNSEEN_CALLS - {"expect", "expect_err"}
    return node.type == "macro_invocation" and macro_name(node) in around.unseen_macros


def _in_pattern(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.child_by_field_name("condition") == node:  # of a match arm's guard
        return False
    return parent.type.endswith("_pattern") or parent.child_by_field_name("pattern") == node


def _hides_its_source(let: Node) -> bool:
    pattern, value = let.child_by_field_name("pattern"), let.child_by_field_name("value")
    if pattern is None or value is None or pattern.type != "identifier":
        return False
    return re.search(rb"(?<![\w.])" + re.escape(text_of(pattern)) + rb"\b", text_of(value)) is not None


def _call(node: Node, around: Surroundings) -> Iterator[Change]:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None:
        return
    name, text = called_name(node), text_of(function)
    given = [child for child in arguments.named_children if child.type not in ("line_comment", "block_comment")]
    if text == b"Some":
        yield _whole("variant", node, b"None")
    elif text == b"Ok":
        yield _whole("variant", node, f"Err({around.error_value})".encode())
    elif text == b"Err":
        yield _whole("variant", node, f"Ok({around.ok_value})".encode())
    if function.type in ("field_expression", "generic_function"):
        yield from _method(node, function, name)
    if name not in COMMUTATIVE:
        for first, second in itertools.pairwise(given):
            if text_of(first) != text_of(second):
                yield _swapped(node, first, second)


def _method(node: Node, function: Node, name: str) -> Iterator[Change]:
    field = function if function.type == "field_expression" else function.child_by_field_name("function")
    if field is None or field.type != "field_expression":
        return
    word, receiver = field.child_by_field_name("field"), field.child_by_field_name("value")
    if word is not None and name in SWAPPED:
        yield _part("call", node, word, SWAPPED[name])
    if receiver is not None and name in LEFT_OUT:
        yield _whole("call", node, text_of(receiver))


def _swapped(node: Node, first: Node, second: Node) -> Change:
    text, begin = text_of(node), node.start_byte
    between = text[first.end_byte - begin : second.start_byte - begin]
    before, after = text[: first.start_byte - begin], text[second.end_byte - begin :]
    return _whole("arguments", node, before + text_of(second) + between + text_of(first) + after)


def _name(node: Node, around: Surroundings) -> Iterator[Change]:
    if text_of(node) == b"None" and not _in_pattern(node):
        yield _whole("variant", node, f"Some({around.none_value})".encode())


def _path(node: Node, around: Surroundings) -> Iterator[Change]:
    """A plain variant of an enum becomes the next one."""
    *before, name = text_of(node).decode().rpartition("::")
    start = "".join(before)
    owner = start.removesuffix("::").rpartition("::")[2]
    names = [value.rpartition("::")[2] for value in around.own.get(owner, ())]
    if owner == "Ordering":
        names = ["Less", "Greater"] if name != "Equal" else ["Equal", "Less"]
    if name in names and len(names) > 1 and not _in_pattern(node):
        other = names[(names.index(name) + 1) % len(names)]
        yield _whole("variant", node, f"{start}{other}".encode())


def _macro(node: Node, around: Surroundings) -> Iterator[Change]:
    """What is given to a macro: a flat list of tokens, of which only what is plain is changed."""
    name = macro_name(node)
    if name in ASSERTIONS:
        return
    tokens = next((child for child in node.named_children if child.type == "token_tree"), None)
    pending = [tokens] if tokens is not None else []
    is_format = name in FORMATTING
    while pending:
        tree = pending.pop(0)
        before: Node | None = None
        for child in tree.children:
            if child.type == "token_tree":
                pending.append(child)
            elif child.type in ("string_literal", "raw_string_literal") and is_format and tree == tokens:
                is_format = False
                text = text_of(child)
                quote = text.find(b'"') + 1
                yield _whole("constant", child, text[:quote] + b"x" + text[quote:])
            elif child.is_named:
                yield from _token(child, around)
            elif before is not None and before.type in _OPERAND_ENDS:
                yield from _token_operator(child)
            before = child


def _token(node: Node, around: Surroundings) -> Iterator[Change]:
    for find in CHANGES.get(node.type, ()) if node.type.endswith("_literal") else ():
        yield from find(node, around)


def _token_operator(node: Node) -> Iterator[Change]:
    text = node.type
    if text in COMPARED and text not in ("<", ">"):  # which may be brackets of types
        yield _whole("comparison", node, COMPARED[text].encode())
    elif text in ("+", "-", "*", "/", "%", "&&", "||"):
        yield _whole("operator", node, FLIPPED[text].encode())
    if text in ("<=", ">=", "..", "..="):
        yield _whole("bound", node, SHIFTED[text].encode())


_Finder = Callable[[Node, Surroundings], Iterator[Change]]
CHANGES: Mapping[str, tuple[_Finder, ...]] = {
    "binary_expression": (_binary,),
    "unary_expression": (_unary,),
    "compound_assignment_expr": (_compound,),
    "assignment_expression": (_assignment,),
    "range_expression": (_range,),
    "range_pattern": (_range,),
    "integer_literal": (_integer,),
    "float_literal": (_float,),
    "boolean_literal": (_boolean,),
    "char_literal": (_char,),
    "string_literal": (_string,),
    "raw_string_literal": (_string,),
    "if_expression": (_condition,),
    "while_expression": (_condition,),
    "match_pattern": (_condition,),
    "match_expression": (_match,),
    "block": (_block,),
    "call_expression": (_call,),
    "identifier": (_name,),
    "scoped_identifier": (_path,),
    "macro_invocation": (_macro,),
}
# Kinds of change in the order in which they are told
KINDS = (
    "body",
    "operator",
    "comparison",
    "bound",
    "constant",
    "condition",
    "branch",
    "statement",
    "variant",
    "arguments",
    "call",
)
