"""Hidden tests as their author wrote them -> a suite of numbered cases, and the Rust text that runs them. Pure.

Three forms are accepted:

- items with `#[test]` functions, usually `#[cfg(test)] mod tests { use super::*; ... }`: one case per test function;
- bare statements: one case per assertion when there is nothing but assertions (and `use`), else one case in all;
- JSON, `[{"input": "...", "output": "..."}, ...]`: one case per run of the program's `main`. Outputs are equal when
  their lines are, trailing white space and blank lines at the end aside.

The Rust text keeps a program's own names out of the tests' way: the standard macros are defined anew right before
the tests, and the prelude names that decide a comparison are imported explicitly, which beats `use super::*`.
"""

import json
import re
from dataclasses import dataclass

import tree_sitter

from ..syntax import parse_rust
from .lexer import scan

ASSERTIONS = frozenset(("assert", "assert_eq", "assert_ne", "debug_assert", "debug_assert_eq", "debug_assert_ne"))
_DECLARATIONS = frozenset(
    f"{kind}_item"
    for kind in ("function", "struct", "enum", "mod", "impl", "trait", "const", "static", "type", "union")
) | {"use_declaration", "macro_definition", "attribute_item"}
_MARKER = re.compile(rb"#\[\s*(test|cfg\s*\(\s*test\s*\)|ignore\b.*|should_panic\b.*)\s*\]\Z", re.DOTALL)
_EXPECTED = re.compile(
    rb'should_panic\s*\(\s*expected\s*=\s*("(?:[^"\\]|\\.)*")|should_panic\s*=\s*("(?:[^"\\]|\\.)*")'
)
_SHIELDED = "format matches panic print println todo unimplemented unreachable vec write writeln"


