"""Runs hidden tests and returns how each ended. One test binary per batch, one confined process per program.

The chain runs in one sandbox: rustc builds the programs, their tests and `native/harness.rs` into a binary; that binary
deletes the sources and itself, and forks a process per program, from which it takes what is left of its rights. Results
come over the binary's own output, which no program under test can reach; a pass needs a proof made from a key that is
drawn for this build and program. See `native/harness.rs` for the part in Rust and for what is not covered.

Programs that cannot share a crate are built as a library of their own, read from a pipe, so that `include_str!` finds
neither tests nor keys.
"""

import contextlib
import re
import secrets
from dataclasses import dataclass, field, replace

from . import sandbox
from .batch import BASE_SECONDS, INFERENCE, Modules
from .compiler import Compiled, Compiler
from .hidden_tests import Case, HiddenTests, read_hidden_tests, same_output
from .instrumentation import instrument
from .rounds import Round, settle
from .tampering import TestPolicy

BUILD_SECONDS_PER_PROGRAM = 0.2  # wall limit of a build, some thirty times what a program usually takes
STATUS = {"p": "passed", "f": "failed", "!": "panicked", "c": "crashed", "t": "timed out"}
NO_LIMIT = 0
BINARY = "./program"
RESULT_LINE = 64  # bytes of a result without output
_RESULT = re.compile(r"(?P<program>\d{1,6}) (?P<case>\d{1,6}) (?P<status>[pf!ct]) [\d.]+ (?P<output>(?:[0-9a-f]{2})*)")


@dataclass(frozen=True)
class TestJob:
    """A program that compiles, and the tests to run on it."""

    __test__ = False  # pytest would take it for tests by its name

    source: str
    tests: HiddenTests
    policy: TestPolicy = field(default=TestPolicy())
    uses_files: bool = False
    has_main: bool = False

    @property
    def hopeless(self) -> bool:
        """Whether no test of it can be run: see `TestPolicy.testable`, and runs of a `main` that is not there."""
        return not self.policy.testable or (self.tests.runs_main and not self.has_main)


@dataclass(frozen=True)
class TestResult:
    """The status of each case, in order (values of `STATUS`, or `"not built"`); `failure` when the verifier broke."""

    __test__ = False  # pytest would take it for tests by its name

    statuses: tuple[str, ...]
    failure: str | None = None


def run_batch(compiler: Compiler, jobs: list[TestJob]) -> list[TestResult]:
    """Run the tests of programs that may share a crate; same order and length as `jobs`."""

    def together(some: list[TestJob]) -> Round[TestResult] | None:
        return _round(compiler, some)

    def alone(job: TestJob) -> TestResult:
        return run_alone(compiler, job)

    results = iter(settle([job for job in jobs if not job.hopeless], together, alone))
    return [_not_built(job) if job.hopeless else next(results) for job in jobs]


def _round(compiler: Compiler, jobs: list[TestJob]) -> Round[TestResult] | None:
    """Build once, run the tests if that succeeds, and decide who leaves; `None` when rustc or the binary broke."""
    modules = Modules()
    done = _build_and_run(compiler, modules, jobs)
    if done.broken is not None and not done.stdout:
        return None
    if not done.errors:
        found = dict(enumerate(_read_results(done, jobs)))
        reached = {position: result for position, result in found.items() if result.failure is None}
        # The first that was not reached may be why: it goes alone, and takes nobody along.
        missing = [position for position in found if position not in reached]
        return Round(answered=reached, alone=missing[:1], apart=[missing[1:]] if missing[1:] else [])
    blamed = {modules.position(item) for item in done.errors} - {-1}
    # An error that points at no module: each program is built alone.
    if not blamed:
        return Round(alone=range(len(jobs)))
    # Errors that a neighbour's impl could cause: only a build of its own tells.
    unsure = {modules.position(item) for item in done.errors if item.diagnostic.code in INFERENCE} - {-1}
    return Round(answered={p: _not_built(jobs[p]) for p in blamed - unsure}, alone=sorted(unsure))


def run_alone(compiler: Compiler, job: TestJob) -> TestResult:
    """Build a program as a crate of its own and run its tests."""
    if job.hopeless:
        return _not_built(job)
    crate, block, key = _names()
    old = f"extern crate {crate};\n" if compiler.edition == "2015" else ""
    text = f"{job.source}\n{old}{instrument(job.tests, job.policy, block, crate, 'candidate::', key)}"
    limits = _limits(compiler, uses_files=job.uses_files)
    main = f"fn main() {{ ::{crate}::serve(&[::candidate::{block}::entry::PROGRAM], {limits}) }}\n"
    link = _link_flags(compiler, crate)
    library = compiler.rustc("-", *link, "--crate-type=lib", "--crate-name=candidate", "--cap-lints=allow")
    newest = replace(compiler, edition="2021")
    binary = newest.rustc("main.rs", *link, "--extern", "candidate=libcandidate.rlib", "--crate-name=program")
    # The program is built as a library read from a pipe ("@"), then the test binary around it, which is run at once.
    done = compiler.run(
        [["@candidate.rs", *library], binary, [BINARY]],
        {"candidate.rs": text, "main.rs": main},
        wall_seconds=BASE_SECONDS + 2 * compiler.limits.wall_seconds,
        output_bytes=_result_bytes([job]),
    )
    if done.errors or (done.broken is not None and not done.stdout):
        if job is not _TRIVIAL:
            _require_working_tests(compiler)
        return _not_built(job)
    return _read_results(done, [job])[0]


