"""What is said about a run that has nothing to learn from, and which run is stopped."""

import math

import pytest
from transformers import TrainerControl, TrainerState

from trainers.signal_watch import PATIENCE, NoSignalCallback, NothingScoredError


def run(*logs, ended=False):
    """Show a fresh watch the logs of a run."""
    watch, state = NoSignalCallback(), TrainerState()
    for entry in logs:
        watch.on_log(None, state, TrainerControl(), logs=entry)
    if ended:
        watch.on_train_end(None, state, TrainerControl())
    return watch


def flat(reward=0.0, clipped=0.5, flat_groups=1.0, **functions):
    means = {f"rewards/{name}/mean": value for name, value in (functions or {"rust_reward": reward}).items()}
    return {"reward": reward, "frac_reward_zero_std": flat_groups, "completions/clipped_ratio": clipped, **means}


def test_ten_steps_in_which_no_group_differs_are_reported_with_range_and_cut_off_share(caplog):
    run(*[flat(reward=float(step % 3)) for step in range(PATIENCE - 1)])
    assert not caplog.records
    run(*[flat(reward=float(step % 3)) for step in range(PATIENCE)])
    (record,) = caplog.records
    assert "first 10 logged steps" in record.getMessage()
    assert "(means from 0 to 2), and 50 % of them were cut off at max_completion_length" in record.getMessage()


def test_the_warning_comes_back_ever_more_rarely(caplog):
    run(*[flat()] * 90, ended=True)
    assert len(caplog.records) == 4  # after 10, 20, 40 and 80 steps, and not once more at the end


def test_one_group_that_differs_is_enough_to_stay_silent(caplog):
    run(flat(flat_groups=0.875), *[flat()] * 30, ended=True)
    assert not caplog.records


def test_a_short_run_is_reported_at_its_end(caplog):
    run(flat(), flat(), ended=True)
    (record,) = caplog.records
    assert "first 2 logged steps" in record.getMessage()


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_run_that_nothing_can_score_is_stopped_with_the_names(nothing):
    # TRL finds no group flat then: NaN is equal to nothing
    unscored = flat(reward=nothing, flat_groups=0.0, compile_reward=nothing, tests_reward=nothing)
    with pytest.raises(NothingScoredError, match=r"compile_reward, tests_reward returned None .+ first 10 batch"):
        run(*[unscored] * PATIENCE)


def test_a_short_run_that_nothing_could_score_is_reported_at_its_end(caplog):
    run(flat(reward=math.nan, flat_groups=0.0), ended=True)
    assert "Reward function(s) rust_reward returned None" in caplog.text


def test_one_silent_reward_function_among_others_is_named_once_and_the_run_goes_on(caplog):
    run(*[flat(flat_groups=0.0, rust_reward=5.0, tests_reward=None)] * (2 * PATIENCE), ended=True)
    (record,) = caplog.records
    assert "Reward function(s) tests_reward returned None" in record.getMessage()


def test_evaluations_and_the_summary_count_for_nothing(caplog):
    run(*[{"eval_reward": 0.0, "eval_frac_reward_zero_std": 1.0}] * 20, {"train_runtime": 1.0}, ended=True)
    assert not caplog.records
