"""Converts a source into a task file, row by row: what is taken, repaired and left out is counted, with reasons.

The output is written whole or not at all. An interrupted conversion goes on behind the last chunk of rows.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...progress import Progress
from ..formats import TaskSetError
from ..stream import in_chunks
from ..unfinished import Unfinished
from .mapped import Mapped
from .presets import PRESETS, Converter, preset_for, preset_named
from .source_rows import MAX_ROW_BYTES, SourceRow, source_rows
from .task_rows import LeftOut, RowReader

CHUNK_ROWS = 256
LINES_KEPT = 20  # per reason, to look at


@dataclass(frozen=True)
class ConvertOptions:
    """How a source is read.

    Args:
        preset (`str`, *optional*): Name of a published format; found by the columns unless given.
        mapped (`Mapped`, *optional*): The columns of any other format.
        config, split (`str`, *optional*): Of a dataset of the hub.
        licence (`str`, *optional*): Of the rows; the one on the format's card unless given.
        max_cases (`int`, *optional*): Cases of standard input per task at most; all unless given.
        max_row_bytes (`int`, *optional*): Longer rows are left out.
    """

    preset: str | None = None
    mapped: Mapped | None = None
    config: str | None = None
    split: str = "train"
    licence: str | None = None
    max_cases: int | None = None
    max_row_bytes: int = MAX_ROW_BYTES

    def __post_init__(self) -> None:
        if self.preset is not None:
            preset_named(self.preset)
            if self.mapped is not None:
                raise ValueError("Give --preset or --map, not both.")
        if self.max_cases is not None and self.max_cases < 1:
            raise ValueError(f"max_cases is {self.max_cases}; give a number above zero, or leave it out.")


@dataclass
class Conversion:
    """What became of the rows of a source.

    Attributes:
        rows, taken (`int`): Rows read, and tasks made of them.
        repaired (`dict[str, int]`): Tasks that were repaired, by what was repaired.
        left_out (`dict[str, dict]`): By reason: `rows`, the numbers of the first of them, and what the first was about.
    """

    rows: int = 0
    taken: int = 0
    repaired: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, repairs: set[str]) -> None:
        """Count a task."""
        self.rows += 1
        self.taken += 1
        for repair in sorted(repairs):
            self.repaired[repair] = self.repaired.get(repair, 0) + 1

    def leave_out(self, where: str, reason: str, detail: str = "") -> None:
        """Count a row that is left out."""
        self.rows += 1
        found = self.left_out.setdefault(reason, {"rows": 0, "first": [], "detail": detail})
        found["rows"] += 1
        if len(found["first"]) < LINES_KEPT:
            found["first"].append(where)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {"rows": self.rows, "taken": self.taken, "repaired": self.repaired, "left_out": self.left_out}

    def as_text(self) -> str:
        """Return the counts in a few lines, the most frequent reason first."""
        lines = [f"{self.taken} of {self.rows} rows became tasks"]
        lines += [f"  {number} repaired: {what}" for what, number in sorted(self.repaired.items())]
        for reason, found in sorted(self.left_out.items(), key=lambda item: -item[1]["rows"]):
            shown = ", ".join(found["first"][:5]) + (", ..." if found["rows"] > 5 else "")
            about = f" ({found['detail']})" if found["detail"] else ""
            lines.append(f"  {found['rows']} left out: {reason}{about}; rows {shown}")
        return "\n".join(lines)


def convert_source(source: str, out: Path, options: ConvertOptions = ConvertOptions()) -> Conversion:
    """Convert a source into a task file in our columns.

    Args:
        source (`str`): A file, a folder, or a dataset of the hub, as in `source_rows`.
        out (`Path`): The task file to write, whole or not at all.
        options (`ConvertOptions`, *optional*): The format and its options.

    Raises:
        TaskSetError: When there is no such source, or nothing of it becomes a task.
        ValueError: When the format cannot be told, or `out` was begun with other options.
    """
    convert, licence, label = _converter(source, options)
    settings = {**_plain(options), "source": source, "size": _size(source), "format": label}
    done = Unfinished(out, settings)
    counts = Conversion(**done.state) if done.state else Conversion()
    seen = {row["task_id"] for row in done.rows()}
    progress = Progress(None, done.taken)
    rows = itertools.islice(_rows(source, options), done.taken, None)
    for chunk in in_chunks(rows, CHUNK_ROWS):
        tasks = list(_tasks(chunk, convert, options, licence, counts, seen))
        done.append(tasks, taken=len(chunk), state=counts.to_json())
        progress.report(len(chunk))
    if not counts.taken:
        done.discard()
        raise TaskSetError(f"Nothing of {source} became a task.\n{counts.as_text()}")
    done.move_to_output()
    return counts


def _rows(source: str, options: ConvertOptions) -> Iterator[SourceRow]:
    return source_rows(source, config=options.config, split=options.split, max_bytes=options.max_row_bytes)


def _converter(source: str, options: ConvertOptions) -> tuple[Converter, str, str]:
    """Return what makes a task of a row, its licence, and the name of the format."""
    if options.mapped is not None:
        return options.mapped, options.licence or "not stated", "mapped"
    name = options.preset or next((name for name, known in PRESETS.items() if source in known.datasets), None)
    if name is None:
        first = next((row.row for row in _rows(source, options) if row.row is not None), None)
        if first is None:
            raise TaskSetError(f"{source} holds no row that can be read.")
        name = preset_for(first)
        if name is None:
            raise ValueError(
                f"{source} has the columns {', '.join(map(str, first))}, which is no known format "
                f"({', '.join(PRESETS)}). Give --map prompt=... tests=... reference=... --kind asserts|rust|stdin."
            )
    preset = preset_named(name)
    return preset.convert, options.licence or preset.licence, name


def _tasks(
    rows: list[SourceRow],
    convert: Converter,
    options: ConvertOptions,
    licence: str,
    counts: Conversion,
    seen: set[str],
) -> Iterator[dict[str, Any]]:
    for row in rows:
        where = str(row.number)
        if row.row is None:
            counts.leave_out(where, row.problem or "cannot be read")
            continue
        reader = RowReader(row.row, options.max_cases)
        try:
            task = convert(reader)
        except LeftOut as err:
            counts.leave_out(where, err.reason, err.detail)
            continue
        except RecursionError:
            counts.leave_out(where, "nested too deeply")
            continue
        name = str(task["task_id"] or f"{Path(row.origin).stem}/{row.number}")
        if name in seen:
            name = f"{name}#{row.number}"
            reader.repairs.add("task_id made unique")
        seen.add(name)
        counts.take(reader.repairs)
        yield {
            **task,
            "task_id": name,
            "licence": _licence(row.row, licence),
            "origin": f"{row.origin}, row {row.number}",
        }


def _licence(row: Mapping[str, Any], otherwise: str) -> str:
    own = row.get("license") or row.get("licence")
    return own if isinstance(own, str) else otherwise


def _size(source: str) -> int | None:
    path = Path(source)
    return path.stat().st_size if path.is_file() else None


def _plain(options: ConvertOptions) -> dict[str, Any]:
    mapped = {"columns": dict(options.mapped.columns), "kind": options.mapped.kind} if options.mapped else None
    return {**vars(options), "mapped": mapped}
