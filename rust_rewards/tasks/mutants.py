"""Makes mutants of a Rust program: copies with one small fault each, in code that can run. Pure, and always the same.

What catches mutants of a reference would catch such faults in an answer; that measures tests (`strength.py`). Only code
that is reached from the entry point is changed, and in it no test, nothing behind a `cfg` that is off, nothing after a
`return`, and no text that only a person would read. Kinds of change are in `mutation.py`, values for whole bodies in
`body_values.py`; both follow what cargo-mutants does, and add constants, branches, statements and calls.

Not here: compiling. Types are not resolved, so the compiler refuses some mutants. Mutants whose tokens are those of the
program or of another mutant are left out; that others do the same as the program cannot be told in general.
"""

import bisect
import difflib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from ..ast_metrics import live_items
from ..syntax.bodies import diverges
from ..syntax.nodes import is_off
from ..syntax.tree import COMMENTS, ITEM_KINDS, name_of, parse_rust, text_of, walk
from .body_values import own_values, values_of
from .mutation import (
    KINDS,
    PRINTING_MACROS,
    UNSEEN_CALLS,
    UNSEEN_MACROS,
    Change,
    Surroundings,
    called_name,
    changes_of,
    macro_name,
)

CONTEXT_LINES = 2  # of a diff
_Changed = tuple[int, tuple[str, ...], tuple[str, ...]]
_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|\w+|\S', re.DOTALL)
_CHANGED_ITEMS = frozenset(("function_item", "const_item", "static_item"))
_NO_CODE = COMMENTS | frozenset(
    (
        "type_arguments",
        "type_identifier",
        "scoped_type_identifier",
        "generic_type",
        "reference_type",
        "primitive_type",
        "array_type",
        "tuple_type",
        "pointer_type",
        "function_type",
        "dynamic_type",
        "abstract_type",
        "closure_parameters",
        "lifetime",
        "label",
        "attribute_item",
        "inner_attribute_item",
    )
)


@dataclass(frozen=True)
class Mutant:
    """A program with one fault.

    Attributes:
        kind (`str`): One of `KINDS`, such as `"bound"`.
        function (`str`): The function or constant that was changed.
        line (`int`): Where, counted from 1.
        start (`int`): Where, in bytes from the beginning.
        before, after (`str`): The text that was replaced, and what stands in its place; empty for what was removed.
        original (`str`): The program that it was made from.
    """

    kind: str
    function: str
    line: int
    start: int
    before: str
    after: str
    original: str = field(repr=False)

    @property
    def source(self) -> str:
        """The whole program."""
        data = self.original.encode("utf-8", "replace")
        end = self.start + len(self.before.encode())
        return (data[: self.start] + self.after.encode() + data[end:]).decode()

    def diff(self) -> str:
        """Return the change as a unified diff against the program it was made from."""
        before, after = self.original.splitlines(), self.source.splitlines()
        lines = difflib.unified_diff(before, after, "reference", "mutant", n=CONTEXT_LINES, lineterm="")
        return "\n".join(lines)


def mutants_of(source: str, *, entry_point: str | None = None, limit: int | None = None, seed: int = 0) -> list[Mutant]:
    """Return mutants of a program, in the order of its text.

    Args:
        source (`str`): The program. One that does not parse has no mutants.
        entry_point (`str`, *optional*): As in `analyze_ast`; only what it reaches is changed.
        limit (`int`, *optional*): At most so many, drawn so that every kind has its share; all unless given.
        seed (`int`, *optional*, defaults to `0`): Draws another sample; the same seed always draws the same.

    Example:
    ```python
    >>> from rust_rewards.tasks.mutants import mutants_of

    >>> [(m.kind, m.after) for m in mutants_of("pub fn less(a: i8, b: i8) -> bool { a < b }")]
    [('body', '{ true }'), ('body', '{ false }'), ('comparison', 'a > b'), ('bound', 'a <= b')]

    ```
    """
    data = source.encode("utf-8", "replace")
    root = parse_rust(data).root_node
    if root.has_error:
        return []
    text = data.decode()
    made = [_mutant(data, text, name, change) for name, change in _changes(root, data, entry_point)]
    distinct = _without_repeats(made)
    return distinct if limit is None else _sample(distinct, limit, seed)


def _changes(root: Node, data: bytes, entry_point: str | None) -> Iterator[tuple[str, Change]]:
    live = live_items(data, entry_point)
    places = {(item.kind, item.first_row, item.name) for item in live}
    prints_matter = any(item.kind == "function_item" and item.name == b"main" and not item.owner for item in live)
    unseen = UNSEEN_MACROS if prints_matter else UNSEEN_MACROS | PRINTING_MACROS
    own = own_values(root)
    for item in walk(root):
        if item.type in _CHANGED_ITEMS and (item.type, item.start_point.row, name_of(item)) in places:
            around = _surroundings(item, own)._replace(unseen_macros=unseen)
            body = item.child_by_field_name("body" if item.type == "function_item" else "value")
            name = name_of(item).decode()
            if body is None:
                continue
            found = list(_bodies(item, body, around)) if item.type == "function_item" else []
            found += [change for node in _live_nodes(body, unseen) for change in changes_of(node, around)]
            yield from ((name, change) for change in sorted(found, key=lambda change: change.start))


