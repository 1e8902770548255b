"""pass@k and the paired bootstrap, on hand-worked numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_rewards.evaluation.statistics import paired_bootstrap, pass_at_k


@pytest.mark.parametrize(
    ("n", "c", "k", "expected"),
    [
        (5, 2, 2, 0.7),  # 1 - C(3,2)/C(5,2) = 1 - 3/10
        (10, 3, 5, 11 / 12),  # 1 - C(7,5)/C(10,5) = 1 - 21/252
        (4, 1, 1, 0.25),
        (4, 0, 4, 0.0),
        (4, 4, 1, 1.0),
        (4, 2, 3, 1.0),  # three of four cannot all miss two correct ones
    ],
)
def test_pass_at_k_is_the_closed_form(n, c, k, expected):
    assert pass_at_k(n, c, k) == pytest.approx(expected)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_equals_the_binomials(counts):
    n, c, k = counts
    assert pass_at_k(n, c, k) == pytest.approx(1 - math.comb(n - c, k) / math.comb(n, k))


@pytest.mark.parametrize(("n", "c", "k"), [(4, 1, 5), (4, 1, 0), (4, 5, 1), (4, -1, 1)])
def test_pass_at_k_refuses_impossible_counts(n, c, k):
    with pytest.raises(ValueError, match="samples"):
        pass_at_k(n, c, k)


def test_bootstrap_of_one_constant_gain_has_no_width():
    assert paired_bootstrap([0.0, 0.5, 0.5], [0.25, 0.75, 0.75]) == (0.25, 0.25, 0.25)


def test_bootstrap_of_one_win_and_one_loss_covers_both():
    # of the four equally likely resamples of (+1, -1), one in four is all loss and one all win
    interval = paired_bootstrap([0, 1], [1, 0])
    assert interval == (0.0, -1.0, 1.0)


def test_bootstrap_is_paired():
    # tasks differ a lot, models hardly: an unpaired interval would span -1..1
    before = [0.0, 1.0] * 20
    after = [0.1, 1.0] * 20
    interval = paired_bootstrap(before, after)
    assert interval.difference == pytest.approx(0.05)
    assert interval.low > 0
    assert interval == paired_bootstrap(before, after)
