"""Reads hidden tests that are items: modules with `#[test]` functions. Pure.

What the text alone decides is decided here. Where macros or conditions decide which tests there are, the text is
prepared so that rustc can tell (`listing`).
"""

import functools
import logging
import re
from dataclasses import dataclass, field

from tree_sitter import Node

from ..syntax.lexer import blank, scan
from ..syntax.tree import COMMENTS, name_of, parse_rust, text_of
from .assertions import Edit, apply_edits, is_const
from .cases import Case, HiddenTests, HiddenTestsError

logger = logging.getLogger(__name__)

REACHED = "rr_reached"  # `instrumentation` defines it before the tests
ATTRIBUTE = "rr_test"  # stands for `#[test]` in tests that rustc is asked about
_PRELUDE = r"(?:(?:::\s*)?(?:core|std)\s*::\s*prelude\s*::\s*\w+\s*::\s*)?"
_TEST = re.compile(rf"#\s*\[\s*{_PRELUDE}test\s*\]")
_MARKER = re.compile(
    rb"#!?\[\s*(?P<kind>" + _PRELUDE.encode() + rb"test|cfg\s*\(\s*all\(\)\s*\)|ignore\b.*|should_panic\b.*)\s*\]\Z",
    re.DOTALL,
)
_EXPECTED = re.compile(
    rb'should_panic\s*(?:\(\s*expected\s*)?=\s*("(?:[^"\\]|\\.)*"|r(?P<marks>#*)".*?"(?P=marks))', re.DOTALL
)
_LEAVES = re.compile(r"\breturn\b|\?")
_CATCHES = re.compile(r"\bcatch_unwind\b|\.\s*join\s*\(\s*\)\s*\.\s*(?:is_err|is_ok|unwrap_err|expect_err|err)\b")
_FILES = re.compile(r"\b(?:fs|net|temp_dir)\b")
_CFG = re.compile(r"\bcfg(?P<attr>_attr)?\s*!?\s*\(")
_DECIDES = re.compile(rb"#!?\s*\[\s*(?:cfg\b(?!_attr)|cfg_attr\b.*\b(?:test|should_panic|cfg)\b)", re.DOTALL)
_ATTRIBUTE_NAME = re.compile(r"#!?\s*\[\s*(?:unsafe\s*\(\s*)?((?:::\s*)?\w+(?:\s*::\s*\w+)*)")
# Attributes of functions and modules that the compiler knows. Others come from crates that are not there.
_KNOWN = frozenset(
    """
    allow automatically_derived cfg cfg_attr cold coverage deny deprecated doc expect export_name forbid ignore inline
    instruction_set link_section macro_export macro_use must_use no_implicit_prelude no_mangle path should_panic
    target_feature test track_caller warn
    """.split()  # noqa: SIM905
)
_TOOLS = frozenset(("core", "std", "clippy", "rustfmt", "miri", "diagnostic", "rust_analyzer"))


