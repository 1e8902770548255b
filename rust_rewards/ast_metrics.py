"""Rust source -> `AstMetrics`, by tree-sitter: fast (about a millisecond), and there for broken code as well.

The groups count the code that the compiler sees and that can run (see `syntax.walk`). `live` holds the same
groups for the part that matters to a caller: what can be reached from the entry point, or, when none is
named, from `main` and the public items. Scores read only `live`, so a function that nobody calls earns
nothing, however well it is written.

Reachability goes by name, without resolving paths or types: a method is live when its type is and its name is
used. It errs on the side of live.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .syntax.brackets import follow_brackets
from .syntax.definitions import defined_names, defines_working_function
from .syntax.items import Item, Items
from .syntax.macros import list_macro_items
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
        parses (`bool`): The grammar accepts all of it, syntax that it does not know rewritten (see
            `syntax.grammar_text`). rustc's own word is `Verdict.parses`. Of what it does not accept, counts are
            those of what it reads, every attribute in the text that could silence lints does, and the program answers
            if its text defines what was asked for: rustc decides about the rest.
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
    items, parses, silenced, code_rows = _read_items(data[:MAX_ANALYSED_BYTES])
    parses = parses and len(data) <= MAX_ANALYSED_BYTES
    roots = _roots(items, entry_point)
    if not (_functions(roots) or (entry_point and roots)):
        written = list_macro_items(data[:MAX_ANALYSED_BYTES])
        items = [*items, *written]
        roots = roots + _roots(written, entry_point)
    live = _reachable(items, roots)
    if not (entry_point or _functions(live)):  # a public type, say, with methods that are not: all of it is the answer
        roots = _named(items)
        live = _reachable(items, roots)
    complexity, structure, quality, idioms = _groups(items)
    rows = {row for item in live for row in range(item.first_row, item.last_row + 1)} & code_rows
    functions = _functions(live)
    working = [item for item in functions if _works(item)]
    names = frozenset(item.name.decode("utf-8", "replace") for item in _named(items) if item.name)
    answers = _answers(roots, functions, entry_point)
    if not parses:
        names = names or frozenset(defined_names(source))
        answers = answers or _answers_unread(source, roots, entry_point)
    live_complexity, live_structure, live_quality, live_idioms = _groups(live)
    return AstMetrics(
        parses=parses,
        complexity=replace(complexity, lines_of_code=len(code_rows)),
        structure=structure,
        quality=quality,
        idioms=idioms,
        live=LiveCode(
            complexity=replace(live_complexity, lines_of_code=len(rows)),
            structure=live_structure,
            quality=live_quality,
            idioms=live_idioms,
            answers=answers,
            working_functions=len(working),
            has_types=any(item.kind in _TYPES for item in live),
            has_methods=any(item.owner is not None for item in working),
            silenced_lints=silenced,
        ),
        names=names,
    )


def _read_items(source: bytes) -> Items:
    """List the items of source; what it leaves open, as if it were closed."""
    found = list_items(source)
    missing = "" if found.parses else follow_brackets(source.decode("utf-8", "replace")).missing
    return list_items(source + b"\n" + missing.encode())._replace(parses=False) if missing else found


def live_items(source: bytes, entry_point: str | None = None) -> list[Item]:
    """Return the items of UTF-8 source that its entry point reaches; without one, those that `main` and public items
    reach."""
    items = list_items(source).items
    return _reachable(items, _roots(items, entry_point))


def _groups(items: list[Item]) -> tuple[Complexity, Structure, Quality, Idioms]:
    return _complexity(items), _structure(items), _quality(items), _idioms(items)


def _functions(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.kind == "function_item"]


def _complexity(items: list[Item]) -> Complexity:
    """Return the complexity of functions; lines are counted elsewhere, from the text."""
    functions = _functions(items)
    return Complexity(
        cyclomatic=sum(item.cyclomatic for item in functions),
        max_cyclomatic=max((item.cyclomatic for item in functions), default=0),
        max_nesting=max((item.nesting for item in functions), default=0),
    )


def _structure(items: list[Item]) -> Structure:
    kinds = [item.kind for item in items]
    return Structure(
        functions=kinds.count("function_item"),
        structs=kinds.count("struct_item") + kinds.count("union_item"),
        enums=kinds.count("enum_item"),
        traits=kinds.count("trait_item"),
        impls=kinds.count("impl_item"),
    )


def _quality(items: list[Item]) -> Quality:
    documentable = [item for item in _functions(items) if not item.trait_impl]
    documentable += [item for item in items if item.kind in _TYPES]
    documented = [item for item in documentable if item.documented]
    return Quality(
        uses_result=any(item.result for item in items),
        uses_option=any(item.option for item in items),
        uses_question_mark=any(item.question_mark for item in items),
        documented=len(documented) / len(documentable) if documentable else 0.0,
        panics=sum(item.panics for item in items),
        unsafe_uses=sum(item.unsafe for item in items),
    )


def _idioms(items: list[Item]) -> Idioms:
    return Idioms(
        iterators=sum(item.iterators for item in items),
        pattern_matching=sum(item.pattern_matches for item in items),
        closures=sum(item.closures for item in items),
        method_chains=sum(item.method_chains for item in items),
    )


def _works(item: Item) -> bool:
    """Whether a function does something with what it is given."""
    uses_input = not item.has_parameters or bool(item.params & item.words)
    return not item.is_stub and uses_input


def _roots(items: list[Item], entry_point: str | None) -> list[Item]:
    """Return the items a caller starts from."""
    if entry_point:
        *path, last = entry_point.encode("utf-8", "replace").replace(b".", b"::").split(b"::")
        return [
            item
            for item in items
            if item.kind not in _UNNAMED
            and (
                (item.name == last and (not path or item.owner is None or item.owner.name == path[-1]))
                or (not path and item.owner is not None and item.owner.name == last)
            )
        ]
    public = [
        item
        for item in items
        if item.kind not in _UNNAMED and (item.public or (item.name == b"main" and item.owner is None))
    ]
    return public or _named(items)


def _named(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.kind not in _UNNAMED]


def _answers(roots: list[Item], functions: list[Item], entry_point: str | None) -> bool:
    if not entry_point:
        return any(not (item.is_stub and (item.has_parameters or item.returns_value)) for item in functions)
    asked = [item for item in roots if item.kind == "function_item"]
    if any(item.kind == "trait_item" for item in roots):
        asked = functions  # the default methods of a trait may be empty on purpose
    return bool(roots) and any(not item.is_stub for item in asked or functions)


def _answers_unread(source: str, roots: list[Item], entry_point: str | None) -> bool:
    """Whether source that the grammar does not read in full has what was asked for in its text, if not in its tree.

    rustc may accept such source, and then it is not to lose what it earned. What rustc rejects earns nothing by it.
    """
    if not entry_point:
        return not _functions(roots) and defines_working_function(source, None)
    asked = re.split(r"::|\.", entry_point)[-1]
    if roots or asked not in defined_names(source):
        return False
    return defines_working_function(source, asked) or not re.search(rf"\bfn\s+(?:r#)?{re.escape(asked)}\b", source)


def _reachable(items: list[Item], roots: list[Item]) -> list[Item]:
    """Return the items that the roots reach by name."""
    index, reach = _Index(items), _Reach()
    pending = list(roots)
    while pending:
        item = pending.pop()
        if id(item) not in reach.live:
            pending += _reached_from(item, index, reach)
    return list(reach.live.values())


class _Index:
    """The items of a program by the names that lead to them.

    Attributes:
        named: Items other than impls, by their name.
        impls: Impls, by the name of the type that brings them to life.
        implementing: Impls of a trait, by each name in them, the trait's among them.
        members: Functions of an impl or a trait, by its `id`.
    """

    def __init__(self, items: list[Item]) -> None:
        self.named: dict[bytes, list[Item]] = defaultdict(list)
        self.impls: dict[bytes, list[Item]] = defaultdict(list)
        self.implementing: dict[bytes, list[Item]] = defaultdict(list)
        self.members: dict[int, list[Item]] = defaultdict(list)
        for item in items:
            if item.kind != "impl_item":
                self.named[item.name].append(item)
            if item.owner is not None:
                self.members[id(item.owner)].append(item)
        for item in items:
            if item.kind == "impl_item":
                self._add_impl(item)

    def _add_impl(self, impl: Item) -> None:
        if impl.trait_impl:
            for name in impl.words:
                self.implementing[name].append(impl)
        # An impl for a foreign type follows the names in it, its trait's above all.
        for name in [impl.name] if impl.name in self.named else impl.words:
            self.impls[name].append(impl)


class _Reach:
    """What has been reached so far: items by their `id`, and all names used in them."""

    def __init__(self) -> None:
        self.live: dict[int, Item] = {}
        self.used: set[bytes] = set()


def _reached_from(item: Item, index: _Index, reach: _Reach) -> list[Item]:
    """Make an item live and return the items that come to life with it."""
    reach.live[id(item)] = item
    found: list[Item] = []
    # A method: the impl or trait around it, and the type of that name.
    if item.owner is not None:
        found += [item.owner, *index.named[item.owner.name]]
    # A name used for the first time: what it names; a method only once its impl is live.
    fresh = item.words - reach.used
    reach.used |= fresh
    for name in fresh:
        found += [named for named in index.named[name] if named.owner is None or id(named.owner) in reach.live]
    # A type: its impls. A trait: the impls of it.
    if item.kind in _TYPES or item.kind == "type_item":
        found += index.impls[item.name]
    if item.kind == "trait_item":
        found += index.implementing[item.name]
    # A trait, or an impl of one: all its functions, for the standard library may call them. Any other impl: those used.
    if item.kind in ("impl_item", "trait_item"):
        whole = item.trait_impl or item.kind == "trait_item"
        found += [member for member in index.members[id(item)] if whole or member.name in reach.used]
    return found
