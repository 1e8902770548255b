"""What a program could do to its own tests, read from its text, and how the harness answers. Pure, but for one look at
the C library's names.

- Code that runs before `main`, or in place of a C function or the allocator: such a program is not tested at all.
- Traits of its own for types of others, with a method such as `is_some` that the tests call: it could answer in the
  standard one's place. Not tested either.
- Comparisons of its own (`impl PartialEq`, `impl PartialOrd`): equality is only believed between values of the same
  types of the program; when a comparison does not look at both sides, or only ever says `true`, they must also print
  alike, and when the printing is its own as well, nothing that involves such types is believed.

Not covered: a comparison that looks at both sides and lies all the same; tests that should not be fooled by it compare
fields, or values of standard types. A function that returns a type of its own where the task wants a standard one is
caught when the tests pin its signature: `const _: fn(i32) -> i32 = f;`.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from ..syntax import parse_rust
from .lexer import scan

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
_DERIVE = re.compile(r"#\s*\[\s*derive\s*\([^()]*\)\s*\]")
_COMPARISON = re.compile(r"\bPartial(?:Eq|Ord)\b")
_NOMINAL = ("struct_item", "enum_item", "union_item")
_STANDARD_TYPES = frozenset(b"Option Result Vec String Box HashMap HashSet BTreeMap BTreeSet VecDeque Rc Arc".split())
_STANDARD_METHODS = frozenset(
    b"""is_some is_none is_ok is_err is_some_and is_ok_and is_none_or unwrap unwrap_or unwrap_err unwrap_or_default
    unwrap_or_else expect err ok ok_or map_err and_then expect_err take as_ref as_deref as_str as_slice as_bytes into
    borrow borrow_mut upgrade lock read clone to_string to_vec to_owned contains contains_key contains_value is_empty
    len iter iter_mut into_iter get get_mut get_or first last pop push insert remove entry keys values values_mut chars
    bytes char_indices starts_with ends_with strip_prefix strip_suffix trim lines split split_at split_whitespace parse
    concat join repeat to_uppercase to_lowercase rfind eq ne cmp partial_cmp total_cmp lt le gt ge max min clamp all any
    abs abs_diff rem_euclid signum pow powi sqrt round floor ceil then is_nan is_finite is_infinite is_positive
    is_negative is_power_of_two to_bits to_le_bytes sum product count rev map filter collect find position nth next skip
    step_by fold zip enumerate copied cloned windows chunks is_sorted binary_search sort sort_unstable dedup reverse
    swap max_by min_by max_by_key min_by_key peekable union intersection difference is_subset is_superset is_disjoint
    is_alphabetic is_alphanumeric is_ascii is_ascii_digit is_ascii_alphabetic is_numeric is_digit is_uppercase
    is_lowercase is_char_boundary eq_ignore_ascii_case""".split()
)
_METHODS = frozenset((b"eq", b"ne", b"partial_cmp", b"lt", b"le", b"gt", b"ge", b"cmp"))


@dataclass(frozen=True)
class Defence:
    """How to guard one program's tests.

    Attributes:
        testable (`bool`): Nothing in it could run outside of the functions that tests call, or in place of a method.
        belief (`str`): Which comparisons of its own types are believed: `"all"`, between values of the
            `"same_types"`, of the `"same_text"` moreover, or `"none"`.
    """

    testable: bool = True
    belief: str = "all"


def defence_for(source: str, tests: str) -> Defence:
    """Read a program that compiles, and what is to be run on it."""
    seen = scan(source)
    code = seen.code if seen.plain else source
    plain = _DERIVE.sub("", code)
    own_comparison = bool(_COMPARISON.search(plain))
    if not own_comparison and not _EXPORT.search(code) and not any(word in source for word in _NEEDS_TREE):
        return Defence()
    nodes = list(_walk(parse_rust(source.encode()).root_node))
    testable = (
        not _runs_outside(code, nodes) and not _replaces_symbols(source, code) and not _replaces_methods(nodes, tests)
    )
    if not own_comparison:
        return Defence(testable)
    if _compares_both_sides(nodes):
        return Defence(testable, "same_types")
    return Defence(testable, "none" if re.search(r"\bDebug\b", plain) else "same_text")


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


def _compares_both_sides(nodes: list[tree_sitter.Node]) -> bool:
    """Whether every comparison written by hand uses `self` and the other side, and `true` only beside `false`."""
    impls = [node for node in nodes if node.type == "impl_item"]
    comparing = [
        node for node in impls if _name(node.child_by_field_name("trait")) in (b"PartialEq", b"PartialOrd", b"Ord")
    ]
    methods = [
        node
        for impl in comparing
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
    called = set(re.findall(rb"\.\s*(\w+)\s*(?:\(|::)", tests.encode())) & _STANDARD_METHODS
    if any(re.search(rb"\btrait\b|\bimpl\b", body) and called & _words(body) for body in _macro_bodies(nodes)):
        return True
    traits = [node for node in nodes if node.type == "trait_item"]
    if any(node.type == "macro_invocation" and called & _words(node.text) for trait in traits for node in _walk(trait)):
        return True
    guilty = {_name(trait.child_by_field_name("name")) for trait in traits if called & _methods(trait)}
    declared = [_name(node.child_by_field_name("name")) for node in nodes if node.type in (*_NOMINAL, "type_item")]
    renamed = {_name(node.child_by_field_name("alias")) for node in nodes if node.type == "use_as_clause"}
    aliases = {_name(node.child_by_field_name("name")) for node in nodes if node.type == "type_item"}
    own = {name for name in declared if declared.count(name) == 1} - renamed - aliases - _STANDARD_TYPES
    impls = [node for node in nodes if node.type == "impl_item" and _name(node.child_by_field_name("trait")) in guilty]
    return any(_name(impl.child_by_field_name("type")) not in own - _parameters(impl) for impl in impls)


def _words(text: bytes | None) -> set[bytes]:
    return set(re.findall(rb"\w+", text or b""))


def _methods(trait: tree_sitter.Node) -> set[bytes]:
    kinds = ("function_item", "function_signature_item")
    return {_name(node.child_by_field_name("name")) for node in _walk(trait) if node.type in kinds}


def _parameters(impl: tree_sitter.Node) -> set[bytes]:
    """The names of an impl's generic parameters."""
    declared = impl.child_by_field_name("type_parameters")
    return _words(declared.text) if declared else set()
