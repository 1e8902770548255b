"""Hidden tests -> what each of them said. One test binary per batch, one confined process per program.

The chain runs in one sandbox: rustc builds the programs, their tests and `native/harness.rs` into a binary; that binary
deletes the sources and itself, and forks a process per program, from which it takes what is left of its rights. Results
come over the binary's own output, which no program under test can reach; a pass needs a proof made from a key that is
drawn for this build and program. See `native/harness.rs` for the part in Rust and for what is not covered.

Programs that cannot share a crate are built as a library of their own, read from a pipe, so that `include_str!` finds
neither tests nor keys.
"""

import contextlib
import ctypes
import re
import secrets
from collections import defaultdict
from dataclasses import dataclass

from . import sandbox
from .batch import BASE_SECONDS, INFERENCE, file_of, position_of, split
from .compiler import Compiled, Compiler
from .suites import Suite, glue, same_output

BUILD_SECONDS_PER_PROGRAM = 0.2  # wall limit of a build, some thirty times what a program usually takes
STATUS = {"p": "passed", "f": "failed", "!": "panicked", "c": "crashed", "t": "timed out"}
NO_LIMIT = 0

# A comparison of the program's own: any PartialEq or PartialOrd that is not derived.
_OWN_COMPARISON = re.compile(r"\bPartial(?:Eq|Ord)\b")
_DERIVE = re.compile(r"#\s*\[\s*derive\s*\([^)]*\)\s*\]")
_EXPORT = re.compile(r"\b(?:no_mangle|export_name)\b")
_EXPORTED = re.compile(
    r"#\s*\[\s*(?:unsafe\s*\(\s*)?(?:no_mangle|export_name\s*=\s*\"(?P<name>\w+)\")\s*\)?\s*\]\s*"
    r"pub\s+(?:unsafe\s+)?extern\s+\"C\"\s+fn\s+(?P<function>\w+)"
)


@dataclass(frozen=True)
class SuiteJob:
    """A program that compiles, and the suite to run on it."""

    source: str
    suite: Suite
    alone: bool
    uses_files: bool
    has_main: bool


@dataclass(frozen=True)
class SuiteResult:
    """Status of each case, in order (values of `STATUS`, or `"not built"`); `failure` when the verifier broke."""

    statuses: tuple[str, ...]
    failure: str | None = None


def run_batch(compiler: Compiler, jobs: list[SuiteJob]) -> list[SuiteResult]:
    """Run the suites of programs that may share a crate; same order and length as `jobs`."""
    settled: dict[int, SuiteResult] = {}
    waiting = [i for i, job in enumerate(jobs) if not _cannot_build(job)]
    while waiting:
        some = [jobs[i] for i in waiting]
        done = _build_and_run(compiler, some)
        if done.broken is not None and not done.stdout:
            parts = split(waiting) if len(waiting) > 1 else []
            if not parts:
                settled[waiting[0]] = run_alone(compiler, jobs[waiting[0]])
            for part in parts:
                answers = run_batch(compiler, [jobs[i] for i in part])
                settled.update(zip(part, answers, strict=True))
            break
        if not done.errors:
            settled.update(zip(waiting, _read_results(done, some), strict=True))
            break
        blamed = {position_of(item) for item in done.errors}
        unsure = {position_of(item) for item in done.errors if item.diagnostic.code in INFERENCE}
        if blamed <= {-1}:
            unsure = blamed = set(range(len(waiting)))
        for position in blamed - {-1}:
            i = waiting[position]
            settled[i] = run_alone(compiler, jobs[i]) if position in unsure else _not_built(jobs[i])
        waiting = [i for i in waiting if i not in settled]
    return [settled.get(i) or _not_built(job) for i, job in enumerate(jobs)]


def run_alone(compiler: Compiler, job: SuiteJob) -> SuiteResult:
    """Build a program as a crate of its own and run its suite."""
    if _cannot_build(job) or _replaces_symbols(job.source):
        return _not_built(job)
    ours, block, key = _names()
    strict = _compares_in_its_own_way(job.source)
    old = f"extern crate {ours};\n" if compiler.edition == "2015" else ""
    text = f"{job.source}\n{old}{glue(job.suite, block, ours, 'candidate::', key, strict)}"
    main = f"fn main() {{ ::{ours}::serve(&[::candidate::{block}::glue::PROGRAM]) }}\n"
    link = _link_flags(compiler, ours)
    library = compiler.rustc("-", *link, "--crate-type=lib", "--crate-name=candidate", "--cap-lints=allow")
    newest = Compiler(compiler.toolchain, "2021", compiler.limits)
    binary = newest.rustc("main.rs", *link, "--extern", "candidate=libcandidate.rlib", "--crate-name=tests")
    done = compiler.run(
        [["@candidate.rs", *library], binary, _serve(compiler, job.uses_files)],
        {"candidate.rs": text, "main.rs": main},
        wall_seconds=BASE_SECONDS + 2 * compiler.limits.wall_seconds,
    )
    if done.errors or (done.broken is not None and not done.stdout):
        return _not_built(job)
    return _read_results(done, [job])[0]


