"""Settles programs that share a crate in rounds: whoever a round has an answer for leaves, the others go on.

A round is one run of the compiler over all that are left. One that breaks blames nobody: its programs go on in smaller
batches, and alone when they are few. What a round does is the caller's: `batch` checks programs, `harness` runs tests.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Member = TypeVar("Member")
Answer = TypeVar("Answer")

PARTS = 4  # a broken batch is cut into as many ...
ALONE_AT_MOST = 24  # ... until its programs are cheaper one by one


@dataclass(frozen=True)
class Round(Generic[Answer]):
    """The members that leave after a round, by their positions in it.

    Attributes:
        answered (`Mapping[int, Answer]`): Leave with this answer.
        alone (`Collection[int]`): Go each to its own compiler.
        apart (`Sequence[Sequence[int]]`): Go on in these batches, away from the others.
    """

    answered: Mapping[int, Answer] = field(default_factory=dict)
    alone: Collection[int] = ()
    apart: Sequence[Sequence[int]] = ()


def settle(
    members: Sequence[Member],
    together: Callable[[list[Member]], Round[Answer] | None],
    alone: Callable[[Member], Answer],
) -> list[Answer]:
    """Return an answer for every member, in order.

    Args:
        members (`Sequence[Member]`): Programs that may share a crate.
        together (`Callable`): Runs one round and says who leaves after it, at least one; `None` when it broke.
        alone (`Callable`): Answers for one member.
    """
    settled: dict[int, Answer] = {}
    waiting = list(range(len(members)))
    while waiting:
        found = together([members[i] for i in waiting])
        if found is None and len(waiting) <= ALONE_AT_MOST:
            found = Round(alone=range(len(waiting)))
        elif found is None:
            found = Round(apart=_parts(len(waiting)))
        settled.update({waiting[position]: answer for position, answer in found.answered.items()})
        settled.update({waiting[position]: alone(members[waiting[position]]) for position in found.alone})
        for part in found.apart:
            some = [waiting[position] for position in part]
            settled.update(zip(some, settle([members[i] for i in some], together, alone), strict=True))
        waiting = [i for i in waiting if i not in settled]
    return [settled[i] for i in range(len(members))]


def _parts(count: int) -> list[range]:
    """Cut `count` positions into `PARTS` parts, as equal as can be."""
    size = -(-count // PARTS)
    return [range(start, min(start + size, count)) for start in range(0, count, size)]
