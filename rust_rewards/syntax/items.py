"""Describes one item of a Rust program: the record that the pass over the tree fills. Plain data."""

from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(slots=True)
class Item:
    """One item of a program and the code that belongs to it directly, not to an item inside it.

    Attributes:
        kind (`str`): The grammar's name, such as `"function_item"`; `"source_file"` for what lies outside
            items.
        name (`bytes`): Its name; of an `impl`, the name of the type.
        owner (`Item`, *optional*): The `impl` or `trait` a function belongs to.
        trait_impl (`bool`): It is an `impl Trait for Type`, or a function of one.
        public (`bool`): It has a visibility modifier.
        documented (`bool`): It has a doc comment with text.
        words (`set[bytes]`): Every name used in it.
        params (`set[bytes]`): Names bound by its parameters, without those that start with an underscore.
        has_parameters, returns_value (`bool`): It has parameters besides `self`; it returns a value.
        is_stub (`bool`): Its body does nothing or never returns its value: empty, only `todo!()` and its kind, an
            endless loop, a call of itself or of another stub.
        panic (`bytes`): Of a macro that is nothing but another name for a panic: that panic.
        first_row, last_row (`int`): Lines it spans, from 0.
    """

    kind: str
    name: bytes = b""
    owner: "Item | None" = None
    trait_impl: bool = False
    public: bool = False
    documented: bool = False
    words: set[bytes] = field(default_factory=set)
    params: set[bytes] = field(default_factory=set)
    has_parameters: bool = False
    returns_value: bool = False
    is_stub: bool = False
    panic: bytes = b""
    first_row: int = 0
    last_row: int = 0
    cyclomatic: int = 1
    nesting: int = 0
    panics: int = 0
    unsafe: int = 0
    result: bool = False
    option: bool = False
    question_mark: bool = False
    iterators: int = 0
    pattern_matches: int = 0
    closures: int = 0
    method_chains: int = 0


class Items(NamedTuple):
    """The items of a program, whether the grammar accepts it all, how many attributes silence a lint, and the
    rows (from 0) that hold code."""

    items: list[Item]
    parses: bool
    silenced: int
    code_rows: set[int]
