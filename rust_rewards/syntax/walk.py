"""Lists the items of Rust source with what each one contains, in one pass over the syntax tree.

Code that the compiler drops or that can never run is not counted: comments, items under `#[test]` or a `cfg`
that is off in an ordinary build (`test` above all), `if false` and `while false`, and what follows a
`return`, `break`, `continue` or `panic!` in the same block. Arguments of macros are flat token trees to the
grammar; the panics, unsafe blocks, operators and iterator calls in them are counted from the tokens.

Approximate, on purpose: names are compared as words, without resolving paths, aliases or types, and macros
are not expanded. rustc's verdict stands beside these counts for everything exact.
"""

import functools
import re
from collections.abc import Callable
from typing import NamedTuple

from tree_sitter import Node

from .bodies import PANIC_MACROS, Body, Vocabulary, diverges, panic_macro, stubs
from .grammar_text import silencers_in_text
from .items import Item, Items
from .nodes import is_doc, is_off, is_silencer, makes_attributes, names_bound
from .tree import COMMENTS, ITEM_KINDS, WORDS, bare_name, kind_names, name_of, read_rust

PANIC_METHODS = frozenset({b"unwrap", b"expect"})
# Methods that only iterators and their sources have; Option has `map`, `filter` and `take` as well.
ITERATOR_METHODS = frozenset(
    b"""iter iter_mut into_iter chars char_indices bytes lines split_whitespace windows chunks chunks_exact
    keys values values_mut enumerate filter_map flat_map fold try_fold for_each collect sum product any all
    position rev step_by zip skip_while take_while peekable cycle scan partition min_by_key
    max_by_key""".split()
)
RESULT_VARIANTS = frozenset({b"Ok", b"Err"})
CHAIN_CALLS = 2  # from this many method calls in a row on, it is a chain

# What a macro may make an attribute of.
_BARE_SILENCER = re.compile(rb"(?<![.\w])(?:allow|expect)\s*[(,)}\]]|\bautomatically_derived\b|\bclippy\s*::")
_DOCUMENTABLE = frozenset({"function_item", "struct_item", "enum_item", "trait_item", "union_item"})
_LEADS = COMMENTS | {"attribute_item"}
_BRANCHES = frozenset({"if", "while", "for", "loop", "&&", "||", "?"})  # as tokens of a macro
_LOOPS = frozenset({"while_expression", "for_expression", "loop_expression"})
_BODIES = frozenset({"source_file", "block", "declaration_list"})
_ATTRIBUTED = frozenset({"match_arm", "field_initializer", "shorthand_field_initializer"})  # hold their own attributes


class Place(NamedTuple):
    """Where the pass is, besides the node.

    Attributes:
        item (`Item`): The item around it.
        nesting (`int`): Control structures around it, within that item.
        calls (`int`): Method calls that follow it directly, in a chain.
        unused (`bool`): Its value is thrown away, so it earns nothing.
    """

    item: Item
    nesting: int = 0
    calls: int = 0
    unused: bool = False

    def nested(self) -> "Place":
        """One control structure further in."""
        return Place(self.item, self.nesting + 1, 0, self.unused)

    def outside_chain(self) -> "Place":
        """The same, outside any chain."""
        return Place(self.item, self.nesting, 0, self.unused)


def list_items(source: bytes) -> Items:
    """Return the items of UTF-8 source, in no particular order; of broken source, what can be read."""
    reading = read_rust(source)
    root = reading.tree.root_node
    walk = _Walk(Item("source_file"))
    walk.run(root)
    loose = any(n.type == "let_declaration" or _is_loose(n) for n in root.named_children)
    silenced = walk.silenced
    if walk.makes_attributes and _BARE_SILENCER.search(source):
        silenced += 1
    if not reading.exact:  # the tree may lack some
        silenced = max(silenced, silencers_in_text(source))
    rows = {row for row, line in enumerate(source.split(b"\n")) if line.strip()}
    rows -= _blank_rows(source, walk.dropped)
    return Items(walk.items, not root.has_error and not loose, silenced, rows)


