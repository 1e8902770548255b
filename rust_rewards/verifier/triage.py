"""Decides, without a compiler, how a program is to be checked. Pure.

A program may share a crate with others only if nothing in it can tell, or change, that it is a module of a larger
crate. The test is on words rather than on meaning: a word in a comment sends a program to a process of its own as well,
which costs time and never a verdict.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from ..syntax.lexer import Scan, Unbalanced, scan
from ..syntax.tree import NOMINAL_KINDS, declarations, is_declared_beside, name_of, parse_rust, text_of, walk
from .verdict import Diagnostic

MAX_DEPTH = 100  # deeper nesting makes rustc recurse; alone it can only hurt itself
MAX_BYTES = 64 * 1024  # larger sources would dominate a batch

# Words through which a module reaches its crate, its files, the linker, or its own path.
_ALONE = re.compile(
    r"\b(?:crate|extern|include|include_str|include_bytes|macro_export|no_mangle|export_name|link_section|link_name|link_args|link_ordinal|linkage|asm"
    r"|global_asm|naked\w*|global_allocator|panic_handler|proc_macro\w*|module_path|type_name\w*|long_running_const_eval)\b"
    r"|\bfile\s*!|\blink\s*\(|\bpath\s*=\s*\"|#\s*\[\s*(?:unsafe\s*\(\s*)?used\b"
)
# One of these is in every text that `_ALONE` matches; looking for them is twenty times faster.
_ALONE_STEMS = (
    "crate", "extern", "include", "macro_export", "no_mangle", "export_name", "link", "asm", "naked",
    "global_allocator", "panic_handler", "proc_macro", "module_path", "type_name", "long_running", "file", "path",
    "used",
)  # fmt: skip
_MAIN_WORD = re.compile(r"^(?:pub\s+)?fn\s+main\s*\(", re.MULTILINE)
_CLIPPY = re.compile(r"\bclippy\b(?!\s*::)")  # `allow(clippy::...)` is no condition
_INNER_ATTRIBUTE = re.compile(r"#\s*!")
_MOD_FILE = re.compile(r"\bmod\b(?!\s+(?:r#)?\w+\s*\{)")
_SYSTEM = re.compile(r"\b(?:fs|net|temp_dir)\b")  # modules; their types cannot be had without naming them
_HARMLESS_CRATE = "pub(crate)"
_MACROS = frozenset(("macro_invocation", "macro_definition", "expression_statement"))


@dataclass(frozen=True)
class Triage:
    """How to check one program.

    Attributes:
        scan (`Scan`): What one pass over its text found.
        rejected (`Diagnostic`, *optional*): rustc's answer, when it is certain without asking.
        has_main (`bool`): There is a top-level `fn main`: the program is a binary.
        may_have_main (`bool`): There is none, but a macro could write one: rustc is asked.
        alone_because (`str`, *optional*): Why it needs a compiler of its own; `None` when it may share a crate.
        uses_files (`bool`): Mentions files, the network or processes; its tests get a private folder.
        knows_clippy (`bool`): Could be another program for clippy than for rustc, whose word counts.
    """

    scan: Scan
    rejected: Diagnostic | None = None
    has_main: bool = False
    may_have_main: bool = False
    alone_because: str | None = None
    uses_files: bool = False
    knows_clippy: bool = False

    @property
    def alone(self) -> bool:
        """Whether it needs a compiler of its own."""
        return self.alone_because is not None


def triage(source: str, edition: str) -> Triage:
    """Look at `source` (valid UTF-8 text) once."""
    seen = scan(source)
    if seen.unbalanced is not None:
        return Triage(seen, rejected=_diagnostic(source, seen.unbalanced))
    program = _Program(source, edition, seen)
    if len(source) > MAX_BYTES or seen.depth > MAX_DEPTH:  # not looked at any closer
        return Triage(
            seen,
            has_main=bool(_MAIN_WORD.search(seen.code)),
            alone_because="it is large or nests deeply",
            uses_files=True,
            knows_clippy=program.knows_clippy,
        )
    return Triage(
        seen,
        has_main=bool(program.mains) or program.hides_main,
        may_have_main=program.may_write_main,
        alone_because=next((reason for reason, holds in _REASONS if holds(program)), None),
        uses_files=bool(_SYSTEM.search(seen.code)) or ("process" in seen.code and "Command" in seen.code),
        knows_clippy=program.knows_clippy,
    )


def _diagnostic(source: str, unbalanced: Unbalanced) -> Diagnostic:
    """Return rustc's error about a delimiter, as it would show it."""
    message, position = unbalanced
    line = source.count("\n", 0, position) + 1
    column = position - (source.rfind("\n", 0, position) + 1) + 1
    text = source.split("\n")[line - 1].rstrip("\r") if source else ""
    shown = f"error: {message}\n --> program.rs:{line}:{column}\n  |\n{line} | {text[:200]}\n"
    return Diagnostic("error", None, message, line, column, shown)


