"""Keeps what runs of `main` in one batch read: every input once, in one file, of which the harness gives each run its
piece."""

from dataclasses import dataclass, field


class InputFile:
    """The file that is being filled.

    Attributes:
        content (`bytearray`): What is in it so far.
    """

    NAME = "inputs"

    def __init__(self) -> None:
        self.content = bytearray()
        self._places: dict[str, tuple[int, int]] = {}

    def place(self, text: str) -> tuple[int, int]:
        """Put a text into the file, unless it is there, and return where it starts and how long it is, in bytes."""
        if text not in self._places:
            data = text.encode()
            self._places[text] = (len(self.content), len(data))
            self.content += data
        return self._places[text]


@dataclass(frozen=True)
class Stdio:
    """Standard input and output of a batch: the inputs, and the tolerance for cases that have none of their own."""

    inputs: InputFile = field(default_factory=InputFile)
    tolerance: float | None = None