def _is_loose(node: Node) -> bool:
    """Whether a node at the top of a program is a statement, and no macro that may stand for items."""
    return node.type == "expression_statement" and node.named_children[0].type != "macro_invocation"


_Handler = Callable[["_Walk", Node, Place], None]


class _Walk:
    """The pass itself. A stack, no recursion: a model may nest a hundred thousand levels deep."""

    def __init__(self, top: Item) -> None:
        self.items = [top]
        self.silenced = 0
        self.dropped: list[Node] = []
        self.stack: list[tuple[list[Node], Place]] = []  # siblings, and where they are
        self.bodies: dict[int, Body] = {}  # of functions, by the place of their item in `items`
        self.aliases: dict[bytes, bytes] = {}
        self.never: set[bytes] = set()  # functions that return `!`
        self.makes_attributes = False
        self.macros: list[tuple[bytes, Item]] = []  # names of macros that are called, and where

    def run(self, root: Node) -> None:
        """Visit everything below `root`."""
        self.push(root, Place(self.items[0]))
        kinds = _kinds()
        while self.stack:
            nodes, place = self.stack.pop()
            self.siblings(nodes, place, kinds)
        self.settle()

    def settle(self) -> None:
        """Note what can be told only when all names are known: panics under other names, and functions that are
        stubs."""
        imported = Vocabulary(self.aliases)
        if self.aliases:
            for name, item in self.macros:
                if name not in PANIC_MACROS and imported.meaning(name) in PANIC_MACROS:
                    item.panics += 1
        wrappers = {item.name.removeprefix(b"r#"): item.panic for item in self.items if item.panic}
        vocabulary = Vocabulary({**self.aliases, **wrappers}, frozenset(self.never))
        for key in stubs(self.bodies, vocabulary):
            self.items[key].is_stub = True

    def siblings(self, nodes: list[Node], place: Place, kinds: "_Kinds") -> None:
        """Visit nodes that stand side by side; an attribute among them that is off drops what follows it."""
        off = False
        for node in nodes:
            kind = node.kind_id
            if kind in kinds.attributes:  # of a match arm, a field, an element of a list
                self.attribute(node)
                off = off or is_off(node)
            elif off:
                self.dropped.append(node)
                off = (node.parent or node).type in _ATTRIBUTED  # the rest belongs to the attribute as well
            elif kind in kinds.words:
                place.item.words.add(node.text or b"")
            elif kind in kinds.handlers:
                kinds.handlers[kind](self, node, place)
            elif node.named_child_count:
                self.descend(node, place)

    def attribute(self, node: Node) -> None:
        if is_silencer(node):
            self.silenced += 1

    def descend(self, node: Node, place: Place) -> None:
        self.stack.append((node.named_children, place.outside_chain() if place.calls else place))

    def push(self, node: Node | None, place: Place) -> None:
        if node is not None:
            self.stack.append(([node], place))

    def comment(self, node: Node, place: Place) -> None:
        self.dropped.append(node)

    # Items and statements

    def body(self, node: Node, place: Place) -> None:
        """A list of items or statements: attributes and doc comments belong to what follows them."""
        place = place.outside_chain()
        is_block = node.type == "block"
        lead: list[Node] = []
        live: list[Node] = []
        dead = False
        for child in node.named_children:
            kind = child.type
            if kind in _LEADS:
                lead.append(child)
                continue
            if kind in ITEM_KINDS:
                self.item(child, lead, place, inside=node)
            elif kind == "inner_attribute_item":  # stands before anything else
                if is_off(child):
                    self.dropped.append(node)
                    return
                self.attribute(child)
            elif dead or (lead and any(map(is_off, lead))):
                self.dropped.append(child)
            else:
                live.append(child)
                dead = is_block and diverges(child)
            if lead:
                self.leads(lead)
                lead = []
        self.leads(lead)
        self.stack.append((live, place))

    def leads(self, lead: list[Node]) -> None:
        for node in lead:
            if node.type == "attribute_item":
                self.attribute(node)
            else:
                self.dropped.append(node)

    def item(self, node: Node, lead: list[Node], place: Place, inside: Node) -> None:
        if any(map(is_off, lead)):
            self.dropped.append(node)
            return
        item = Item(node.type, first_row=node.start_point.row, last_row=node.end_point.row)
        item.name = name_of(_naming_node(node))
        if inside.type == "declaration_list" and place.item.kind in ("impl_item", "trait_item"):
            item.owner, item.trait_impl = place.item, place.item.trait_impl
        elif item.kind == "impl_item":
            item.trait_impl = node.child_by_field_name("trait") is not None
        item.documented = item.kind in _DOCUMENTABLE and any(map(is_doc, lead))
        self.stack.append((_parts(item, node), Place(item)))
        if item.kind == "function_item":
            self.function(item, node)
        elif item.kind == "macro_definition":
            item.panic = panic_macro(node)
            self.makes_attributes |= makes_attributes(node)
        self.items.append(item)

    def function(self, item: Item, node: Node) -> None:
        """Note what the signature of a function says about it, and its body for later."""
        parameters = node.child_by_field_name("parameters")
        for parameter in parameters.named_children if parameters is not None else ():
            pattern = parameter.child_by_field_name("pattern")
            if pattern is not None:
                item.has_parameters = True
                item.params.update(names_bound(pattern))
        returns = node.child_by_field_name("return_type")
        item.returns_value = returns is not None and returns.type not in ("unit_type", "never_type")
        if returns is not None and returns.type == "never_type":
            self.never.add(bare_name(node))
        body = node.child_by_field_name("body")
        if body is not None:
            self.bodies[len(self.items)] = Body(body, bare_name(node), item.returns_value)

    def renamed(self, node: Node, place: Place) -> None:
        """`path as alias` of a `use`."""
        alias = bare_name(node.child_by_field_name("alias"))
        self.aliases[alias] = bare_name(node.child_by_field_name("path"))
        self.descend(node, place)

    def parameter(self, node: Node, place: Place) -> None:
        """Only the type: a parameter's name says nothing about its use."""
        self.push(node.child_by_field_name("type"), place)

    def let(self, node: Node, place: Place) -> None:
        pattern, kind = node.child_by_field_name("pattern"), node.child_by_field_name("type")
        unused = place.unused or (pattern is not None and (pattern.text or b"").startswith(b"_"))
        if not unused and node.child_by_field_name("alternative") is not None:
            place.item.pattern_matches += 1
        value = place._replace(unused=unused)
        for child in node.named_children:
            self.push(child, value if child != kind else value._replace(unused=True))

    # Control flow

    def branch(self, node: Node, place: Place) -> None:
        item = place.item
        inner = place.nested()
        condition = node.child_by_field_name("condition")
        constant = condition.text if condition is not None and condition.type == "boolean_literal" else None
        if constant is None:
            item.cyclomatic += 1
            item.nesting = max(item.nesting, inner.nesting)
            self.push(condition, place.outside_chain())
        if constant != b"false":
            self.push(node.child_by_field_name("consequence"), inner)
        other = node.child_by_field_name("alternative")
        if other is not None and constant != b"true":
            chained = other.named_children[-1].type == "if_expression"  # `else if` nests no deeper
            self.descend(other, place if chained else inner)

    def loop(self, node: Node, place: Place) -> None:
        condition = node.child_by_field_name("condition")
        if condition is not None and condition.text == b"false":
            return
        inner = place.nested()
        place.item.cyclomatic += 1
        place.item.nesting = max(place.item.nesting, inner.nesting)
        self.descend(node, inner)

    def match(self, node: Node, place: Place) -> None:
        item = place.item
        block = node.child_by_field_name("body")
        arms = _count(block.named_children, ("match_arm",)) if block is not None else 0
        inner = place.nested()
        item.cyclomatic += max(0, arms - 1)
        item.nesting = max(item.nesting, inner.nesting)
        if arms > 1 and not place.unused:
            item.pattern_matches += 1
        self.descend(node, inner)

    def binary(self, node: Node, place: Place) -> None:
        place.item.cyclomatic += _count(node.children, ("&&", "||"))
        self.descend(node, place)

    def let_condition(self, node: Node, place: Place) -> None:
        if not place.unused:
            place.item.pattern_matches += 1
        self.descend(node, place)

    def question_mark(self, node: Node, place: Place) -> None:
        place.item.cyclomatic += 1
        if not place.unused:
            place.item.question_mark = True
        self.push(node.named_children[0], place)

    # Expressions and names

    def call(self, node: Node, place: Place) -> None:
        item, unused = place.item, place.unused
        children = node.named_children
        if children and children[0].type == "generic_function":
            children = [*children[0].named_children, *children[1:]]
        parts = children[0].named_children if children and children[0].type == "field_expression" else []
        if len(parts) < 2:
            self.stack.append((children, place.outside_chain()))
            return
        receiver, method = parts[0], parts[-1]
        name = method.text or b""
        item.words.add(name)
        if name in PANIC_METHODS:
            item.panics += 1
        if not unused and name in ITERATOR_METHODS:
            item.iterators += 1
        if not unused and place.calls + 1 == CHAIN_CALLS:  # once per chain, however long it is
            item.method_chains += 1
        self.stack.append(([receiver], Place(item, place.nesting, place.calls + 1, unused)))
        self.stack.append((children[1:], place.outside_chain() if place.calls else place))

    def closure(self, node: Node, place: Place) -> None:
        if not place.unused:
            place.item.closures += 1
        self.descend(node, place)

    def unsafe_block(self, node: Node, place: Place) -> None:
        place.item.unsafe += 1
        self.descend(node, place)

    def path(self, node: Node, place: Place) -> None:
        if name_of(node) in PANIC_METHODS:
            place.item.panics += 1
        self.descend(node, place)

    def type_name(self, node: Node, place: Place) -> None:
        name = node.text or b""
        place.item.words.add(name)
        if not place.unused and name == b"Result":
            place.item.result = True
        elif not place.unused and name == b"Option":
            place.item.option = True

    def variant_pattern(self, node: Node, place: Place) -> None:
        name = name_of(node.child_by_field_name("type"))
        if not place.unused and name in RESULT_VARIANTS:
            place.item.result = True
        elif not place.unused and name == b"Some":
            place.item.option = True
        self.descend(node, place)

    def macro(self, node: Node, place: Place) -> None:
        name = name_of(node.child_by_field_name("macro"))
        place.item.words.add(name)
        self.macros.append((name, place.item))
        if name in PANIC_MACROS:
            place.item.panics += 1
        elif name == b"matches" and not place.unused:
            place.item.pattern_matches += 1
        self.stack.append(([n for n in node.named_children if n.type == "token_tree"], place))

    def tokens(self, node: Node, place: Place) -> None:
        """The arguments of a macro, a flat list of tokens."""
        children = node.children
        kinds = [child.type for child in children]
        before = ""
        for child, kind, after in zip(children, kinds, [*kinds[1:], ""], strict=True):
            if kind in ("token_tree", "token_tree_pattern"):
                if before == "#":
                    self.attribute(child)
                self.push(child, place)
            elif kind in WORDS or kind == "type_identifier":
                _count_word(child.text or b"", before, after, place)
                if after == "!":
                    self.macros.append((child.text or b"", place.item))
            else:
                _count_operator(kind, place)
            if not (before == "#" and kind == "!"):  # `#![...]` is an attribute as well as `#[...]`
                before = kind


