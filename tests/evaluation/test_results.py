"""Result files: whole or not at all, and one clear message for a broken one."""

import pytest
from workflow_testbed import RIGHT, TASKS, evaluate_samples, fails_with, write_lines, write_samples

from rust_rewards.evaluation.results import write_json


def test_missing_or_half_written_result_gives_one_clear_message(tmp_path, capsys):
    whole = evaluate_samples(tmp_path, "whole", [RIGHT])
    half = tmp_path / "half.json"
    half.write_text(whole.read_text()[:300])
    other = tmp_path / "other.json"
    other.write_text("{}")
    fails_with(capsys, "No file", "--compare", str(whole), str(tmp_path / "none.json"))
    fails_with(capsys, "not complete JSON", "--compare", str(half), str(whole))
    fails_with(capsys, "expected what `rust-rewards evaluate` writes", "--compare", str(other), str(whole))


def test_outputs_replace_no_input_and_are_refused_before_any_work(tmp_path, capsys):
    tasks = write_lines(tmp_path / "tasks.jsonl", TASKS)
    samples = write_samples(tmp_path / "s.jsonl", [RIGHT])
    argv = ["--samples", str(samples), "--tasks", str(tasks), "--output_file"]
    for target in (tasks, samples):
        before = target.read_text()
        fails_with(capsys, "is also an input", *argv, str(target))
        assert target.read_text() == before
    fails_with(capsys, "it is a folder", *argv, str(tmp_path))
    fails_with(capsys, "give --output_dir in place of", "--compare", "a", "b", "--output_file", "c")


def test_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    target = tmp_path / "result.json"
    target.write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, {"fine": 1, "not a number": float("nan")})
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert target.read_text() == "old"
