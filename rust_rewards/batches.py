"""Keeps what the verifier said of a batch for every reward that is asked about it, so that a row is scored or not.

TRL asks one reward after another about the same completions. What the deadline cut off for one of them could be
verified in time for the next, and the sum of a few points and a `None` is a wrong answer's. So the rewards of a
batch share one verification: a row that the verifier failed for is left out of every reward that is asked later
(`whole_rows` asks the verifier before the first), and nobody waits for the deadline twice.

Rewards are asked about the same batch while they are given equal completions and columns. A reward that asks for the
second time opens a new batch: nothing is remembered from one step, or one try, to the next.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from .locks import ForkSafeLock
from .rows import DEFAULT_LIMITS, Column, Completion, Row, read_rows, read_without_tests, verify_rows
from .verifier import Limits, Verdict

LATEST_BATCHES = 8  # as many as are scored at a time, in threads; each holds a step's completions and verdicts


class Verification(NamedTuple):
    """What a reward asks of the verifier."""

    tests: bool = False
    clippy: bool = False
    limits: Limits = DEFAULT_LIMITS


class Columns(NamedTuple):
    """What a reward is asked about: the completions, and the dataset columns that tell how to read them."""

    completions: Sequence[Completion]
    tests: Column = None
    entry_point: Column = None
    code_prefix: Column = None

    def equal(self, other: "Columns") -> bool:
        """Return whether these are the same completions and columns; what cannot be compared is not."""
        try:
            return all(mine is yours or bool(mine == yours) for mine, yours in zip(self, other, strict=True))
        except (TypeError, ValueError):  # an array, say
            return False


class Batch:
    """One batch: which rewards have asked, and which rows could not be verified.

    Args:
        columns (`Columns`): The completions and their columns.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.rewards: list[object] = []
        self.unverified: set[int] = set()
        self._verdicts: dict[Verification, list[Verdict | None]] = {}

    def rows(self, *, tests: bool = False) -> list[Row | None]:
        """Return the rows that can still be scored, with their tests or without."""
        read = read_rows if tests else read_without_tests
        return [None if place in self.unverified else row for place, row in enumerate(read(*self.columns))]

    def verify(self, wanted: Verification) -> tuple[list[Row | None], list[Verdict | None]]:
        """Return the rows and their verdicts; the verifier is asked once, and what it failed for is noted."""
        rows = self.rows(tests=wanted.tests)
        if wanted not in self._verdicts:
            verdicts = verify_rows(rows, clippy=wanted.clippy, limits=wanted.limits)
            failed = {place for place, row in enumerate(rows) if row is not None and verdicts[place] is None}
            self.unverified |= failed
            self._verdicts[wanted] = verdicts
        left = [None if place in self.unverified else row for place, row in enumerate(rows)]
        known = self._verdicts[wanted]
        return left, [None if row is None else verdict for row, verdict in zip(left, known, strict=True)]


_latest: deque[Batch] = deque(maxlen=LATEST_BATCHES)
_lock = ForkSafeLock()


def batch_for(reward: object, columns: Columns, *, asks: object = None) -> Batch:
    """Return the batch that a reward is asked about; a new one when it has been asked about the known one before.

    Args:
        reward (`object`): The function that asks; another object of its kind is another reward.
        columns (`Columns`): What it was given.
        asks (`object`, *optional*): Another reward, which this one is going to ask about the same.
    """
    with _lock:
        batch = _find(columns)
        if batch is None or any(known is reward or known is asks for known in batch.rewards):
            if batch is not None:
                _latest.remove(batch)
            # A copy, since a list that is filled anew would stay equal to itself
            batch = Batch(columns._replace(completions=list(columns.completions)))
            _latest.append(batch)
        batch.rewards.append(reward)
        return batch


def unverified_rows(columns: Columns) -> frozenset[int]:
    """Return the places of the rows that could not be verified for a reward that was asked before."""
    with _lock:
        batch = _find(columns)
        return frozenset() if batch is None else frozenset(batch.unverified)


def _find(columns: Columns) -> Batch | None:
    columns = columns._replace(completions=list(columns.completions))
    return next((batch for batch in _latest if batch.columns.equal(columns)), None)
