"""A row that could not be scored, in real trainers: TRL's two ways to add rewards up, and MaxRL.

The completions and their rewards are fixed; everything after sampling is the real thing. `nan` stands for `None`.
"""

import pytest
import torch
from maxrl_testbed import grade, trainer
from trl import GRPOConfig, GRPOTrainer

from trainers import MaxRLTrainer
from trainers.objectives import grpo_advantages

pytestmark = pytest.mark.filterwarnings("ignore:You are using 'rollout_func'")

# Group 1: two right, one wrong, and one that could not be scored. Group 2: all are scored.
TEXTS = ["28 a <eos>", "26 b <eos>", "5 c <eos>", "nan d <eos>", "24 a <eos>", "10 b <eos>", "5 c <eos>", "28 d <eos>"]
UNSCORED = 3


def letter(completions, **kwargs):
    """Second reward, which can be asked about any completion: 1 for the letters a and b, else 0."""
    return [float(completion.split()[1] in "ab") for completion in completions]


def whole_letter(completions, **kwargs):
    """The second reward as it is when a row is scored or not as a whole."""
    pairs = zip(grade(completions), letter(completions), strict=True)
    return [None if first is None else second for first, second in pairs]


def advantages(folder, rewards, *, kind=GRPOTrainer, texts=TEXTS, **options):
    options |= {"config_kind": GRPOConfig} if kind is GRPOTrainer else {}
    run = trainer(folder, texts, kind=kind, rewards=rewards, **options)
    run.train()
    return torch.tensor(list(run._logs["advantages"]))


@pytest.mark.parametrize("aggregation", ["sum_then_normalize", "normalize_then_sum"])
def test_a_row_that_is_none_as_a_whole_moves_nobody(tmp_path, aggregation):
    got = advantages(tmp_path, [grade, whole_letter], multi_objective_aggregation=aggregation)
    assert got[UNSCORED] == 0.0
    assert got[0] > 0 > got[2]  # the best and the worst of the three that are left
    assert got[4:].abs().min() > 0.0


def test_summed_first_the_others_get_what_they_would_without_the_row(tmp_path):
    got = advantages(tmp_path, [grade, whole_letter])
    alone = grpo_advantages(torch.tensor([29.0, 27.0, 5.0]), 3)  # grade + letter of the three
    torch.testing.assert_close(got[:3], alone, rtol=1e-4, atol=1e-4)


def test_summed_first_a_row_that_is_none_in_part_is_the_worst_of_its_group(tmp_path):
    """Why rows are scored as a whole: TRL adds 0 for the `None`, and nobody knows that the answer is wrong."""
    got = advantages(tmp_path, [grade, letter])
    assert got[UNSCORED] == got[:4].min() < -0.5
    assert got[2] > advantages(tmp_path, [grade, whole_letter])[2]  # and a wrong answer gains by it


def test_normalized_first_a_row_that_is_none_in_part_is_as_good_as_its_other_rewards(tmp_path):
    got = advantages(tmp_path, [grade, letter], multi_objective_aggregation="normalize_then_sum")
    assert got[2] < got[UNSCORED] < got[1] < got[0]


@pytest.mark.parametrize("baseline", [False, True])
def test_maxrl_learns_nothing_from_it(tmp_path, baseline):
    got = advantages(tmp_path, grade, kind=MaxRLTrainer, maxrl_weighting="uniform", maxrl_baseline=baseline)
    off = 1.0 if baseline else 0.0
    # Two of four are correct: 4 / 2 each; in the second group 24 and 28 are
    assert got.tolist() == [2.0 - off, 2.0 - off, -off, 0.0, 2.0 - off, -off, -off, 2.0 - off]


@pytest.mark.parametrize("baseline", [False, True])
def test_maxrl_does_not_take_a_reward_that_failed_for_a_low_one(tmp_path, baseline):
    # The sum of both rewards is compared with the threshold. `letter` alone cannot reach it: whether the row is
    # correct is not known
    options = {"kind": MaxRLTrainer, "maxrl_weighting": "uniform", "maxrl_baseline": baseline}
    whole = advantages(tmp_path / "whole", [grade, whole_letter], **options)
    assert advantages(tmp_path / "part", [grade, letter], **options).tolist() == whole.tolist()


def test_maxrl_takes_a_reward_that_no_row_of_a_group_has_for_one_that_does_not_apply(tmp_path):
    def tests(completions, **kwargs):
        return [None] * 4 + [10.0] * 4  # the first task has no tests

    got = advantages(tmp_path, [grade, tests], kind=MaxRLTrainer, maxrl_weighting="uniform", texts=TEXTS[4:] * 2)
    # 24, 10, 5, 28 against 20: two correct. With 10 more: 34, 20, 15, 38, the same two
    assert got.tolist() == [2.0, 0.0, 0.0, 2.0] * 2
