"""Reads the rows of any source one by one: files of several kinds, folders of them, an Exercism track, or the hub.

A row that cannot be read is yielded with the reason, and reading goes on behind it. Rows have the number of their line
in a file of lines, and are counted from 1 elsewhere. No file is read as a whole but a JSON array.
"""

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from ...extras import needing
from ..formats import TaskSetError
from .exercism import exercise_rows, is_track

MAX_ROW_BYTES = 64 << 20
PARQUET_ROWS = 64  # read at a time
LINES = (".jsonl", ".ndjson", ".jsonlines")
ENDINGS = (*LINES, ".json", ".csv", ".tsv", ".parquet")


class SourceRow(NamedTuple):
    """One row: where it comes from (a file or dataset), its number there, and its columns, or why there are none."""

    origin: str
    number: int
    row: dict[str, Any] | None
    problem: str | None = None


def source_rows(
    source: str, *, config: str | None = None, split: str = "train", max_bytes: int = MAX_ROW_BYTES
) -> Iterator[SourceRow]:
    """Yield the rows of a source in order.

    Args:
        source (`str`): A file (`ENDINGS`, also with `.gz`), a folder of such files, an Exercism track, or the name of a
            dataset of the hub, which is streamed.
        config, split (`str`, *optional*): The hub dataset's configuration and split.
        max_bytes (`int`, *optional*): Lines that are longer cannot be read.

    Raises:
        TaskSetError: When there is no such source.
    """
    path = Path(source)
    if path.is_dir():
        yield from _folder(path, max_bytes)
    elif path.is_file():
        yield from _file(path, path.name, max_bytes)
    elif path.is_absolute() or source.startswith(".") or _ending(path) in ENDINGS:
        raise TaskSetError(f"There is no file {source}. Give a file, a folder, or a dataset of the hub.")
    else:
        yield from _hub(source, config, split)


def _folder(folder: Path, max_bytes: int) -> Iterator[SourceRow]:
    if is_track(folder):
        for number, row in enumerate(exercise_rows(folder), 1):
            yield SourceRow(folder.name, number, row)
        return
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and _ending(path) in ENDINGS]
    if not files:
        raise TaskSetError(
            f"{folder} holds neither an Exercism track nor a file of one of these kinds: {', '.join(ENDINGS)}."
        )
    for path in files:
        yield from _file(path, str(path.relative_to(folder)), max_bytes)


def _ending(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def _file(path: Path, origin: str, max_bytes: int) -> Iterator[SourceRow]:
    ending = _ending(path)
    if ending == ".parquet":
        yield from _parquet(path, origin)
    elif ending in (".csv", ".tsv"):
        yield from _table(path, origin, "\t" if ending == ".tsv" else ",")
    elif ending == ".json":
        yield from _json(path, origin, max_bytes)
    else:
        yield from _lines(path, origin, max_bytes)


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _lines(path: Path, origin: str, max_bytes: int) -> Iterator[SourceRow]:
    with _open(path) as file:
        number = 0
        while line := file.readline(max_bytes + 1):
            number += 1
            if len(line) > max_bytes and not line.endswith(b"\n"):
                _skip_line(file, max_bytes)
                yield SourceRow(origin, number, None, f"larger than {max_bytes / 2**20:g} MiB")
            elif line.strip():
                yield SourceRow(origin, number, *_object(line))


def _skip_line(file: BinaryIO, max_bytes: int) -> None:
    while (more := file.readline(max_bytes)) and not more.endswith(b"\n"):
        pass


def _object(line: bytes) -> tuple[dict[str, Any] | None, str | None]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None, "not UTF-8"
    except (ValueError, RecursionError):
        return None, "not JSON"
    return (row, None) if isinstance(row, dict) else (None, "no object")


def _json(path: Path, origin: str, max_bytes: int) -> Iterator[SourceRow]:
    """A JSON array of objects; anything else is read as lines, under whose name such files are published as well."""
    with _open(path) as file:
        begins = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if begins != b"[":
        yield from _lines(path, origin, max_bytes)
        return
    with _open(path) as file:
        try:
            rows = json.loads(file.read().decode("utf-8-sig"))
        except (ValueError, RecursionError) as err:
            raise TaskSetError(f"{path} is no complete JSON array: {err}.") from err
    for number, row in enumerate(rows, 1):
        yield SourceRow(
            origin, number, row if isinstance(row, dict) else None, None if isinstance(row, dict) else "no object"
        )


def _table(path: Path, origin: str, separator: str) -> Iterator[SourceRow]:
    csv.field_size_limit(MAX_ROW_BYTES)
    with _open(path) as file:
        text = (line.decode("utf-8-sig" if number == 0 else "utf-8", "replace") for number, line in enumerate(file))
        reader = csv.DictReader(text, delimiter=separator)
        while True:
            try:
                row = next(reader, None)
            except csv.Error:
                yield SourceRow(origin, reader.line_num, None, "not CSV")
                continue
            if row is None:
                return
            whole = None not in row and None not in row.values()
            yield SourceRow(
                origin, reader.line_num, row if whole else None, None if whole else "another number of cells"
            )


def _parquet(path: Path, origin: str) -> Iterator[SourceRow]:
    with needing("train", "Reading Parquet files"):
        import pyarrow.parquet as parquet
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as err:
        raise TaskSetError(f"{path} is no complete Parquet file: {err}.") from err
    number = 0
    for batch in file.iter_batches(batch_size=PARQUET_ROWS):
        for row in batch.to_pylist():
            number += 1
            yield SourceRow(origin, number, row)


def _hub(name: str, config: str | None, split: str) -> Iterator[SourceRow]:
    with needing("train", f"'{name}' is no file or folder here; reading other data"):
        from datasets import load_dataset
        from datasets.exceptions import DatasetNotFoundError

    load = cast(Callable[..., Any], load_dataset)
    try:
        rows = load(name, config, split=split, streaming=True)
        for number, row in enumerate(rows, 1):
            yield SourceRow(name, number, dict(row))
    except (DatasetNotFoundError, OSError, ValueError) as err:
        reason = (str(err).strip().splitlines() or [type(err).__name__])[0]
        raise TaskSetError(
            f"'{name}' (configuration {config!r}, split {split!r}) is neither a file or folder here nor available "
            f"from the hub: {reason}"
        ) from err