@dataclass(frozen=True)
class _Program:
    """A program as the tests in `_REASONS` see it. The tree is made when the first of them asks for it."""

    source: str
    edition: str
    seen: Scan

    @cached_property
    def readable(self) -> str:
        """Its code, or, where comments and literals were not all understood, its text."""
        return self.seen.code if self.seen.plain else self.source

    @cached_property
    def root(self) -> Node:
        """The root of its syntax tree."""
        return parse_rust(self.source.encode()).root_node

    @cached_property
    def mains(self) -> list[Node]:
        """Its top-level functions named `main`."""
        if "main" not in self.readable:
            return []
        return [n for n in self.root.named_children if n.type == "function_item" and name_of(n) == b"main"]

    @cached_property
    def hides_main(self) -> bool:
        """Whether the grammar does not read all of it, and finds no `main` where the text has one."""
        if self.mains or "main" not in self.readable or not self.root.has_error:
            return False
        return _MAIN_WORD.search(self.readable) is not None

    @cached_property
    def may_write_main(self) -> bool:
        """Whether there is no top-level `main`, but a macro at the top that could write one."""
        if "main" not in self.readable or self.mains or self.hides_main:
            return False
        tops = [node for node in self.root.named_children if node.type in _MACROS]
        return any(re.search(rb"\bmain\b", text_of(node)) for node in tops)

    @cached_property
    def knows_clippy(self) -> bool:
        """Whether it could be another program for clippy than for rustc."""
        return "clippy" in self.source and bool(_CLIPPY.search(self.readable))


def _has_inner_attribute(program: _Program) -> bool:
    return bool(_INNER_ATTRIBUTE.search(program.source))


def _reaches_out(program: _Program) -> bool:
    text = program.source.replace(_HARMLESS_CRATE, " pub ")
    return any(stem in text for stem in _ALONE_STEMS) and bool(_ALONE.search(text))


def _has_module_file(program: _Program) -> bool:
    return "mod" in program.seen.code and bool(_MOD_FILE.search(program.seen.code))


def _has_odd_main(program: _Program) -> bool:
    return program.hides_main or not all(map(_is_plain_main, program.mains))


def _is_plain_main(node: Node) -> bool:
    """Whether it is `fn main() ...` without modifiers, generics, arguments or attributes, for which a call from outside
    can stand in."""
    kinds = {child.type for child in node.children}
    parameters = node.child_by_field_name("parameters")
    before = node.prev_named_sibling
    return (
        not kinds & {"function_modifiers", "type_parameters", "where_clause", "visibility_modifier"}
        and parameters is not None
        and parameters.named_child_count == 0
        and (before is None or before.type != "attribute_item")
    )


def _names_its_main(program: _Program) -> bool:
    return bool(program.mains) and len(re.findall(r"\bmain\b", program.seen.code)) > 1


def _climbs_out(program: _Program) -> bool:
    """Whether some `super` could reach above the program's root."""
    words = len(re.findall(r"\bsuper\b", program.seen.code))
    if not words:
        return False
    if program.root.has_error or re.search(r"super\s*::\s*super", program.seen.code):
        return True
    for node in walk(program.root):
        if node.type == "use_declaration" and text_of(node).count(b"super") > 1:  # `use super::{super::x}`
            return True
        if node.type in ("token_tree", "macro_definition") and b"super" in text_of(node):
            return True
    modules = [node for node in program.root.named_children if node.type == "mod_item"]
    inside = sum(node.type == "super" for module in modules for node in walk(module))
    return inside != words


def _implements_for_others(program: _Program) -> bool:
    """Whether an impl could touch type inference in other modules: a foreign trait for a foreign type, or one hidden in
    a macro."""
    if "impl" not in program.seen.code:
        return False
    nodes = list(walk(program.root))
    hidden = (node for node in nodes if node.type in ("token_tree", "macro_definition"))
    if any(re.search(rb"\bimpl\b", text_of(node)) for node in hidden):
        return True
    if program.root.has_error and _hides_impl(program.seen.code, nodes):
        return True
    types = declarations(nodes, NOMINAL_KINDS)
    traits = declarations(nodes, {"trait_item"})
    for impl in nodes:
        if impl.type != "impl_item":
            continue
        trait, target = impl.child_by_field_name("trait"), impl.child_by_field_name("type")
        is_own = trait is None or is_declared_beside(impl, trait, traits) or is_declared_beside(impl, target, types)
        if target is None or not is_own:
            return True
    return False


def _hides_impl(code: str, nodes: list[Node]) -> bool:
    """Whether the grammar fails to read one of the impls in the code."""
    known = [node for node in nodes if node.type in ("impl_item", "abstract_type")]
    broken = any(node.type == "impl_item" and _header_has_error(node) for node in known)
    return broken or len(known) != len(re.findall(r"\bimpl\b", code))


def _header_has_error(impl: Node) -> bool:
    body = impl.child_by_field_name("body")
    return any(child.has_error or child.is_missing for child in impl.children if child != body)


# Why a program cannot share a crate, and the test for it. The cheap tests come first; those of the second half need the
# tree. The first that holds is the reason.
_REASONS: tuple[tuple[str, Callable[[_Program], bool]], ...] = (
    ("clippy may see another program than rustc", lambda program: program.knows_clippy),
    ("a comment or literal in it is for rustc to read", lambda program: not program.seen.plain),
    ("paths of edition 2015 start at the crate root", lambda program: program.edition == "2015"),
    ("its names are not plain ASCII, which lints of the whole crate compare", lambda p: not p.seen.code.isascii()),
    ("an attribute in it is for the whole crate", _has_inner_attribute),
    ("it names the crate, a file, the linker or its own path", _reaches_out),
    ("a module of it is in another file", _has_module_file),
    ("a call cannot stand in for its main", _has_odd_main),
    ("it names its own main", _names_its_main),
    ("a macro may write its main", lambda program: program.may_write_main),
    ("`super` may leave it", _climbs_out),
    ("an impl may be for types of others", _implements_for_others),
)
