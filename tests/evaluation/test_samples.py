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


def test_samples_that_do_not_fit_the_tasks_are_refused(tmp_path, capsys):
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    path = tmp_path / "s.jsonl"
    argv = ["--samples", str(path), "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    fails_with(capsys, "Cannot read the samples", *argv)
    path.write_text("")
    fails_with(capsys, "holds no samples", *argv)
    write_lines(path, [{"task_id": "double", "completion": "x"}])
    fails_with(capsys, "none for 1 of 2 tasks (first: larger)", *argv)
    write_lines(path, [{"task_id": "typo", "completion": "x"}])
    fails_with(capsys, "'typo' is no task of the set", *argv)
    write_lines(path, [{"task": "double"}])
    fails_with(capsys, "expected task_id and completion", *argv)
    for line, message in (("3", "is a int"), ('{"settings": 3}', "expected task_id and completion")):
        path.write_text(line)
        fails_with(capsys, message, *argv)
    for completion in (None, 5, [3]):
        write_lines(path, [{"task_id": "double", "completion": completion}])
        fails_with(capsys, "A completion is a string or a list of messages", *argv)
    strange = {"double": RIGHT["double"] + "// \u2028 \x85", "larger": RIGHT["larger"]}  # no line ends in JSON Lines
    rows = [{"task_id": name, "completion": text} for name, text in strange.items()]
    path.write_text("\ufeff" + "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert run("evaluate", *argv) == 0
    write_samples(path, [RIGHT])
    fails_with(capsys, "pass@2 needs at least 2 samples", *argv, "--k", "2")
