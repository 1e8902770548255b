"""Result files: whole or not at all, and one clear message for a broken one."""

import pytest
from workflow_testbed import RIGHT, TASKS, evaluate_samples, fails_with, write_lines, write_samples

from rust_rewards.whole_files import write_json


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return evaluate_samples(tmp_path_factory.mktemp("whole"), "whole", [RIGHT])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No file"),
        ('{"kind": "rust-rew', "not complete JSON"),
        ("{}", "is not a result file of this project; expected what `rust-rewards evaluate` writes"),
        ('{"kind": "rust-rewards decision"}', "is a file of kind 'rust-rewards decision'; expected what"),
        ('{"kind": "rust-rewards evaluation", "seed": NaN}', "holds NaN in place of a number"),
        ('{"kind": "rust-rewards evaluation", "model": {}}', "lacks seed, sampling, toolchain"),
    ],
)
def test_a_result_that_cannot_be_used_is_one_clear_message(whole, tmp_path, capsys, text, message):
    other = tmp_path / "other.json"
    if text is not None:
        other.write_text(text)
    fails_with(capsys, message, "--compare", str(whole), str(other))


@pytest.mark.parametrize("number", [0, 1])
def test_an_output_replaces_no_input(tmp_path, capsys, number):
    inputs = write_lines(tmp_path / "tasks.jsonl", TASKS), write_samples(tmp_path / "s.jsonl", [RIGHT])
    before = inputs[number].read_text()
    argv = ["--samples", str(inputs[1]), "--tasks", str(inputs[0]), "--output_file", str(inputs[number])]
    fails_with(capsys, "is also an input", *argv)
    assert inputs[number].read_text() == before


def test_an_output_that_is_a_folder_is_refused_before_any_work(tmp_path, capsys):
    fails_with(capsys, "it is a folder", "--samples", "none.jsonl", "--output_file", str(tmp_path))


def test_a_comparison_has_a_folder_and_no_file(capsys):
    fails_with(capsys, "give --output_dir in place of", "--compare", "a", "b", "--output_file", "c")


def test_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    target = tmp_path / "result.json"
    target.write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, {"fine": 1, "not a number": float("nan")})
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert target.read_text() == "old"
