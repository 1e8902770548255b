"""Counts of correct completions, the console line, and the warnings about runs with nothing to learn from."""

import logging
import math

import pytest
import torch

from trainers.correctness import CorrectnessTally, SignalWatch, correctness_line
from trainers.signal_watch import PATIENCE, NothingScoredError

NAN = math.nan


def tally_of(*batches, threshold=20.0):
    tally = CorrectnessTally()
    for rows in batches:
        rewards = torch.tensor(rows)
        tally.add(rewards, rewards > threshold, torch.ones(len(rows), dtype=torch.bool))
    return tally


def watch_batches(watch, rewards_per_func, batches, truncated=False, n_correct=0):
    rewards_per_func = torch.tensor(rewards_per_func)
    rewards = rewards_per_func.nansum(dim=1).masked_fill(rewards_per_func.isnan().all(dim=1), NAN)
    for _ in range(batches):
        watch.observe(rewards_per_func, rewards, torch.full((len(rewards),), truncated), n_correct)


def test_rates_are_those_of_all_completions_since_the_last_log():
    # Batch 1: 2 of 4 correct (28, 24); batch 2: 1 of 3 judged (21). Groups: one all correct, one without.
    metrics = tally_of([[28.0, 24.0], [5.0, 10.0]], [[21.0, 0.0], [NAN, 0.0]]).metrics()
    assert metrics == {
        "maxrl/correctness_rate": 3 / 7,
        "maxrl/n_correct": 3,
        "maxrl/n_total": 7,
        "maxrl/avg_correct_reward": pytest.approx((28 + 24 + 21) / 3),
        "maxrl/frac_groups_without_correct": 2 / 4,
        "maxrl/frac_groups_all_correct": 1 / 4,
        "maxrl/active": 1.0,
    }


def test_nothing_counted_gives_no_metrics_and_nothing_correct_gives_no_average():
    assert CorrectnessTally().metrics() == {}
    assert tally_of([[1.0, 2.0]]).metrics()["maxrl/avg_correct_reward"] is None
    assert tally_of([[NAN, NAN]]).metrics()["maxrl/correctness_rate"] is None


def test_an_unfinished_completion_counts_as_judged():
    assert tally_of([[-math.inf, 25.0]]).metrics()["maxrl/correctness_rate"] == 0.5


def test_the_console_line_shows_counts_rate_reward_and_loss():
    logs = {"maxrl/n_correct": 12, "maxrl/n_total": 16, "maxrl/avg_correct_reward": 27.5, "loss": 4.2}
    assert correctness_line(logs) == "Correctness: 12/16 (75.0%)  avg correct reward 27.5  loss 4.2"


def test_the_console_line_says_nothing_where_nothing_was_measured():
    assert correctness_line({"loss": 1.0}) == ""
    nothing = {"maxrl/n_correct": 0, "maxrl/n_total": 0, "maxrl/avg_correct_reward": None}
    assert correctness_line(nothing) == "Correctness: 0/0  avg correct reward -"


def test_the_console_line_of_an_evaluation_is_named_so():
    logs = {
        "eval_maxrl/n_correct": 1,
        "eval_maxrl/n_total": 4,
        "eval_maxrl/avg_correct_reward": 24.0,
        "eval_loss": 0.5,
    }
    assert correctness_line(logs) == "Held-out correctness: 1/4 (25.0%)  avg correct reward 24  loss 0.5"


def test_a_threshold_above_every_reward_is_reported_with_the_observed_range(caplog):
    watch = SignalWatch(["rust_reward"], threshold=40.0)
    watch_batches(watch, [[-4.5], [28.0]], PATIENCE - 1)
    assert not caplog.records
    watch_batches(watch, [[-4.5], [28.0]], 1)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "in the first 10 batches: rewards from -4.5 to 28 were observed" in record.getMessage()
    assert "correctness_threshold is 40" in record.getMessage()


def test_the_warning_comes_back_ever_more_rarely(caplog):
    watch_batches(SignalWatch(["f"], threshold=40.0), [[1.0], [2.0]], 90)
    assert len(caplog.records) == 4  # after 10, 20, 40 and 80 batches


def test_truncated_completions_are_named_as_a_cause(caplog):
    watch_batches(SignalWatch(["f"], threshold=20.0), [[25.0], [28.0]], PATIENCE, truncated=True)
    assert "20 of 20 completions were cut off at max_completion_length" in caplog.text


def test_one_correct_completion_is_enough_to_stay_silent(caplog):
    watch = SignalWatch(["f"], threshold=20.0)
    watch_batches(watch, [[1.0], [25.0]], 1, n_correct=1)
    watch_batches(watch, [[1.0], [2.0]], 3 * PATIENCE)
    watch.warn_if_nothing_was_correct(final=True)
    assert not caplog.records


def test_a_short_run_without_correct_completions_is_reported_at_its_end_once(caplog):
    watch = SignalWatch(["f"], threshold=20.0)
    watch_batches(watch, [[1.0], [2.0]], 3)
    watch.warn_if_nothing_was_correct(final=True)
    watch.warn_if_nothing_was_correct(final=True)
    (record,) = caplog.records
    assert "in the first 3 batches: rewards from 1 to 2" in record.getMessage()


def test_a_run_that_nothing_can_score_is_stopped_with_the_names():
    watch = SignalWatch(["compile_reward", "tests_reward"], threshold=20.0)
    with pytest.raises(NothingScoredError, match=r"compile_reward, tests_reward returned None .+ first 10 batch"):
        watch_batches(watch, [[NAN, NAN], [NAN, NAN]], PATIENCE)
    assert watch.batches == PATIENCE


def test_one_silent_reward_function_among_others_is_named_and_the_run_goes_on(caplog):
    watch = SignalWatch(["compile_reward", "judge"], threshold=20.0)
    watch_batches(watch, [[25.0, NAN], [1.0, NAN]], 2 * PATIENCE, n_correct=1)
    (record,) = caplog.records
    assert "Reward function(s) judge returned None for every completion" in record.getMessage()
