"""Arguments and recipes that cannot make an experiment end in one line, before anything is trained."""

import compare
import pytest
import sweep
from experiments.plan import check_held_out, held_out_file


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (compare, ["--seeds", "1", "1"], "names a seed twice"),
        (compare, ["--steps", "0"], "--steps is 0; it must be at least 1"),
        (compare, ["--config", "no.yaml"], "No recipe no.yaml"),
        (compare, ["--learning_rates", "1e-4", "3e-4", "--tuning_seed", "2"], "--tuning_seed 2 is one of --seeds"),
        (sweep, ["--samples", "5"], "5 samples per prompt do not divide the 64 completions"),
        (sweep, ["--thresholds", "--samples", "--temperatures"], "Nothing to vary"),
    ],
)
def test_input_that_cannot_be_used_ends_with_one_line(tmp_path, capsys, command, arguments, message):
    assert command.main(["--output_dir", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("", "must contain a YAML mapping (key: value), it is empty"),
        ("- a\n", "it holds a list"),
        ("a: [1\n", "is not YAML: while parsing"),
        ("seed: 1\n", "The recipe names no tasks"),
        ("dataset_name: my/hub-tasks\n", "'my/hub-tasks' are no file here"),
        ("dataset_name: TESTLESS\n", "1 of the 2 held-out tasks in TESTLESS have no tests"),
        ("dataset_name: EMPTY\n", "EMPTY holds no tasks"),
    ],
)
@pytest.mark.parametrize("command", [compare, sweep])
def test_a_recipe_that_cannot_be_compared_is_told_before_anything_is_trained(
    tmp_path, capsys, command, recipe, message
):
    (tmp_path / "tasks.jsonl").write_text('{"prompt": "p", "tests": "assert!(true);"}\n{"prompt": "q"}\n')
    (tmp_path / "empty.jsonl").write_text("\n")
    for word, file in (("TESTLESS", "tasks.jsonl"), ("EMPTY", "empty.jsonl")):
        recipe, message = (text.replace(word, str(tmp_path / file)) for text in (recipe, message))
    (tmp_path / "base.yaml").write_text(recipe)
    assert command.main(["--output_dir", str(tmp_path / "out"), "--config", str(tmp_path / "base.yaml")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["eval", "train"])
def test_the_shipped_sets_can_be_held_out_by_their_names(name):
    assert held_out_file({"eval_dataset_name": name}) == name
    check_held_out(name)
    assert held_out_file({"dataset_name": name}) == name
