"""What a program could do to its own tests, read from its text, and how the harness answers. Pure, but for one look at
the C library's names.

- Code that runs before `main`, or in place of a C function or the allocator: such a program is not tested at all.
- Traits of its own for types of others, with a method such as `is_some` that the tests call: it could answer in the
  standard one's place. Not tested either.
- Comparisons of its own (`impl PartialEq`, `impl PartialOrd`): equality is only believed between values of the same
  types of the program; when a comparison does not look at both sides, or only ever says `true`, they must also print
  alike (in `assert_eq!` and `assert_ne!`; a bare `==` is not believed then), and when the printing is its own as well,
  or a macro writes the comparison, nothing that involves such types is believed.

Not covered: a comparison that looks at both sides and lies all the same, and one that a method (`contains`) or a
pattern makes; tests that should not be fooled by it compare fields, or values of standard types. A function that
returns a type of its own where the task wants a standard one is caught when the tests pin its signature,
`const _: fn(i32) -> i32 = f;`, unless the type shares the standard one's name.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from ..syntax.lexer import scan
from ..syntax.tree import declared_in, parse_rust
from .standard_methods import STANDARD_METHODS

# Sections, assembly and allocators run, or put code that runs, outside the functions that tests call.
_OUTSIDE = re.compile(
    r"#\s*\[[^\]]*\b(?:link_section|used|naked|global_allocator|link_args|linkage|lang)\b"
    r"|\b(?:global_asm|asm|naked_asm)\s*!|\b(?:global_asm|asm|naked_asm)\s*(?:as\b|[,;}])"
)
_OUTSIDE_IN_MACROS = re.compile(rb"\b(?:link_section|global_allocator|global_asm|naked_asm|asm)\b")
# Without any of these words nothing below can find fault: what runs outside, and traits and impls with methods.
_NEEDS_TREE = ("link_", "linkage", "used", "naked", "asm", "global_allocator", "lang", "trait", "impl")
_EXPORT = re.compile(r"\b(?:no_mangle|export_name)\b")
_EXPORTED = re.compile(
    r"#\s*\[\s*(?:unsafe\s*\(\s*)?(?:no_mangle|export_name\s*=\s*\"(?P<name>\w+)\")\s*\)?\s*\]\s*"
    r"pub\s+(?:unsafe\s+)?extern\s+\"C\"\s+fn\s+(?:r#)?(?P<function>\w+)"
)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_DERIVE = re.compile(r"#\s*\[\s*derive\s*\([^()]*\)\s*\]")
_COMPARISON = re.compile(r"\bPartial(?:Eq|Ord)\b")
_COMPARES = re.compile(rb"\bPartial(?:Eq|Ord)\b")
_COMPARING = frozenset((b"PartialEq", b"PartialOrd", b"Ord"))
_NOMINAL = ("struct_item", "enum_item", "union_item")
_METHODS = frozenset((b"eq", b"ne", b"partial_cmp", b"lt", b"le", b"gt", b"ge", b"cmp"))


@dataclass(frozen=True)
class TestPolicy:
    """How to guard one program's tests.

    Attributes:
        testable (`bool`): Nothing in it could run outside of the functions that tests call, or in place of a method.
        trusted_comparisons (`str`): Which comparisons of its own types are believed: `"all"`, between values of the
            `"same_types"`, of the `"same_text"` moreover, or `"none"`.
    """

    testable: bool = True
    trusted_comparisons: str = "all"


def policy_for(source: str, tests: str) -> TestPolicy:
    """Read a program that compiles, and what is to be run on it."""
    seen = scan(source)
    code = seen.code if seen.plain else source
    plain = _DERIVE.sub("", code)
    has_macros = "macro" in code  # to these, what looks like a derive may be anything
    compares = bool(_COMPARISON.search(code if has_macros else plain))
    if not compares and not _EXPORT.search(code) and not any(word in source for word in _NEEDS_TREE):
        return TestPolicy()
    nodes = list(_walk(parse_rust(source.encode()).root_node))
    testable = (
        not _runs_outside(code, nodes) and not _replaces_symbols(source, code) and not _replaces_methods(nodes, tests)
    )
    return TestPolicy(testable, _belief(nodes, plain) if compares else "all")


def _belief(nodes: list[tree_sitter.Node], plain: str) -> str:
    """Which comparisons are believed, given what the program looks like without its derives."""
    impls = [node for node in nodes if node.type == "impl_item"]
    written = [impl for impl in impls if _name(impl.child_by_field_name("trait")) in _COMPARING]
    hidden = any(
        _COMPARES.search(node.text or b"")
        for node in nodes
        if node.type in ("use_as_clause", "macro_definition", "token_tree")
        and (node.parent is None or node.parent.type != "attribute")
    )
    if not written and not hidden:
        return "all"
    if not hidden and _compare_both_sides(written):
        return "same_types"
    return "none" if hidden or re.search(r"\bDebug\b", plain) else "same_text"


def _runs_outside(code: str, nodes: list[tree_sitter.Node]) -> bool:
    return bool(_OUTSIDE.search(code)) or any(_OUTSIDE_IN_MACROS.search(body) for body in _macro_bodies(nodes))


def _macro_bodies(nodes: list[tree_sitter.Node]) -> Iterator[bytes]:
    """What macros are made of and given: words there may become anything."""
    return (node.text or b"" for node in nodes if node.type in ("token_tree", "macro_definition"))


def _replaces_symbols(source: str, code: str) -> bool:
    """Whether exported functions could take the place of the C library's that assertions rely on, such as `memcmp`.

    A plain `#[no_mangle] pub extern "C" fn name` is fine when nothing in this process is called so; anything less
    plain, such as an export written by a macro, is not tested.
    """
    if not _EXPORT.search(code):
        return False
    exported = [match.group("name") or match.group("function") for match in _EXPORTED.finditer(source)]
    if len(exported) != len(_EXPORT.findall(source)):
        return True
    libraries = ctypes.CDLL(None)
    return any(hasattr(libraries, name) or name.startswith(("_", "rust_")) for name in exported)


def _walk(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.named_children)


def _name(node: tree_sitter.Node | None) -> bytes:
    """The last name of a type or trait: `std::cmp::PartialEq<u8>` gives `PartialEq`."""
    while node is not None and node.type in ("generic_type", "scoped_type_identifier"):
        node = node.child_by_field_name("type" if node.type == "generic_type" else "name")
    named = node is not None and node.type in ("type_identifier", "identifier")
    return (node.text or b"").removeprefix(b"r#") if named and node is not None else b""


def _compare_both_sides(impls: list[tree_sitter.Node]) -> bool:
    """Whether every comparison written by hand uses `self` and the other side, and `true` only beside `false`."""
    methods = [
        node
        for impl in impls
        for node in _walk(impl)
        if node.type == "function_item" and (node.child_by_field_name("name") or node).text in _METHODS
    ]
    return bool(methods) and all(map(_uses_both_sides, methods))


def _uses_both_sides(method: tree_sitter.Node) -> bool:
    body, parameters = method.child_by_field_name("body"), method.child_by_field_name("parameters")
    if body is None or parameters is None:
        return False
    pattern = parameters.named_children[-1].child_by_field_name("pattern") if parameters.named_children else None
    words = _words(scan((body.text or b"").decode()).code.encode())
    return pattern is not None and {b"self", pattern.text} <= words and (b"true" not in words or b"false" in words)


def _replaces_methods(nodes: list[tree_sitter.Node], tests: str) -> bool:
    """Whether a trait of the program could answer for a standard method that the tests call: it has a method of that
    name, and an implementation for a type that is not clearly its own; or all of that could come out of a macro."""
    called = set(re.findall(rb"\.\s*(\w+)\s*(?:\(|::)", tests.encode())) & STANDARD_METHODS
    bodies = [_STRING.sub(b"", body) for body in _macro_bodies(nodes)]
    writes_impls = any(re.search(rb"\btrait\b|\bimpl\b", body) for body in bodies)
    if writes_impls and any(called & set(re.findall(rb"(?<![.\w])\w+", body)) for body in bodies):
        return True
    traits = [node for node in nodes if node.type == "trait_item"]
    if any(node.type == "macro_invocation" and called & _words(node.text) for trait in traits for node in _walk(trait)):
        return True
    guilty = {_name(trait.child_by_field_name("name")) for trait in traits if called & _methods(trait)}
    if guilty:  # under any other name as well
        guilty |= {_name(node.child_by_field_name("alias")) for node in nodes if node.type == "use_as_clause"}
    own = {(declared_in(node), _name(node.child_by_field_name("name"))) for node in nodes if node.type in _NOMINAL}
    impls = [node for node in nodes if node.type == "impl_item" and _name(node.child_by_field_name("trait")) in guilty]
    return not all(_is_for_own_type(impl, own) for impl in impls)


def _is_for_own_type(impl: tree_sitter.Node, own: set[tuple[int | None, bytes]]) -> bool:
    """Whether the type is declared beside the impl; of another module, it may only share a standard one's name."""
    target = impl.child_by_field_name("type")
    if target is not None and target.type == "generic_type":
        target = target.child_by_field_name("type")
    if target is None or target.type != "type_identifier":
        return False
    name = _name(target)
    scope = impl.parent.id if impl.parent else 0
    return (scope, name) in own and name not in _parameters(impl)


def _words(text: bytes | None) -> set[bytes]:
    return set(re.findall(rb"\w+", text or b""))


def _methods(trait: tree_sitter.Node) -> set[bytes]:
    kinds = ("function_item", "function_signature_item")
    return {_name(node.child_by_field_name("name")) for node in _walk(trait) if node.type in kinds}


def _parameters(impl: tree_sitter.Node) -> set[bytes]:
    """The names of an impl's generic parameters."""
    declared = impl.child_by_field_name("type_parameters")
    return _words(declared.text) if declared else set()
