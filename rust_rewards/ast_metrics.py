"""Rust source -> `AstMetrics`, by tree-sitter: fast (about a millisecond), and there for broken code as well.

The groups count the code that the compiler sees and that can run (see `ast_walk`). `live` holds the same
groups for the part that matters to a caller: what can be reached from the entry point, or, when none is
named, from `main` and the public items. Scores read only `live`, so a function that nobody calls earns
nothing, however well it is written.

Reachability goes by name, without resolving paths or types: a method is live when its type is and its name is
used. It errs on the side of live.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .syntax.brackets import follow_brackets
from .syntax.items import Item
from .syntax.walk import list_items

MAX_ANALYSED_BYTES = 256 * 1024  # longer source is analysed up to here; the parser needs up to 3 s for that much noise
_TYPES = frozenset({"struct_item", "enum_item", "union_item", "trait_item"})
_UNNAMED = frozenset({"impl_item", "use_declaration", "foreign_mod_item", "source_file"})


@dataclass(frozen=True)
class Complexity:
    """Size and branching.

    Attributes:
        cyclomatic (`int`): Sum over functions of 1 + `if`, `while`, `for`, `loop`, match arms beyond the
            first, `&&`, `||` and `?`; closures belong to the function around them (McCabe 1976, applied to
            Rust).
        max_cyclomatic (`int`): The largest of one function.
        max_nesting (`int`): Deepest nesting of `if`, `match` and loops in one function; `else if` adds no
            level.
        lines_of_code (`int`): Lines that hold more than blanks and comments.
    """

    cyclomatic: int = 0
    max_cyclomatic: int = 0
    max_nesting: int = 0
    lines_of_code: int = 0


@dataclass(frozen=True)
class Structure:
    """Numbers of items. Functions include methods with a body; structs include unions."""

    functions: int = 0
    structs: int = 0
    enums: int = 0
    traits: int = 0
    impls: int = 0


@dataclass(frozen=True)
class Quality:
    """Error handling, documentation and danger.

    Attributes:
        uses_result, uses_option (`bool`): In a signature, a field or a pattern; not in a value that is thrown
            away.
        uses_question_mark (`bool`): `?` is used.
        documented (`float`): Share of functions, structs, enums and traits that have a doc comment with text,
            0..1; methods that implement a trait need none.
        panics (`int`): `unwrap`, `expect`, `panic!`, `todo!`, `unimplemented!`, `unreachable!`.
        unsafe_uses (`int`): `unsafe` blocks, functions, traits and impls.
    """

    uses_result: bool = False
    uses_option: bool = False
    uses_question_mark: bool = False
    documented: float = 0.0
    panics: int = 0
    unsafe_uses: int = 0


@dataclass(frozen=True)
class Idioms:
    """How often idioms occur: calls of iterator methods; `match`, `if let`, `while let`, `let else` and
    `matches!`; closures; and chains of at least two method calls."""

    iterators: int = 0
    pattern_matching: int = 0
    closures: int = 0
    method_chains: int = 0


@dataclass(frozen=True)
class LiveCode:
    """The groups of `AstMetrics` for reachable code, and what scoring asks of it.

    Attributes:
        answers (`bool`): There is an answer to score: the entry point is defined and does something; without
            an entry point, some function is more than a copied signature.
        working_functions (`int`): Functions whose body does something and uses a parameter, if there are any.
        has_types (`bool`): A struct, enum or trait is used.
        has_methods (`bool`): A method that does something is used.
        silenced_lints (`int`): Attributes anywhere that allow or expect lints.
    """

    complexity: Complexity = field(default_factory=Complexity)
    structure: Structure = field(default_factory=Structure)
    quality: Quality = field(default_factory=Quality)
    idioms: Idioms = field(default_factory=Idioms)
    answers: bool = False
    working_functions: int = 0
    has_types: bool = False
    has_methods: bool = False
    silenced_lints: int = 0


@dataclass(frozen=True)
class AstMetrics:
    """What the syntax tree tells about a program.

    Attributes:
        parses (`bool`): The grammar accepts all of it. rustc's own word is `Verdict.parses`.
        complexity, structure, quality, idioms: Counts over all code that is not a test.
        live (`LiveCode`): The same over reachable code; what scores are made of.
        names (`frozenset[str]`): Functions, types, traits, constants and macros it defines.
    """

    parses: bool = False
    complexity: Complexity = field(default_factory=Complexity)
    structure: Structure = field(default_factory=Structure)
    quality: Quality = field(default_factory=Quality)
    idioms: Idioms = field(default_factory=Idioms)
    live: LiveCode = field(default_factory=LiveCode)
    names: frozenset[str] = frozenset()


def analyze_ast(source: str, *, entry_point: str | None = None) -> AstMetrics:
    """Return the metrics of a program.

    Args:
        source (`str`): Rust source, broken or not; what it leaves open, it is measured as if closed. Beyond
            `MAX_ANALYSED_BYTES` it is not read, and does not parse.
        entry_point (`str`, *optional*): Function or type the program was asked for, such as `"add"`,
            `"Stack"` or `"Stack::push"`; live code is what it reaches.

    Example:
    ```python
    >>> from rust_rewards import analyze_ast

    >>> metrics = analyze_ast("pub fn larger(a: i32, b: i32) -> i32 { if a > b { a } else { b } }")
    >>> metrics.parses, metrics.structure.functions, metrics.complexity.cyclomatic
    (True, 1, 2)

    ```
    """
    data = source.encode("utf-8", "replace")
    whole = len(data) <= MAX_ANALYSED_BYTES
    units, parses, silenced, code_rows = list_items(data[:MAX_ANALYSED_BYTES])
    if not parses and (missing := follow_brackets(data[:MAX_ANALYSED_BYTES].decode("utf-8", "replace")).missing):
        units, _, silenced, code_rows = list_items(data[:MAX_ANALYSED_BYTES] + b"\n" + missing.encode())
    roots = _roots(units, entry_point)
    live = _reachable(units, roots)
    complexity, structure, quality, idioms = _groups(units)
    rows = {row for unit in live for row in range(unit.first_row, unit.last_row + 1)} & code_rows
    functions = [unit for unit in live if unit.kind == "function_item"]
    working = [unit for unit in functions if _works(unit)]
    live_complexity, live_structure, live_quality, live_idioms = _groups(live)
    return AstMetrics(
        parses=parses and whole,
        complexity=replace(complexity, lines_of_code=len(code_rows)),
        structure=structure,
        quality=quality,
        idioms=idioms,
        live=LiveCode(
            complexity=replace(live_complexity, lines_of_code=len(rows)),
            structure=live_structure,
            quality=live_quality,
            idioms=live_idioms,
            answers=_answers(roots, functions, entry_point),
            working_functions=len(working),
            has_types=any(unit.kind in _TYPES for unit in live),
            has_methods=any(unit.owner is not None for unit in working),
            silenced_lints=silenced,
        ),
        names=frozenset(u.name.decode("utf-8", "replace") for u in units if u.name and u.kind not in _UNNAMED),
    )


def _groups(units: Iterable[Item]) -> tuple[Complexity, Structure, Quality, Idioms]:
    units = list(units)
    functions = [unit for unit in units if unit.kind == "function_item"]
    kinds = [unit.kind for unit in units]
    items = [u for u in functions if not u.trait_impl]
    items += [u for u in units if u.kind in _TYPES]
    return (
        Complexity(
            cyclomatic=sum(unit.cyclomatic for unit in functions),
            max_cyclomatic=max((unit.cyclomatic for unit in functions), default=0),
            max_nesting=max((unit.nesting for unit in functions), default=0),
        ),
        Structure(
            functions=len(functions),
            structs=kinds.count("struct_item") + kinds.count("union_item"),
            enums=kinds.count("enum_item"),
            traits=kinds.count("trait_item"),
            impls=kinds.count("impl_item"),
        ),
        Quality(
            uses_result=any(unit.result for unit in units),
            uses_option=any(unit.option for unit in units),
            uses_question_mark=any(unit.question_mark for unit in units),
            documented=sum(unit.documented for unit in items) / len(items) if items else 0.0,
            panics=sum(unit.panics for unit in units),
            unsafe_uses=sum(unit.unsafe for unit in units),
        ),
        Idioms(
            iterators=sum(unit.iterators for unit in units),
            pattern_matching=sum(unit.patterns for unit in units),
            closures=sum(unit.closures for unit in units),
            method_chains=sum(unit.chains for unit in units),
        ),
    )


def _works(unit: Item) -> bool:
    """Whether a function does something with what it is given."""
    uses_input = not unit.takes or bool(unit.params & unit.words)
    return not unit.stub and uses_input


def _roots(units: list[Item], entry_point: str | None) -> list[Item]:
    """Return the units a caller starts from."""
    if entry_point:
        *path, last = entry_point.encode("utf-8", "replace").replace(b".", b"::").split(b"::")
        return [
            unit
            for unit in units
            if unit.kind not in _UNNAMED
            and (
                (unit.name == last and (not path or unit.owner is None or unit.owner.name == path[-1]))
                or (not path and unit.owner is not None and unit.owner.name == last)
            )
        ]
    public = [u for u in units if u.kind not in _UNNAMED and (u.public or (u.name == b"main" and u.owner is None))]
    return public or [unit for unit in units if unit.kind not in _UNNAMED]


def _answers(roots: list[Item], functions: list[Item], entry_point: str | None) -> bool:
    if not entry_point:
        return any(not (unit.stub and (unit.takes or unit.gives)) for unit in functions)
    asked = [unit for unit in roots if unit.kind == "function_item"]
    return bool(roots) and any(not unit.stub for unit in asked or functions)


def _reachable(units: list[Item], roots: list[Item]) -> list[Item]:
    """Return the units that the roots reach by name."""
    by_name: dict[bytes, list[Item]] = defaultdict(list)
    impls: dict[bytes, list[Item]] = defaultdict(list)
    members: dict[int, list[Item]] = defaultdict(list)
    for unit in units:
        if unit.kind != "impl_item":
            by_name[unit.name].append(unit)
        if unit.owner is not None:
            members[id(unit.owner)].append(unit)
    implementing: dict[bytes, list[Item]] = defaultdict(list)  # by each name in the impl, its trait's among them
    for unit in units:
        if unit.kind == "impl_item" and unit.trait_impl:
            for name in unit.words:
                implementing[name].append(unit)
    for unit in (u for u in units if u.kind == "impl_item"):
        for name in [unit.name] if unit.name in by_name else unit.words:  # a foreign type follows its trait
            impls[name].append(unit)
    live: dict[int, Item] = {}
    used: set[bytes] = set()
    pending = list(roots)
    while pending:
        unit = pending.pop()
        if id(unit) in live:
            continue
        live[id(unit)] = unit
        if unit.owner is not None:
            pending += [unit.owner, *by_name[unit.owner.name]]
        fresh = unit.words - used
        used |= fresh
        for name in fresh:
            pending += [u for u in by_name[name] if u.owner is None or id(u.owner) in live]
        if unit.kind in _TYPES or unit.kind == "type_item":
            pending += impls[unit.name]
        if unit.kind == "trait_item":
            pending += implementing[unit.name]
        if unit.kind in ("impl_item", "trait_item"):
            whole = unit.trait_impl or unit.kind == "trait_item"
            pending += [u for u in members[id(unit)] if whole or u.name in used]
    return list(live.values())
