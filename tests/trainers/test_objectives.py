"""MaxRL's and GRPO's advantages against numbers worked out by hand and against exact enumeration."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainers.objectives import WEIGHTINGS, grpo_advantages, maxrl_advantages, summed_rewards

NAN, INF = math.nan, math.inf


def maxrl(rewards, num_generations=None, *, threshold=20.0, dtype=torch.float64, **options):
    tensor = torch.tensor(rewards, dtype=dtype)
    return maxrl_advantages(tensor, num_generations or len(rewards), threshold=threshold, **options)


def assert_equal(actual, expected, tolerance=1e-9):
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=actual.dtype), atol=tolerance, rtol=0)


def test_uniform_gives_every_correct_completion_n_over_k():
    # Group 1: K = 2 of 4, so 4/2 = 2. Group 2: K = 1, so 4.
    advantages = maxrl([28.0, 24.0, 5.0, -4.5, 10.0, 21.0, 20.0, 0.0], 4, weighting="uniform")
    assert_equal(advantages, [2.0, 2.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0])


def test_uniform_with_baseline_is_reward_minus_mean_over_mean_for_binary_rewards():
    rewards = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    advantages = maxrl_advantages(rewards, 4, threshold=0.5, weighting="uniform", baseline=True)
    # By hand: mean 1/4 gives (1 - 1/4) / (1/4) = 3 and -1; mean 3/4 gives 1/3 and -1.
    assert_equal(advantages, [3.0, -1.0, -1.0, -1.0, 1 / 3, 1 / 3, 1 / 3, -1.0])
    mean = rewards.view(-1, 4).mean(dim=1, keepdim=True)
    torch.testing.assert_close(advantages, ((rewards.view(-1, 4) - mean) / mean).flatten())


def test_one_success_among_sixteen_gets_fifteen_with_baseline_where_grpo_gives_three_and_three_quarters():
    rewards = torch.tensor([1.0] + [0.0] * 15)
    advantages = maxrl_advantages(rewards, 16, threshold=0.5, weighting="uniform", baseline=True)
    assert advantages[0].item() == 15.0
    # mean 1/16, std 1/4 with Bessel's correction: (15/16) / (1/4 + 1e-4) = 3.7485
    assert grpo_advantages(rewards, 16)[0].item() == pytest.approx(3.7485, abs=1e-4)


def test_exp_weighs_by_the_distance_to_the_threshold():
    # w = exp(21 - 20) = e, exp(22 - 20) = e^2; sum = e + e^2; A = 3 w / sum = 3 / (1 + e), 3 e / (1 + e).
    expected = [3 / (1 + math.e), 0.0, 3 * math.e / (1 + math.e)]
    assert_equal(maxrl([21.0, 20.0, 22.0], weighting="exp"), expected)


def test_exp_with_a_temperature_divides_the_distance():
    # T = 2: w = e^(1/2), e^1, e^2 for 21, 22, 24.
    weights = [math.exp(0.5), math.exp(1.0), math.exp(2.0)]
    expected = [4 * w / sum(weights) for w in weights] + [0.0]
    assert_equal(maxrl([21.0, 22.0, 24.0, 19.0], weight_temperature=2.0), expected)


def test_standardized_uses_z_scores_within_the_correct_set():
    # C = {22, 26}: mean 24, population std 2, z = -1 and 1 (less 1e-4 in the divisor). 5 does not enter.
    z = 2 / (2 + 1e-4)
    weights = [math.exp(-z), math.exp(z)]
    expected = [3 * w / sum(weights) for w in weights] + [0.0]
    assert_equal(maxrl([22.0, 26.0, 5.0], weighting="standardized"), expected)


def test_standardized_does_not_depend_on_the_scale_of_the_rewards():
    small = maxrl([22.0, 26.0, 23.0, 5.0], weighting="standardized")
    large = maxrl([2200.0, 2600.0, 2300.0, 500.0], threshold=2000.0, weighting="standardized")
    torch.testing.assert_close(small, large, atol=1e-3, rtol=0)


def test_baseline_takes_one_from_every_member_of_a_group_with_a_correct_one():
    with_baseline = maxrl([21.0, 20.0, 22.0, 1.0, 2.0, 3.0], 3, weighting="exp", baseline=True)
    assert_equal(with_baseline, [3 / (1 + math.e) - 1, -1.0, 3 * math.e / (1 + math.e) - 1, 0.0, 0.0, 0.0])


def test_a_reward_equal_to_the_threshold_is_not_correct():
    assert_equal(maxrl([20.0, 20.0]), [0.0, 0.0])


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_a_group_without_correct_completions_gets_zero(weighting, baseline):
    assert_equal(maxrl([5.0, 19.9, -INF, 0.0], weighting=weighting, baseline=baseline), [0.0] * 4)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_a_group_of_equal_correct_completions_gets_one_each(weighting):
    assert_equal(maxrl([25.0] * 4, weighting=weighting), [1.0] * 4)
    assert_equal(maxrl([25.0] * 4, weighting=weighting, baseline=True), [0.0] * 4)


@pytest.mark.parametrize("weight_temperature", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_a_single_correct_completion_gets_n_whatever_the_weighting(weighting, weight_temperature):
    options = {"weighting": weighting, "weight_temperature": weight_temperature}
    assert_equal(maxrl([1e6, 0.0, -1e6, 3.0], **options), [4.0, 0.0, 0.0, 0.0])


def test_rewards_a_million_apart_give_the_whole_group_to_the_best():
    advantages = maxrl([1e6, 21.0, 22.0, -1e6], dtype=torch.float32)
    assert_equal(advantages, [4.0, 0.0, 0.0, 0.0])


def test_a_temperature_of_a_hundredth_gives_the_whole_group_to_the_best():
    assert_equal(maxrl([28.0, 27.0, 5.0], weight_temperature=0.01, dtype=torch.float32), [3.0, 0.0, 0.0])


def test_a_temperature_of_a_hundred_is_nearly_uniform():
    # w = e^0.08 and e^0.04 in a group of two: 2 / (1 + e^-0.04) = 1.019997
    assert_equal(maxrl([28.0, 24.0], weight_temperature=100.0), [1.019997, 0.980003], tolerance=1e-6)


def test_rounding_noise_is_not_a_preference_under_standardized():
    advantages = maxrl([27.5, 27.500002, 27.5, 3.0], weighting="standardized", dtype=torch.float32)
    assert_equal(advantages, [4 / 3, 4 / 3, 4 / 3, 0.0], tolerance=0.05)


def test_nan_rewards_belong_to_no_set():
    # C = {25}; the NaN row gets neither a share nor the baseline.
    assert_equal(maxrl([25.0, NAN, 5.0], weighting="uniform"), [3.0, 0.0, 0.0])
    assert_equal(maxrl([25.0, NAN, 5.0], weighting="uniform", baseline=True), [2.0, 0.0, -1.0])


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_a_group_of_nan_rewards_gets_zero(weighting, baseline):
    assert_equal(maxrl([NAN] * 3, weighting=weighting, baseline=baseline), [0.0] * 3)


def test_groups_do_not_influence_each_other():
    first, second = [28.0, 3.0, 24.0], [1e6, NAN, 22.0]
    assert_equal(maxrl(first + second, 3), maxrl(first).tolist() + maxrl(second).tolist())


rewards_of_any_kind = st.one_of(
    st.floats(-1e6, 1e6, width=32), st.just(NAN), st.just(-INF), st.floats(20.0, 30.0, width=32)
)


@given(
    rewards=st.lists(rewards_of_any_kind, min_size=4, max_size=4),
    weighting=st.sampled_from(WEIGHTINGS),
    weight_temperature=st.floats(0.01, 100.0),
)
def test_advantages_are_finite_and_a_group_with_a_correct_one_sums_to_n(rewards, weighting, weight_temperature):
    options = {"weighting": weighting, "weight_temperature": weight_temperature, "dtype": torch.float32}
    advantages = maxrl(rewards, **options)
    correct = [reward > 20.0 for reward in rewards]
    assert advantages.isfinite().all()
    assert advantages.sum().item() == pytest.approx(4.0 if any(correct) else 0.0, abs=1e-4)
    assert all(value == 0.0 for value, is_correct in zip(advantages.tolist(), correct, strict=True) if not is_correct)
    # A better correct completion never gets less.
    ranked = sorted((r, a) for r, a, c in zip(rewards, advantages.tolist(), correct, strict=True) if c)
    assert all(lower[1] <= upper[1] + 1e-6 for lower, upper in itertools.pairwise(ranked))


@pytest.mark.parametrize("p", [0.02, 0.05, 0.1, 0.3, 0.5, 0.8])
@pytest.mark.parametrize("n", [4, 8, 16])
def test_exact_enumeration_matches_the_closed_form_of_the_paper(n, p):
    """
    The policy succeeds with probability p = sigmoid(theta), so the score function d log pi / d theta is 1 - p
    for a success and -p for a failure, and dp/dtheta = p (1 - p). The expected gradient estimate divided by
    dp/dtheta is the weight w(p) of the objective; it is summed here over all 2^n outcomes, grouped by their
    number of successes.
    """
    expected = {True: 0.0, False: 0.0}
    for successes in range(n + 1):
        probability = math.comb(n, successes) * p**successes * (1 - p) ** (n - successes)
        rewards = torch.tensor([1.0] * successes + [0.0] * (n - successes), dtype=torch.float64)
        scores = torch.tensor([1 - p] * successes + [-p] * (n - successes), dtype=torch.float64)
        for baseline in expected:
            advantages = maxrl_advantages(rewards, n, threshold=0.5, weighting="uniform", baseline=baseline)
            expected[baseline] += probability * (advantages * scores).mean().item() / (p * (1 - p))

    # With the baseline the all-failure groups are dropped: exactly the series truncated at T = n - 1.
    closed_form = (1 - (1 - p) ** n) / p - (1 - p) ** (n - 1)
    assert closed_form == pytest.approx(sum((1 - p) ** (k - 1) for k in range(1, n)), abs=1e-9)
    assert expected[True] == pytest.approx(closed_form, abs=1e-6)
    # Without it, the mean score function over the successes: the series truncated at T = n.
    assert expected[False] == pytest.approx(sum((1 - p) ** (k - 1) for k in range(1, n + 1)), abs=1e-6)


def test_grpo_subtracts_the_mean_and_divides_by_the_deviation_of_the_group():
    # Group 1: mean 2, Bessel-corrected std sqrt((1 + 0 + 1) / 2) = 1. Group 2 has no spread.
    advantages = grpo_advantages(torch.tensor([1.0, 2.0, 3.0, 7.0, 7.0, 7.0]), 3)
    assert_equal(advantages, [-1 / 1.0001, 0.0, 1 / 1.0001, 0.0, 0.0, 0.0], tolerance=1e-6)


def test_grpo_scales_by_the_batch_or_not_at_all_when_asked():
    rewards = torch.tensor([1.0, 3.0, 5.0, 7.0])
    # Means 2 and 6; std of 1, 3, 5, 7 is sqrt(20 / 3) = 2.581989.
    assert_equal(grpo_advantages(rewards, 2, scale_rewards="none"), [-1.0, 1.0, -1.0, 1.0])
    by_batch = 1 / (2.581989 + 1e-4)
    batch = grpo_advantages(rewards, 2, scale_rewards="batch")
    assert_equal(batch, [-by_batch, by_batch, -by_batch, by_batch], 1e-6)


def test_grpo_gives_nan_rows_zero_and_leaves_them_out_of_the_mean():
    # 1 and 3 are left: mean 2, std sqrt(2).
    expected = 1 / (math.sqrt(2) + 1e-4)
    assert_equal(grpo_advantages(torch.tensor([1.0, NAN, 3.0]), 3), [-expected, 0.0, expected], 1e-6)


def test_the_result_has_the_type_of_the_rewards():
    assert maxrl([25.0, 1.0], dtype=torch.bfloat16).dtype == torch.bfloat16
    assert maxrl([25.0, 1.0], dtype=torch.float64).dtype == torch.float64


@pytest.mark.parametrize("weight_temperature", [0.0, -1.0, NAN, INF])
def test_a_temperature_that_is_not_positive_and_finite_is_refused(weight_temperature):
    with pytest.raises(ValueError, match="must be positive and finite, got"):
        maxrl([1.0, 2.0], weight_temperature=weight_temperature)


def test_an_unknown_weighting_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Unknown MaxRL weighting 'softmax'\..+ 'exp', 'standardized', 'uniform'"):
        maxrl([1.0, 2.0], weighting="softmax")


def test_an_unknown_scaling_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Unknown scale_rewards 'std'\. Allowed: 'group', 'batch', 'none'"):
        grpo_advantages(torch.ones(2), 2, scale_rewards="std")


def test_incomplete_groups_are_refused():
    with pytest.raises(ValueError, match="multiple of num_generations=4"):
        maxrl([1.0, 2.0, 3.0], 4)


def test_a_nan_threshold_is_refused():
    with pytest.raises(ValueError, match="threshold is NaN"):
        maxrl([1.0, 2.0], threshold=NAN)


def test_a_sum_is_not_known_where_a_reward_is_missing_that_others_of_the_group_have():
    rewards = torch.tensor([[1.0, 10.0], [2.0, NAN], [3.0, NAN], [4.0, NAN], [NAN, NAN], [5.0, 1.0]])
    sums = summed_rewards(rewards, torch.tensor([1.0, 0.5]), 2)
    # Group 1: 1 + 5, not known. Group 2: no second reward at all, so 3 and 4. Group 3: nothing; 5 + 0.5
    assert sums.isnan().tolist() == [False, True, False, False, True, False]
    assert sums[[0, 2, 3, 5]].tolist() == [6.0, 3.0, 4.0, 5.5]
