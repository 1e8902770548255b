"""Holds what evaluation needs of a training run's history: curves, means at both ends, a table of epochs.

Plain numbers: nothing here knows how a trainer logs. Reading a history is the commands' business
(`commands/histories.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Curve = tuple[Sequence[float], Sequence[float]]  # iterations, values


@dataclass(frozen=True)
class TrainingHistory:
    """A run as it was logged. A value that was never measured is in none of the mappings.

    Attributes:
        steps (`int`): Logged steps.
        last_iteration (`float`): The iteration of the last one.
        curves (`dict[str, Curve]`): Under each name the iterations at which it was measured, and its values.
        at_start, at_end (`dict[str, float]`): Means over the first and the last quarter of a curve.
        epochs (`list[list[str]]`): One row of cells per epoch, the heading first.
    """

    steps: int
    last_iteration: float
    curves: Mapping[str, Curve]
    at_start: Mapping[str, float]
    at_end: Mapping[str, float]
    epochs: Sequence[Sequence[str]] = field(default_factory=list)

    def highest(self, name: str) -> float | None:
        """Return the highest value of a curve; `None` without any."""
        return max(self.curves[name][1]) if name in self.curves else None
