"""The callbacks without a model; `test_grpo_recipe.py` runs them in training."""

import csv
import json
import math
import os
import signal
from types import SimpleNamespace

import pytest
import torch
from transformers import TrainerControl, TrainerState

from trainers.callbacks import GracefulStopCallback, StepLineCallback, TrainingLogCallback, last_rewards, step_line


def entry(step, reward=1.0, **metrics):
    return {"step": step, "reward": reward, "reward_std": 0.5, **metrics}


def trainer_with(rewards, weights):
    """A trainer as far as `last_rewards` reads it: per function, the rewards of the last batch."""
    return SimpleNamespace(
        reward_func_names=list(rewards), _logs={"rewards": rewards}, reward_weights=torch.tensor(weights)
    )


@pytest.fixture
def run(tmp_path):
    """Arguments, state and callback of a run in `tmp_path`, and a function that logs one entry."""
    args = SimpleNamespace(output_dir=str(tmp_path), world_size=1)
    state = TrainerState(log_history=[])
    callback = TrainingLogCallback(trainer_with({"a": [1.0, 3.0]}, [2.0]))

    def log(logs):
        state.log_history.append(logs)
        callback.on_log(args, state, TrainerControl())

    return SimpleNamespace(args=args, state=state, callback=callback, log=log, path=tmp_path)