class SuiteError(ValueError):
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
    """

    name: str
    path: str = ""
    should_panic: str | None = None
    input: str | None = None
    output: str | None = None


@dataclass(frozen=True)
class Suite:
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


def read_suite(tests: str) -> Suite:
    """Read hidden tests in any of the three forms.

    Raises:
        SuiteError: When they hold no test or cannot be read.
    """
    if tests.lstrip().startswith("["):
        cases = _json_cases(tests)
        if cases is not None:
            return Suite(cases)
    seen = scan(tests)
    if seen.unbalanced is not None or not seen.plain:
        why = seen.unbalanced.message if seen.unbalanced else "an unterminated literal or comment"
        raise SuiteError(f"the tests do not parse: {why}")
    is_items = re.search(r"#\s*\[\s*test\s*\]", seen.code) is not None
    suite = _from_items(tests) if is_items else _from_statements(tests)
    if not suite.cases:
        raise SuiteError("the tests hold no test: neither a #[test] function, nor a statement, nor a JSON case")
    return suite


def _json_cases(tests: str) -> tuple[Case, ...] | None:
    try:
        rows = json.loads(tests)
    except json.JSONDecodeError:
        return None
    if not rows:
        raise SuiteError("the tests are an empty JSON list")
    for row in rows:
        good = isinstance(row, dict) and isinstance(row.get("input"), str) and isinstance(row.get("output"), str)
        if not good:
            raise SuiteError(f'a JSON case must be {{"input": str, "output": str}}, not {str(row)[:80]}')
    return tuple(Case(str(i), input=row["input"], output=row["output"]) for i, row in enumerate(rows))


def _from_items(tests: str) -> Suite:
    source = tests.encode()
    cases: list[Case] = []
    edits: list[tuple[int, int, bytes]] = []
    root = parse_rust(tests.encode()).root_node
    _collect(root, [], cases, edits)
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    text = source.decode()
    needs_root = bool(re.search(r"\bcrate\b", scan(text).code))
    return Suite(tuple(cases), text, needs_root, root.has_error)


def _collect(parent: tree_sitter.Node, path: list[str], cases: list[Case], edits: list[tuple[int, int, bytes]]) -> None:
    """Walk items: note each test function, make it and its modules visible, and blank out the test attributes."""
    attributes: list[bytes] = []
    for node in parent.named_children:
        if node.type == "attribute_item":
            text = node.text or b""
            attributes.append(text)
            if _MARKER.match(text):
                edits.append((node.start_byte, node.end_byte, b" "))
            continue
        if node.type in ("line_comment", "block_comment"):
            continue
        name = node.child_by_field_name("name")
        label = (name.text or b"").decode() if name else ""
        markers = [match for text in attributes if (match := _MARKER.match(text))]
        if node.type == "mod_item" and (body := node.child_by_field_name("body")):
            _make_public(node, edits)
            _collect(body, [*path, label], cases, edits)
        elif node.type == "function_item" and any(match.group(1) == b"test" for match in markers):
            _make_public(node, edits)
            cases.append(Case("::".join([*path, label]), "::".join([*path, label]), _expected(attributes)))
        attributes = []


def _make_public(node: tree_sitter.Node, edits: list[tuple[int, int, bytes]]) -> None:
    first = node.children[0]
    old = first.end_byte if first.type == "visibility_modifier" else node.start_byte
    edits.append((node.start_byte, old, b"pub" if old > node.start_byte else b"pub "))


def _expected(attributes: list[bytes]) -> str | None:
    for text in attributes:
        if b"should_panic" in text:
            match = _EXPECTED.search(text)
            return (match.group(1) or match.group(2)).decode() if match else '""'
    return None


def _from_statements(tests: str) -> Suite:
    opening = "fn case() {\n"
    root = parse_rust(f"{opening}{tests}\n}}".encode()).root_node
    functions = [node for node in root.named_children if node.type == "function_item"]
    body = functions[0].child_by_field_name("body") if len(functions) == 1 else None
    comments = ("line_comment", "block_comment", "empty_statement")
    statements = [node for node in body.named_children if node.type not in comments] if body else []
    if len(root.named_children) != 1 or not body or all(node.type in _DECLARATIONS for node in statements):
        return _from_main(tests, statements)
    suspect = root.has_error
    needs_root = bool(re.search(r"\bcrate\b", scan(tests).code))
    uses = [node for node in statements if node.type == "use_declaration"]
    asserts = [node for node in statements if _is_assertion(node)]
    if len(uses) + len(asserts) < len(statements) or not asserts:
        return Suite((Case("0", "case0"),), f"pub fn case0() {{\n{tests}\n}}\n", needs_root, suspect)
    prefix = "".join((node.text or b"").decode() + "\n" for node in uses)
    text = "".join(
        f"pub fn case{i}() {{\n{prefix}{(node.text or b'').decode()};\n}}\n" for i, node in enumerate(asserts)
    )
    return Suite(tuple(Case(str(i), f"case{i}") for i in range(len(asserts))), text, needs_root, suspect)


def _from_main(tests: str, statements: list[tree_sitter.Node]) -> Suite:
    """Declarations only: a test when one of them is `fn main`, as in MultiPL-E."""
    names = [node.child_by_field_name("name") for node in statements if node.type == "function_item"]
    if not any(name and name.text == b"main" for name in names):
        return Suite(())
    return Suite((Case("main", "case0"),), f"pub fn case0() {{\n{tests}\nmain()\n}}\n")


def _is_assertion(node: tree_sitter.Node) -> bool:
    inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
    macro = inner.child_by_field_name("macro") if inner.type == "macro_invocation" else None
    return macro is not None and (macro.text or b"").decode() in ASSERTIONS


def glue(suite: Suite, block: str, ours: str, own: str, key: int, strict: bool) -> str:
    """Return the Rust text to append to a program so that `<block>::glue::PROGRAM` can run the suite.

    Args:
        suite (`Suite`): The tests.
        block (`str`): Name of the module to add, drawn at random so that the program cannot name it.
        ours (`str`): Name under which the harness crate is linked, drawn likewise.
        own (`str`): Path that the names of the program's own types begin with.
        key (`int`): 64-bit secret from which proofs of passing are made.
        strict (`bool`): The program compares types of its own in its own way: see `alike` in `native/harness.rs`.
    """
    calls = "".join(f"{i} => ::{ours}::outcome({_call(case)}), " for i, case in enumerate(suite.cases))
    table = ", ".join(_test_value(case, ours) for case in suite.cases)
    tests = f"pub mod items {{ #[allow(unused_imports)] use super::*;\n{suite.items}\n}}\n" if suite.items else ""
    return (
        f"\n#[doc(hidden)] pub mod {block} {{\n#[allow(unused_imports)] use super::*;\n"
        f"#[allow(unused_imports)] pub use ::{ours}::names::{{Box, Err, None, Ok, Option, Some, String, Vec}};\n"
        f"{_macros(ours, own, strict) if suite.items else ''}{tests}"
        f"pub mod glue {{ pub fn run(test: u32) -> bool {{ match test {{ {calls}_ => false }} }}\n"
        f"pub fn key() -> u64 {{ {key} }}\n"
        f"pub static TESTS: [::{ours}::Test; {len(suite.cases)}] = [{table}];\n"
        f"pub const PROGRAM: ::{ours}::Program = ::{ours}::Program {{ run, key, tests: &TESTS }}; }}\n}}\n"
    )


def _call(case: Case) -> str:
    return f"super::items::{case.path}()" if case.path else "super::super::main()"


def _test_value(case: Case, ours: str) -> str:
    panics = given = f"::{ours}::names::None"
    if case.should_panic is not None:
        panics = f"::{ours}::names::Some({case.should_panic})"
    if case.input is not None:
        octets = "".join(f"\\x{byte:02x}" for byte in case.input.encode("utf-8", "replace"))
        given = f'::{ours}::names::Some(b"{octets}")'
    return f"::{ours}::Test {{ should_panic: {panics}, input: {given} }}"


def _macros(ours: str, own: str, strict: bool) -> str:
    believed = f'::{ours}::alike(l, r, "{own}")' if strict else "true"
    ok = f"::{ours}::check"
    pair = f"match (&$l, &$r) {{ (l, r) => {{ ::{ours}::shown(l, r); "
    rules = {
        "assert": f"($c:expr $(, $($t:tt)*)?) => {{ {ok}($c) }}",
        "assert_eq": f"($l:expr, $r:expr $(, $($t:tt)*)?) => {{ {pair}{ok}({believed} & (*l == *r)) }} }} }}",
        "assert_ne": f"($l:expr, $r:expr $(, $($t:tt)*)?) => {{ {pair}{ok}(*l != *r) }} }} }}",
    }
    defined = "".join(
        f"macro_rules! {name} {{ {rule} }}\nmacro_rules! debug_{name} {{ {rule} }}\n" for name, rule in rules.items()
    )
    passed_on = "".join(
        f"macro_rules! {name} {{ ($($t:tt)*) => {{ ::{ours}::macros::{name}!($($t)*) }} }}\n"
        for name in _SHIELDED.split()
    )
    return defined + passed_on


def same_output(expected: str, printed: str) -> bool:
    """Whether two texts have the same lines, trailing white space and blank lines at the end aside."""

    def lines(text: str) -> list[str]:
        return "\n".join(line.rstrip() for line in text.splitlines()).rstrip().split("\n")

    return lines(expected) == lines(printed)
