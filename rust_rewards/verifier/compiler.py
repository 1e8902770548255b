"""Runs rustc or clippy-driver, confined, over a crate and returns the diagnostics. Knows nothing of batches."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from . import sandbox
from .diagnostics import Located, parse_diagnostics
from .toolchain import Toolchain
from .verdict import Limits

COMPILER_MEMORY = 4  # a compiler gets this many times the address space of a program under test
OUTPUT_PER_PROGRAM = 4  # and this many times its output: JSON diagnostics repeat the source
PROCESSES = 256  # rustc's threads and the linker's; a program under test has its own limit


class OutOfTime(RuntimeError):
    """The deadline of the call passed before this program could be verified."""


@dataclass(frozen=True)
class Compiled:
    """The compiler's answer. `broken` is why it cannot be used: a crash, a limit, cut output; `spoke` when there was
    anything on standard output, where a test binary's results come from."""

    diagnostics: list[Located]
    ok: bool
    timed_out: bool
    broken: str | None
    stdout: bytes
    spoke: bool
    seconds: float

    @property
    def errors(self) -> list[Located]:
        """The errors, in the order rustc found them."""
        return [item for item in self.diagnostics if item.diagnostic.level == "error"]


@dataclass(frozen=True)
class Compiler:
    """How to compile, and how to run tests.

    Attributes:
        toolchain, edition, limits: Which to use.
        deadline (`float`): When to stop, as `time.monotonic` tells it.
        tolerance (`float`, *optional*): By how much numbers that `main` prints may differ, where its case says nothing.
        release (`bool`): Tests are built with optimisation and wrapping arithmetic, as `cargo test --release` does.

    `rustc` and `check` give argument lists for `run`.
    """

    toolchain: Toolchain
    edition: str
    limits: Limits
    deadline: float = math.inf
    tolerance: float | None = None
    release: bool = False

    def rustc(self, root: str, *flags: str) -> list[str]:
        """Return the arguments for rustc on the file `root` (or `-`, standard input) with JSON diagnostics."""
        return [str(self.toolchain.rustc), root, *self._common(), *flags]

    def check(self, root: str, kind: str = "lib", *, clippy: bool = False) -> list[str]:
        """Return the arguments for a check up to code generation, by rustc or by clippy, whose lints only warn here."""
        flags = [f"--crate-type={kind}", "--crate-name=program", "--emit=metadata", "--out-dir=."]
        evidence = "=libprogram.rmeta"  # without it an exit code of 0 is none: see `sandbox.run`
        if not clippy:
            return [evidence, *self.rustc(root, *flags)]
        return [evidence, str(self.toolchain.require_clippy()), root, *self._common(), *flags, "-Wclippy::correctness"]

    def _common(self) -> list[str]:
        sysroot = f"--sysroot={self.toolchain.sysroot}"
        return [f"--edition={self.edition}", "--error-format=json", "-Cdebuginfo=0", sysroot]

    def run(
        self,
        commands: list[list[str]],
        files: Mapping[str, str | bytes | bytearray],
        *,
        programs: int = 1,
        wall_seconds: float | None = None,
        output_bytes: int = 0,
        read: sandbox.Reader | None = None,
    ) -> Compiled:
        """Run the chain `commands` over `files` for that many programs at once. `output_bytes` are expected beyond the
        diagnostics; with `read`, standard output goes there as it comes.

        Raises:
            SandboxError: When the confinement itself fails.
            OutOfTime: When the deadline passes before or while it runs.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime
        wall = min(wall_seconds or self.limits.wall_seconds, left)
        done = sandbox.run(
            commands,
            {name: text.encode() if isinstance(text, str) else text for name, text in files.items()},
            wall_seconds=wall,
            cpu_seconds=max(wall, self.limits.cpu_seconds),
            memory_mib=self.limits.memory_mib * COMPILER_MEMORY,
            file_mib=max(self.limits.file_mib, 512),
            processes=PROCESSES,
            output_bytes=self.limits.output_bytes * OUTPUT_PER_PROGRAM * max(1, programs // 8) + output_bytes,
            read=read,
        )
        if done.timed_out and wall == left and not done.spoke:
            raise OutOfTime
        if not done.confined:  # no program has run yet: it is nobody's fault but the machine's
            raise sandbox.SandboxError(f"the confinement did not stand within {wall:g} s")
        found = list(parse_diagnostics(done.stderr.decode("utf-8", "replace")))
        failed = any(item.diagnostic.level == "error" for item in found)
        broken = why_broken(done, wall, reported_errors=failed)
        return Compiled(found, done.returncode == 0, done.timed_out, broken, done.stdout, done.spoke, done.seconds)


def why_broken(done: sandbox.Finished, wall: float, *, reported_errors: bool) -> str | None:
    """Return why the compiler's answer cannot be used: a limit, cut output, a crash; `None` when it can be."""
    if done.timed_out:
        return f"rustc exceeded {wall:g} s"
    if done.truncated:
        return "rustc printed more than the output limit"
    refused = done.returncode == 1 and reported_errors
    return None if done.returncode == 0 or refused else f"rustc ended with code {done.returncode}"
