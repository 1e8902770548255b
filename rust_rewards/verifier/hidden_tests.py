"""Reads hidden tests as their author wrote them: returns numbered cases, and the Rust items that hold them. Pure.

Three forms are accepted:

- items with `#[test]` functions, usually `#[cfg(test)] mod tests { use super::*; ... }`: one case per test function;
- bare statements: one case per assertion when there is nothing but assertions (and `use`), else one case in all;
- JSON, `[{"input": "...", "output": "..."}, ...]`: one case per run of the program's `main`. How outputs are compared
  is said in `outputs.py`; `"outputs": ["...", ...]` are several right ones, `"tolerance": 1e-6` is for numbers.
"""

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

from tree_sitter import Node

from ..syntax.lexer import scan
from ..syntax.tree import COMMENTS, name_of, parse_rust, text_of
from .assertions import COMPARE, VALUE, Edit, apply_edits, is_assertion
from .outputs import most_bytes, normalized, same_output
from .settings import checked_tolerance

_DECLARATIONS = frozenset(
    f"{kind}_item"
    for kind in ("function", "struct", "enum", "mod", "impl", "trait", "const", "static", "type", "union")
) | {"use_declaration", "macro_definition", "attribute_item"}
_NO_STATEMENTS = COMMENTS | {"empty_statement"}
_MARKER = re.compile(rb"#\[\s*(test|cfg\s*\(\s*test\s*\)|ignore\b.*|should_panic\b.*)\s*\]\Z", re.DOTALL)
_EXPECTED = re.compile(
    rb'should_panic\s*(?:\(\s*expected\s*)?=\s*("(?:[^"\\]|\\.)*"|r(?P<marks>#*)".*?"(?P=marks))', re.DOTALL
)
LONG = 1 << 16  # characters
REACHED = "rr_reached"
OUR_MACROS = (COMPARE, VALUE, REACHED)  # `instrumentation` defines them before the tests
_LEAVES = re.compile(r"\breturn\b|\?")


class HiddenTestsError(ValueError):
    """The tests themselves cannot be used: they do not parse, or hold no test."""


@dataclass(frozen=True)
class Case:
    """One hidden test.

    Attributes:
        name (`str`): The test function's name, or the case's number.
        path (`str`): Rust path of the function to call; empty for a run of `main`.
        should_panic (`str`, *optional*): A Rust string literal the panic's message must contain.
        input (`str`, *optional*): Standard input of `main`.
        output (`str`, *optional*): What `main` must print.
        also (`tuple[str, ...]`): What it may print instead.
        tolerance (`float`, *optional*): By how much numbers in it may differ: see `outputs.same_output`.
        must_reach (`bool`): The function's last statement says that it was reached.
    """

    name: str
    path: str = ""
    should_panic: str | None = None
    input: str | None = None
    output: str | None = None
    must_reach: bool = False
    also: tuple[str, ...] = ()
    tolerance: float | None = None

    @functools.cached_property
    def wanted(self) -> tuple[bytes, ...]:
        """The right outputs, normalized; none for a test function."""
        outputs = () if self.output is None else (self.output, *self.also)
        return tuple(normalized(output.encode()) for output in outputs)

    def output_bytes(self, tolerance: float | None) -> int:
        """Return how many bytes of normalized output can matter: more than these are not what was expected."""
        return max((most_bytes(want, self._within(tolerance)) + 1 for want in self.wanted), default=0)

    def accepts(self, printed: bytes, tolerance: float | None) -> bool:
        """Return whether `main` printed a right output, given the normalized one. `tolerance` is for cases that have
        none of their own."""
        within = self._within(tolerance)
        return not self.wanted or any(same_output(want, printed, within) for want in self.wanted)

    def _within(self, tolerance: float | None) -> float | None:
        return tolerance if self.tolerance is None else self.tolerance


@dataclass(frozen=True)
class HiddenTests:
    """The cases of one program, and the Rust items that hold them (empty for runs of `main`). With `needs_root` they
    name `crate`; with `suspect` only rustc can tell whether they parse."""

    cases: tuple[Case, ...]
    items: str = ""
    needs_root: bool = False
    suspect: bool = False

    @property
    def runs_main(self) -> bool:
        """Whether the cases are runs of the program's `main`."""
        return self.cases[0].input is not None


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
    if tests.lstrip().startswith("["):
        cases = _json_cases(tests)
        if cases is not None:
            return HiddenTests(cases)
    seen = scan(tests)
    if seen.unbalanced is not None or not seen.plain:
        why = seen.unbalanced.message if seen.unbalanced else "an unterminated literal or comment"
        raise HiddenTestsError(f"the tests do not parse: {why}")
    is_items = re.search(r"#\s*\[\s*test\s*\]", seen.code) is not None
    found = _from_items(tests) if is_items else _from_statements(tests)
    if not found.cases:
        raise HiddenTestsError("the tests hold no test: neither a #[test] function, nor a statement, nor a JSON case")
    return found


