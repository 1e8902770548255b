"""A file of samples, scored row by row, interrupted and continued."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from paths import ROOT
from sample_rows import read, row, write

from rust_rewards.evaluation import sample_file
from rust_rewards.evaluation.sample_file import ENGINES, Options, score_file

GOOD = "pub fn add(a: i32, b: i32) -> i32 { a + b }\n"


def command(*args):
    return [sys.executable, "-m", "rust_rewards", *map(str, args)]


def test_text_that_is_not_utf8_or_holds_surrogates_is_a_row_like_any_other(tmp_path):
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b'{"completion": "\xff"}\n{"completion": "\\ud800 \\u0000"}\n' + json.dumps(row(0)).encode())
    score_file(source, out)
    scored = read(out)
    assert [r["reward"] for r in scored] == [None, 0.0, 25.0]
    assert "not JSON" in scored[0]["score_error"]
    assert scored[1]["completion"] == "\ud800 \0"


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(sample_file, "CHUNK_ROWS", 4)


@pytest.fixture
def finished(tmp_path, small_chunks):
    """Ten rows, one of them bad, and their complete output."""
    rows = [row(n) for n in range(10)]
    source = write(tmp_path / "in.jsonl", [*rows[:5], "", "{broken", *rows[5:]])
    score_file(source, tmp_path / "whole.jsonl")
    return source, tmp_path / "whole.jsonl"


@pytest.mark.parametrize("kept", [0, 1, 300, 0.3, 0.5, 0.501, 0.502, 0.9, -1])
def test_a_run_goes_on_where_it_stopped_without_repeating_or_losing_a_row(tmp_path, finished, kept):
    source, whole = finished
    data = whole.read_bytes()
    size = int(len(data) * kept) if isinstance(kept, float) else kept % len(data)
    out = tmp_path / "out.jsonl"
    out.write_bytes(data[:size])
    summary = score_file(source, out)
    assert summary.resumed == data[:size].count(b"\n")
    assert summary.rows == 11 - summary.resumed
    assert read(out) == read(whole)


def test_a_finished_run_is_left_alone(finished):
    source, whole = finished
    before = whole.read_bytes()
    summary = score_file(source, whole)
    assert (summary.rows, summary.resumed) == (0, 11)
    assert whole.read_bytes() == before


def test_an_interrupted_process_resumes(tmp_path):
    rows = [{"id": n, "completion": f"pub fn f(x: i32) -> i32 {{ x + {n} }}"} for n in range(2000)]
    source, out = write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    process = subprocess.Popen(command("score", source, "--out", out), cwd=ROOT, stderr=subprocess.DEVNULL)
    waited = time.monotonic() + 60
    while not (out.exists() and out.stat().st_size) and time.monotonic() < waited:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) in (130, 0)  # 0: it was done before the signal came
    summary = score_file(source, out)
    assert summary.resumed > 0
    assert [r["id"] for r in read(out)] == list(range(2000))


@pytest.mark.parametrize("other", ['{"id": 3}', "plain text", json.dumps({**row(99), "score_error": None})])
@pytest.mark.parametrize("end", ["\n", "", "\nlast line, not ended"])
def test_an_output_of_something_else_is_not_touched(tmp_path, finished, other, end):
    source, _ = finished
    out = tmp_path / "other.jsonl"
    out.write_text(other + end)
    with pytest.raises(ValueError, match="was not made from"):
        score_file(source, out)
    assert out.read_text() == other + end


def test_an_output_cut_within_its_first_row_is_written_again(tmp_path, finished):
    source, whole = finished
    out = tmp_path / "cut.jsonl"
    for length in (5, 200):
        out.write_bytes(whole.read_bytes()[:length])
        assert score_file(source, out).resumed == 0
        assert read(out) == read(whole)


@pytest.mark.parametrize("options", [Options(clippy=True), Options(column="other")])
def test_an_output_made_with_other_options_is_not_continued(finished, options):
    source, whole = finished
    before = whole.read_bytes()
    with pytest.raises(ValueError, match="was not made from"):
        score_file(source, whole, options)
    assert whole.read_bytes() == before


def test_an_output_with_more_rows_than_the_input_is_not_touched(tmp_path, finished):
    source, whole = finished
    write(source, [row(0)])
    with pytest.raises(ValueError, match="was not made from"):
        score_file(source, whole)


def test_another_column_can_be_scored(tmp_path):
    source = write(tmp_path / "in.jsonl", [{"answer": GOOD}])
    score_file(source, tmp_path / "out.jsonl", Options(column="answer"))
    assert read(tmp_path / "out.jsonl")[0]["reward"] == 25.0


def test_chunks_are_read_as_they_are_needed(tmp_path, small_chunks):
    """The engine is an iterator over chunks: when half the results are taken, the rest of the input is unread."""
    taken = []

    def chunks():
        for start in range(0, 8, 4):
            taken.append(start)
            yield [sample_file.Line(n, json.dumps(row(n)).encode()) for n in range(start, start + 4)]

    results = ENGINES["local"](chunks(), Options())
    assert [r["id"] for r in next(results)] == [0, 1, 2, 3]
    assert taken == [0]


def test_ray_gives_the_same_rows_or_says_how_to_install_it(tmp_path, finished):
    source, whole = finished
    try:
        import ray  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match=r"rust-rewards\[ray\]"):
            score_file(source, tmp_path / "ray.jsonl", engine="ray")
    else:
        score_file(source, tmp_path / "ray.jsonl", engine="ray")
        assert read(tmp_path / "ray.jsonl") == read(whole)
