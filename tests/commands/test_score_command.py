"""`python -m rust_rewards`: dispatch and errors, and `score` of one file and of many samples."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from paths import ROOT

from rust_rewards.__main__ import COMMANDS, main
from rust_rewards.evaluation import sample_file
from rust_rewards.evaluation.sample_file import ENGINES, Options, score_file

GOOD = "pub fn add(a: i32, b: i32) -> i32 { a + b }\n"
WARNS = "pub fn add(a: i32, b: i32) -> i32 { let c = 1; a + b }\n"


def command(*args):
    return [sys.executable, "-m", "rust_rewards", *map(str, args)]


def row(number, code=None, **more):
    code = code or f"pub fn f(x: i32) -> i32 {{ x + {number} }}"
    return {"id": number, "completion": f"```rust\n{code}\n```", "tests": f"assert_eq!(f(1), {number + 1});", **more}


def write(path, rows):
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def read(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for scored in rows:
        if scored["verdict"]:
            scored["verdict"].pop("seconds")
    return rows


# Dispatch ------------------------------------------------------------------------------------------------------------


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    present = [name for name in COMMANDS if (ROOT / "rust_rewards" / "commands" / f"{name}.py").exists()]
    assert "score" in present
    assert all(f"\n    {name}" in out for name in present)


@pytest.mark.parametrize(
    "argv", [[], ["scor"], ["score"], ["score", "a.rs", "--nope"], ["score", "a.rs", "--jobs", "x"]]
)
def test_wrong_options_exit_with_2(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_errors_are_one_line_without_traceback(tmp_path):
    done = subprocess.run(command("score", tmp_path / "no.rs"), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_toolchain_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    (tmp_path / "a.rs").write_text(GOOD)
    assert main(["score", str(tmp_path / "a.rs")]) == 2
    err = capsys.readouterr().err
    assert "no-such-toolchain" in err
    assert len(err.splitlines()) == 1


# One file ------------------------------------------------------------------------------------------------------------


def test_a_file_is_scored_with_its_diagnostics(tmp_path, capsys):
    (tmp_path / "a.rs").write_text(WARNS)
    (tmp_path / "t.rs").write_text("assert_eq!(add(1, 2), 3);")
    assert main(["score", str(tmp_path / "a.rs"), "--tests", str(tmp_path / "t.rs"), "--entry_point", "add"]) == 0
    out = capsys.readouterr().out
    assert "unused variable: `c`" in out
    assert "1 of 1 hidden tests pass" in out
    assert "no_warnings        0.00   0..1" in out
    assert out.splitlines()[-1].split() == ["total", "24.00", "0..32"]


def test_a_file_is_scored_as_json(tmp_path, capsys):
    (tmp_path / "a.rs").write_text(GOOD)
    assert main(["score", str(tmp_path / "a.rs"), "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert scored["breakdown"]["total"] == 25.0
    assert scored["verdict"]["compiles"] is True


def test_lints_are_shown_on_request(tmp_path, capsys):
    (tmp_path / "a.rs").write_text("pub fn f(x: i32) -> i32 { return x; }\n")
    assert main(["score", str(tmp_path / "a.rs"), "--clippy"]) == 0
    assert "unneeded `return`" in capsys.readouterr().out


def test_a_file_that_is_not_utf8_is_scored_not_refused(tmp_path, capsys):
    (tmp_path / "a.rs").write_bytes(b"pub fn f() { \xff }")
    assert main(["score", str(tmp_path / "a.rs")]) == 0
    assert "syntax error" in capsys.readouterr().out


# Samples -------------------------------------------------------------------------------------------------------------


def test_samples_keep_their_columns_and_gain_the_scores(tmp_path, capsys):
    rows = [row(0, note={"kept": [1]}), row(1, 'pub fn f(x: i32) -> i32 { "x" }'), row(2, entry_point="g")]
    source, out = write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    assert main(["score", str(source), "--out", str(out)]) == 0
    scored = read(out)
    assert [{k: r[k] for k in before} for before, r in zip(rows, scored, strict=True)] == rows
    assert [r["reward"] for r in scored] == [25.0, 8.0, 8.0]
    assert [r["tests_reward"] for r in scored] == [1.0, 0.0, 0.0]
    assert [r["verdict"]["summary"] for r in scored] == ["compiles", "parses", "no answer"]
    assert scored[1]["verdict"]["errors"][0]["code"] == "E0308"
    assert [r["score_error"] for r in scored] == [None] * 3
    assert "3 rows written now" in capsys.readouterr().out


BAD_ROWS = {
    "{broken": "line 2 is not JSON",
    "[1, 2]": "line 2 is no object",
    '{"text": "x"}': "line 2 has no column 'completion'; it has: text",
    '{"completion": 3}': "line 2: a column is of another type",
    '{"completion": "x", "tests": 3}': "line 2: a column is of another type",
    "[" * 100_000: "line 2 is not JSON",
}


@pytest.mark.parametrize("bad", BAD_ROWS, ids=BAD_ROWS.values())
def test_a_bad_row_is_reported_and_loses_no_other(tmp_path, bad, capsys):
    source, out = write(tmp_path / "in.jsonl", [row(0), bad, row(1)]), tmp_path / "out.jsonl"
    assert main(["score", str(source), "--out", str(out)]) == 0
    scored = read(out)
    assert [r["reward"] for r in scored] == [25.0, None, 25.0]
    assert scored[1]["score_error"].startswith(BAD_ROWS[bad])
    assert "1 could not be scored" in capsys.readouterr().out


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


def test_options_that_do_not_fit_are_refused(tmp_path, capsys):
    source = write(tmp_path / "in.jsonl", [row(0)])
    for argv, message in [
        (["score", str(source)], "--out"),
        (["score", str(source), "--out", str(source)], "is the input itself"),
        (
            ["score", str(source), "--out", str(tmp_path / "o"), "--entry_point", "f"],
            "--entry_point is for one Rust file",
        ),
        (["score", str(source), "--out", str(tmp_path / "no" / "o.jsonl")], "no"),
    ]:
        assert main(argv) == 2
        assert message in capsys.readouterr().err
    assert len(source.read_text().splitlines()) == 1


def test_no_row_that_can_be_scored_exits_with_1(tmp_path):
    assert main(["score", str(write(tmp_path / "a.jsonl", ["{x"])), "--out", str(tmp_path / "o.jsonl")]) == 1
    assert main(["score", str(write(tmp_path / "b.jsonl", [])), "--out", str(tmp_path / "p.jsonl")]) == 0


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


def test_progress_is_told_now_and_then_in_a_log(monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    progress = sample_file.Progress(total=30, done=10)
    progress.report(10)
    assert stderr.getvalue() == ""
    progress.report(10)
    assert stderr.getvalue().startswith("30/30 rows, ")


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
