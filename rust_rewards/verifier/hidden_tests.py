"""Reads hidden tests as their author wrote them: returns numbered cases, and the Rust items that hold them. Pure.

Three forms are accepted:

- items with `#[test]` functions, usually `#[cfg(test)] mod tests { use super::*; ... }`: one case per test function
  (`item_tests`); where macros make tests, rustc is asked which (`listing`);
- bare statements: one case per assertion when there is nothing but assertions (and `use`), else one case in all;
- JSON (`json_cases`), `[{"input": "...", "output": "..."}, ...]`: one case per run of the program's `main`. How outputs
  are compared is said in `outputs.py`; `"outputs": [...]` are several right ones, `"tolerance": 1e-6` is for numbers.
"""

import functools

from tree_sitter import Node

from ..syntax.lexer import blank, scan
from ..syntax.tree import COMMENTS, name_of, parse_rust, text_of
from .assertions import is_assertion, plain_names
from .cases import Case, HiddenTests, HiddenTestsError
from .item_tests import REACHED, are_items, catches_panics, hidden_tests, leaves_early, read_items, with_test_on
from .json_cases import read_json

_DECLARATIONS = frozenset(
    f"{kind}_item"
    for kind in ("function", "struct", "enum", "mod", "impl", "trait", "const", "static", "type", "union")
) | {"use_declaration", "macro_definition", "attribute_item", "inner_attribute_item"}
_NO_STATEMENTS = COMMENTS | {"empty_statement"}
LONG = 1 << 16  # characters


def read_hidden_tests(tests: str) -> HiddenTests:
    """Read hidden tests in any of the three forms.

    Raises:
        HiddenTestsError: When they hold no test or cannot be read.
    """
    return _read_long(tests) if len(tests) > LONG else _read_short(tests)


@functools.lru_cache(maxsize=8)  # inputs may be large: what is kept of them is a few suites
def _read_long(tests: str) -> HiddenTests:
    return _read(tests)


@functools.lru_cache(maxsize=1024)  # a step tests many answers to one task
def _read_short(tests: str) -> HiddenTests:
    return _read(tests)


def _read(tests: str) -> HiddenTests:
    data = read_json(tests)
    if isinstance(data, tuple):
        return HiddenTests(data)
    if data is not None and not any(are_items(blank(text).code) for text in data):
        found = _from_texts([plain_names(text) for text in data])
    else:
        found = _from_rust("\n".join(data) if data is not None else tests)
    if not found.cases and not found.asked:
        raise HiddenTestsError("the tests hold no test: neither a #[test] function, nor a statement, nor a JSON case")
    return found


def _from_rust(tests: str) -> HiddenTests:
    _require_balance(tests)
    tests = with_test_on(plain_names(tests))
    return read_items(tests) if are_items(blank(tests).code) else _from_statements(tests)


def _require_balance(tests: str) -> None:
    seen = scan(f"\n{tests}")  # an inner attribute in its first line is no shebang
    if seen.unbalanced is not None or not seen.plain:
        why = seen.unbalanced.message if seen.unbalanced else "an unterminated literal or comment"
        raise HiddenTestsError(f"the tests do not parse: {why}")


def _from_texts(texts: list[str]) -> HiddenTests:
    """Read a list of statements: a case for each, behind all that are nothing but imports."""
    for text in texts:
        _require_balance(text)
    roots = [parse_rust(text.encode()).root_node for text in texts]
    only_imports = [all(node.type == "use_declaration" for node in root.named_children) for root in roots]
    imports = "".join(f"{text}\n" for text, is_import in zip(texts, only_imports, strict=True) if is_import)
    bodies = [f"{imports}{text}" for text, is_import in zip(texts, only_imports, strict=True) if not is_import]
    return _from_bodies(bodies, suspect=any(root.has_error for root in roots))


def _from_statements(tests: str) -> HiddenTests:
    root = parse_rust(f"fn case() {{\n{tests}\n}}".encode()).root_node
    functions = [node for node in root.named_children if node.type == "function_item"]
    body = functions[0].child_by_field_name("body") if len(functions) == 1 else None
    statements = [node for node in body.named_children if node.type not in _NO_STATEMENTS] if body else []
    is_one_function = body is not None and root.named_child_count == 1
    if not is_one_function or all(node.type in _DECLARATIONS for node in statements):
        return _from_main(tests, statements)
    return _from_bodies(_bodies(tests, statements), suspect=root.has_error)


def _bodies(tests: str, statements: list[Node]) -> list[str]:
    """Return the body of each case: each assertion behind all imports when there is nothing else, or the whole text."""
    uses = [node for node in statements if node.type == "use_declaration"]
    asserts = [node for node in statements if is_assertion(node)]
    if not asserts or len(uses) + len(asserts) < len(statements):
        return [tests]
    imports = "".join(text_of(node).decode() + "\n" for node in uses)
    return [f"{imports}{text_of(node).decode()};" for node in asserts]


def _from_bodies(bodies: list[str], *, suspect: bool) -> HiddenTests:
    ends = [not leaves_early(body) for body in bodies]
    text = "".join(
        f"pub fn case{i}() {{\n{body}\n{f'; {REACHED}!();' if end else ''}}}\n"
        for i, (body, end) in enumerate(zip(bodies, ends, strict=True))
    )
    cases = [
        Case(str(i), f"case{i}", must_reach=end, catches=catches_panics(body))
        for i, (body, end) in enumerate(zip(bodies, ends, strict=True))
    ]
    return hidden_tests(cases, text, suspect=suspect)


def _from_main(tests: str, statements: list[Node]) -> HiddenTests:
    """Read declarations: they are a test when one of them is `fn main`, as in MultiPL-E."""
    if not any(node.type == "function_item" and name_of(node) == b"main" for node in statements):
        return HiddenTests(())
    return _from_bodies([f"{tests}\nmain()\n"], suspect=False)