class _Kinds(NamedTuple):
    """The kinds of nodes by number, which is faster to look up than a name: plain names, attributes, and the handlers
    of others."""

    words: frozenset[int]
    attributes: frozenset[int]
    handlers: dict[int, _Handler]


@functools.cache
def _kinds() -> _Kinds:
    """Return what `_Walk` does with each kind of node."""
    by_name: dict[str, _Handler] = {
        "call_expression": _Walk.call,
        "closure_expression": _Walk.closure,
        "if_expression": _Walk.branch,
        "match_expression": _Walk.match,
        "binary_expression": _Walk.binary,
        "let_chain": _Walk.binary,
        "let_condition": _Walk.let_condition,
        "let_declaration": _Walk.let,
        "parameter": _Walk.parameter,
        "try_expression": _Walk.question_mark,
        "unsafe_block": _Walk.unsafe_block,
        "macro_invocation": _Walk.macro,
        "scoped_identifier": _Walk.path,
        "tuple_struct_pattern": _Walk.variant_pattern,
        "use_as_clause": _Walk.renamed,
        "type_identifier": _Walk.type_name,
        **dict.fromkeys(("token_tree", "macro_rule"), _Walk.tokens),
        **dict.fromkeys(_LOOPS, _Walk.loop),
        **dict.fromkeys(_BODIES, _Walk.body),
        **dict.fromkeys(COMMENTS, _Walk.comment),
    }
    numbered = list(enumerate(kind_names()))
    words = frozenset(number for number, name in numbered if name in WORDS)
    attributes = frozenset(number for number, name in numbered if name in ("attribute_item", "inner_attribute_item"))
    return _Kinds(words, attributes, {number: by_name[name] for number, name in numbered if name in by_name})


