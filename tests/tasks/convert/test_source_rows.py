"""Rows of files of every kind, of folders, and of tracks; what cannot be read has its number and reason."""

import gzip
import json

import pytest

from rust_rewards.tasks.convert.source_rows import source_rows
from rust_rewards.tasks.formats import TaskSetError

ROW = {"prompt": "é", "tests": "[1, 2]"}


def rows(source, **options):
    return [(row.number, row.row, row.problem) for row in source_rows(str(source), **options)]


LINES = [
    b'{"prompt": "\xc3\xa9", "tests": "[1, 2]"}\n',
    b"\n",
    b"{broken\n",
    b"[1]\n",
    b'{"prompt": "\xff"}\n',
    b"[" * 100_000 + b"\n",
    b'\xef\xbb\xbf{"a": 1}\r\n',
    b'{"cut": ',
]
EXPECTED = [
    (1, ROW, None),
    (3, None, "not JSON"),
    (4, None, "no object"),
    (5, None, "not UTF-8"),
    (6, None, "not JSON"),
    (7, {"a": 1}, None),
    (8, None, "not JSON"),
]


def test_broken_lines_have_their_number_and_stop_no_other(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"".join(LINES))
    assert rows(tmp_path / "a.jsonl") == EXPECTED


def test_a_compressed_file_is_read_alike(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"".join(LINES)))
    assert rows(tmp_path / "a.jsonl.gz") == EXPECTED


def test_a_row_beyond_the_limit_is_left_out_and_the_next_is_read(tmp_path):
    long = json.dumps({"a": "x" * 5000}).encode() + b"\n"
    (tmp_path / "a.jsonl").write_bytes(long + LINES[0] + long)
    found = rows(tmp_path / "a.jsonl", max_bytes=1000)
    assert [(number, row) for number, row, _ in found] == [(1, None), (2, ROW), (3, None)]
    assert found[0][2].startswith("larger than 0.00095")


def test_a_row_of_fifty_megabytes_is_read(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(json.dumps({"a": "x" * 50_000_000}).encode() + b"\n" + LINES[0])
    [(_, row, problem), second] = rows(tmp_path / "a.jsonl")
    assert (len(row["a"]), problem) == (50_000_000, None)
    assert second == (2, ROW, None)


def test_a_json_array_and_json_lines_under_its_name(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([ROW, 3], indent=1))
    assert rows(tmp_path / "a.json") == [(1, ROW, None), (2, None, "no object")]
    (tmp_path / "b.json").write_bytes(LINES[0])
    assert rows(tmp_path / "b.json") == [(1, ROW, None)]
    (tmp_path / "c.json").write_text('[{"a": 1}, ')
    with pytest.raises(TaskSetError, match="no complete JSON array"):
        rows(tmp_path / "c.json")


def test_a_table_counts_lines_and_tells_rows_of_another_width(tmp_path):
    (tmp_path / "a.csv").write_text('prompt,tests\n"two\nlines",x\nshort\nlong,y,z\nlast,w\n')
    assert rows(tmp_path / "a.csv") == [
        (3, {"prompt": "two\nlines", "tests": "x"}, None),
        (4, None, "another number of cells"),
        (5, None, "another number of cells"),
        (6, {"prompt": "last", "tests": "w"}, None),
    ]


def test_parquet_is_read_in_batches(tmp_path):
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"prompt": [f"p{i}" for i in range(150)], "tests": [["a", "b"]] * 150})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    found = rows(tmp_path / "a.parquet")
    assert [number for number, _, _ in found] == list(range(1, 151))
    assert found[149][1] == {"prompt": "p149", "tests": ["a", "b"]}
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TaskSetError, match="no complete Parquet file"):
        rows(tmp_path / "b.parquet")


def test_a_folder_is_read_file_by_file(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.jsonl").write_text('{"b": 1}\n')
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "README.md").write_text("no rows")
    found = [(row.origin, row.number, row.row) for row in source_rows(str(tmp_path))]
    assert found == [("a.jsonl", 1, {"a": 1}), ("sub/b.jsonl", 1, {"b": 1})]


def test_a_track_has_a_row_per_exercise(tmp_path):
    exercise = tmp_path / "exercises" / "practice" / "double-it"
    for name, text in {
        ".docs/instructions.md": "Double.",
        ".docs/instructions.append.md": "Now.",
        "src/lib.rs": "stub",
        ".meta/example.rs": "example",
        "tests/double_it.rs": "tests",
        "Cargo.toml": "manifest",
    }.items():
        (exercise / name).parent.mkdir(parents=True, exist_ok=True)
        (exercise / name).write_text(text)
    [row] = [row.row for row in source_rows(str(tmp_path))]
    assert row == {
        "exercise": "double-it",
        "instructions": "Double.\n\nNow.",
        "stub": "stub",
        "example": "example",
        "tests": ["tests"],
        "manifest": "manifest",
    }


@pytest.mark.parametrize("source", ["no.jsonl", "./nothing", "empty"])
def test_no_source_is_an_error(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskSetError, match=r"There is no file|holds neither"):
        rows(source)
