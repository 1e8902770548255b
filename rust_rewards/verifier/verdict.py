"""Holds what the verifier says about one program, and the limits it works under. Plain data, no behaviour."""

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Diagnostic:
    """One message of rustc or clippy about one program.

    Attributes:
        level (`str`): `"error"` or `"warning"`.
        code (`str`, *optional*): `"E0308"`, a lint name such as `"unused_variables"`, or `None`.
        message (`str`): The message without location.
        line (`int`): 1-based line of the primary span, 0 when rustc gives none.
        column (`int`): 1-based column of the primary span, 0 when rustc gives none.
        rendered (`str`): The text a person would see.
    """

    level: str
    code: str | None
    message: str
    line: int = 0
    column: int = 0
    rendered: str = ""


@dataclass(frozen=True)
class Verdict:
    """What one `rustc` says of one program, and what its hidden tests say.

    Attributes:
        parses (`bool`): rustc's parser accepts the source.
        compiles (`bool`): rustc reports no error.
        errors, warnings (`tuple[Diagnostic, ...]`): rustc's diagnostics, without its summary lines.
        lints (`tuple[Diagnostic, ...]`): clippy's diagnostics; empty unless clippy was asked for.
        tests_passed, tests_total (`int`): Hidden tests passed, and given.
        timed_out (`bool`): A limit of time was exceeded while compiling or testing.
        failure (`str`, *optional*): Why the verifier itself could not tell; every reward is then `None`.
        test_statuses (`tuple[str, ...]`): One per hidden test, in order: `"passed"`, `"failed"` (an assertion),
            `"panicked"`, `"crashed"`, `"timed out"` or `"not built"`.
        seconds (`float`): Wall time spent on this program; its share when it was checked in a batch.
    """

    parses: bool = False
    compiles: bool = False
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    lints: tuple[Diagnostic, ...] = ()
    tests_passed: int = 0
    tests_total: int = 0
    timed_out: bool = False
    failure: str | None = None
    seconds: float = 0.0
    test_statuses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What one program may use. A program that exceeds a limit has failed; the verifier has not.

    Args:
        wall_seconds (`float`, *optional*, defaults to `10.0`): Wall time of one compile, and of all tests of one
            program together; a single test may use half of what is left of it.
        cpu_seconds (`float`, *optional*, defaults to `4.0`): Processor time of the tests, shared in the same way.
        memory_mib (`int`, *optional*, defaults to `1024`): Address space of a program under test, in MiB; a compiler
            gets four times as much.
        output_bytes (`int`, *optional*, defaults to `1048576`): A quarter of the bytes that a compiler may print about
            one program. What a program prints is read as far as it can be what was expected, and dropped behind it.
        processes (`int`, *optional*, defaults to `64`): Threads of a program under test at a time (it can start no
            processes); enforced where user namespaces are available, otherwise memory bounds them.
        file_mib (`int`, *optional*, defaults to `64`): Size of one file written, in MiB.
        deadline_seconds (`float`, *optional*, defaults to `300.0`): Wall time of one call of `verify`; programs not
            verified by then get a `failure`. Keep it below the collective timeout of the training job.

    Raises:
        ValueError: When a limit is not a number above zero, whole where it is an `int`, finite except for
            `deadline_seconds`.
    """

    wall_seconds: float = 10.0
    cpu_seconds: float = 4.0
    memory_mib: int = 1024
    output_bytes: int = 1 << 20
    processes: int = 64
    file_mib: int = 64
    deadline_seconds: float = 300.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, whole, endless = getattr(self, field.name), field.type is int, field.name == "deadline_seconds"
            good = isinstance(value, int if whole else int | float) and not isinstance(value, bool) and value > 0
            if not good or (value == math.inf and not endless):
                kind = "finite number"
                if whole:
                    kind = "whole number"
                elif endless:
                    kind = "number"
                raise ValueError(
                    f"Limits.{field.name} is {value!r}; it must be a {kind} above zero. "
                    f"Leave it out to use the default of {field.default}."
                )
