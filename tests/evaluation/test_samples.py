"""Saved samples: read as what they are, or refused."""

import json

import pytest
from workflow_testbed import (
    RIGHT,
    TASKS,
    fails_with,
    run,
    write_lines,
    write_samples,
)

from rust_rewards.evaluation.evaluation_result import read_evaluation


@pytest.mark.parametrize(
    ("completions", "style"),
    [
        (RIGHT, "prefix"),
        ({task["task_id"]: f"```rust\n{task['reference']}```" for task in TASKS}, "chat"),
        ({task["task_id"]: task["reference"] for task in TASKS}, "chat"),
    ],
)
def test_samples_without_settings_are_read_as_what_they_are(tmp_path, capsys, completions, style):
    rows = [{"task_id": name, "completion": text} for name, text in completions.items()]
    samples = write_lines(tmp_path / "s.jsonl", rows)
    argv = ["--samples", str(samples), "--tasks", str(write_lines(tmp_path / "tasks.jsonl", TASKS))]
    assert run("evaluate", *argv, "--output_file", str(tmp_path / "r.json")) == 0
    assert f"--prompt_style {'chat' if style == 'prefix' else 'prefix'}" in capsys.readouterr().err
    result = read_evaluation(tmp_path / "r.json")
    assert result.sampling["prompt_style"] == style
    assert result.summary["metrics"]["pass@1"] == 1.0


@pytest.fixture
def evaluating(tmp_path):
    """The path of a samples file, and the options that evaluate it on `TASKS`."""
    path = tmp_path / "s.jsonl"
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    return path, ["--samples", str(path), "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "Cannot read the samples"),
        ("", "holds no samples"),
        ("3", "is a int"),
        ('{"settings": 3}', "expected task_id and completion"),
        ('{"task": "double"}', "expected task_id and completion"),
        ('{"task_id": "typo", "completion": "x"}', "'typo' is no task of the set. Give the set with --tasks"),
        ('{"task_id": "double", "completion": "x"}', "none for 1 of 2 tasks (first: larger)"),
        ('{"task_id": "double", "completion": null}', "A completion is a string or a list of messages"),
        ('{"task_id": "double", "completion": 5}', "A completion is a string or a list of messages"),
        ('{"task_id": "double", "completion": [3]}', "A completion is a string or a list of messages"),
    ],
)
def test_samples_that_do_not_fit_the_tasks_are_refused(evaluating, capsys, text, message):
    path, options = evaluating
    if text is not None:
        path.write_text(text)
    fails_with(capsys, message, *options)


def test_more_samples_are_asked_for_than_there_are(evaluating, capsys):
    path, options = evaluating
    write_samples(path, [RIGHT])
    fails_with(capsys, "pass@2 needs at least 2 samples", *options, "--k", "2")


def test_strange_line_ends_and_a_byte_order_mark_are_read(evaluating):
    path, options = evaluating
    strange = {"double": RIGHT["double"] + "// \u2028 \x85", "larger": RIGHT["larger"]}  # no line ends in JSON Lines
    rows = [{"task_id": name, "completion": text} for name, text in strange.items()]
    path.write_text("\ufeff" + "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert run("evaluate", *options) == 0


def test_task_ids_that_are_numbers_are_text(tmp_path, evaluating):
    path, options = evaluating
    write_lines(tmp_path / "tasks.jsonl", [{**task, "task_id": number} for number, task in enumerate(TASKS)])
    write_samples(path, [{0: RIGHT["double"], 1: RIGHT["larger"]}])
    assert run("evaluate", *options) == 0
