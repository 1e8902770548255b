"""Makes task rows in our columns from the parts of a published row, repairs what is plain, and says what is not.

Every preset builds its rows here, so the same faults are repaired and refused alike: line ends of Windows, byte order
marks, Markdown fences around code; missing or empty columns, columns of another type, tests in Python, tests that
cannot be read, a reference that needs crates beside the standard library, and tests that call nothing that it defines.
"""

import functools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...completions import defined_names, extract_rust
from ...syntax.lexer import blank
from ...syntax.tree import name_of, parse_rust, text_of
from ...verifier.hidden_tests import HiddenTestsError, read_hidden_tests

STANDARD = frozenset(("std", "core", "alloc", "proc_macro", "test", "crate", "self", "super", "Self"))
PRIMITIVES = frozenset(
    ("bool", "char", "str", "slice", "f32", "f64", "usize", "isize", "u8", "u16", "u32", "u64", "u128", "i8", "i16")
) | {"i32", "i64", "i128"}
REQUEST = "Put the complete code in one ```rust block. Use only the standard library."
PROGRAM_REQUEST = f"Write a complete Rust program that reads standard input and writes standard output. {REQUEST}"
_PYTHON = re.compile(
    r"^\s*(?:assert\s*\(?(?!\s*!)\w|def \w+\(.*\).*:|from \w+ import |import \w+\s*$|for \w+ in .*:$|class \w+.*:$)",
    re.MULTILINE,
)
_MODULES = re.compile(r"\bmod\s+(\w+)|\bas\s+(\w+)")
_ATTRIBUTES = re.compile(r"#!?\[[^\]]*\]")
_USES = re.compile(r"\buse\s[^;]*;")
_IMPORTED = re.compile(r"\b(?:use\s+(?:::)?|extern\s+crate\s+)([a-z_]\w*)\s*(?=::|;|\s+as\b)")
_PATH_HEADS = re.compile(r"(?<![\w:.$'])([a-z_]\w*)::(?=[A-Za-z_])")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*(?:::\s*<[^>()]*>\s*)?[(]|\b([A-Z]\w*)\s*(?:::|\{)")
_FENCE = re.compile(r"\s*(?:```|~~~)")


class LeftOut(Exception):
    """A row cannot become a task: the reason, which is counted, and what it is about, which is shown."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


@dataclass
class RowReader:
    """One row of a source, read column by column; what was repaired on the way is noted.

    Args:
        row (`Mapping`): The columns.
        max_cases (`int`, *optional*): Cases of standard input to keep at most.
        repairs (`set[str]`): What was repaired.
    """

    row: Mapping[str, Any]
    max_cases: int | None = None
    repairs: set[str] = field(default_factory=set)

    def text(self, column: str) -> str:
        """Return a column that has to hold text, with plain line ends.

        Raises:
            LeftOut: When it is missing, empty, or of another type.
        """
        value = self.row.get(column)
        if value is None or value == "":
            raise LeftOut(f"nothing in {column}")
        if not isinstance(value, str):
            raise LeftOut(f"{column} is no text", type(value).__name__)
        plain = self.plain(value)
        if not plain.strip():
            raise LeftOut(f"nothing in {column}")
        return plain

    def optional(self, column: str | None) -> str | None:
        """Return a column as text, `None` when it is missing or empty; numbers become text."""
        value = self.row.get(column) if column else None
        if value is None or isinstance(value, list | dict) or not str(value).strip():
            return None
        return self.plain(str(value))

    def code(self, column: str) -> str:
        """Return a column that has to hold Rust code, without fences around it."""
        return self.unfenced(self.text(column))

    def unfenced(self, text: str) -> str:
        """Return code without fences."""
        if not _FENCE.match(text) and "\n```" not in text:
            return text
        self.repairs.add("fences removed")
        return extract_rust(text).strip("\n") + "\n"

    def plain(self, text: str) -> str:
        """Return text with the line ends of Unix and without a byte order mark."""
        plain = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
        if plain != text:
            self.repairs.add("line ends or byte order mark replaced")
        return plain


def make_task(
    *,
    prompt: str,
    tests: str,
    reference: str | None,
    task_id: str | None = None,
    entry_point: str | None = None,
    code_prefix: str | None = None,
    difficulty: str | None = None,
    topic: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a row in our columns.

    Raises:
        LeftOut: When the tests cannot be used, or the reference needs crates.
    """
    if not prompt.strip():
        raise LeftOut("nothing in the prompt")
    check_tests(tests)
    check_crates(tests, reference)
    return {
        "task_id": task_id,
        "prompt": [{"role": "user", "content": prompt.strip()}],
        "code_prefix": code_prefix,
        "entry_point": entry_point,
        "tests": tests,
        "reference": reference,
        "difficulty": difficulty,
        "topic": topic,
        **more,
    }


def check_tests(tests: str) -> None:
    """Refuse tests that the verifier cannot read."""
    if not tests.lstrip().startswith("[{") and _PYTHON.search(tests) and "!" not in tests:
        raise LeftOut("the tests are Python", tests.strip().splitlines()[0][:80])
    try:
        read_hidden_tests(tests)
    except HiddenTestsError as err:
        raise LeftOut("the tests cannot be read", str(err)[:200]) from err


def check_crates(tests: str, reference: str | None) -> None:
    """Refuse tests and references that name crates beside the standard library."""
    needed = foreign_crates(reference or "")
    if needed:
        raise LeftOut("the reference needs crates", ", ".join(sorted(needed)))
    needed = foreign_crates(tests, also_declared=reference) if reference else set()
    if needed:
        raise LeftOut("the tests need crates", ", ".join(sorted(needed)))


def foreign_crates(code: str, *, also_declared: str | None = None) -> set[str]:
    """Return the crates beside the standard library that code names.

    Args:
        code (`str`): Rust code.
        also_declared (`str`, *optional*): Code whose names it may use as well.

    >>> sorted(foreign_crates("use std::fmt; mod a {} use a::b; use rand::Rng; fn f() -> u8 { md5::sum(u8::MAX) }"))
    ['md5', 'rand']
    """
    text = _ATTRIBUTES.sub("", blank(code).code)
    own = _declared(code) | (_declared(also_declared) if also_declared else frozenset())
    imported = {name for use in _USES.findall(text) for name in re.findall(r"\w+", use)}
    heads = set(_PATH_HEADS.findall(_USES.sub("", text))) - imported
    return (heads | set(_IMPORTED.findall(text))) - STANDARD - PRIMITIVES - own


@functools.lru_cache(maxsize=64)  # a row's reference is asked about several times
def _declared(code: str) -> frozenset[str]:
    """Return the names that code declares: items, modules, and what it gives other names."""
    modules = {name for pair in _MODULES.findall(blank(code).code) for name in pair if name}
    return frozenset(modules | defined_names(code))


def entry_point_of(reference: str, tests: str) -> str:
    """Return the function or type of the reference that the tests name most often, the last defined of several.

    Raises:
        LeftOut: When they name none.
    """
    defined = defined_names(reference) - {"main"}
    called = Counter(name for pair in _CALLED.findall(blank(tests).code) for name in pair if name)
    named = {name: called[name] for name in defined if called[name]}
    if not named:
        raise LeftOut("the tests call nothing that the reference defines")
    return max(named, key=lambda name: (named[name], reference.rfind(name)))


def prefix_of(reference: str, entry_point: str, description: str) -> str | None:
    """Return what a base model continues: the description as a doc comment, and the first line of the function.

    Imports of the reference are there when the signature needs them. `None` when the entry point is no function of the
    top level, or has a signature of several items.
    """
    source = reference.encode("utf-8", "replace")
    nodes = parse_rust(source).root_node.named_children
    function = next((n for n in nodes if n.type == "function_item" and name_of(n) == entry_point.encode()), None)
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None:
        return None
    signature = source[function.start_byte : body.start_byte].decode().rstrip()
    named = set(re.findall(r"\w+", signature))
    declared = {name_of(node).decode() for node in nodes if node.type not in ("function_item", "use_declaration")}
    if declared & named:
        return None
    uses = [text_of(node).decode() for node in nodes if node.type == "use_declaration"]
    needed = [use for use in uses if set(re.findall(r"\w+", use)) & named - {"pub"}]
    comment = [f"/// {line}".rstrip() for line in description.strip().splitlines()]
    return "\n".join([*needed, *comment, f"{signature} {{"]) + "\n"


def tests_from_asserts(asserts: Sequence[str]) -> str:
    """Return a test module with one test per text of the list; a list that holds modules or tests is joined."""
    texts = [text.strip() for text in asserts if text.strip()]
    if not texts:
        raise LeftOut("the list of tests is empty")
    if any("#[test]" in text for text in texts):
        return "\n\n".join(texts) + "\n"
    for text in texts:
        if _PYTHON.search(text) and "!" not in text:
            raise LeftOut("the tests are Python", text.splitlines()[0][:80])
    cases = []
    for number, text in enumerate(texts):
        body = text if text.endswith((";", "}")) else f"{text};"
        cases.append(f"    #[test]\n    fn case_{number}() {{\n        {body}\n    }}\n")
    return "#[cfg(test)]\nmod tests {\n    use super::*;\n\n" + "\n".join(cases) + "}\n"
