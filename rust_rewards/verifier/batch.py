"""Checks many programs with one compiler: each program becomes a module file of one crate.

Rounds: compile; every module that an error points at is settled and leaves; the rest is compiled again, until a round
has no error. rustc 1.95 carries on after nearly every error, so a module's errors in a round are those it would have
alone. Where that is not certain, smaller batches or a compiler for one program decide:

- the compiler crashed or ran into a limit: the batch is split, small ones go program by program;
- it stopped early (a canary warning is missing): modules that certainly stopped it are settled; likely culprits are
  checked alone when they are few; when nobody is suspected, those with errors go on in two halves;
- an error points at the code added for `fn main`, or could stem from a neighbour's impl: that program goes alone;
- an error lies in the header of a trait's impl, which silences neighbours: it goes alone, the others blamed apart;
- an error points at no module: all that have errors do.
"""

import re
import secrets
from collections import defaultdict
from dataclasses import dataclass, field, replace

from .compiler import Compiled, Compiler
from .diagnostics import Located
from .rounds import Round, settle
from .single import CompileResult, check_alone, from_diagnostics, parse_each, parse_known
from .verdict import Diagnostic

ROOT = "batch.rs"
# Causes two warnings: `unused_variables` shows that function bodies were analysed to the end, `dead_code` that the late
# lints ran, after which nothing is missing.
CANARY = "pub fn rr_canary() { let rr_canary = 1; }\nfn rr_late_canary() {}\n"
ANALYSED, FINISHED = "unused_variables", "dead_code"
ENTRY = (
    "\n#[doc(hidden)] #[allow(warnings, clippy::all)] pub fn {name}() "
    "{{ fn end<T: ::std::process::Termination>(_: T) {{}} end(main()) }}\n"
)
FEW = 4  # programs that are cheaper alone than in a batch that may have to be split again
BASE_SECONDS, SECONDS_PER_PROGRAM = 5.0, 0.05  # a batch's wall limit: fifty times what it usually takes
# After these rustc goes no further than name resolution. A module with one of them would stop it alone too, so that its
# errors are complete; those of the others are not.
STOPPING_CODES = frozenset(("E0404", "E0405"))
STOPPING_MESSAGES = (
    "no rules expected",
    "unexpected end of macro invocation",
    "recursion limit reached while expanding",
)
SUSPECT_CODES = frozenset(("E0433",))  # after these it may stop as well: as a bound they do, in a body they do not
# Beside an impl whose header is wrong, rustc says less about every body in the crate that uses its trait.
OVERLAPS = frozenset(("E0119", "E0751"))
INFERENCE = frozenset(("E0282", "E0283", "E0284", "E0275"))  # a neighbour's impl could cause these


@dataclass(frozen=True)
class Modules:
    """The names of a batch's modules, drawn at random so that no program can name a neighbour."""

    prefix: str = field(default_factory=lambda: f"rr_{secrets.token_hex(8)}_")

    def name(self, position: int) -> str:
        """Return the name of the module at `position`, which is that of its file as well."""
        return f"{self.prefix}{position}"

    def position(self, item: Located) -> int:
        """Return the position of the module that a diagnostic lies in, -1 for none."""
        inside = item.file.startswith(self.prefix) and item.file.endswith(".rs")
        return int(item.file[len(self.prefix) : -3]) if inside else -1


@dataclass(frozen=True)
class Member:
    """A program that may share a crate."""

    source: str
    has_main: bool


def wall_seconds(compiler: Compiler, programs: int) -> float:
    """Return a batch's wall limit in seconds. Exceeding it blames nobody; it only splits the batch."""
    return max(compiler.limits.wall_seconds, BASE_SECONDS) + SECONDS_PER_PROGRAM * programs


