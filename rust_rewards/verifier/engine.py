"""Verifies many programs at once: decides what runs where and when; the other modules of the package do the work.

The order of work: what the cache knows; what needs no compiler; batches spread over the workers, programs that cannot
share a crate on their own; then the tests of those that compile, in the same way. A program or a batch for which the
verifier breaks, or the deadline passes, gets a `failure`; an exception in one never reaches the others.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from ..syntax.lexer import scan
from . import sandbox
from .batch import Member, check_batch
from .cache import VerdictCache, key_of, shared_cache
from .cases import HiddenTests, HiddenTestsError
from .compiler import Compiler, OutOfTime
from .harness import TestJob, TestResult, run_alone, run_batch
from .hidden_tests import read_hidden_tests
from .json_cases import text_of_tests
from .listing import list_cases
from .settings import release_or_default, tolerance_or_default
from .single import CompileResult, check_alone, parse, rejected
from .tampering import policy_for
from .toolchain import find_toolchain
from .triage import Triage, triage
from .verdict import Diagnostic, Limits, Verdict

EDITIONS = ("2015", "2018", "2021", "2024")
BATCH = 512  # programs per crate: more gain little, and put more at stake when one of them breaks the compiler
HALVINGS = 24  # of tasks for which the verifier broke, per call; three programs of 512 are found with them
BATCH_AT_LEAST = 8  # fewer are not worth a second compiler
NO_MAIN = "E0601"
NOT_UTF8 = Diagnostic("error", None, "stream did not contain valid UTF-8", rendered="error: not valid UTF-8\n")

Done = TypeVar("Done")


@dataclass
class _Program:
    """One distinct program with its tests, and what is known of it so far."""

    source: str
    tests: str
    entry_point: str
    triage: Triage = field(default=Triage(scan("")))
    hidden: HiddenTests | None = None
    compile_result: CompileResult = field(default=CompileResult())
    test_result: TestResult | None = None
    failure: str | None = None


def verify(
    programs: Sequence[str],
    tests: Sequence[str | None] | None = None,
    *,
    entry_points: Sequence[str | None] | None = None,
    clippy: bool = False,
    edition: str = "2021",
    limits: Limits = Limits(),
    jobs: int | None = None,
    release: bool | None = None,
    tolerance: float | None = None,
) -> list[Verdict]:
    """Verify Rust programs: exactly what one rustc per program would say, and what their hidden tests say.

    A program with a top-level `fn main` is compiled as a binary, any other as a library. Tests are only run on
    programs that compile.

    Args:
        programs (`Sequence[str]`): Complete Rust sources.
        tests (`Sequence[str | None]`, *optional*): Hidden tests of each program: a `#[cfg(test)]` module, bare
            assertions, or a JSON list of `{"input": ..., "output": ...}`; `None` or `""` for none.
        entry_points (`Sequence[str | None]`, *optional*): The name each program defines; without it no test passes.
        clippy (`bool`, *optional*, defaults to `False`): Whether to run clippy as well (fills `Verdict.lints`).
        edition (`str`, *optional*, defaults to `"2021"`): Rust edition.
        limits (`Limits`, *optional*): What one program may use, and the deadline of this call.
        jobs (`int`, *optional*): Compilers at a time; defaults to the cores this process may use, shared among the
            local ranks of a distributed job.
        release (`bool`, *optional*): Build programs and their tests with optimisation, wrapping arithmetic and without
            debug assertions, as `cargo test --release` does; defaults to `RUST_REWARDS_RELEASE`, else `False`.
        tolerance (`float`, *optional*): By how much numbers that `main` prints may differ, absolutely or as a share of
            the expected one, where a JSON case has no `tolerance` of its own; defaults to `RUST_REWARDS_TOLERANCE`,
            else `None`: outputs are compared as text.

    Returns:
        `list[Verdict]`: One per program, in order. `failure` is set where the verifier, not the program, is at fault.

    Raises:
        ValueError: When list lengths differ, or an option is not one of those allowed.
        TypeError: When a program, a test or an entry point is not a string.
        ToolchainError: When there is no usable Rust toolchain.
        SandboxError: When programs cannot be confined on this machine.

    Example:

    ```python
    >>> from rust_rewards import verify
    >>> verdict = verify(["pub fn double(x: i32) -> i32 { x * 2 }"], ["assert_eq!(double(4), 8);"])[0]
    >>> verdict.compiles, verdict.tests_passed, verdict.tests_total
    (True, 1, 1)

    ```
    """
    _check_programs(programs)
    if tests is not None and not isinstance(tests, str):
        tests = [text_of_tests(cell) for cell in tests]
    tests = _column("tests", tests, len(programs))
    entry_points = _column("entry_points", entry_points, len(programs))
    _check_options(edition, limits, jobs)
    if not programs:
        return []
    start = time.monotonic()
    compiler = Compiler(
        find_toolchain(),
        edition,
        limits,
        start + limits.deadline_seconds,
        release=release_or_default(release),
        tolerance=tolerance_or_default(tolerance),
    )
    if clippy:
        compiler.toolchain.require_clippy()
    sandbox.find_confinement()
    distinct = {row: _Program(*row) for row in zip(programs, tests, entry_points, strict=True)}
    call = _VerifyCall(compiler, clippy, jobs or default_jobs(), shared_cache())
    call.check(list(distinct.values()))
    call.test([program for program in distinct.values() if program.hidden and program.compile_result.compiles])
    return [_verdict(distinct[row]) for row in zip(programs, tests, entry_points, strict=True)]


def default_jobs() -> int:
    """Return how many compilers run at a time: the usable cores over the ranks of this machine (`LOCAL_WORLD_SIZE`)."""
    ranks = os.environ.get("LOCAL_WORLD_SIZE", "1")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // max(1, int(ranks) if ranks.isdigit() else 1))


@dataclass(frozen=True)
class _Task(Generic[Done]):
    """Programs for one worker, and what it does with them: one result for each, in order."""

    work: Callable[[list[_Program]], list[Done]]
    programs: list[_Program]


@dataclass(frozen=True)
class _VerifyCall:
    """One call of `verify`: fills in the programs it is given."""

    compiler: Compiler
    clippy: bool
    jobs: int
    cache: VerdictCache

    def check(self, programs: list[_Program]) -> None:
        """Fill in `hidden`, `triage` and `compile_result`."""
        waiting: list[_Program] = []
        for program in programs:
            program.failure = _read_tests(self.compiler, program)
            if not _is_utf8(program.source):
                program.compile_result = rejected(NOT_UTF8)
                continue
            program.triage = triage(program.source, self.compiler.edition)
            known = self._known_check(program)
            if known is not None:
                program.compile_result = known
            elif program.triage.rejected is not None:
                program.compile_result = rejected(program.triage.rejected)
            else:
                waiting.append(program)
        together = [program for program in waiting if not program.triage.alone]
        tasks = [_Task(self._check_together, share) for share in _shares(together, self.jobs)]
        tasks += [_Task(self._check_each, [program]) for program in waiting if program.triage.alone]
        for program, compile_result in self._run(tasks, lambda why: CompileResult(failure=why)):
            program.compile_result = compile_result
        self.cache.put({self._check_key(program, self.clippy): program.compile_result for program in waiting})

    def _check_together(self, programs: list[_Program]) -> list[CompileResult]:
        return check_batch(self.compiler, [Member(p.source, p.triage.has_main) for p in programs], self.clippy)

    def _check_each(self, programs: list[_Program]) -> list[CompileResult]:
        return [self._check_alone(program) for program in programs]

    def _check_alone(self, program: _Program) -> CompileResult:
        has_main = program.triage.has_main or program.triage.may_have_main
        compile_result = check_alone(self.compiler, program.source, has_main=has_main, clippy=self.clippy)
        if program.triage.may_have_main and any(error.code == NO_MAIN for error in compile_result.errors):
            has_main = False
            compile_result = check_alone(self.compiler, program.source, has_main=False, clippy=self.clippy)
        if not (self.clippy and program.triage.knows_clippy):
            return compile_result
        plain = check_alone(self.compiler, program.source, has_main=has_main, clippy=False)
        return replace(plain, lints=compile_result.lints)

    def test(self, programs: list[_Program]) -> None:
        """Fill in `test_result` for programs that compile."""
        waiting: list[_Program] = []
        for program in programs:
            known = self.cache.get(self._test_key(program))
            if isinstance(known, TestResult):
                program.test_result = known
            elif _lacks_entry_point(program):
                assert program.hidden
                program.test_result = TestResult(("not built",) * len(program.hidden.cases))
            else:
                waiting.append(program)
        together = [program for program in waiting if not _tested_alone(program)]
        tasks = [_Task(self._test_together, share) for share in _shares(together, self.jobs)]
        tasks += [_Task(self._test_each, [program]) for program in waiting if _tested_alone(program)]
        for program, test_result in self._run(tasks, lambda why: TestResult((), failure=why)):
            program.test_result = test_result
        self.cache.put({self._test_key(program): program.test_result for program in waiting if program.test_result})

    def _test_together(self, programs: list[_Program]) -> list[TestResult]:
        return run_batch(self.compiler, [_job(program) for program in programs])

    def _test_each(self, programs: list[_Program]) -> list[TestResult]:
        return [run_alone(self.compiler, _job(program)) for program in programs]

    def _run(self, tasks: list["_Task[Done]"], failed: Callable[[str], Done]) -> list[tuple[_Program, Done]]:
        """Run tasks in the worker pool; where the verifier breaks, try halves of the task, so that one program takes no
        other along. What is left gets `failed(why)`. Halvings are counted: where nothing works, that is soon said."""
        halvings = iter(range(HALVINGS))

        def guarded(task: _Task[Done]) -> list[Done]:
            programs = task.programs
            try:
                return task.work(programs)
            except OutOfTime:
                why = f"the deadline of {self.compiler.limits.deadline_seconds:g} s passed"
            except (sandbox.SandboxError, OSError, RecursionError, subprocess.SubprocessError) as err:
                why = f"the verifier broke: {err}"
                if len(programs) > 1 and next(halvings, None) is not None:
                    middle = len(programs) // 2
                    halves = (programs[:middle], programs[middle:])
                    return [done for half in halves for done in guarded(replace(task, programs=half))]
            return [failed(why) for _ in programs]

        if len(tasks) <= 1:
            found = [guarded(task) for task in tasks]
        else:
            pool = ThreadPoolExecutor(min(self.jobs, len(tasks)))
            try:
                found = list(pool.map(guarded, tasks))
            finally:
                pool.shutdown(cancel_futures=True)
        return [
            pair
            for task, results in zip(tasks, found, strict=True)
            for pair in zip(task.programs, results, strict=True)
        ]

    def _known_check(self, program: _Program) -> CompileResult | None:
        for clippy in (False, True) if not self.clippy else (True,):
            known = self.cache.get(self._check_key(program, clippy))
            if isinstance(known, CompileResult):
                return known if self.clippy else replace(known, lints=())
        return None

    def _check_key(self, program: _Program, clippy: bool) -> str:
        return key_of("check", program.source, clippy, *self._options())

    def _test_key(self, program: _Program) -> str:
        built = (self.compiler.release, self.compiler.tolerance)
        return key_of("tests", program.source, program.tests, program.entry_point, *built, *self._options())

    def _options(self) -> tuple[object, ...]:
        kept = replace(self.compiler.limits, deadline_seconds=1.0)
        return (self.compiler.edition, kept, self.compiler.toolchain.version, self.compiler.toolchain.host)


def _check_programs(programs: Sequence[str]) -> None:
    if isinstance(programs, str):
        raise TypeError("programs is one string; pass a list of programs, such as [program].")
    for index, program in enumerate(programs):
        if not isinstance(program, str):
            raise TypeError(f"programs[{index}] is {type(program).__name__}; every program must be a string.")


def _column(name: str, column: Sequence[str | None] | None, rows: int) -> list[str]:
    """Return an optional column as one string per row, empty where there is none."""
    if column is None:
        return [""] * rows
    if isinstance(column, str):
        raise ValueError(f"{name} holds one string for {rows} programs; pass one item for each, or None.")
    if len(column) != rows:
        raise ValueError(f"{name} holds {len(column)} items for {rows} programs; pass one item for each, or None.")
    for item in column:
        if item is not None and not isinstance(item, str):
            raise TypeError(f"{name} holds {item!r}; each item must be a string or None.")
    return [item or "" for item in column]


def _check_options(edition: str, limits: Limits, jobs: int | None) -> None:
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is {limits!r}; pass rust_rewards.Limits(...), or leave it out.")
    if edition not in EDITIONS:
        raise ValueError(f"edition is {edition!r}; it may be one of {', '.join(EDITIONS)}.")
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise ValueError(f"jobs is {jobs!r}; it must be a whole number of at least 1, or None for the default.")


def _is_utf8(source: str) -> bool:
    try:
        source.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_tests(compiler: Compiler, program: _Program) -> str | None:
    """Read the hidden tests; return what is wrong with the tests, if anything."""
    if not program.tests:
        return None
    if not _is_utf8(program.tests):
        return "the tests are not valid UTF-8"
    try:
        hidden = read_hidden_tests(program.tests)
        if hidden.suspect and not parse(compiler, hidden.items):
            return "the tests do not parse"
        program.hidden = list_cases(compiler, hidden) if hidden.asked else hidden
    except HiddenTestsError as err:
        return str(err)
    except OutOfTime:
        return f"the deadline of {compiler.limits.deadline_seconds:g} s passed"
    except (sandbox.SandboxError, OSError) as err:
        return f"the verifier broke: {err}"
    return None


def _lacks_entry_point(program: _Program) -> bool:
    """Whether the program has nothing of that name: no item, no import, and no macro of its own that could write it."""
    name = re.split(r"::|\.", program.entry_point)[-1].removeprefix("r#")
    if not name:
        return False
    seen = program.triage.scan
    code = seen.code if seen.plain else program.source
    word = rf"(?<!\w)(?:r#)?{re.escape(name)}(?!\w)"
    declared = rf"\b(?:fn|struct|enum|union|trait|type|const|static|mod)\s+(?:mut\s+)?{word}|\buse\b[^;]*{word}"
    return re.search(word if "macro_rules" in code else declared, code) is None


def _tested_alone(program: _Program) -> bool:
    assert program.hidden
    return program.triage.alone or _uses_files(program) or program.hidden.needs_root


def _uses_files(program: _Program) -> bool:
    assert program.hidden
    return program.triage.uses_files or program.hidden.uses_files


def _job(program: _Program) -> TestJob:
    assert program.hidden
    policy = policy_for(program.source, program.triage.scan, program.tests)
    has_main = program.triage.has_main or program.triage.may_have_main
    return TestJob(program.source, program.hidden, policy, _uses_files(program), has_main)


def _shares(programs: list[_Program], jobs: int) -> list[list[_Program]]:
    """Cut into batches of at most `BATCH`, as many as there are workers when they are worth it, in equal shares."""
    if not programs:
        return []
    count = max(-(-len(programs) // BATCH), min(jobs, len(programs) // BATCH_AT_LEAST), 1)
    return [programs[start::count] for start in range(count)]


def _verdict(program: _Program) -> Verdict:
    compile_result, test_result = program.compile_result, program.test_result
    statuses = test_result.statuses if test_result else ()
    return Verdict(
        parses=compile_result.parses,
        compiles=compile_result.compiles,
        errors=compile_result.errors,
        warnings=compile_result.warnings,
        lints=compile_result.lints,
        tests_passed=statuses.count("passed"),
        tests_total=len(program.hidden.cases) if program.hidden else 0,
        timed_out=compile_result.timed_out or "timed out" in statuses,
        failure=program.failure or compile_result.failure or (test_result.failure if test_result else None),
        seconds=compile_result.seconds,
        test_statuses=statuses,
    )
