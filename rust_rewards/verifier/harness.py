"""Runs hidden tests and returns how each ended. One test binary per batch, one confined process per program.

The chain runs in one sandbox: rustc builds the programs, their tests and `native/harness.rs` into a binary; that binary
deletes the sources and itself, and forks a process per program, from which it takes what is left of its rights. Results
come over the binary's own output, which no program under test can reach; a pass needs a proof made from a key that is
drawn for this build and program. See `native/harness.rs` for the part in Rust and for what is not covered.

Programs that cannot share a crate are built as a library of their own, read from a pipe, so that `include_str!` finds
neither tests nor keys.
"""

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from . import sandbox
from .batch import BASE_SECONDS, INFERENCE, Modules
from .cases import HiddenTests
from .compiler import Compiled, Compiler
from .hidden_tests import read_hidden_tests
from .instrumentation import instrument
from .listing import attribute_library
from .result_stream import ResultStream
from .rounds import Round, settle
from .stdio import InputFile, Stdio
from .tampering import TestPolicy

BUILD_SECONDS_PER_PROGRAM = 0.2  # wall limit of a build, some thirty times what a program usually takes
RELEASE_FACTOR = 4  # how much longer a build with optimisation may take
NO_LIMIT = 0
INPUT_BYTES = 32 << 20  # of the inputs of programs that are tested together
MOST_INPUT_BYTES = 256 << 20  # of the inputs of one program: they lie in memory under bubblewrap
BINARY = "./program"


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
    """The status of each case, in order (of `result_stream`, or `"not built"`); `failure` when the verifier broke."""

    __test__ = False  # pytest would take it for tests by its name

    statuses: tuple[str, ...]
    failure: str | None = None


def run_batch(compiler: Compiler, jobs: list[TestJob]) -> list[TestResult]:
    """Run the tests of programs that may share a crate; same order and length as `jobs`."""

    def together(some: list[TestJob]) -> Round[TestResult] | None:
        return _round(compiler, some)

    def alone(job: TestJob) -> TestResult:
        return run_alone(compiler, job)

    groups = split_by_inputs([job for job in jobs if not job.hopeless])
    results = iter(result for group in groups for result in settle(group, together, alone))
    return [_not_built(job) if job.hopeless else next(results) for job in jobs]


def split_by_inputs(jobs: Sequence[TestJob]) -> list[list[TestJob]]:
    """Cut a list of jobs where the inputs of their programs, each counted once, would take more than `INPUT_BYTES`."""
    groups: list[list[TestJob]] = []
    seen: set[str] = set()
    size = 0
    for job in jobs:
        inputs = {case.input for case in job.tests.cases if case.input}
        new = sum(map(len, inputs - seen))
        if not groups or size + new > INPUT_BYTES:
            groups.append([])
            seen, size, new = set(), 0, sum(map(len, inputs))
        groups[-1].append(job)
        seen |= inputs
        size += new
    return groups


def _round(compiler: Compiler, jobs: list[TestJob]) -> Round[TestResult] | None:
    """Build once, run the tests if that succeeds, and decide who leaves; `None` when rustc or the binary broke."""
    modules = Modules()
    results = _results(compiler, jobs)
    done = _build_and_run(compiler, modules, jobs, results)
    if done.broken is not None and not done.spoke:
        return None
    if not done.errors:
        found = dict(enumerate(_read_results(done, results, jobs)))
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
    if sum(len(case.input or "") for case in job.tests.cases) > MOST_INPUT_BYTES:
        return TestResult((), f"the inputs of its tests take more than {MOST_INPUT_BYTES >> 20} MiB")
    crate, block, key = _names()
    old = ""
    if compiler.edition == "2015":
        old = f"extern crate {crate};\n" + (f"extern crate {crate}_attribute;\n" if job.tests.asked else "")
    stdio = Stdio(tolerance=compiler.tolerance)
    tests = instrument(job.tests, job.policy, block, crate, "candidate::", key, stdio, edition=compiler.edition)
    text = f"{job.source}\n{old}{tests}"
    limits = _limits(compiler, uses_files=job.uses_files)
    main = f"fn main() {{ ::{crate}::serve(&[::candidate::{block}::entry::PROGRAM], {limits}) }}\n"
    link = _link_flags(compiler, crate, asked=job.tests.asked)
    library = compiler.rustc("-", *link, "--crate-type=lib", "--crate-name=candidate", "--cap-lints=allow")
    newest = replace(compiler, edition="2021")
    binary = newest.rustc("main.rs", *link, "--extern", "candidate=libcandidate.rlib", "--crate-name=program")
    results = _results(compiler, [job])
    # The program is built as a library read from a pipe ("@"), then the test binary around it, which is run at once.
    done = compiler.run(
        [["@candidate.rs", *library], binary, [BINARY]],
        {"candidate.rs": text, "main.rs": main, InputFile.NAME: stdio.inputs.content},
        wall_seconds=BASE_SECONDS + 2 * compiler.limits.wall_seconds,
        read=results.feed,
    )
    if done.errors or (done.broken is not None and not done.spoke):
        if job is not _TRIVIAL:
            _require_working_tests(compiler)
        # A build that takes too long may have had a busy machine: that is no answer to keep.
        return TestResult(("timed out",) * len(job.tests.cases)) if done.timed_out else _not_built(job)
    return _read_results(done, results, [job])[0]


