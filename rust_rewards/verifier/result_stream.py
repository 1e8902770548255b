"""Reads the results of tests while they arrive. Each is a line `program case status seconds length` and, for a run of
`main`, the bytes that it printed: they are compared and let go, so that a batch needs no more memory than one output.

Only the harness's server writes here, no program under test.
"""

import re
from collections.abc import Sequence

from .cases import Case

STATUS = {"p": "passed", "f": "failed", "!": "panicked", "c": "crashed", "t": "timed out"}
LINE_BYTES = 96  # a longer one is none of ours
_LINE = re.compile(
    rb"(?P<program>\d{1,6}) (?P<case>\d{1,6}) (?P<status>[pf!ct]) [\d.]+ (?P<length>\d{1,12})\n",
)


class ResultStream:
    """What is known so far of the cases of some programs.

    Args:
        cases (`Sequence[Sequence[Case]]`): The cases of each program, in order.
        tolerance (`float`, *optional*): For numbers in outputs of cases that have none of their own.
    """

    def __init__(self, cases: Sequence[Sequence[Case]], tolerance: float | None = None):
        self._cases = cases
        self._tolerance = tolerance
        self._found: dict[tuple[int, int], str] = {}
        self._waiting = bytearray()
        self._broken = False

    def feed(self, block: bytes) -> None:
        """Take the next bytes."""
        if self._broken:
            return
        self._waiting += block
        while match := _LINE.match(self._waiting):
            end = match.end() + int(match["length"])
            if len(self._waiting) < end:
                return
            self._take(match, bytes(self._waiting[match.end() : end]))
            del self._waiting[:end]
        self._broken = len(self._waiting) > LINE_BYTES  # out of step: nothing behind it can be told

    def statuses(self, program: int) -> tuple[str, ...]:
        """Return the status of each case of a program, empty where it was not reached."""
        return tuple(self._found.get((program, number), "") for number in range(len(self._cases[program])))

    def _take(self, match: re.Match[bytes], printed: bytes) -> None:
        program, number = int(match["program"]), int(match["case"])
        if program >= len(self._cases) or number >= len(self._cases[program]):
            return
        status, case = STATUS[match["status"].decode()], self._cases[program][number]
        if status == "passed" and not case.accepts(printed, self._tolerance):
            status = "failed"
        self._found[program, number] = status
