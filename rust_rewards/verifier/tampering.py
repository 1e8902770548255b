"""Reads from a program's text what it could do to its own tests, and decides how its tests are guarded. Pure, but for
one look at the C library's names.

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

from tree_sitter import Node

from ..syntax.lexer import Scan, blank
from ..syntax.tree import (
    NOMINAL_KINDS,
    Declarations,
    bare_name,
    declarations,
    is_declared_beside,
    parse_rust,
    text_of,
    walk,
)
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
_COMPARING_METHODS = frozenset((b"eq", b"ne", b"partial_cmp", b"lt", b"le", b"gt", b"ge", b"cmp"))


@dataclass(frozen=True)
class TestPolicy:
    """How to guard one program's tests.

    Attributes:
        testable (`bool`): Nothing in it could run outside of the functions that tests call, or in place of a method.
        trusted_comparisons (`str`): Which comparisons of its own types are believed: `"all"`, between values of the
            `"same_types"`, of the `"same_text"` moreover, or `"none"`.
    """

    __test__ = False  # pytest would take it for tests by its name

    testable: bool = True
    trusted_comparisons: str = "all"


def policy_for(source: str, seen: Scan, tests: str) -> TestPolicy:
    """Read a program that compiles, what its scan saw, and the tests to be run on it."""
    code = seen.code if seen.plain else source
    underived = _DERIVE.sub("", code)
    has_macros = "macro" in code  # to these, what looks like a derive may be anything
    compares = bool(_COMPARISON.search(code if has_macros else underived))
    if not compares and not _EXPORT.search(code) and not any(word in source for word in _NEEDS_TREE):
        return TestPolicy()
    root = parse_rust(source.encode()).root_node
    nodes = list(walk(root))
    called = set(re.findall(rb"\.\s*(\w+)\s*(?:\(|::)", tests.encode())) & STANDARD_METHODS
    tampers = (
        _runs_outside(code, nodes)
        or _replaces_symbols(source, code)
        or _macros_answer_for(called, nodes)
        or _traits_answer_for(called, nodes)
        or (root.has_error and _unread_answers_for(called, code))
    )
    if not compares:
        return TestPolicy(not tampers)
    # A tree with errors may lack the very comparison that lies.
    return TestPolicy(not tampers, "none" if root.has_error else _trusted_comparisons(nodes, underived))


def _trusted_comparisons(nodes: list[Node], underived: str) -> str:
    """Which comparisons are believed, given what the program looks like without its derives."""
    impls = [node for node in nodes if node.type == "impl_item"]
    written = [impl for impl in impls if bare_name(impl.child_by_field_name("trait")) in _COMPARING]
    renamed = any(_COMPARES.search(text_of(node)) for node in nodes if node.type == "use_as_clause")
    bodies = [
        text_of(node)
        for node in nodes
        if node.type in ("macro_definition", "token_tree") and (node.parent is None or node.parent.type != "attribute")
    ]
    # Without the word `impl`, all that a macro can do with `PartialEq` is to derive it.
    in_macros = any(map(_COMPARES.search, bodies)) and any(re.search(rb"\bimpl\b", body) for body in bodies)
    hidden = renamed or in_macros
    if not written and not hidden:
        return "all"
    if hidden:
        return "none"
    if _compare_both_sides(written):
        return "same_types"
    return "none" if re.search(r"\bDebug\b", underived) else "same_text"


def _compare_both_sides(impls: list[Node]) -> bool:
    """Whether every comparison written by hand uses `self` and the other side, and `true` only beside `false`."""
    functions = (node for impl in impls for node in walk(impl) if node.type == "function_item")
    methods = [node for node in functions if bare_name(node) in _COMPARING_METHODS]
    return bool(methods) and all(map(_uses_both_sides, methods))


def _uses_both_sides(method: Node) -> bool:
    body, parameters = method.child_by_field_name("body"), method.child_by_field_name("parameters")
    if body is None or parameters is None or not parameters.named_children:
        return False
    other = parameters.named_children[-1].child_by_field_name("pattern")
    words = _words(blank(text_of(body).decode()).code.encode())
    return other is not None and {b"self", text_of(other)} <= words and (b"true" not in words or b"false" in words)


def _runs_outside(code: str, nodes: list[Node]) -> bool:
    return bool(_OUTSIDE.search(code)) or any(_OUTSIDE_IN_MACROS.search(body) for body in _macro_bodies(nodes))


def _macro_bodies(nodes: list[Node]) -> Iterator[bytes]:
    """What macros are made of and given: words there may become anything."""
    return (text_of(node) for node in nodes if node.type in ("token_tree", "macro_definition"))


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


def _macros_answer_for(called: set[bytes], nodes: list[Node]) -> bool:
    """Whether a macro could write a trait that answers for one of the methods called, or such a method of a trait."""
    bodies = [_STRING.sub(b"", body) for body in _macro_bodies(nodes)]
    writes_impls = any(re.search(rb"\btrait\b|\bimpl\b", body) for body in bodies)
    if writes_impls and any(called & set(re.findall(rb"(?<![.\w])\w+", body)) for body in bodies):
        return True
    inside_traits = (node for trait in nodes if trait.type == "trait_item" for node in walk(trait))
    return any(node.type == "macro_invocation" and called & _words(text_of(node)) for node in inside_traits)


def _traits_answer_for(called: set[bytes], nodes: list[Node]) -> bool:
    """Whether a trait of the program has one of the methods called, and an impl for a type that is not clearly the
    program's own."""
    traits = [node for node in nodes if node.type == "trait_item"]
    guilty = {bare_name(trait) for trait in traits if called & _methods(trait)}
    if guilty:  # under any other name as well
        guilty |= {bare_name(node.child_by_field_name("alias")) for node in nodes if node.type == "use_as_clause"}
    own = declarations(nodes, NOMINAL_KINDS)
    impls = [
        node for node in nodes if node.type == "impl_item" and bare_name(node.child_by_field_name("trait")) in guilty
    ]
    return not all(_is_for_own_type(impl, own) for impl in impls)


def _unread_answers_for(called: set[bytes], code: str) -> bool:
    """Whether a program that the grammar does not read in full may have a trait with one of the methods called."""
    return re.search(r"\btrait\b", code) is not None and bool(called & _words(code.encode()))


def _is_for_own_type(impl: Node, own: Declarations) -> bool:
    """Whether the type is declared beside the impl, and is no parameter of the impl that only shares its name."""
    target = impl.child_by_field_name("type")
    parameters = _words(text_of(impl.child_by_field_name("type_parameters")))
    return is_declared_beside(impl, target, own) and bare_name(target) not in parameters


def _methods(trait: Node) -> set[bytes]:
    return {bare_name(node) for node in walk(trait) if node.type in ("function_item", "function_signature_item")}


def _words(text: bytes) -> set[bytes]:
    return set(re.findall(rb"\w+", text))