def _json_cases(tests: str) -> tuple[Case, ...] | None:
    try:
        rows = json.loads(tests)
    except json.JSONDecodeError:
        return None
    except (ValueError, RecursionError) as err:  # a number of thousands of digits, or nesting as deep
        raise HiddenTestsError(f"the tests are JSON that cannot be read: {err}") from None
    if not rows:
        raise HiddenTestsError("the tests are an empty JSON list")
    return tuple(_json_case(number, row) for number, row in enumerate(rows))


def _json_case(number: int, row: Any) -> Case:
    """Read one run of `main`: its input, its right output or several (`outputs`), and a tolerance for numbers."""
    found = row if isinstance(row, dict) else {}
    given, outputs = found.get("input"), found.get("outputs", [found.get("output")])
    if (
        not isinstance(given, str)
        or not isinstance(outputs, list)
        or not outputs
        or any(not isinstance(text, str) for text in outputs)
    ):
        raise HiddenTestsError(f'a JSON case must be {{"input": str, "output": str}}, not {str(row)[:80]}')
    try:
        "".join((given, *outputs)).encode()
    except UnicodeEncodeError:
        raise HiddenTestsError(f"case {number} holds half of a surrogate pair, which is no text") from None
    tolerance = found.get("tolerance")
    try:
        within = None if tolerance is None else checked_tolerance(tolerance, "tolerance")
    except ValueError as err:
        raise HiddenTestsError(f"case {number}: {err}") from None
    return Case(str(number), input=given, output=outputs[0], also=tuple(outputs[1:]), tolerance=within)


def _from_items(tests: str) -> HiddenTests:
    """Read items: note each test function, make it and its modules visible, and blank out the test attributes."""
    source = tests.encode()
    root = parse_rust(source).root_node
    found: list[tuple[int, Case]] = []
    edits: list[Edit] = []
    pending: list[tuple[Node, str]] = [(root, "")]
    while pending:
        parent, path = pending.pop()
        attributes: list[bytes] = []  # of the item that comes next
        for node in parent.named_children:
            if node.type in COMMENTS:
                continue
            if node.type == "attribute_item":
                attributes.append(text_of(node))
                if _MARKER.match(text_of(node)):
                    edits.append((node.start_byte, node.end_byte, b" "))
                continue
            where = path + text_of(node.child_by_field_name("name")).decode()
            if node.type == "mod_item" and (body := node.child_by_field_name("body")):
                edits.append(_make_public(node))
                pending.append((body, f"{where}::"))
            elif node.type == "function_item" and _is_test(attributes):
                edits.append(_make_public(node))
                end = _say_reached(node)
                edits += [end] if end else []
                case = Case(where, where, _expected(attributes), must_reach=end is not None)
                found.append((node.start_byte, case))
            attributes = []
    cases = [case for _, case in sorted(found, key=lambda pair: pair[0])]
    return _hidden_tests(cases, apply_edits(source, edits).decode(), suspect=root.has_error)


def _is_test(attributes: list[bytes]) -> bool:
    markers = [match for text in attributes if (match := _MARKER.match(text))]
    return any(match.group(1) == b"test" for match in markers)


def _make_public(item: Node) -> Edit:
    first = item.children[0]
    if first.type == "visibility_modifier":
        return item.start_byte, first.end_byte, b"pub"
    return item.start_byte, item.start_byte, b"pub "


def _say_reached(function: Node) -> Edit | None:
    """Return the edit that lets a function say that it reached its end; `None` for one that may end elsewhere."""
    body = function.child_by_field_name("body")
    if body is None or function.child_by_field_name("return_type") or _LEAVES.search(text_of(body).decode()):
        return None
    return body.end_byte - 1, body.end_byte - 1, f"; {REACHED}!();".encode()


def _expected(attributes: list[bytes]) -> str | None:
    for text in attributes:
        if b"should_panic" in text:
            match = _EXPECTED.search(text)
            if match is None and b"=" in text:
                raise HiddenTestsError(f"a test expects a panic in a form that is not read: {text.decode()[:80]}")
            return match.group(1).decode() if match else '""'
    return None


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
    ends = [not _LEAVES.search(body) for body in bodies]
    text = "".join(
        f"pub fn case{i}() {{\n{body}\n{f'; {REACHED}!();' if end else ''}}}\n"
        for i, (body, end) in enumerate(zip(bodies, ends, strict=True))
    )
    cases = [Case(str(i), f"case{i}", must_reach=end) for i, end in enumerate(ends)]
    return _hidden_tests(cases, text, suspect=suspect)


def _hidden_tests(cases: list[Case], text: str, *, suspect: bool) -> HiddenTests:
    needs_root = bool(re.search(r"\bcrate\b", scan(text).code))
    return HiddenTests(tuple(cases), text, needs_root, suspect)


def _from_main(tests: str, statements: list[Node]) -> HiddenTests:
    """Read declarations: they are a test when one of them is `fn main`, as in MultiPL-E."""
    if not any(node.type == "function_item" and name_of(node) == b"main" for node in statements):
        return HiddenTests(())
    return _from_bodies([f"{tests}\nmain()\n"], suspect=False)
