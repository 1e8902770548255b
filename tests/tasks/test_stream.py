"""Task sets row by row: what cannot be read, chunks of rows, and the name of their content."""

import json

import pytest

from rust_rewards.tasks.formats import TaskSetError
from rust_rewards.tasks.stream import CHUNK_CHARS, TaskLine, fingerprint, in_chunks, stream_tasks


def test_rows_that_cannot_be_read_have_their_number_and_reason(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"prompt": "p"}\n\n{broken\n[1]\n{"prompt": "q", "tests": 3}\n{"prompt": "r", "task_id": 7}\n')
    lines = list(stream_tasks(str(path)))
    assert [line.number for line in lines] == [1, 3, 4, 5, 6]
    assert [line.task and line.task["task_id"] for line in lines] == ["1", None, None, None, "7"]
    assert lines[1].problem.startswith("not JSON")
    assert lines[2].problem == "a list, not an object"
    assert lines[3].problem.endswith("row 5: tests must be text, got int.")


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_a_row_is_an_error(tmp_path, content):
    path = tmp_path / "t.jsonl"
    path.write_text(content)
    with pytest.raises(TaskSetError, match=r"t\.jsonl holds no tasks\."):
        list(stream_tasks(str(path)))


def test_published_formats_are_brought_into_our_columns(tmp_path):
    row = {"name": "n", "prompt": "fn f() {\n", "tests": "}\nfn main() {\n    f();\n}\n", "stop_tokens": []}
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(row) + "\n")
    [line] = stream_tasks(str(path))
    assert (line.task["task_id"], line.task["entry_point"], line.task["tests"]) == ("n", "f", "    f();")


@pytest.mark.parametrize(("most", "sizes"), [(2, [2, 2, 1]), (9, [5]), (1, [1] * 5)])
def test_chunks_have_so_many_rows_at_most(most, sizes):
    lines = [TaskLine(n, {"tests": "x"}) for n in range(5)]
    chunks = list(in_chunks(lines, most))
    assert [len(chunk) for chunk in chunks] == sizes
    assert [line for chunk in chunks for line in chunk] == lines


def test_large_rows_travel_alone():
    large = "x" * (CHUNK_CHARS // 2 + 1)
    lines = [
        TaskLine(n, {"tests": text}) for n, text in enumerate(["x", large, large, "x", "x" * (2 * CHUNK_CHARS), "x"])
    ]
    assert [[line.number for line in chunk] for chunk in in_chunks(lines, 100)] == [[0, 1], [2, 3], [4], [5]]


def test_a_fingerprint_is_of_the_content(tmp_path):
    one, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    one.write_text("{}\n")
    other.write_text("{}\n")
    assert fingerprint(str(one)) == fingerprint(str(other))
    other.write_text("{ }\n")
    assert fingerprint(str(one)) != fingerprint(str(other))
    assert fingerprint("train") != fingerprint("eval")
