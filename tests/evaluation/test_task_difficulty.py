"""The command `tasks difficulty`: pass rates from samples of three kinds, written into the rows."""

import json

import pytest
from workflow_testbed import RIGHT, TASKS, WRONG, evaluate_samples, write_lines, write_samples

from rust_rewards.__main__ import main
from rust_rewards.exit_codes import DONE, UNUSABLE


def rates(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["task_id"]: (row["pass_rate"], row["pass_rate_samples"]) for row in rows}


def difficulty(tmp_path, *samples):
    tasks, out = write_lines(tmp_path / "tasks.jsonl", TASKS), tmp_path / "rated.jsonl"
    code = main(["tasks", "difficulty", *map(str, samples), "--tasks", str(tasks), "--to", str(out)])
    return code, out


def test_samples_are_scored_and_counted(tmp_path, capsys):
    code, out = difficulty(tmp_path, write_samples(tmp_path / "s.jsonl", [RIGHT, WRONG, WRONG, RIGHT]))
    assert code == DONE
    assert set(rates(out).values()) == {(0.5, 4)}
    printed = capsys.readouterr().out
    assert f"{len(TASKS)} of {len(TASKS)} tasks have samples, {4 * len(TASKS)} in all" in printed
    assert f"50% to 60%    {len(TASKS):>6}  {'#' * 40}" in printed


def test_several_files_of_several_kinds_are_added_up(tmp_path):
    evaluation = evaluate_samples(tmp_path, "before", [RIGHT, RIGHT])
    samples = write_samples(tmp_path / "s.jsonl", [WRONG])
    scored = tmp_path / "scored.jsonl"
    passed = {"summary": "compiles", "tests_total": 2, "tests_passed": 2}
    rows = [
        {"task_id": TASKS[0]["task_id"], "verdict": verdict} for verdict in (passed, passed | {"tests_passed": 1}, None)
    ]
    write_lines(scored, rows)
    code, out = difficulty(tmp_path, evaluation, samples, scored)
    assert code == DONE
    found = rates(out)
    assert found.pop(TASKS[0]["task_id"]) == (3 / 5, 5)  # right twice, wrong once, once passed, once not, once unscored
    assert set(found.values()) == {(2 / 3, 3)}


def test_other_columns_stay_tasks_without_samples_have_no_rate_and_foreign_samples_are_told(tmp_path, capsys):
    rows = [
        {"task_id": TASKS[0]["task_id"], "completion": RIGHT["double"]},
        {"task_id": "elsewhere", "completion": "x"},
    ]
    code, out = difficulty(tmp_path, write_lines(tmp_path / "s.jsonl", rows))
    assert code == DONE
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["pass_rate"] for row in written] == [1.0] + [None] * (len(TASKS) - 1)
    for row, task in zip(written, TASKS, strict=True):
        assert {key: row[key] for key in task} == task
    assert "1 samples of 1 tasks that are not in the set" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"completion": "x"}], "expected task_id and completion"),
        ([{"task_id": "a"}], "expected task_id and completion"),
        (["{broken"], "is not JSON"),
    ],
)
def test_samples_that_cannot_be_read_write_nothing(tmp_path, capsys, rows, message):
    samples = tmp_path / "s.jsonl"
    samples.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    code, out = difficulty(tmp_path, samples)
    assert code == UNUSABLE
    assert message in capsys.readouterr().err
    assert not out.exists()
