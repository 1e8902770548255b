"""Scores a JSON Lines file of samples row by row: the same rows with verdicts and scores, in chunks, resumable.

Every row of the input that is not blank becomes exactly one row of the output, in order, a row that cannot be
scored too (with `score_error`). So the number of complete lines in the output says where to go on, and a
half-written last line is dropped and scored again. Chunks are scored by a plain iterator over them: in this
process, or by the tasks of a Ray cluster (`engine="ray"`, `ray_engine.py`).

Not covered: several processes writing one output.
"""

import functools
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..json_lines import Line, parse_line, read_lines
from ..progress import Progress
from ..rows import Row, read_rows
from ..whole_files import check_output
from .ray_engine import run_on_ray
from .scores import UNREADABLE, ScoredSample, score_programs

CHUNK_ROWS = 512  # two full batches of the verifier
RESULT = ("verdict", "reward", "breakdown", "tests_reward", "score_error")
ADDED = (*RESULT, "score_options")
SHOWN_OF_BAD_LINE = 200  # characters


@dataclass(frozen=True)
class Options:
    """How samples are read and scored.

    Args:
        column (`str`, *optional*, defaults to `"completion"`): The column that holds the completion.
        clippy (`bool`, *optional*, defaults to `False`): Whether to run clippy as well.
        jobs (`int`, *optional*): Compilers at a time; defaults to the cores.
    """

    column: str = "completion"
    clippy: bool = False
    jobs: int | None = None

    def as_row(self) -> dict[str, Any]:
        """Return what a score depends on, as it is written with every row."""
        return {"column": self.column, "clippy": self.clippy}


@dataclass
class Summary:
    """What became of the rows of this run; `resumed` are those an earlier run had done."""

    rows: int = 0
    resumed: int = 0
    scored: int = 0
    compiled: int = 0
    points: float = 0.0
    tested: int = 0
    solved: int = 0
    share_passed: float = 0.0  # sum over the tested rows
    first_problem: str | None = None

    def add(self, row: dict[str, Any]) -> None:
        """Count one output row."""
        self.rows += 1
        if row["score_error"] is not None:
            self.first_problem = self.first_problem or row["score_error"]
            return
        self.scored += 1
        if row["breakdown"]["compile_success"] > 0:
            self.compiled += 1
        self.points += row["reward"]
        if row["tests_reward"] is not None:
            self.tested += 1
            self.share_passed += row["tests_reward"]
            if row["tests_reward"] == 1:
                self.solved += 1

    def as_text(self, out: Path) -> str:
        """Return the summary in a few lines."""
        lines = [f"{out}: {self.rows} rows written now" + (f", {self.resumed} before" if self.resumed else "")]
        if self.scored:
            share, mean = self.compiled / self.scored, self.points / self.scored
            lines.append(f"of these {share:.1%} compile with an answer; mean reward {mean:.2f}")
        if self.tested:
            solved, passed = self.solved / self.tested, self.share_passed / self.tested
            lines.append(f"of {self.tested} with tests {solved:.1%} pass all of them; {passed:.1%} of the tests pass")
        if self.rows > self.scored:
            lines.append(f"{self.rows - self.scored} could not be scored; first: {self.first_problem}")
        return "\n".join(lines)


class Written(NamedTuple):
    """An output so far.

    Attributes:
        rows (`int`): Its complete rows.
        end, size (`int`): Where they end, and where the file ends, in bytes.
        last (`bytes`): The last complete row, or the beginning of the first one when there is none.
    """

    rows: int
    end: int
    size: int
    last: bytes