def check_batch(compiler: Compiler, members: list[Member], clippy: bool) -> list[CompileResult]:
    """Check programs together; same order and length as `members`."""

    def together(some: list[Member]) -> Round[CompileResult] | None:
        return _round(compiler, some, clippy)

    def alone(member: Member) -> CompileResult:
        return check_alone(compiler, member.source, has_main=member.has_main, clippy=clippy, settle_parse=False)

    settled = settle(members, together, alone)
    if clippy:
        settled = [_without_clippys_doing(compiler, *pair) for pair in zip(members, settled, strict=True)]
    # Whether one parses is still open where the parser may have complained.
    known = [parse_known(result, member.source) for result, member in zip(settled, members, strict=True)]
    unknown = [i for i, answer in enumerate(known) if answer is None]
    for i, answer in zip(unknown, parse_each(compiler, [members[i].source for i in unknown]), strict=True):
        known[i] = answer
    return [replace(result, parses=bool(ok)) for result, ok in zip(settled, known, strict=True)]


def _without_clippys_doing(compiler: Compiler, member: Member, result: CompileResult) -> CompileResult:
    """Ask again where only lints that were made errors (`deny`) speak against a program: clippy may see more."""
    if result.compiles or result.timed_out or not all(map(_is_lint, result.errors)):
        return result
    return check_alone(compiler, member.source, has_main=member.has_main, clippy=True, settle_parse=False)


def _round(compiler: Compiler, members: list[Member], clippy: bool) -> Round[CompileResult] | None:
    """Compile once and decide who leaves; `None` when the compiler's answer cannot be used."""
    modules = Modules()
    done = _compile(compiler, modules, members, clippy)
    if done.broken is not None:
        return None
    share = done.seconds / len(members)
    by_position, strays = group(done, modules, [member.source.count("\n") + 1 for member in members])
    return _who_leaves(done, [from_diagnostics(by_position[p], share) for p in range(len(members))], strays)


def _who_leaves(done: Compiled, results: list[CompileResult], strays: list[int]) -> Round[CompileResult]:
    """Decide which positions leave after a round, given the result of each and the strays of `group`.

    The first case that holds counts; the module docstring gives the reasons.
    """
    canaries = {item.diagnostic.code for item in done.diagnostics if item.file == ROOT}
    blamed = [i for i, result in enumerate(results) if result.errors]

    # There is no error, or none outside of the programs' own lines and rustc came to its end: nothing is missing.
    if not done.errors or (FINISHED in canaries and not strays):
        return Round(answered=dict(enumerate(results)))

    # An error points at no module: all that have errors go alone, and all there are when none has.
    if -1 in strays or not (blamed or strays):
        return Round(alone=blamed or range(len(results)))

    # It stopped early, and an error points at the code added for `fn main`: that program goes alone.
    if ANALYSED not in canaries and strays:
        return Round(alone=strays)

    # It stopped early at the programs' own errors.
    if ANALYSED not in canaries:
        return _after_stop(blamed, results)

    # An error lies in the header of a trait's impl, which silences neighbours: it goes alone, the others blamed apart.
    poisoners = [i for i in blamed if any(map(_poisons, results[i].errors))]
    if poisoners:
        rest = [i for i in blamed if i not in (*poisoners, *strays)]
        return Round(alone=sorted({*poisoners, *strays}), apart=[rest] if rest else [])

    # rustc analysed every body, so that the errors of the blamed are those they would have alone. Lints that are errors
    # are complete only when nothing else is wrong: modules with nothing but those wait until no others are left.
    with_errors = [i for i in blamed if not all(map(_is_lint, results[i].errors))]
    leaving = with_errors or blamed

    # Errors that could all stem from a neighbour's impl, or lints without an end of the analysis: that program goes
    # alone, and so does one with an error in the code added for its `fn main`.
    unsure = [i for i in leaving if all(error.code in INFERENCE or _is_lint(error) for error in results[i].errors)]
    alone = sorted({*unsure, *strays})
    return Round(answered={i: results[i] for i in leaving if i not in alone}, alone=alone)