_TRIVIAL = TestJob("", read_hidden_tests("assert!(true);"))


def _require_working_tests(compiler: Compiler) -> None:
    """Make sure that it was the program that could not be built, linked and run."""
    found = run_alone(compiler, _TRIVIAL)
    if found.statuses != ("passed",):
        raise sandbox.SandboxError(
            f"tests cannot be built here: a trivial one ended as {found.failure or found.statuses}"
        )


def _build_and_run(compiler: Compiler, modules: Modules, jobs: list[TestJob], results: ResultStream) -> Compiled:
    crate, _, _ = _names()
    stdio = Stdio(tolerance=compiler.tolerance)
    files: dict[str, str | bytes | bytearray] = {}
    declared, table = "", ""
    for position, job in enumerate(jobs):
        _, block, key = _names()
        module = modules.name(position)
        files[f"{module}.rs"] = job.source + instrument(
            job.tests, job.policy, block, crate, f"program::{module}::", key, stdio
        )
        declared += f"mod {module};\n"
        table += f"{module}::{block}::entry::PROGRAM, "
    limits = _limits(compiler, uses_files=False)
    files["main.rs"] = f"{declared}fn main() {{ ::{crate}::serve(&[{table}], {limits}) }}\n"
    files[InputFile.NAME] = stdio.inputs.content
    asked = any(job.tests.asked for job in jobs)
    link = [*_link_flags(compiler, crate, asked=asked), "--crate-name=program", "--cap-lints=allow"]
    build = BUILD_SECONDS_PER_PROGRAM * (RELEASE_FACTOR if compiler.release else 1)
    budget = BASE_SECONDS + len(jobs) * (build + compiler.limits.wall_seconds)
    return compiler.run(
        [compiler.rustc("main.rs", *link), [BINARY]],
        files,
        programs=len(jobs),
        wall_seconds=budget,
        read=results.feed,
    )


def _results(compiler: Compiler, jobs: list[TestJob]) -> ResultStream:
    return ResultStream([job.tests.cases for job in jobs], compiler.tolerance)


def _names() -> tuple[str, str, int]:
    """Return a crate name, a module name and a key, drawn at random so that no program can guess them."""
    return f"rr_{secrets.token_hex(8)}", f"rr_{secrets.token_hex(8)}", secrets.randbits(64)


def _link_flags(compiler: Compiler, crate: str, *, asked: bool) -> list[str]:
    """Return the flags that link the harness under its name for this build, with the toolchain's own linker: rustc's
    wrapper around that needs /proc, which does not exist in the sandbox."""
    harness = sandbox.build_native("harness", compiler.toolchain, "--crate-type=rlib")
    flags = ["--extern", f"{crate}={harness}", "-Cprefer-dynamic", "-Ccodegen-units=4"]  # the default costs 10 % more
    if compiler.release:
        flags.append("-Copt-level=2")  # which turns overflow checks and debug assertions off
    if asked:
        attribute = attribute_library(compiler)
        # By its folder as well: the binary around a program built alone looks for what the program depends on.
        flags += ["--extern", f"{crate}_attribute={attribute}", f"-Ldependency={attribute.parent}"]
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
    numbers = (limits.wall_seconds, limits.cpu_seconds, limits.memory_mib)
    rest = (limits.processes if counted else NO_LIMIT, limits.file_mib, int(uses_files))
    return f"[{', '.join(str(float(number)) for number in (*numbers, *rest))}]"


def _read_results(done: Compiled, results: ResultStream, jobs: list[TestJob]) -> list[TestResult]:
    """Return a result for each program. One with a case missing was not reached in time."""
    missing = f"its tests were not run: {done.broken or 'no result'}"
    found = [results.statuses(position) for position in range(len(jobs))]
    return [TestResult(statuses) if all(statuses) else TestResult((), missing) for statuses in found]


def _not_built(job: TestJob) -> TestResult:
    return TestResult(("not built",) * len(job.tests.cases))