def score_file(source: Path, out: Path, options: Options = Options(), engine: str = "local") -> Summary:
    """Score the rows of `source` that `out` does not have yet, and append them to it.

    Args:
        source (`Path`): JSON Lines with a completion per row, and `tests`, `entry_point`, `code_prefix` where
            it has them.
        out (`Path`): Where the scored rows go. An output of the same input is continued.
        options (`Options`, *optional*): How rows are read and scored.
        engine (`str`, *optional*, defaults to `"local"`): `"local"` or `"ray"`.

    Raises:
        ValueError: When `out` is the input or a folder, or was not made from it with the same options; it is left as it
            is.
        ToolchainError: When there is no Rust toolchain.
        ImportError: When Ray is asked for and not installed.
    """
    if out.exists() and out.samefile(source):
        raise ValueError(f"--out is the input itself ({source}); name another file.")
    check_output(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    written = _written(out)
    before = next(itertools.islice(read_lines(source), max(written.rows - 1, 0), None), None)
    if written.size and not (before and _was_made_from(before, written, options)):
        raise ValueError(
            f"{out} exists and was not made from {source} with column {options.column!r} and clippy {options.clippy}; "
            "move it away, or name another --out."
        )
    if written.size > written.end:
        os.truncate(out, written.end)
    lines = itertools.islice(read_lines(source), written.rows, None)
    summary = Summary(resumed=written.rows)
    chunks = iter(lambda: list(itertools.islice(lines, CHUNK_ROWS)), [])
    progress = Progress(sum(1 for _ in read_lines(source)), summary.resumed)
    with out.open("ab") as sink:
        for rows in ENGINES[engine](chunks, options):
            for row in rows:
                summary.add(row)
            sink.write(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
            sink.flush()
            progress.report(len(rows))
    return summary


def score_chunk(lines: Sequence[Line], options: Options) -> list[dict[str, Any]]:
    """Return the output rows of some input lines."""
    read = [_read_line(line, options.column) for line in lines]
    rows = [row for _, row, _ in read]
    scored = score_programs(rows, clippy=options.clippy, jobs=options.jobs)
    return [
        {**columns, **_result(sample, problem), "score_options": options.as_row()}
        for (columns, _, problem), sample in zip(read, scored, strict=True)
    ]


def _run_here(chunks: Iterable[list[Line]], options: Options) -> Iterator[list[dict[str, Any]]]:
    for chunk in chunks:
        yield score_chunk(chunk, options)


def _run_on_ray(chunks: Iterable[list[Line]], options: Options) -> Iterator[list[dict[str, Any]]]:
    alone = replace(options, jobs=options.jobs or 1)
    return run_on_ray(functools.partial(score_chunk, options=alone), chunks)


ENGINES = {"local": _run_here, "ray": _run_on_ray}


def _read_line(line: Line, column: str) -> tuple[dict[str, Any], Row | None, str | None]:
    """Return a line's columns, the row to score, and what is wrong with it."""
    try:
        columns = parse_line(line, errors="surrogatepass")
    except ValueError as err:
        text = line.data.decode("utf-8", "replace")[:SHOWN_OF_BAD_LINE]
        return {"line": line.number, "text": text}, None, f"line {line.number} is not JSON: {err}"
    if not isinstance(columns, dict):
        return {"line": line.number, "text": columns}, None, f"line {line.number} is no object"
    if column not in columns:
        known = ", ".join(sorted(columns)) or "none"
        return columns, None, f"line {line.number} has no column {column!r}; it has: {known}. --column names another"
    cells = [[columns.get(name)] for name in ("tests", "entry_point", "code_prefix")]
    [row] = read_rows([columns[column]], *cells)
    return (
        columns,
        row,
        None if row else f"line {line.number}: {UNREADABLE}",
    )


def _result(sample: ScoredSample, problem: str | None) -> dict[str, Any]:
    """Return the columns that a row gains."""
    if sample.verdict is None:
        values: tuple[Any, ...] = (None, None, None, None, problem or f"the verifier failed: {sample.failure}")
    else:
        share = sample.share_passed if sample.tests_total else None
        values = (_plain(sample), sample.reward, sample.components, share, None)
    return dict(zip(RESULT, values, strict=True))


def _plain(sample: ScoredSample) -> dict[str, Any]:
    """Return the verdict as JSON values, without the rendered text of its diagnostics."""
    assert sample.verdict is not None
    plain = {"summary": sample.outcome, **asdict(sample.verdict)}
    for kind in ("errors", "warnings", "lints"):
        plain[kind] = [{k: v for k, v in message.items() if k != "rendered"} for message in plain[kind]]
    return plain


def _written(out: Path) -> Written:
    """Look at an output without changing it."""
    rows, end, line = 0, 0, b""
    if not out.exists():
        return Written(0, 0, 0, b"")
    with out.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                rows, end, last = rows + 1, end + len(line), line
    return Written(rows, end, out.stat().st_size, last if rows else line)


def _was_made_from(line: Line, written: Written, options: Options) -> bool:
    """Whether an output ends with the row of this input line, or holds nothing but the beginning of it."""
    columns, _, _ = _read_line(line, options.column)
    if not written.rows:
        begun = json.dumps({key: value for key, value in columns.items() if key not in ADDED})[:-1].encode()
        return written.last.startswith(begun) or begun.startswith(written.last)
    try:
        row = json.loads(written.last)
    except ValueError:
        return False
    if not isinstance(row, dict) or row.get("score_options") != options.as_row():
        return False
    return all(json.dumps(row.get(key)) == json.dumps(columns[key]) for key in columns if key not in ADDED)
