"""Reads hidden tests as their author wrote them: returns numbered cases, and the Rust items that hold them. Pure.

Three forms are accepted:

- items with `#[test]` functions, usually `#[cfg(test)] mod tests { use super::*; ... }`: one case per test function;
- bare statements: one case per assertion when there is nothing but assertions (and `use`), else one case in all;
- JSON, `[{"input": "...", "output": "..."}, ...]`: one case per run of the program's `main`. Outputs are equal when
  their lines are, trailing white space and blank lines at the end aside.
"""

import functools
import json
import re
from dataclasses import dataclass

from tree_sitter import Node

from ..syntax.lexer import scan
from ..syntax.tree import COMMENTS, name_of, parse_rust, text_of
from .assertions import COMPARE, VALUE, Edit, apply_edits, is_assertion

_DECLARATIONS = frozenset(
    f"{kind}_item"
    for kind in ("function", "struct", "enum", "mod", "impl", "trait", "const", "static", "type", "union")
) | {"use_declaration", "macro_definition", "attribute_item"}
_NO_STATEMENTS = COMMENTS | {"empty_statement"}
_MARKER = re.compile(rb"#\[\s*(test|cfg\s*\(\s*test\s*\)|ignore\b.*|should_panic\b.*)\s*\]\Z", re.DOTALL)
_EXPECTED = re.compile(
    rb'should_panic\s*(?:\(\s*expected\s*)?=\s*("(?:[^"\\]|\\.)*"|r(?P<marks>#*)".*?"(?P=marks))', re.DOTALL
)
OUTPUT_SLACK = 4096  # bytes of white space that do not count
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
        must_reach (`bool`): The function's last statement says that it was reached.
    """

    name: str
    path: str = ""
    should_panic: str | None = None
    input: str | None = None
    output: str | None = None
    must_reach: bool = False

    @property
    def output_bytes(self) -> int:
        """Bytes of what `main` prints that can matter: more than this is not what was expected."""
        return 0 if self.output is None else len(self.output.encode("utf-8", "replace")) + OUTPUT_SLACK


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


@functools.lru_cache(maxsize=1024)  # a step tests many answers to one task
def read_hidden_tests(tests: str) -> HiddenTests:
    """Read hidden tests in any of the three forms.

    Raises:
        HiddenTestsError: When they hold no test or cannot be read.
    """
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
    for row in rows:
        good = isinstance(row, dict) and isinstance(row.get("input"), str) and isinstance(row.get("output"), str)
        if not good:
            raise HiddenTestsError(f'a JSON case must be {{"input": str, "output": str}}, not {str(row)[:80]}')
    return tuple(Case(str(i), input=row["input"], output=row["output"]) for i, row in enumerate(rows))


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


def same_output(expected: str, printed: str) -> bool:
    """Return whether two texts have the same lines, trailing white space and blank lines at the end aside."""

    def lines(text: str) -> list[str]:
        return "\n".join(line.rstrip() for line in text.splitlines()).rstrip().split("\n")

    return lines(expected) == lines(printed)