def _build_and_run(compiler: Compiler, jobs: list[SuiteJob]) -> Compiled:
    ours, _, _ = _names()
    files: dict[str, str] = {}
    modules, table = "", ""
    for position, job in enumerate(jobs):
        _, block, key = _names()
        module = file_of(position)[:-3]
        strict = _compares_in_its_own_way(job.source)
        files[f"{module}.rs"] = job.source + glue(job.suite, block, ours, f"tests::{module}::", key, strict)
        modules += f"mod {module};\n"
        table += f"{module}::{block}::glue::PROGRAM, "
    files["main.rs"] = f"{modules}fn main() {{ ::{ours}::serve(&[{table}]) }}\n"
    link = [*_link_flags(compiler, ours), "--crate-name=tests", "--cap-lints=allow"]
    budget = BASE_SECONDS + len(jobs) * (BUILD_SECONDS_PER_PROGRAM + compiler.limits.wall_seconds)
    return compiler.run(
        [compiler.rustc("main.rs", *link), _serve(compiler, False)],
        files,
        programs=len(jobs),
        wall_seconds=budget,
    )


def _names() -> tuple[str, str, int]:
    """A crate name, a module name and a key that nothing else knows."""
    return f"rr_{secrets.token_hex(8)}", f"rr_{secrets.token_hex(8)}", secrets.randbits(64)


def _link_flags(compiler: Compiler, ours: str) -> list[str]:
    """Link against the harness under its name for this build, with the toolchain's own linker: rustc's wrapper around
    it wants /proc, which the sandbox has not."""
    harness = sandbox.build_native("harness", compiler.toolchain, "--crate-type=rlib")
    flags = ["--extern", f"{ours}={harness}", "-Cprefer-dynamic"]
    linker = compiler.toolchain.target_folder / "bin" / "rust-lld"
    if linker.exists():
        link = harness.parent / "ld.lld"  # the name tells it which linker to be
        with contextlib.suppress(FileExistsError):
            link.symlink_to(linker)
        flags += ["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=lld", f"-Clink-arg=-B{harness.parent}"]
    return flags


def _serve(compiler: Compiler, uses_files: bool) -> list[str]:
    limits = compiler.limits
    counted = sandbox.find_confinement().kind == "bubblewrap"
    numbers = (limits.wall_seconds, limits.cpu_seconds, limits.memory_mib, limits.output_bytes)
    rest = (limits.processes if counted else NO_LIMIT, limits.file_mib, int(uses_files))
    return [
        "./tests",
        *(f"{number:g}" if isinstance(number, float) else str(number) for number in (*numbers, *rest)),
    ]


def _read_results(done: Compiled, jobs: list[SuiteJob]) -> list[SuiteResult]:
    """Lines `program case status seconds output` -> statuses. A program without a line was not reached in time."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for line in done.stdout.decode("ascii", "replace").splitlines():
        words = line.split(" ")
        if len(words) != 5 or words[2] not in STATUS:
            continue
        program, number = int(words[0]), int(words[1])
        status = STATUS[words[2]]
        expected = jobs[program].suite.cases[number].output
        if status == "passed" and expected is not None:
            printed = bytes.fromhex(words[4]).decode("utf-8", "replace")
            status = "passed" if same_output(expected, printed) else "failed"
        found[program][number] = status
    results = []
    for position, job in enumerate(jobs):
        statuses = tuple(found[position].get(n, "") for n in range(len(job.suite.cases)))
        missing = not all(statuses)
        results.append(SuiteResult(statuses, f"its tests were not run: {done.broken}" if missing else None))
    return results


def _not_built(job: SuiteJob) -> SuiteResult:
    return SuiteResult(("not built",) * len(job.suite.cases))


def _cannot_build(job: SuiteJob) -> bool:
    return job.suite.runs_main and not job.has_main


def _compares_in_its_own_way(source: str) -> bool:
    return bool(_OWN_COMPARISON.search(_DERIVE.sub("", source)))


def _replaces_symbols(source: str) -> bool:
    """Whether exported functions could take the place of the C library's that assertions rely on, such as `memcmp`.

    Plain `#[no_mangle] pub extern "C" fn name` is fine when nothing in this process is called so; anything less plain,
    such as an export written by a macro, is not built.
    """
    exported = [match.group("name") or match.group("function") for match in _EXPORTED.finditer(source)]
    if len(exported) != len(_EXPORT.findall(source)):
        return True
    libraries = ctypes.CDLL(None)
    return any(hasattr(libraries, name) or name.startswith(("_", "rust_")) for name in exported)
