"""The command `score`: one Rust file, or a file of samples."""

import json

import pytest
from sample_rows import read, row, write

from rust_rewards.__main__ import main
from rust_rewards.exit_codes import DONE, FAILED, UNUSABLE

GOOD = "pub fn add(a: i32, b: i32) -> i32 { a + b }\n"
WARNS = "pub fn add(a: i32, b: i32) -> i32 { let c = 1; a + b }\n"


def test_a_file_is_scored_with_its_diagnostics(tmp_path, capsys):
    (tmp_path / "a.rs").write_text(WARNS)
    (tmp_path / "t.rs").write_text("assert_eq!(add(1, 2), 3);")
    assert main(["score", str(tmp_path / "a.rs"), "--tests", str(tmp_path / "t.rs"), "--entry_point", "add"]) == DONE
    out = capsys.readouterr().out
    assert "unused variable: `c`" in out
    assert "1 of 1 hidden tests pass" in out
    assert "no_warnings        0.00   0..1" in out
    assert out.splitlines()[-1].split() == ["total", "24.00", "0..32"]


def test_the_tests_that_do_not_pass_are_named(tmp_path, capsys):
    (tmp_path / "a.rs").write_text("pub fn half(a: i32) -> i32 { if a == 7 { panic!() } else { a / 2 + a % 2 } }\n")
    (tmp_path / "t.rs").write_text("assert_eq!(half(4), 2);\nassert_eq!(half(5), 2);\nassert_eq!(half(7), 3);")
    assert main(["score", str(tmp_path / "a.rs"), "--tests", str(tmp_path / "t.rs")]) == DONE
    assert "1 of 3 hidden tests pass: test 2 failed, test 3 panicked" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["language.py", "answer.json", "answer.parquet"])
def test_what_is_no_rust_by_its_name_is_not_scored_as_rust(tmp_path, capsys, name):
    (tmp_path / name).write_text("def f(): pass\n")
    assert main(["score", str(tmp_path / name)]) == UNUSABLE
    assert f"{name} does not end in .rs" in capsys.readouterr().err


def test_rows_with_tests_are_summed_up_and_the_folder_is_made(tmp_path, capsys):
    rows = [row(0), row(1, "pub fn f(x: i32) -> i32 { x }"), row(2) | {"tests": None}]
    rows.append(row(3) | {"tests": "assert_eq!(f(1), 4); assert_eq!(f(1), 5);"})
    out = tmp_path / "new" / "folder" / "out.jsonl"
    assert main(["score", str(write(tmp_path / "in.jsonl", rows)), "--out", str(out)]) == DONE
    assert "of 3 with tests 33.3% pass all of them; 50.0% of the tests pass" in capsys.readouterr().out
    assert len(read(out)) == 4


def test_a_file_is_scored_as_json(tmp_path, capsys):
    (tmp_path / "a.rs").write_text(GOOD)
    assert main(["score", str(tmp_path / "a.rs"), "--json"]) == DONE
    scored = json.loads(capsys.readouterr().out)
    assert scored["breakdown"]["total"] == 25.0
    assert scored["verdict"]["compiles"] is True


def test_lints_are_shown_on_request(tmp_path, capsys):
    (tmp_path / "a.rs").write_text("pub fn f(x: i32) -> i32 { return x; }\n")
    assert main(["score", str(tmp_path / "a.rs"), "--clippy"]) == DONE
    assert "unneeded `return`" in capsys.readouterr().out


def test_a_file_that_is_not_utf8_is_scored_not_refused(tmp_path, capsys):
    (tmp_path / "a.rs").write_bytes(b"pub fn f() { \xff }")
    assert main(["score", str(tmp_path / "a.rs")]) == DONE
    assert "syntax error" in capsys.readouterr().out


def test_samples_keep_their_columns_and_gain_the_scores(tmp_path, capsys):
    rows = [row(0, note={"kept": [1]}), row(1, 'pub fn f(x: i32) -> i32 { "x" }'), row(2, entry_point="g")]
    source, out = write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    assert main(["score", str(source), "--out", str(out)]) == DONE
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
    assert main(["score", str(source), "--out", str(out)]) == DONE
    scored = read(out)
    assert [r["reward"] for r in scored] == [25.0, None, 25.0]
    assert scored[1]["score_error"].startswith(BAD_ROWS[bad])
    assert "1 could not be scored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--out"),
        (["--out", "in.jsonl"], "is the input itself"),
        (["--out", "o", "--entry_point", "f"], "--entry_point is for one Rust file"),
        (["--out", "."], "it is a folder"),
        (["--out", "o", "--jobs", "-3"], "jobs is -3"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    source = write(tmp_path / "in.jsonl", [row(0)])
    assert main(["score", str(source), *options]) == UNUSABLE
    assert message in capsys.readouterr().err
    assert len(source.read_text().splitlines()) == 1


def test_no_row_that_can_be_scored_exits_with_1(tmp_path):
    assert main(["score", str(write(tmp_path / "a.jsonl", ["{x"])), "--out", str(tmp_path / "o.jsonl")]) == FAILED
    assert main(["score", str(write(tmp_path / "b.jsonl", [])), "--out", str(tmp_path / "p.jsonl")]) == DONE