def rows(path):
    with open(path / "rl_training.log", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_log_starts_with_the_five_columns_that_scripts_read(run):
    run.callback.on_train_begin(run.args, run.state, TrainerControl())
    header = (run.path / "rl_training.log").read_text().splitlines()[0]
    assert header.startswith("iteration,avg_reward,reward_std,compile_success_rate,parse_success_rate,")


def test_each_training_step_is_in_the_file_as_soon_as_it_is_logged(run):
    run.callback.on_train_begin(run.args, run.state, TrainerControl())
    run.log(entry(1, reward=2.5, **{"rust_reward/compile_rate": 0.25, "rust_reward/parse_rate": 0.75}))
    first = rows(run.path)
    run.log(entry(2, reward=3.5))
    assert [row["iteration"] for row in first] == ["1"]
    assert [row["iteration"] for row in rows(run.path)] == ["1", "2"]
    assert (first[0]["avg_reward"], first[0]["compile_success_rate"]) == ("2.5", "0.25")
    assert first[0]["parse_success_rate"] == "0.75"
    assert rows(run.path)[1]["compile_success_rate"] == ""  # not measured in step 2
    # The weight is 2, so rewards 1 and 3 count 2 and 6
    assert (first[0]["reward_min"], first[0]["reward_max"]) == ("2.0", "6.0")


def test_the_log_has_six_digits_and_the_history_all(run):
    run.callback.on_train_begin(run.args, run.state, TrainerControl())
    run.log(entry(1, reward=2 / 3))
    run.callback.on_save(run.args, run.state, TrainerControl())
    assert rows(run.path)[0]["avg_reward"] == "0.666667"
    assert json.loads((run.path / "training_history.json").read_text())["steps"][0]["avg_reward"] == 2 / 3


def test_evaluations_and_the_summary_get_no_row(run):
    run.callback.on_train_begin(run.args, run.state, TrainerControl())
    run.log({"step": 5, "eval_reward": 1.0})
    run.log({"step": 5, "train_runtime": 3.0})
    assert rows(run.path) == []


def test_a_resumed_run_keeps_what_its_checkpoint_knows_and_drops_later_and_broken_rows(run):
    (run.path / "rl_training.log").write_text("iteration,avg_reward\n1,1.0\n2,1.0\n3,9.0\n4,tor")
    run.state.log_history = [entry(1), {"step": 2, "eval_reward": 7.0}, entry(2)]  # checkpoint at step 2
    run.callback.on_train_begin(run.args, run.state, TrainerControl())
    run.log(entry(3, reward=4.0))
    assert [(row["iteration"], row["avg_reward"]) for row in rows(run.path)] == [
        ("1", "1.0"),
        ("2", "1.0"),
        ("3", "4.0"),
    ]


def test_only_the_first_process_writes(run):
    run.state.is_world_process_zero = False
    run.callback.on_train_begin(run.args, run.state, TrainerControl())
    run.log(entry(1))
    run.callback.on_save(run.args, run.state, TrainerControl())
    run.callback.on_train_end(run.args, run.state, TrainerControl())
    assert list(run.path.iterdir()) == []


def test_the_end_of_training_leaves_history_and_plot(run):
    run.callback.on_train_begin(run.args, run.state, TrainerControl())
    run.log(entry(1))
    run.callback.on_train_end(run.args, run.state, TrainerControl())
    assert (run.path / "rl_training.png").read_bytes().startswith(b"\x89PNG")
    history = json.loads((run.path / "training_history.json").read_text())
    assert history["steps"][0]["reward_max"] == 6.0
    assert history["steps"][0]["metrics"]["reward"] == 1.0


def test_last_rewards_weighs_functions_and_leaves_out_what_none_could_score():
    nan = math.nan
    # completion 0: 1*1 + 10*0.5 = 6; 1: only the second function scored, 10*1 = 10; 2: nobody did
    trainer = trainer_with({"a": [1.0, nan, nan], "b": [0.5, 1.0, nan]}, [1.0, 10.0])
    assert last_rewards(trainer) == [6.0, 10.0]
    assert last_rewards(trainer_with({"a": []}, [1.0])) == []


def test_the_line_of_a_step_survives_a_step_that_nobody_could_score():
    line = step_line({"step": 3, "reward": None, "reward_std": None, "loss": 0.0}, total=9)
    assert line.startswith("step 3/9  reward    nan ± nan")
    assert "reward   0.00" in step_line(entry(1, reward=0.0), total=9)


def test_the_line_of_a_maxrl_step_counts_the_correct_completions():
    line = step_line(entry(2, **{"maxrl/n_correct": 12, "maxrl/n_total": 16}), total=20)
    assert line == "step  2/20  reward   1.00 ± 0.50   correct 12/16"


def test_a_log_without_reward_and_loss_has_no_line():
    assert step_line({"step": 3, "grad_norm": 1.0}, total=9) == ""


def test_a_step_is_one_line_on_standard_output_from_the_first_process_only(run, capsys):
    run.state.max_steps = 9
    for first in (True, False):
        run.state.is_world_process_zero = first
        StepLineCallback().on_log(run.args, run.state, TrainerControl(), logs=entry(0, loss=0.5))
    assert capsys.readouterr().out == "step 0/9  reward   1.00 ± 0.50   loss  0.5000\n"


@pytest.mark.parametrize("number", GracefulStopCallback.SIGNALS)
def test_a_signal_asks_for_a_checkpoint_at_the_end_of_the_step_and_restores_the_handlers(run, number):
    before = signal.getsignal(number)
    stop, control = GracefulStopCallback(), TrainerControl()
    stop.on_train_begin(run.args, run.state, control)
    stop.on_step_end(run.args, run.state, control)
    assert not control.should_save
    os.kill(os.getpid(), number)
    assert not control.should_training_stop  # the step in progress goes on
    assert signal.getsignal(number) is before  # so that a second signal acts at once
    stop.on_step_end(run.args, run.state, control)
    assert control.should_save
    assert control.should_training_stop
    assert stop.signal == number


def test_an_undisturbed_run_gets_its_handlers_back(run):
    before = signal.getsignal(signal.SIGTERM)
    stop = GracefulStopCallback()
    stop.on_train_begin(run.args, run.state, TrainerControl())
    assert signal.getsignal(signal.SIGTERM) is not before
    stop.on_train_end(run.args, run.state, TrainerControl())
    assert signal.getsignal(signal.SIGTERM) is before
    assert stop.signal is None