_TRIVIAL = TestJob("", read_hidden_tests("assert!(true);"))


def _require_working_tests(compiler: Compiler) -> None:
    """Make sure that it was the program that could not be built, linked and run."""
    found = run_alone(compiler, _TRIVIAL)
    if found.statuses != ("passed",):
        raise sandbox.SandboxError(
            f"tests cannot be built here: a trivial one ended as {found.failure or found.statuses}"
        )


def _build_and_run(compiler: Compiler, modules: Modules, jobs: list[TestJob]) -> Compiled:
    crate, _, _ = _names()
    files: dict[str, str] = {}
    declared, table = "", ""
    for position, job in enumerate(jobs):
        _, block, key = _names()
        module = modules.name(position)
        files[f"{module}.rs"] = job.source + instrument(
            job.tests, job.policy, block, crate, f"program::{module}::", key
        )
        declared += f"mod {module};\n"
        table += f"{module}::{block}::entry::PROGRAM, "
    limits = _limits(compiler, uses_files=False)
    files["main.rs"] = f"{declared}fn main() {{ ::{crate}::serve(&[{table}], {limits}) }}\n"
    link = [*_link_flags(compiler, crate), "--crate-name=program", "--cap-lints=allow"]
    budget = BASE_SECONDS + len(jobs) * (BUILD_SECONDS_PER_PROGRAM + compiler.limits.wall_seconds)
    return compiler.run(
        [compiler.rustc("main.rs", *link), [BINARY]],
        files,
        programs=len(jobs),
        wall_seconds=budget,
        output_bytes=_result_bytes(jobs),
    )


def _result_bytes(jobs: list[TestJob]) -> int:
    """Return how many bytes the results can take: a line per case, outputs in hexadecimal."""
    return sum(RESULT_LINE + 2 * case.output_bytes for job in jobs for case in job.tests.cases)


def _names() -> tuple[str, str, int]:
    """Return a crate name, a module name and a key, drawn at random so that no program can guess them."""
    return f"rr_{secrets.token_hex(8)}", f"rr_{secrets.token_hex(8)}", secrets.randbits(64)


def _link_flags(compiler: Compiler, crate: str) -> list[str]:
    """Return the flags that link the harness under its name for this build, with the toolchain's own linker: rustc's
    wrapper around that needs /proc, which does not exist in the sandbox."""
    harness = sandbox.build_native("harness", compiler.toolchain, "--crate-type=rlib")
    flags = ["--extern", f"{crate}={harness}", "-Cprefer-dynamic", "-Ccodegen-units=4"]  # the default costs 10 % more
    if compiler.toolchain.linker:
        flags.append(f"-Clinker={compiler.toolchain.linker}")
    linker = compiler.toolchain.target_folder / "bin" / "rust-lld"
    if linker.exists():
        link = harness.parent / "ld.lld"  # the name tells it which linker to be
        with contextlib.suppress(FileExistsError):
            link.symlink_to(linker)
        flags += [*compiler.toolchain.own_linker_flags, "-Clink-arg=-fuse-ld=lld", f"-Clink-arg=-B{harness.parent}"]
    return flags


def _limits(compiler: Compiler, *, uses_files: bool) -> str:
    """The harness's `Limits` as Rust, in its order: as arguments, a program under test would take them for its own."""
    limits = compiler.limits
    counted = sandbox.find_confinement().kind == "bubblewrap"
    numbers = (limits.wall_seconds, limits.cpu_seconds, limits.memory_mib, limits.output_bytes)
    rest = (limits.processes if counted else NO_LIMIT, limits.file_mib, int(uses_files))
    return f"[{', '.join(str(float(number)) for number in (*numbers, *rest))}]"


def _read_results(done: Compiled, jobs: list[TestJob]) -> list[TestResult]:
    """Read lines of `program case status seconds output`. A program with a case missing was not reached in time."""
    found: dict[tuple[int, int], str] = {}
    for line in done.stdout.decode("ascii", "replace").splitlines():
        match = _RESULT.fullmatch(line)
        if match is None:
            continue
        program, number = int(match["program"]), int(match["case"])
        if program < len(jobs) and number < len(jobs[program].tests.cases):
            printed = bytes.fromhex(match["output"]).decode("utf-8", "replace")
            found[program, number] = _status(STATUS[match["status"]], jobs[program].tests.cases[number], printed)
    results = []
    for position, job in enumerate(jobs):
        statuses = tuple(found.get((position, number), "") for number in range(len(job.tests.cases)))
        missing = f"its tests were not run: {done.broken or 'no result'}"
        results.append(TestResult(statuses) if all(statuses) else TestResult((), missing))
    return results


def _status(status: str, case: Case, printed: str) -> str:
    if status == "passed" and case.output is not None and not same_output(case.output, printed):
        return "failed"
    return status


def _not_built(job: TestJob) -> TestResult:
    return TestResult(("not built",) * len(job.tests.cases))
