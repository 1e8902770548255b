"""Many programs, one compiler: each program becomes a module file of one crate.

Rounds: compile; every module that an error points at is settled and leaves; the rest is compiled again, until a round
has no error. rustc 1.95 carries on after nearly every error, so a module's errors in a round are those it would have
alone. Where that is not certain the program goes to a compiler of its own:

- the compiler crashed or ran into a limit: the batch is split, small ones go program by program;
- it stopped early (a canary warning is missing): the module of the last error is checked alone, the others go on;
- an error points at no module, at the code added for `fn main`, or could stem from a neighbour's impl.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from .checks import Checked, check_alone, from_diagnostics, needs_parse_check, parse_many
from .compiler import Compiled, Compiler
from .diagnostics import Located
from .verdict import Diagnostic

ROOT = "batch.rs"
MODULE = "rr_module_"
CANARY = "pub fn rr_canary() { let rr_canary = 1; }\n"
ENTRY = (
    "\n#[doc(hidden)] #[allow(warnings, clippy::all)] pub fn rr_entry() "
    "{ fn end<T: ::std::process::Termination>(_: T) {} end(main()) }\n"
)
SPLIT = 4  # parts a broken batch is cut into ...
ALONE_BELOW = 24  # ... until its programs are cheaper one by one
BASE_SECONDS, SECONDS_PER_PROGRAM = 5.0, 0.05  # a batch's wall limit: fifty times what it usually takes
INFERENCE = frozenset(("E0282", "E0283", "E0284", "E0275"))  # a neighbour's impl could cause these


@dataclass(frozen=True)
class Member:
    """A program that may share a crate."""

    source: str
    has_main: bool


def wall_seconds(compiler: Compiler, programs: int) -> float:
    """A batch's wall limit in seconds. Exceeding it blames nobody; it only splits the batch."""
    return max(compiler.limits.wall_seconds, BASE_SECONDS) + SECONDS_PER_PROGRAM * programs


def check_batch(compiler: Compiler, members: list[Member], clippy: bool) -> list[Checked]:
    """Check programs together; same order and length as `members`."""
    settled: dict[int, Checked] = {}
    waiting = list(range(len(members)))
    while waiting:
        done = _compile(compiler, [members[i] for i in waiting], clippy)
        if done.broken is not None:
            for part in split(waiting):
                some = [members[i] for i in part]
                settled.update(zip(part, _one_by_one_or_batch(compiler, some, clippy), strict=True))
            break
        share = done.seconds / len(waiting)
        by_position = group(done, [members[i].source.count("\n") + 1 for i in waiting])
        checked = {waiting[p]: from_diagnostics(found, share) for p, found in by_position.items() if p >= 0}
        for i in waiting:
            checked.setdefault(i, from_diagnostics((), share))
        leaving, alone = _who_leaves(done, waiting, checked, -1 in by_position)
        for i in alone:
            settled[i] = check_alone(compiler, members[i].source, members[i].has_main, clippy)
        settled.update({i: checked[i] for i in leaving})
        waiting = [i for i in waiting if i not in settled]
    _settle_parses(compiler, members, settled)
    return [settled[i] for i in range(len(members))]


def _who_leaves(
    done: Compiled, waiting: list[int], checked: dict[int, Checked], doubtful: bool
) -> tuple[list[int], list[int]]:
    """Return the programs settled by this round, and those to be checked alone."""
    if not done.errors:
        return waiting, []
    blamed = [i for i in waiting if checked[i].errors]
    if doubtful or not blamed:
        return [], blamed or waiting
    if not any(is_canary(item) for item in done.diagnostics):
        last = waiting[position_of(done.errors[-1])]
        return [], [last]
    only_lints = all(_is_lint(error) for i in blamed for error in checked[i].errors)
    final = [i for i in blamed if only_lints or not all(map(_is_lint, checked[i].errors))]
    unsure = [i for i in final if any(error.code in INFERENCE for error in checked[i].errors)]
    return [i for i in final if i not in unsure], unsure


def _is_lint(diagnostic: Diagnostic) -> bool:
    return diagnostic.code is not None and diagnostic.code[0].islower()


def split(waiting: list[int]) -> list[list[int]]:
    """Cut a broken batch into parts; below `ALONE_BELOW` each program is a part."""
    size = 1 if len(waiting) <= ALONE_BELOW else -(-len(waiting) // SPLIT)
    return [waiting[start : start + size] for start in range(0, len(waiting), size)]


def _one_by_one_or_batch(compiler: Compiler, members: list[Member], clippy: bool) -> list[Checked]:
    if len(members) == 1:
        return [check_alone(compiler, members[0].source, members[0].has_main, clippy)]
    return check_batch(compiler, members, clippy)


def _compile(compiler: Compiler, members: list[Member], clippy: bool) -> Compiled:
    files = {file_of(p): m.source + (ENTRY if m.has_main else "") for p, m in enumerate(members)}
    files[ROOT] = root_of(len(members))
    return compiler.run(
        [compiler.check(ROOT, "lib", clippy)],
        files,
        programs=len(members),
        wall_seconds=wall_seconds(compiler, len(members)),
    )


def root_of(programs: int) -> str:
    """The crate root: one public module per program, and the canary."""
    return "".join(f"pub mod {MODULE}{p};\n" for p in range(programs)) + CANARY


def file_of(position: int) -> str:
    """The file of the module at `position`."""
    return f"{MODULE}{position}.rs"


def position_of(item: Located) -> int:
    """The module's position in the batch, -1 when the diagnostic lies in no module."""
    name = item.file
    inside = name.startswith(MODULE) and name.endswith(".rs")
    return int(name[len(MODULE) : -3]) if inside else -1


def is_canary(item: Located) -> bool:
    """The warning that shows that rustc analysed function bodies to the end."""
    return item.file == ROOT and item.diagnostic.code == "unused_variables"


def group(done: Compiled, lines: list[int]) -> dict[int, list[Diagnostic]]:
    """Diagnostics by module position (`lines` long each); -1 collects errors that lie in no program's own lines."""
    found: dict[int, list[Diagnostic]] = defaultdict(list)
    for item in done.diagnostics:
        position = position_of(item)
        own = position >= 0 and item.diagnostic.line <= lines[position]
        if own:
            found[position].append(as_if_alone(item.diagnostic, position))
        elif item.diagnostic.level == "error":
            found[-1].append(item.diagnostic)
    return dict(found)


def as_if_alone(diagnostic: Diagnostic, position: int) -> Diagnostic:
    """Take the traces of the batch (file name, module path, hints that name a neighbour) out of the texts."""
    module = f"{MODULE}{position}"

    def clean(text: str) -> str:
        text = text.replace(f"{module}.rs", "program.rs").replace(f"{module}::", "")
        if MODULE not in text:
            return text
        return "\n".join(line for line in text.split("\n") if MODULE not in line)

    return replace(diagnostic, message=clean(diagnostic.message), rendered=clean(diagnostic.rendered))


def _settle_parses(compiler: Compiler, members: list[Member], settled: dict[int, Checked]) -> None:
    """Find out for failed programs whether the parser was among those who complained. Programs checked alone know."""
    asked = [i for i, checked in settled.items() if checked.parses and needs_parse_check(checked)]
    if asked:
        answers = parse_many(compiler, [members[i].source for i in asked])
        settled.update({i: replace(settled[i], parses=ok) for i, ok in zip(asked, answers, strict=True)})
