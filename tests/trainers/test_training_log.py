"""The log of a run: what is written, and what its readers make of whole, old and broken files."""

import json
import math
import subprocess
import sys

import pytest
from paths import ROOT

from trainers.training_log import (
    COLUMNS,
    TrainingLogError,
    append_to_log,
    at_end,
    at_start,
    epoch_summaries,
    log_row,
    main,
    read_history,
    read_log,
    series,
    write_history,
    write_log,
)


def entry(step, reward=1.0, **metrics):
    return {"step": step, "reward": reward, "reward_std": 0.5, **metrics}


def write_state(folder, log_history):
    folder.mkdir(exist_ok=True)
    (folder / "trainer_state.json").write_text(json.dumps({"log_history": log_history}))


# The CSV


def test_the_log_starts_with_the_five_columns_that_scripts_read(tmp_path):
    write_log([], tmp_path / "log")
    header = (tmp_path / "log").read_text()
    assert header.startswith("iteration,avg_reward,reward_std,compile_success_rate,parse_success_rate,")


def test_the_log_holds_training_steps_and_no_evaluations(tmp_path):
    write_log([entry(1), {"step": 1, "eval_reward": 2.0}, {"step": 1, "train_runtime": 3.0}], tmp_path / "log")
    append_to_log(entry(2, reward=3.5), tmp_path / "log")
    columns = read_log(tmp_path / "log")
    assert columns["iteration"] == [1.0, 2.0]
    assert columns["avg_reward"] == [1.0, 3.5]
    assert list(columns) == list(COLUMNS)


def test_columns_are_read_as_numbers_and_empty_cells_as_nan(tmp_path):
    write_log([entry(1, **{"rust_reward/compile_rate": 0.25})], tmp_path / "log")
    columns = read_log(tmp_path / "log", ("compile_success_rate", "parse_success_rate"))
    assert columns["compile_success_rate"] == [0.25]
    assert math.isnan(columns["parse_success_rate"][0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("iteration,avg_reward\n", "holds no training step yet"),
        ("time,level\n1,2\n", "is not a training log: it has no column 'iteration'"),
        ("iteration,avg_reward\n1,x\n", "is not a training log: could not convert string to float: 'x'"),
    ],
)
def test_a_log_without_steps_or_of_another_kind_is_refused(tmp_path, content, message):
    (tmp_path / "log").write_text(content)
    with pytest.raises(TrainingLogError, match=message):
        read_log(tmp_path / "log", ("iteration", "avg_reward"))


def test_a_row_that_is_still_being_written_has_no_values_yet(tmp_path):
    (tmp_path / "log").write_text("iteration,avg_reward\n1\n")
    columns = read_log(tmp_path / "log", ("iteration", "avg_reward"))
    assert columns["iteration"] == [1.0]
    assert math.isnan(columns["avg_reward"][0])


@pytest.mark.parametrize(
    ("logs", "rate"),
    [
        ({"rewards/compile_reward/mean": 0.5, "rust_reward/compile_rate": 0.25}, 0.25),
        ({"rewards/compile_reward/mean": 0.5}, 0.5),
        ({}, None),
    ],
)
def test_the_compile_rate_comes_from_the_combined_reward_before_the_plain_one(logs, rate):
    assert log_row(logs)["compile_success_rate"] == rate


# The history