@dataclass
class _Seen:
    """What one walk over the items finds."""

    cases: list[tuple[int, Case]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    definitions: list[Node] = field(default_factory=list)
    calls: list[Node] = field(default_factory=list)  # macros in the place of items
    conditions: bool = False


def are_items(code: str) -> bool:
    """Return whether blanked tests hold test functions, or attributes that mean to make them."""
    return re.search(r"#\s*\[\s*(?:::\s*)?(?:\w+\s*::\s*)*\w*test\w*\s*[\](]", code) is not None


def read_items(tests: str) -> HiddenTests:
    """Read items: note each test function, make it and its modules visible, and blank out the test attributes.

    Raises:
        HiddenTestsError: When only something that is not there could say which tests there are.
    """
    source = tests.encode()
    root = parse_rust(source).root_node
    seen = _look_at(root)
    own = {name_of(node) for node in seen.definitions}
    foreign = [name for node in seen.calls if (name := name_of(node.child_by_field_name("macro"))) not in own]
    words = b"\n".join(map(text_of, (*seen.definitions, *seen.calls)))
    makes_tests = bool(seen.calls) and re.search(rb"\btest\b", words) is not None
    for name in foreign:
        _say_foreign(name.decode(), counted=bool(seen.cases), given=[n for n in seen.calls if name in text_of(n)])
    if seen.conditions or (makes_tests and len(foreign) < len(seen.calls)):
        code = blank(tests).code
        spans = [(match.start(), match.end()) for match in _TEST.finditer(code)]
        return hidden_tests([], _replaced(tests, spans, f"#[{ATTRIBUTE}]"), suspect=root.has_error, asked=True)
    cases = [case for _, case in sorted(seen.cases, key=lambda pair: pair[0])]
    return hidden_tests(cases, apply_edits(source, seen.edits).decode(), suspect=root.has_error)


def hidden_tests(cases: list[Case], text: str, *, suspect: bool, asked: bool = False) -> HiddenTests:
    """Return the tests in this text, and what it says of itself."""
    code = scan(text).code
    needs_root = bool(re.search(r"\bcrate\b", code))
    return HiddenTests(tuple(cases), text, needs_root, suspect, asked, bool(_FILES.search(code)))


def leaves_early(body: str) -> bool:
    """Return whether a function's body may end elsewhere than at its last brace."""
    return _LEAVES.search(body) is not None


def catches_panics(body: str) -> bool:
    """Return whether a test looks at panics itself."""
    return _CATCHES.search(body) is not None


def _look_at(root: Node) -> _Seen:
    seen = _Seen()
    pending: list[tuple[Node, str]] = [(root, "")]
    while pending:
        parent, path = pending.pop()
        attributes: list[Node] = []  # of the item that comes next
        for node in parent.named_children:
            if node.type in COMMENTS:
                continue
            if node.type in ("attribute_item", "inner_attribute_item"):
                attributes += [node] if node.type == "attribute_item" else []
                if _MARKER.match(text_of(node)):
                    seen.edits.append((node.start_byte, node.end_byte, b" "))
                elif node.type == "inner_attribute_item" and _DECIDES.match(text_of(node)):
                    seen.conditions = True
                continue
            call = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
            if node.type == "macro_definition":
                seen.definitions.append(node)
            elif call.type == "macro_invocation" and name_of(call.child_by_field_name("macro")) != b"thread_local":
                seen.calls.append(call)
            elif node.type in ("mod_item", "function_item"):
                body = _look_at_item(node, path, attributes, seen)
                pending += [(body, f"{path}{_name(node)}::")] if body else []
            attributes = []
    return seen


def _look_at_item(node: Node, path: str, attributes: list[Node], seen: _Seen) -> Node | None:
    """Look at a module or a function; return what is inside of a module."""
    texts = [text_of(attribute) for attribute in attributes]
    _require_known(texts)
    body = node.child_by_field_name("body")
    is_test = node.type == "function_item" and _is_test(texts)
    if not is_test and (node.type == "function_item" or body is None):
        return None
    seen.conditions |= any(_DECIDES.match(text) and not _MARKER.match(text) for text in texts)
    seen.edits.append(_make_public(node))
    if not is_test:
        return body
    end = _say_reached(node)
    seen.edits += [end] if end else []
    where, catches = f"{path}{_name(node)}", catches_panics(text_of(body).decode())
    case = Case(where, where, _expected(texts), must_reach=end is not None, catches=catches)
    seen.cases.append((node.start_byte, case))
    return None


def _name(item: Node) -> str:
    return text_of(item.child_by_field_name("name")).decode()


def _is_test(attributes: list[bytes]) -> bool:
    markers = [match for text in attributes if (match := _MARKER.match(text))]
    return any(match["kind"].endswith(b"test") for match in markers)


def _require_known(attributes: list[bytes]) -> None:
    for text in attributes:
        match = _ATTRIBUTE_NAME.match(text.decode())
        name = re.sub(r"\s", "", match[1]).removeprefix("::") if match else ""
        if match and name not in _KNOWN and not ("::" in name and name.split("::")[0] in _TOOLS):
            raise HiddenTestsError(f"the tests use #[{name}], which is not of the standard library")


@functools.cache
def _say_once(message: str, name: str) -> None:
    logger.warning(message, name)


def _say_foreign(name: str, *, counted: bool, given: list[Node]) -> None:
    """Say that a macro which the tests do not define could hold tests; refuse them where there are no others."""
    if not counted or any(re.search(rb"\btest\b", text_of(call)) for call in given):
        raise HiddenTestsError(f"the tests call {name}! for their tests, but do not define it")
    _say_once("Hidden tests call %s!, which they do not define: tests that it makes are not counted.", name)


def with_test_on(tests: str) -> str:
    """Return the tests with `all()`, which holds, in the place of `test` in conditions."""
    if "cfg" not in tests:
        return tests
    code = blank(tests).code
    spans: list[tuple[int, int]] = []
    for match in _CFG.finditer(code):
        end = _end_of_condition(code, match.end(), whole=match["attr"] is None)
        spans += [found.span() for found in re.compile(r"\btest\b(?!\s*[=(])").finditer(code, match.end(), end)]
    return _replaced(tests, spans, "all()")


def _end_of_condition(code: str, start: int, *, whole: bool) -> int:
    """Return where a condition ends that begins behind a bracket: at its bracket, or at the first comma."""
    depth = 0
    for position in range(start, len(code)):
        if (code[position] in ")" and depth == 0) or (code[position] == "," and depth == 0 and not whole):
            return position
        depth += (code[position] == "(") - (code[position] == ")")
    return len(code)


def _replaced(text: str, spans: list[tuple[int, int]], new: str) -> str:
    parts, done = [], 0
    for start, end in sorted(set(spans)):
        parts += [text[done:start], new]
        done = end
    return "".join([*parts, text[done:]])


def _make_public(item: Node) -> Edit:
    first = item.children[0]
    if first.type == "visibility_modifier":
        return item.start_byte, first.end_byte, b"pub"
    return item.start_byte, item.start_byte, b"pub "


def _say_reached(function: Node) -> Edit | None:
    """Return the edit that lets a function say that it reached its end; `None` for one that may end elsewhere."""
    body = function.child_by_field_name("body")
    if body is None or function.child_by_field_name("return_type") or is_const(function):
        return None
    if leaves_early(text_of(body).decode()):
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
