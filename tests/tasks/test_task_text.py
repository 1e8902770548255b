"""The command `tasks show`: by id, by line, at random."""

import json

import pytest

from rust_rewards.__main__ import main
from rust_rewards.exit_codes import DONE, UNUSABLE
from rust_rewards.tasks.task_text import draw_tasks

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Double a number."}]
TASK = {
    "task_id": "t/double",
    "prompt": CHAT,
    "tests": "assert_eq!(double(1), 2);\nassert_eq!(double(2), 4);",
    "reference": "pub fn double(x: i32) -> i32 { x * 2 }",
    "entry_point": "double",
    "licence": "MIT",
    "pass_rate": 0.25,
}


def write(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def test_a_task_is_shown_with_all_that_is_known(tmp_path, capsys):
    source = write(tmp_path / "t.jsonl", {"prompt": "another"}, TASK)
    assert main(["tasks", "show", source, "t/double"]) == DONE
    assert capsys.readouterr().out.splitlines() == [
        "t/double (row 2)",
        "  licence: MIT",
        "  pass_rate: 0.25",
        "  entry point: double",
        "",
        "--- prompt ---",
        "[system]",
        "Be brief.",
        "",
        "[user]",
        "Double a number.",
        "",
        "--- code prefix ---",
        "(none)",
        "",
        "--- tests: 2 cases ---",
        "assert_eq!(double(1), 2);",
        "assert_eq!(double(2), 4);",
        "",
        "--- reference ---",
        "pub fn double(x: i32) -> i32 { x * 2 }",
    ]


def test_cases_of_standard_input_are_shown_one_below_the_other_and_cut(tmp_path, capsys):
    cases = [{"input": f"{n}\n", "output": "x" * 3000} for n in range(7)]
    source = write(tmp_path / "t.jsonl", {"prompt": "p", "tests": json.dumps(cases)})
    main(["tasks", "show", source, "1"])
    out = capsys.readouterr().out
    assert "--- tests: 7 cases ---\ninput:\n0\noutput:\nxxx" in out
    assert "... (3000 characters)" in out
    assert out.count("input:") == 5
    assert "... and 2 more" in out


def test_rows_that_cannot_be_read_say_why(tmp_path, capsys):
    source = write(tmp_path / "t.jsonl", "{broken", {"prompt": "p", "tests": "assert!("}, {"prompt": 3})
    main(["tasks", "show", source, "--random", "3"])
    out = capsys.readouterr().out
    assert "row 1: not JSON" in out
    assert "--- tests: cannot be read (the tests do not parse" in out
    assert "prompt must be text or a list of messages, got int" in out


def test_drawing_follows_its_seed_and_reaches_every_row(tmp_path):
    source = write(tmp_path / "t.jsonl", *({"prompt": str(n)} for n in range(20)))
    drawn = [tuple(line.number for line in draw_tasks(source, 3, seed)) for seed in range(60)]
    assert drawn[5] == tuple(line.number for line in draw_tasks(source, 3, 5))
    assert all(len(set(numbers)) == 3 and list(numbers) == sorted(numbers) for numbers in drawn)
    assert {number for numbers in drawn for number in numbers} == set(range(1, 21))
    assert len(draw_tasks(source, 99, 0)) == 20


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["t.jsonl", "nobody"], "has no task 'nobody'"),
        (["t.jsonl", "9"], "has no task '9'"),
        (["t.jsonl", "--random", "0"], "--random is 0"),
        (["no.jsonl"], "does not exist"),
    ],
)
def test_what_is_not_there_is_one_line(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", TASK)
    assert main(["tasks", "show", *argv]) == UNUSABLE
    assert message in capsys.readouterr().err