def test_the_history_separates_steps_from_evaluations_and_writes_nan_as_null(tmp_path):
    logged = [entry(1, loss=math.nan, kl=0.25), {"step": 1, "eval_reward": 2.0}, {"step": 1, "train_loss": 1.0}]
    write_history(logged, tmp_path / "h.json")
    history = json.loads((tmp_path / "h.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert [step["iteration"] for step in history["steps"]] == [1]
    assert (history["steps"][0]["loss"], history["steps"][0]["kl"]) == (None, 0.25)
    assert history["evaluations"] == [{"step": 1, "eval_reward": 2.0}]
    assert [path.name for path in tmp_path.iterdir()] == ["h.json"]


def test_a_written_history_is_read_as_flat_numbers_without_what_was_not_measured(tmp_path):
    write_history([entry(3, loss=math.nan, **{"rewards/tests_reward/mean": 0.5})], tmp_path / "training_history.json")
    assert read_history(tmp_path) == [
        {
            "iteration": 3.0,
            "step": 3.0,
            "avg_reward": 1.0,
            "reward": 1.0,
            "reward_std": 0.5,
            "tests_passed": 0.5,
            "rewards/tests_reward/mean": 0.5,
        }
    ]


def test_without_a_history_the_trainer_state_of_the_newest_checkpoint_is_read(tmp_path):
    for number in (9, 10, "best"):
        write_state(tmp_path / f"checkpoint-{number}", [entry(number, kl=0.1), {"step": number, "eval_reward": 1.0}])
    (step,) = read_history(tmp_path)
    assert (step["iteration"], step["avg_reward"], step["kl"]) == (10.0, 1.0, 0.1)


def test_the_state_of_a_finished_run_comes_before_that_of_its_checkpoints(tmp_path):
    write_state(tmp_path, [entry(20)])
    write_state(tmp_path / "checkpoint-10", [entry(10)])
    assert [step["iteration"] for step in read_history(tmp_path)] == [20.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No file"),
        ('{"steps": [', "is not complete JSON"),
        ("[]", "is no training history"),
        ("{}", "is no training history"),
        ('{"steps": [3]}', "steps is no list of objects"),
        ('{"log_history": null}', "log_history is no list of objects"),
        ('{"steps": []}', "holds no training step"),
        ('{"steps": [{"avg_reward": 1.0}]}', "holds no training step"),
        ('{"steps": [{"metrics": 3}]}', "holds no training step"),
        ('{"log_history": [{"step": 1, "eval_reward": 1.0}]}', "holds no training step"),
    ],
)
def test_a_history_of_no_use_is_one_clear_message(tmp_path, capsys, content, message):
    if content is not None:
        (tmp_path / "history.json").write_text(content)
    assert main([str(tmp_path / "history.json")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_folder_without_a_history_is_named(tmp_path):
    with pytest.raises(TrainingLogError, match=f"No training history in {tmp_path}"):
        read_history(tmp_path)


# What is read off a run


def test_start_and_end_are_quarters_of_what_was_measured():
    history = [{"iteration": float(i), "kl": float(i)} for i in range(1, 9)]
    history.append({"iteration": 9.0})  # nothing measured here
    assert at_start(history, "kl") == 1.5  # steps 1 and 2
    assert at_end(history, "kl") == 7.5  # steps 7 and 8
    assert at_end(history, "entropy") is None
    assert series(history, "kl")[0] == [float(i) for i in range(1, 9)]


def test_epoch_summary_averages_the_steps_of_each_epoch():
    epochs = (0.5, 1.0, 1.5, 2.0)
    history = [{"iteration": float(i), "epoch": e, "avg_reward": float(i)} for i, e in enumerate(epochs, 1)]
    assert epoch_summaries(history) == [
        {"epoch": 1, "steps": 2, "avg_reward": 1.5},
        {"epoch": 2, "steps": 2, "avg_reward": 3.5},
    ]


# The command


def test_epochs_are_printed_one_a_line(tmp_path, capsys):
    history = {"steps": [{"iteration": 1, "epoch": 0.5, "avg_reward": 2.0}, {"iteration": 2, "epoch": 2.0}]}
    (tmp_path / "training_history.json").write_text(json.dumps(history))
    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[2:]] == [["1", "1", "2.000"], ["2", "1", "-"]]


def test_the_log_is_read_without_torch_and_by_the_script_of_old():
    code = (
        "import runpy, sys; sys.argv = ['training_history.py', '--help']\n"
        "try: runpy.run_path('recipes/training_history.py', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'torch', 'transformers', 'rust_rewards'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
