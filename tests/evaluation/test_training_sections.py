"""The page's sections about the training: settings and rewards of the run, curves, time."""

import re
from dataclasses import replace

import pytest
from workflow_testbed import evaluation, history, steps

from rust_rewards.commands.histories import from_steps
from rust_rewards.evaluation.run_files import RunFiles
from rust_rewards.evaluation.run_settings import RunRecord, RunSettings
from rust_rewards.evaluation.training_sections import configuration, times_of, training

REWARDS = {"rewards/rust_reward/mean": 20.0, "rewards/tests_reward/mean": 0.5}
TIMES = {"step_time": 2.0, "rust_reward/seconds": 0.75, "tests_reward/seconds": 0.25}
SETTINGS = RunSettings("MaxRLConfig", {"learning_rate": 1e-5, "reward_weights": [1.0, 10.0], "num_generations": 8})


def run_with(tmp_path, more, settings=SETTINGS, count=8, **sides):
    found = {"before": None, "after": None} | sides
    logged = from_steps([step | more for step in steps(count=count)])
    return RunFiles(
        tmp_path,
        logged,
        comparison=None,
        analysis=None,
        decision=None,
        settings=settings,
        record=None,
        config=None,
        codes={},
        **found,
    )


def plain(section):
    return re.sub(r"<[^>]+>", " ", section)


def test_the_settings_and_the_rewards_are_those_of_the_run(tmp_path):
    text = plain(configuration(run_with(tmp_path, REWARDS)))
    assert "algorithm  MaxRL" in text
    assert "rewards  1 x rust_reward, 10 x tests_reward" in text
    assert "learning_rate 1e-05" in text
    assert "num_generations 8" in text


def test_the_record_of_the_recipes_says_what_was_trained_on_what(tmp_path):
    record = RunRecord(
        "GRPO", "my/model", "own.jsonl", 9, 4, {"rust_reward": 1.0, "overlong": 0.5}, {}, ["--seed", "1"]
    )
    text = plain(configuration(replace(run_with(tmp_path, REWARDS), record=record)))
    for told in ("algorithm  GRPO", "trained model  my/model", "own.jsonl: 9 tasks, 4 with tests", "--seed 1"):
        assert told in text
    assert "rewards  1 x rust_reward, 0.5 x overlong" in text
    assert "learning_rate 1e-05" in text  # the settings stay


def test_without_settings_the_rewards_are_named_alone(tmp_path):
    text = plain(configuration(run_with(tmp_path, REWARDS, settings=None)))
    assert "rewards  rust_reward, tests_reward" in text
    assert "algorithm" not in text


def test_tests_passed_and_pass_at_1_over_training_are_drawn_and_summed_up(tmp_path):
    section = training(run_with(tmp_path, REWARDS | {"tests_passed": 0.5, "tests_reward/solve_rate": 0.25}))
    assert 'alt="Hidden tests, over iterations"' in section
    assert "tests passed 0.500 to 0.500, pass@1 0.250 to 0.250" in section


def test_a_run_without_tests_has_no_curve_of_them(tmp_path):
    assert "Hidden tests" not in training(run_with(tmp_path, {}))


def test_the_page_says_what_a_step_takes_and_which_share_the_rewards_have(tmp_path):
    section = training(run_with(tmp_path, REWARDS | TIMES))
    assert "A step takes 2.00 s (median); the rewards take 50 % of the time." in section
    assert 'alt="Time per step and what rewards take of it' in section


def test_a_batch_that_serves_four_steps_is_rewarded_once_in_four(tmp_path):
    logged = from_steps([step | REWARDS | TIMES for step in steps(count=4)])
    settings = RunSettings("GRPOConfig", {"num_iterations": 4})
    assert times_of(logged, settings)["rewards"] == ([1.0, 2.0, 3.0, 4.0], [0.25] * 4)
    assert times_of(logged, None)["rewards"][1] == [1.0] * 4


def test_a_run_that_logged_no_time_has_none(tmp_path):
    assert times_of(history(), None) == {}
    assert "A step takes" not in training(run_with(tmp_path, {}))


def test_the_reward_of_training_is_told_from_that_of_evaluation(tmp_path):
    note = "The reward here is that of training (1 x rust_reward, 10 x tests_reward)"
    assert note in training(run_with(tmp_path, REWARDS, before=evaluation(10, 0.5)))
    assert note not in training(run_with(tmp_path, REWARDS))  # nothing to confuse it with


@pytest.mark.parametrize(("count", "told"), [(8, None), (40, "the mean of 5 logged steps"), (200, "of 11 logged")])
def test_a_long_curve_is_smoothed_and_the_page_says_over_how_many_steps(tmp_path, count, told):
    section = training(run_with(tmp_path, {}, count=count))
    assert ("bold" in section) == bool(told)
    assert told is None or told in section


def test_no_history_is_no_section(tmp_path):
    assert training(replace(run_with(tmp_path, {}), history=None)) == ""
