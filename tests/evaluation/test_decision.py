"""The decision, on measurements whose outcome follows from the documented thresholds."""

import pytest
from workflow_testbed import evaluation, history

from rust_rewards.commands.histories import from_steps
from rust_rewards.evaluation.decision import Decision, Thresholds, decide


def verdict_of(result, start):
    return next(check for check in result.checks if check.name.startswith(start))


def test_clear_gain_without_trouble_proceeds():
    # reward: (16 - 10)/(30 - 10) = 0.3 of what was left to gain; pass@1 from 0 to 15 of 20
    result = decide(evaluation(10, 0.0), evaluation(16, 0.75), history())
    assert result.decision == "proceed"
    assert verdict_of(result, "reward gain").value == pytest.approx(0.3)
    assert len(result.next_settings) == 1
    assert result.next_settings[0].startswith("the full run with the same settings")


def test_certain_loss_of_reward_is_reconsidered():
    result = decide(evaluation(16, 0.5), evaluation(10, 0.5), history())
    assert result.decision == "reconsider"
    assert "clearly a loss" in result.reasons[0]


def test_certain_loss_of_correctness_is_reconsidered_even_when_reward_rose():
    result = decide(evaluation(10, 0.75), evaluation(20, 0.0), history())
    assert result.decision == "reconsider"
    assert result.reasons[0].startswith("pass@1 gain: -0.750")


def test_small_reward_gain_asks_for_more_training():
    # (11 - 10)/(30 - 10) = 0.05, below 0.1
    result = decide(evaluation(10, 0.0), evaluation(11, 0.75), history())
    assert result.decision == "adjust"
    assert verdict_of(result, "reward gain").value == pytest.approx(0.05)
    assert result.next_settings == ["--num_train_epochs, doubled: it gains, but slowly"]


def test_small_gain_of_a_model_that_hardly_moved_asks_for_a_higher_rate():
    still = history(last={"kl": 0.005, "epoch": 5.0})
    result = decide(evaluation(10, 0.0), evaluation(11, 0.75), still)
    assert result.next_settings[0].startswith("--learning_rate 2e-05 (was 1e-05)")
    moved = decide(evaluation(10, 0.0), evaluation(11, 0.75), history(last={"epoch": 5.0}))
    assert moved.next_settings[0].startswith("--num_train_epochs 10 (was 5)")


def test_uncertain_correctness_asks_for_more_samples():
    # one task of twenty: a resample misses it with probability 0.95^20 = 0.36, so the interval starts at 0
    result = decide(evaluation(10, 0.0), evaluation(16, 0.05), history())
    assert result.decision == "adjust"
    assert verdict_of(result, "pass@1").verdict == "adjust"
    assert "--num_samples 4 (was 1)" in result.next_settings[0]


def test_compile_rate_stands_in_while_nothing_passes():
    result = decide(evaluation(10, 0.0, compiled=0.1), evaluation(16, 0.0, compiled=0.8), history())
    assert result.decision == "proceed"
    assert verdict_of(result, "compile rate gain").value == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("late", "check", "advice"),
    [
        ({"kl": 0.9}, "KL", "--learning_rate 5e-06 (was 1e-05)"),
        ({"entropy": 0.05}, "entropy", "--entropy_coef"),
        ({"frac_reward_zero_std": 0.9}, "groups", "harder tasks"),
        (
            {"clipped_ratio": 0.5, "completions/max_length": 128.0},
            "completions",
            "--max_completion_length 256 (was 128)",
        ),
    ],
)
def test_each_trouble_of_training_names_the_next_setting(late, check, advice):
    result = decide(evaluation(10, 0.0), evaluation(16, 0.75), history(last=late))
    assert result.decision == "adjust"
    assert verdict_of(result, check).verdict == "adjust"
    assert advice in " ".join(result.next_settings)


def test_one_measurement_on_both_sides_decides_nothing():
    with pytest.raises(ValueError, match=r"Both evaluations are one measurement, of m at today; .* trained one"):
        decide(evaluation(16, 0.5), evaluation(16, 0.5), history())


@pytest.mark.parametrize("reward", [16, 15.5])
def test_a_run_that_gained_nothing_is_not_told_to_go_on(reward):
    sides = evaluation(16, 0.5), evaluation(reward, 0.75, date="later")
    told = verdict_of(decide(*sides, history()), "reward gain")
    if reward == 16:
        assert told.advice.startswith("--learning_rate 2e-05 (was 1e-05), or easier tasks first: nothing was gained")
    else:  # every task lost the same, so that the whole interval lies below 0
        assert told.verdict == "reconsider"


def test_tasks_without_tests_are_decided_by_what_compiles():
    before, after = evaluation(10, 0.0, compiled=0.1), evaluation(16, 0.0, compiled=0.8)
    for side in (before, after):
        for values in (side.summary["metrics"], *(task["values"] for task in side.tasks)):
            values.pop("pass@1", None)
    result = decide(before, after, history())
    assert result.decision == "proceed"
    assert verdict_of(result, "compile rate gain (tasks without tests)").value == pytest.approx(0.7)


def test_what_the_run_did_not_record_decides_nothing():
    bare = [{"iteration": 1.0, "avg_reward": 3.0}]
    result = decide(evaluation(10, 0.0), evaluation(16, 0.75), from_steps(bare))
    assert result.decision == "proceed"
    assert verdict_of(result, "KL").verdict == "not measured"


def test_thresholds_are_inclusive_and_can_be_set():
    at_the_limit = history(last={"kl": 0.5, "frac_reward_zero_std": 0.6, "clipped_ratio": 0.25})
    sides = evaluation(10, 0.0), evaluation(16, 0.75)
    assert decide(*sides, at_the_limit).decision == "proceed"
    assert decide(*sides, at_the_limit, Thresholds(max_kl=0.4)).decision == "adjust"


def test_tasks_already_at_the_reference_ask_for_harder_ones():
    result = decide(evaluation(30, 0.5), evaluation(30, 0.75), history())
    assert verdict_of(result, "reward gain").verdict == "adjust"
    assert any("harder tasks" in setting for setting in result.next_settings)


def test_a_decision_is_written_and_read_without_loss():
    result = decide(evaluation(10, 0.0), evaluation(11, 0.75), history())
    assert Decision.from_json(result.to_json()) == result
