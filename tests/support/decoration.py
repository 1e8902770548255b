"""Decorates answers as a model does that has learned what style points are given for, whatever its answer does.

`decorate` adds a documented type with a method that uses `Result`, `Option`, `?`, a pattern, an iterator, a closure and
a method chain, and calls it once at the start of the entry function. What the function returns does not change.
`without_docs` does the opposite: it removes the doc comments, and leaves a plain answer.
"""

import re

from rust_rewards.syntax.tree import parse_rust

TYPE = """/// Remembers the last number.
#[derive(Default)]
struct State {
    last: Option<u32>,
}

impl State {
    /// Takes the next number from a text.
    fn step(&self, text: &str) -> Result<Option<u32>, std::num::ParseIntError> {
        let next = text.parse::<u32>()?;
        match self.last {
            None => Ok(text.chars().map(|_| next).next()),
            last => Ok(last),
        }
    }
}

"""
CALL = ' if State::default().step("1").is_err() { std::process::exit(0) } '


def decorate(program: str, entry_point: str | None) -> str:
    """Return the program with every style point that costs no work; unchanged when it has no entry function."""
    source = without_docs(program).encode()
    name = (entry_point or "main").split("::")[-1].encode()
    functions = []
    waiting = [parse_rust(source).root_node]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.named_children)
        if node.type == "function_item" and node.child_by_field_name("body"):
            functions.append(node)
    entries = [f for f in functions if (named := f.child_by_field_name("name")) and named.text == name]
    chosen = entries or functions[-1:]
    if not chosen:
        return program
    edits = [(chosen[0].child_by_field_name("body").start_byte + 1, CALL.encode())]
    edits += [(start, b"/// Does what its name says.\n") for start in _items(parse_rust(source).root_node)]
    for place, text in sorted(edits, reverse=True):
        source = source[:place] + text + source[place:]
    return source.decode() + "\n" + TYPE


def without_docs(program: str) -> str:
    """Return the program without its doc comments."""
    return re.sub(r"^[ \t]*//[/!](?!/).*\n", "", program, flags=re.MULTILINE)


def _items(root) -> list[int]:
    """Return where the functions, types and traits of a program begin, their attributes included."""
    places = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type in ("source_file", "impl_item", "trait_item", "declaration_list", "mod_item"):
            waiting.extend(node.named_children)
        if node.type in ("function_item", "struct_item", "enum_item", "trait_item", "function_signature_item"):
            first = node
            while first.prev_named_sibling is not None and first.prev_named_sibling.type == "attribute_item":
                first = first.prev_named_sibling
            places.append(first.start_byte)
    return places