def _count(nodes: list[Node], kinds: tuple[str, ...]) -> int:
    """Return how many of the nodes are of one of these kinds."""
    return len([node for node in nodes if node.type in kinds])


def _count_word(name: bytes, before: str, after: str, place: Place) -> None:
    """Note a name among the tokens of a macro, by the kinds of the tokens around it."""
    item = place.item
    item.words.add(name)
    called = before == "." and after in ("token_tree", "::")
    is_panic_method = name in PANIC_METHODS and (called or before == "::")
    if is_panic_method or (name in PANIC_MACROS and after == "!"):
        item.panics += 1
    elif name in ITERATOR_METHODS and called and not place.unused:
        item.iterators += 1


def _count_operator(kind: str, place: Place) -> None:
    """Note a keyword or operator among the tokens of a macro."""
    item = place.item
    if kind == "unsafe":
        item.unsafe += 1
    elif item.kind == "macro_definition":  # there, `$(...)?` is no operator
        return
    elif kind in _BRANCHES:
        item.cyclomatic += 1
        if kind == "?" and not place.unused:
            item.question_mark = True


def _blank_rows(source: bytes, dropped: list[Node]) -> set[int]:
    """Return the rows that hold nothing but the dropped nodes."""
    rows: set[int] = set()
    lines = source.split(b"\n")
    for node in dropped:
        (first, start), (last, end) = node.start_point, node.end_point
        if not end and last:  # a doc comment ends at the beginning of the next line
            last, end = last - 1, len(lines[last - 1])
        if lines[first][:start].strip():  # code stands before it
            first += 1
        if lines[last][end:].strip():  # code stands after it
            last -= 1
        rows.update(range(first, last + 1))
    return rows


def _naming_node(item: Node) -> Node | None:
    """Return the node that names an item: of an `impl`, its type."""
    return item.child_by_field_name("type" if item.type == "impl_item" else "name")


def _parts(item: Item, node: Node) -> list[Node]:
    """Return what is to be visited inside an item; its modifiers are noted at once."""
    named = _naming_node(node)
    parts: list[Node] = []
    for child in node.children:
        kind = child.type
        if kind == "visibility_modifier":
            item.public = True
        elif kind == "unsafe" or (kind == "function_modifiers" and b"unsafe" in (child.text or b"").split()):
            item.unsafe += 1
        elif child.is_named and (child != named or item.kind == "impl_item"):  # an impl uses the type it names
            parts.append(child)
    return parts