def _after_stop(blamed: list[int], results: list[CompileResult]) -> Round[CompileResult]:
    """Decide who leaves when some of the blamed modules stopped rustc before it analysed anything."""
    # Only one can have stopped it: its errors are those it would have alone.
    if len(blamed) == 1:
        return Round(answered={i: results[i] for i in blamed})
    # Those that certainly stopped it are settled; likely culprits are checked alone when they are few.
    stopping = [i for i in blamed if any(map(_stops_rustc, results[i].errors))]
    suspects = {i for i in blamed if any(error.code in SUSPECT_CODES for error in results[i].errors)}
    likely = sorted(suspects.difference(stopping)) if len(suspects) <= FEW else []
    if stopping or likely:
        return Round(answered={i: results[i] for i in stopping}, alone=likely)
    # Nobody is suspected: those with errors go on in two halves.
    middle = len(blamed) // 2
    return Round(apart=[blamed[:middle], blamed[middle:]])


def _stops_rustc(error: Diagnostic) -> bool:
    """Return whether rustc goes no further than name resolution after this error."""
    return error.code in STOPPING_CODES or (error.code is None and error.message.startswith(STOPPING_MESSAGES))


def _poisons(error: Diagnostic) -> bool:
    """Return whether an error lies in the header of a trait's impl, after which rustc says less about neighbours."""
    if error.code in OVERLAPS:
        return True
    # The line that the error points at, in rustc's own drawing: `12 | impl Trait for Type {`.
    header = rf"^\s*{error.line}\s*\|.*\bimpl\b.*\bfor\b"
    return error.code not in (None, "E0046") and re.search(header, error.rendered, re.MULTILINE) is not None


def _is_lint(diagnostic: Diagnostic) -> bool:
    """Return whether a diagnostic is a lint's: they are named in lower case, errors are numbered (`E0308`)."""
    return diagnostic.code is not None and diagnostic.code[0].islower()


def _compile(compiler: Compiler, modules: Modules, members: list[Member], clippy: bool) -> Compiled:
    entry = ENTRY.format(name=f"{modules.prefix}entry")
    files = {f"{modules.name(p)}.rs": m.source + (entry if m.has_main else "") for p, m in enumerate(members)}
    files[ROOT] = "".join(f"pub mod {modules.name(p)};\n" for p in range(len(members))) + CANARY
    return compiler.run(
        [compiler.check(ROOT, clippy=clippy)],
        files,
        programs=len(members),
        wall_seconds=wall_seconds(compiler, len(members)),
    )


def group(done: Compiled, modules: Modules, lines: list[int]) -> tuple[dict[int, list[Diagnostic]], list[int]]:
    """Return the diagnostics by module position, and the strays.

    Strays are the positions with an error outside of the program's own lines (`lines` of them each), in the code added
    for its `fn main`; -1 stands for an error in no module at all.
    """
    found: dict[int, list[Diagnostic]] = defaultdict(list)
    strays: set[int] = set()
    for item in done.diagnostics:
        position = modules.position(item)
        if position >= 0 and item.diagnostic.line <= lines[position]:
            found[position].append(as_if_alone(item.diagnostic, modules, position))
        elif item.diagnostic.level == "error":
            strays.add(position)
    return found, sorted(strays)


def as_if_alone(diagnostic: Diagnostic, modules: Modules, position: int) -> Diagnostic:
    """Take the traces of the batch (file name, module path, hints that name a neighbour) out of the texts."""
    module = modules.name(position)

    def clean(text: str) -> str:
        text = text.replace(f"{module}.rs", "program.rs").replace(f"{module}::", "")
        if modules.prefix not in text:
            return text
        return "\n".join(line for line in text.split("\n") if modules.prefix not in line)

    return replace(diagnostic, message=clean(diagnostic.message), rendered=clean(diagnostic.rendered))
