"""A row that could not be scored, in real trainers: TRL's two ways to add rewards up, and MaxRL.

The completions and their rewards are fixed; everything after sampling is the real thing. `nan` stands for `None`.
"""

import math

import pytest
import torch
from datasets import Dataset
from maxrl_testbed import config, grade, trainer
from paths import ROOT
from transformers import AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from rust_rewards.rewards import format_reward, get_rust_reward, tests_reward
from rust_rewards.verifier import Limits
from rust_rewards.whole_rows import whole_rows
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


RIGHT = "    a + b\n}\n"
WRONG = "    a - b\n}\n"
LOOPS = [
    "    let mut x = a; loop { x = std::hint::black_box(x + b) & 1; }\n}\n",
    "    loop { std::thread::yield_now(); }\n}\n",
]
COLUMNS = {
    "code_prefix": "/// Trains with a deadline.\npub fn add(a: i32, b: i32) -> i32 {\n",
    "tests": "assert_eq!(add(1, 2), 3);",
    "entry_point": "add",
}


class RustCompletions:
    """A `rollout_func` that answers every group with the same four completions."""

    def __init__(self, tokenizer):
        self.ids = [[*tokenizer(text).input_ids, tokenizer.eos_token_id] for text in (RIGHT, WRONG, *LOOPS)]
        self.encode = tokenizer

    def __call__(self, prompts, trainer):
        answers = (self.ids * len(prompts))[: len(prompts)]
        return {"prompt_ids": self.encode(prompts).input_ids, "completion_ids": answers, "logprobs": None}


@pytest.mark.parametrize("kind", [GRPOTrainer, MaxRLTrainer])
def test_what_a_real_deadline_cuts_off_moves_nobody_on_the_embedded_model(tmp_path, kind):
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "recipes/tiny/checkpoint")
    # Known before the step: what the loops take away from the others' time is not the subject here
    texts = [RIGHT, WRONG]
    assert tests_reward(texts, **{name: [cell] * 2 for name, cell in COLUMNS.items()}) == [1.0, 0.0]
    hurried = get_rust_reward(limits=Limits(deadline_seconds=2.0))
    options = {"config_kind": GRPOConfig}
    if kind is MaxRLTrainer:
        options = {"maxrl_weighting": "uniform", "correctness_reward": "tests_reward", "correctness_threshold": 0.5}
    run = kind(
        str(ROOT / "recipes/tiny/checkpoint"),
        whole_rows([format_reward, hurried, tests_reward]),  # in any order: format alone would not ask the verifier
        args=config(tmp_path, reward_weights=[1.0, 1.0, 10.0], max_completion_length=64, **options),
        train_dataset=Dataset.from_list([COLUMNS | {"prompt": COLUMNS["code_prefix"]}] * 2),
        processing_class=tokenizer,
        rollout_func=RustCompletions(tokenizer),
    )
    run.train()
    rows = list(zip(*run._logs["rewards"].values(), strict=True))
    assert all(all(map(math.isnan, row)) for row in (*rows[2:4], *rows[6:8]))
    assert not any(math.isnan(value) for row in rows[:2] for value in row)
    got = list(run._logs["advantages"])
    if kind is MaxRLTrainer:
        assert got == [4.0, 0.0, 0.0, 0.0] * 2
    else:  # two are left, one standard deviation of two numbers apart from their mean: 1 / sqrt(2)
        assert got == pytest.approx([0.7071, -0.7071, 0.0, 0.0] * 2, abs=1e-3)
