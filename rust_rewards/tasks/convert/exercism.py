"""An Exercism track: one folder per exercise, with instructions, a stub, tests in a crate of their own, and an example.

The tests `use` the candidate's crate; here they become a module of the candidate, so that its name becomes `super`.
Tests that are ignored until the first one passes are run like the others.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tree_sitter import Node

from ...syntax.nodes import is_off
from ...syntax.tree import parse_rust, text_of
from .task_rows import REQUEST, LeftOut, RowReader, make_task

_INSTRUCTIONS = (".docs/introduction.md", ".docs/instructions.md", ".docs/instructions.append.md")
_EXAMPLES = (".meta/example.rs", ".meta/exemplar.rs")
_PATHS = frozenset(("scoped_identifier", "scoped_use_list", "use_wildcard", "scoped_type_identifier"))
_ASSERTIONS_CRATE = re.compile(r"^\s*use pretty_assertions::[^;]*;[ \t]*\n?", re.MULTILINE)


def is_track(folder: Path) -> bool:
    """Whether a folder is a track, or one exercise."""
    return next(_exercises(folder), None) is not None


def exercise_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield a row per exercise of a track: the texts of its files."""
    for exercise in _exercises(folder):
        tests = sorted((exercise / "tests").glob("*.rs"))
        yield {
            "exercise": exercise.name,
            "instructions": "\n\n".join(_read(exercise / name).strip() for name in _INSTRUCTIONS).strip(),
            "stub": _read(exercise / "src/lib.rs"),
            "example": next((text for name in _EXAMPLES if (text := _read(exercise / name))), ""),
            "tests": [_read(path) for path in tests],
            "manifest": _read(exercise / "Cargo.toml"),
        }


def exercism(reader: RowReader) -> dict[str, Any]:
    """A row of `exercise_rows`."""
    row = reader.row
    name = _crate_name(reader.text("exercise"), str(row.get("manifest") or ""))
    tests = [reader.plain(text) for text in row.get("tests") or [] if text.strip()]
    if not tests:
        raise LeftOut("nothing in tests")
    if len(tests) > 1 or any(re.search(r"^\s*mod \w+;", text, re.MULTILINE) for text in tests):
        raise LeftOut("the tests are spread over several files")
    stub = reader.plain(str(row.get("stub") or "")).strip()
    shown = f"\n\nStart from this:\n\n```rust\n{stub}\n```" if stub else ""
    return make_task(
        task_id=f"exercism/{row['exercise']}",
        prompt=f"{reader.text('instructions')}{shown}\n\n{REQUEST}",
        tests=as_module(_ASSERTIONS_CRATE.sub("", tests[0]), name),
        reference=reader.code("example"),
        entry_point=_only_function(stub),
    )


def as_module(tests: str, crate: str) -> str:
    """Return the tests of a crate as a module of that crate: its name becomes `super`, as often as modules are open,
    and inner attributes and tests behind a `cfg` that is off go."""
    renaming = re.compile(rf"^use {re.escape(crate)} as (\w+);", re.MULTILINE)
    names = {crate.encode(), *(name.encode() for name in renaming.findall(tests))}
    source = renaming.sub("", tests).encode()
    edits: list[tuple[int, int, bytes]] = []
    pending: list[tuple[Node, int]] = [(parse_rust(source).root_node, 1)]
    while pending:
        node, depth = pending.pop()
        if node.type == "identifier" and text_of(node) in names and _begins_path(node):
            edits.append((node.start_byte, node.end_byte, b"::".join([b"super"] * depth)))
        inner = depth + 1 if node.type == "mod_item" else depth
        begun: Node | None = None
        off = False
        for child in node.children:
            if child.type == "inner_attribute_item" or text_of(child).startswith((b"//!", b"/*!")):
                edits.append((child.start_byte, child.end_byte, b"\n"))  # they have to come first
                continue
            if child.type == "attribute_item":
                begun = begun or child
                off = off or (text_of(child).startswith(b"#[cfg") and is_off(child))
                continue
            if child.is_named and off and begun is not None:
                edits.append((begun.start_byte, child.end_byte, b""))
            else:
                pending.append((child, inner))
            begun, off = None, False
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    text = source.decode().rstrip()
    return f"#[cfg(test)]\nmod tests {{\n#[allow(unused_imports)]\nuse super::*;\n{text}\n}}\n"


def _begins_path(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "token_tree":
        before, behind = node.prev_sibling, node.next_sibling
        return behind is not None and behind.type == "::" and (before is None or before.type not in ("::", "."))
    return parent.type in _PATHS and parent.start_byte == node.start_byte


def _exercises(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob(".docs/instructions.md")):
        exercise = path.parent.parent
        if (exercise / "Cargo.toml").is_file():
            yield exercise


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _crate_name(exercise: str, manifest: str) -> str:
    """Return the name under which the tests use the crate.

    Raises:
        LeftOut: When it depends on others.
    """
    try:
        content = tomllib.loads(manifest)
    except tomllib.TOMLDecodeError as err:
        raise LeftOut("Cargo.toml cannot be read", str(err)) from err
    needed = set(content.get("dependencies", {}))
    if needed:
        raise LeftOut("the reference needs crates", ", ".join(sorted(needed)))
    return str(content.get("package", {}).get("name") or exercise).replace("-", "_")


def _only_function(stub: str) -> str | None:
    names = re.findall(r"^pub fn (\w+)", stub, re.MULTILINE)
    types = re.findall(r"^pub (?:struct|enum|trait) (\w+)", stub, re.MULTILINE)
    return names[0] if len(names) == 1 and not types else None