def _surroundings(item: Node, own: dict[str, tuple[str, ...]]) -> Surroundings:
    generic = {name_of(node).decode(): () for node in _generic_parameters(item)}
    known = own | generic
    returned = item.child_by_field_name("return_type")
    around = Surroundings(known, returns_value=returned is not None)
    if returned is None or returned.type != "generic_type":
        return around
    values = values_of(returned, known)
    inner = {value.partition("(")[0]: value.partition("(")[2][:-1] for value in reversed(values) if "(" in value}
    return around._replace(
        none_value=inner.get("Some", around.none_value),
        error_value=inner.get("Err", around.error_value),
        ok_value=inner.get("Ok", around.ok_value),
    )


def _generic_parameters(item: Node) -> Iterator[Node]:
    around: Node | None = item
    while around is not None:
        declared = around.child_by_field_name("type_parameters")
        if declared is not None:
            yield from (node for node in declared.named_children if node.type == "type_parameter")
        around = around.parent


def _bodies(function: Node, body: Node, around: Surroundings) -> Iterator[Change]:
    """The whole body becomes a value of the type that is returned, or one of the arguments of that type."""
    returned = function.child_by_field_name("return_type")
    values = values_of(returned, around.own) if returned is not None else [""]
    parameters = function.child_by_field_name("parameters")
    for parameter in parameters.named_children if parameters is not None and returned is not None else ():
        pattern = parameter.child_by_field_name("pattern")
        same_type = text_of(parameter.child_by_field_name("type")) == text_of(returned)
        if pattern is not None and pattern.type == "identifier" and same_type:
            values.append(text_of(pattern).decode())
    for value in values:
        new = f"{{ {value} }}" if value else "{}"
        yield Change("body", body.start_byte, body.end_byte, new.encode())


def _live_nodes(body: Node, unseen_macros: frozenset[str]) -> Iterator[Node]:
    """Yield the nodes below `body` that are code, can run, and can be seen from outside, in the order of the text."""
    pending = [body]
    while pending:
        node = pending.pop()
        if node.type == "macro_invocation" and macro_name(node) in unseen_macros:
            continue
        yield node
        if node.type != "macro_invocation":
            pending += reversed(list(_live_children(node)))


def _live_children(node: Node) -> Iterator[Node]:
    hidden = _hidden_part(node)
    off = False
    for child in node.named_children:
        if child.type == "attribute_item":
            off = off or is_off(child)
        elif child.type in ITEM_KINDS or off:  # items are looked at on their own
            off = False
        elif child.type not in _NO_CODE and child != hidden:
            yield child
            if node.type == "block" and diverges(child):
                return


def _hidden_part(node: Node) -> Node | None:
    """Return the part of a node that never runs, or of which nothing can be seen."""
    if node.type == "call_expression" and called_name(node) in UNSEEN_CALLS:
        return node.child_by_field_name("arguments")
    condition = node.child_by_field_name("condition") if node.type in ("if_expression", "while_expression") else None
    if condition is None or condition.type != "boolean_literal":
        return None
    if text_of(condition) == b"true":
        return node.child_by_field_name("alternative")
    return node.child_by_field_name("consequence" if node.type == "if_expression" else "body")


def _mutant(data: bytes, text: str, function: str, change: Change) -> Mutant:
    return Mutant(
        kind=change.kind,
        function=function,
        line=data.count(b"\n", 0, change.start) + 1,
        start=change.start,
        before=data[change.start : change.end].decode(),
        after=change.new.decode(),
        original=text,
    )


def _without_repeats(made: Sequence[Mutant]) -> list[Mutant]:
    """Leave out changes that change no token, and those that lead to the same tokens as an earlier one."""
    if not made:
        return []
    data = made[0].original.encode()
    tokens = list(_tokens(made[0].original))
    starts = [start for start, _ in tokens]
    texts = [text for _, text in tokens]
    distinct: dict[_Changed, Mutant] = {}
    for mutant in made:
        first = bisect.bisect_left(starts, len(data[: mutant.start].decode()))
        changed = _changed_tokens(mutant, texts, first)
        if changed is not None:
            distinct.setdefault(changed, mutant)
    return list(distinct.values())


def _changed_tokens(mutant: Mutant, texts: Sequence[str], first: int) -> _Changed | None:
    """Return the number of the first token that changes, and which tokens become which; `None` when none changes.

    Args:
        mutant (`Mutant`): The mutant.
        texts (`Sequence[str]`): The tokens of the program.
        first (`int`): The number of the first one that is replaced.
    """
    old, new = ([text for _, text in _tokens(part)] for part in (mutant.before, mutant.after))
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    while old and new and old[0] == new[0]:
        del old[0], new[0]
        first += 1
    if not old and not new:
        return None
    run = old or new
    while not (old and new) and first and texts[first - 1] == run[-1]:  # of two alike, the first one goes
        run.insert(0, run.pop())
        first -= 1
    return first, tuple(old), tuple(new)


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Yield the tokens of Rust text with their places, without comments."""
    for match in _TOKEN.finditer(text):
        if not match.group().startswith(("//", "/*")):
            yield match.start(), match.group()


def _sample(mutants: list[Mutant], limit: int, seed: int) -> list[Mutant]:
    """Draw by kinds in turn, so that a kind with many mutants does not crowd out the others."""
    draw = random.Random(f"{seed}:{len(mutants)}")
    by_kind: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for number, mutant in enumerate(mutants):
        by_kind[mutant.kind].append(number)
    queues = [draw.sample(numbers, len(numbers)) for numbers in by_kind.values() if numbers]
    chosen: list[int] = []
    while queues and len(chosen) < limit:
        chosen += [queue.pop() for queue in queues]
        queues = [queue for queue in queues if queue]
    return [mutants[number] for number in sorted(chosen[:limit])]
