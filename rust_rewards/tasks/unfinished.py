"""Keeps what a long command has done so far beside its output, so that the same command goes on where it stopped.

Two files lie beside the output while it is being made: the finished rows, and a note of how far the source is read. The
output itself appears when everything is done. The note is written last: rows behind what it tells are dropped.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..whole_files import check_output, replacing, write_json


class Unfinished:
    """The rows that are done of one output.

    Args:
        out (`Path`): The output to be made.
        settings (`Mapping`): What the rows depend on, as JSON values. Rows of other settings are not gone on with.

    Attributes:
        taken (`int`): Rows of the source that are done.
        state (`dict`): What the command noted with the last rows, such as counts.

    Raises:
        ValueError: When the output was begun with other settings, or cannot be written.
    """

    def __init__(self, out: Path, settings: Mapping[str, Any]) -> None:
        check_output(out)
        self.out = out
        self.rows_file = out.with_name(f".{out.name}.rows")
        self.note_file = out.with_name(f".{out.name}.note")
        self.settings = dict(settings)
        self.taken = self.size = 0
        self.state: dict[str, Any] = {}
        if self.note_file.exists() and self.rows_file.exists():
            self._go_on()

    def append(self, rows: Iterable[Mapping[str, Any]], *, taken: int, state: Mapping[str, Any]) -> None:
        """Keep some rows; `taken` more rows of the source are done with them."""
        self.out.parent.mkdir(parents=True, exist_ok=True)
        data = b"".join(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for row in rows)
        with self.rows_file.open("r+b" if self.size else "wb") as file:
            file.truncate(self.size)
            file.seek(self.size)
            file.write(data)
        self.size += len(data)
        self.taken += taken
        self.state = dict(state)
        note = {"settings": self.settings, "taken": self.taken, "size": self.size, "state": self.state}
        write_json(self.note_file, note)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows that are done."""
        if self.size:
            with self.rows_file.open("rb") as file:
                for line in file:
                    yield json.loads(line)

    def move_to_output(self) -> None:
        """Make the rows the output, as JSON Lines."""
        if self.size:
            self.rows_file.replace(self.out)
        else:
            with replacing(self.out):
                pass  # an empty file
        self.discard()

    def discard(self) -> None:
        """Remove what was kept beside the output."""
        self.note_file.unlink(missing_ok=True)
        self.rows_file.unlink(missing_ok=True)

    def _go_on(self) -> None:
        try:
            note = json.loads(self.note_file.read_text(encoding="utf-8"))
        except ValueError:
            note = {}
        if note.get("settings") != json.loads(json.dumps(self.settings)):
            raise ValueError(
                f"{self.out} was begun with other input or options. Finish it with those, or delete {self.rows_file} "
                f"and {self.note_file} to begin anew."
            )
        if self.rows_file.stat().st_size >= note["size"]:
            self.taken, self.size, self.state = note["taken"], note["size"], note["state"]
            with self.rows_file.open("r+b") as file:
                file.truncate(self.size)
