"""Names values of a Rust type as Rust text: what a mutant returns in place of an answer. Pure.

Types are known by their name, without resolving paths or aliases; of the program's own, enums with plain variants. For
any other the text is `Default::default()`, which the compiler may refuse. After the value tables of cargo-mutants.
"""

from collections.abc import Mapping, Sequence

from tree_sitter import Node

from ..syntax.tree import name_of, text_of, walk

DEFAULT = "Default::default()"
MOST_VALUES = 3  # per type
_SIGNED = ("i8", "i16", "i32", "i64", "i128", "isize")
_UNSIGNED = ("u8", "u16", "u32", "u64", "u128", "usize")
_PLAIN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_SIGNED, ("0", "1", "-1")),
    **dict.fromkeys(_UNSIGNED, ("0", "1")),
    **dict.fromkeys(("f32", "f64"), ("0.0", "1.0", "-1.0")),
    "bool": ("true", "false"),
    "char": ("'\\0'", "'x'"),
    "str": (),  # has no size
    "String": ("String::new()", 'String::from("xyzzy")'),
    "Ordering": ("std::cmp::Ordering::Less", "std::cmp::Ordering::Equal", "std::cmp::Ordering::Greater"),
    "Duration": ("std::time::Duration::ZERO", "std::time::Duration::from_secs(1)"),
}
_HOLDERS = frozenset(("Box", "Rc", "Arc", "Cell", "RefCell", "Mutex", "RwLock"))
_COLLECTIONS = frozenset(("HashSet", "BTreeSet", "VecDeque", "LinkedList", "BinaryHeap", "HashMap", "BTreeMap"))

Values = Mapping[str, Sequence[str]]  # values of the program's own types, by name


def own_values(root: Node) -> dict[str, tuple[str, ...]]:
    """Return values of the enums of a program: their variants without fields, in order."""
    found = {}
    for node in walk(root):
        if node.type == "enum_item":
            name = name_of(node).decode()
            plain = [
                name_of(variant).decode()
                for variant in walk(node)
                if variant.type == "enum_variant" and variant.child_by_field_name("body") is None
            ]
            if plain:
                found[name] = tuple(f"{name}::{variant}" for variant in plain)
    return found


def values_of(kind: Node | None, own: Values) -> list[str]:
    """Return values of a type as Rust expressions, none for a type of which none is known.

    Args:
        kind (`Node`, *optional*): The type's node; `None` stands for `()`.
        own (`Mapping`): Values of the program's own types; an empty sequence for a type that has none, such as a
            generic parameter.
    """
    return _values(kind, own)[:MOST_VALUES]


def _values(kind: Node | None, own: Values) -> list[str]:
    if kind is None or kind.type == "unit_type":
        return ["()"]
    name = name_of(kind).decode()
    if kind.type in ("primitive_type", "type_identifier", "scoped_type_identifier"):
        if name in own:
            return list(own[name])
        if name == "Result":  # an alias such as `fmt::Result`
            return [f"Ok({DEFAULT})", f"Err({DEFAULT})"]
        return list(_PLAIN.get(name, (DEFAULT,)))
    if kind.type == "generic_type":
        arguments = kind.child_by_field_name("type_arguments")
        return _generic(name, text_of(kind.child_by_field_name("type")).decode(), _types(arguments), own)
    if kind.type == "reference_type":
        return _reference(kind, own)
    if kind.type == "tuple_type":
        return _tuple([_values(part, own) for part in kind.named_children])
    if kind.type == "array_type":
        length = text_of(kind.child_by_field_name("length")).decode()
        return [f"[{value}; {length}]" for value in _values(kind.child_by_field_name("element"), own)] if length else []
    if kind.type == "abstract_type":
        return _iterator(kind, own)
    return []


def _types(arguments: Node | None) -> list[Node]:
    if arguments is None:
        return []
    return [node for node in arguments.named_children if node.type not in ("lifetime", "type_binding")]


def _generic(name: str, path: str, arguments: list[Node], own: Values) -> list[str]:
    inner = [_values(argument, own) for argument in arguments]
    first = inner[0] if inner else [DEFAULT]
    if name == "Option":
        return ["None", *(f"Some({value})" for value in first)]
    if name == "Result":
        errors = inner[1] if len(inner) > 1 else [DEFAULT]
        return [*(f"Ok({value})" for value in first[:2]), *(f"Err({value})" for value in errors[:1])]
    if name == "Vec":
        return ["vec![]", *(f"vec![{value}]" for value in first)]
    if name in _HOLDERS:
        return [f"{path}::new({value})" for value in first]
    if name in _COLLECTIONS:
        items = _tuple(inner) if len(inner) > 1 else first
        return [DEFAULT, *(f"[{item}].into_iter().collect()" for item in items)]
    return [DEFAULT]


def _reference(kind: Node, own: Values) -> list[str]:
    target = kind.child_by_field_name("type")
    if target is None:
        return []
    if any(child.type == "mutable_specifier" for child in kind.children):
        return [f"Box::leak(Box::new({value}))" for value in _values(target, own)]
    if text_of(target) == b"str":
        return ['""', '"xyzzy"']
    if target.type == "array_type" and target.child_by_field_name("length") is None:
        values = _values(target.child_by_field_name("element"), own)
        return ["&[]", *(f"Box::leak(Box::new([{value}]))" for value in values)]
    return [f"Box::leak(Box::new({value}))" for value in _values(target, own)]


def _tuple(parts: list[list[str]]) -> list[str]:
    """Return tuples whose every part is its first value, its second, and so on; the last stands for those missing."""
    if not parts or not all(parts):
        return []
    end = "," if len(parts) == 1 else ""
    rounds = max(map(len, parts))
    return [f"({', '.join(part[min(i, len(part) - 1)] for part in parts)}{end})" for i in range(rounds)]


def _iterator(kind: Node, own: Values) -> list[str]:
    bindings = [node for node in walk(kind) if node.type == "type_binding"]
    if b"Iterator" not in text_of(kind) or not bindings:
        return []
    items = _values(bindings[0].child_by_field_name("type"), own)
    return ["std::iter::empty()", *(f"std::iter::once({value})" for value in items)]
