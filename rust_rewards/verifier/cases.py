"""Holds hidden tests as the verifier runs them: numbered cases, and the Rust items around them. Plain data."""

import functools
from dataclasses import dataclass

from .outputs import most_bytes, normalized, same_output


class HiddenTestsError(ValueError):
    """The tests themselves cannot be used: they do not parse, or hold no test."""


@dataclass(frozen=True)
class Case:
    """One hidden test.

    Attributes:
        name (`str`): The test function's name, or the case's number.
        path (`str`): Rust path of the function to call; empty for a run of `main`.
        should_panic (`str`, *optional*): A Rust string literal the panic's message must contain.
        input (`str`, *optional*): Standard input of `main`.
        output (`str`, *optional*): What `main` must print.
        also (`tuple[str, ...]`): What it may print instead.
        tolerance (`float`, *optional*): By how much numbers in it may differ: see `outputs.same_output`.
        must_reach (`bool`): The function's last statement says that it was reached.
        catches (`bool`): It looks at panics itself, so that a failed assertion may be what it wants to see.
    """

    name: str
    path: str = ""
    should_panic: str | None = None
    input: str | None = None
    output: str | None = None
    must_reach: bool = False
    catches: bool = False
    also: tuple[str, ...] = ()
    tolerance: float | None = None

    @functools.cached_property
    def wanted(self) -> tuple[bytes, ...]:
        """The right outputs, normalized; none for a test function."""
        outputs = () if self.output is None else (self.output, *self.also)
        return tuple(normalized(output.encode()) for output in outputs)

    def output_bytes(self, tolerance: float | None) -> int:
        """Return how many bytes of normalized output can matter: more than these are not what was expected."""
        return max((most_bytes(want, self._within(tolerance)) + 1 for want in self.wanted), default=0)

    def accepts(self, printed: bytes, tolerance: float | None) -> bool:
        """Return whether `main` printed a right output, given the normalized one. `tolerance` is for cases that have
        none of their own."""
        within = self._within(tolerance)
        return not self.wanted or any(same_output(want, printed, within) for want in self.wanted)

    def _within(self, tolerance: float | None) -> float | None:
        return tolerance if self.tolerance is None else self.tolerance

    @property
    def expects_message(self) -> bool:
        """Whether the message of the panic decides."""
        return self.should_panic not in (None, '""')


@dataclass(frozen=True)
class HiddenTests:
    """The cases of one program, and the Rust items that hold them (empty for runs of `main`).

    Attributes:
        cases (`tuple[Case, ...]`): In the order they run.
        items (`str`): The items.
        needs_root (`bool`): The items name `crate`.
        suspect (`bool`): Only rustc can tell whether they parse.
        asked (`bool`): Macros or conditions decide which tests there are: rustc is asked (`listing`), and each test is
            called through what its attribute (`native/test_attribute.rs`) puts beside it.
        uses_files (`bool`): The tests read or write files.
    """

    cases: tuple[Case, ...]
    items: str = ""
    needs_root: bool = False
    suspect: bool = False
    asked: bool = False
    uses_files: bool = False

    @property
    def runs_main(self) -> bool:
        """Whether the cases are runs of the program's `main`."""
        return self.cases[0].input is not None
