"""One real step of `MaxRLTrainer` against the objective written down again, and everything around the
step."""

import logging
import math

import pandas as pd
import pytest
import torch
from datasets import Dataset
from maxrl_testbed import (
    config,
    first_gradient,
    grade,
    log_value,
    tiny_model,
    tiny_tokenizer,
    token_ids,
    trainer,
)
from peft import LoraConfig
from trl import GRPOConfig, GRPOTrainer

from trainers import MaxRLTrainer
from trainers.objectives import grpo_advantages

pytestmark = pytest.mark.filterwarnings("ignore:You are using 'rollout_func'")

# Two groups of four. Group 1: 28 and 24 are correct. Group 2: 21 is; 20 is not above the threshold, "nan"
# could not be judged, and 26 was cut off at the length limit of 8 words.
TEXTS = [
    "28 a b <eos>",
    "24 c <eos>",
    "5 a d e <eos>",
    "10 <eos>",
    "20 a <eos>",
    "21 b b <eos>",
    "nan a <eos>",
    "26 a b c d e f g",
]
REWARDS = [28.0, 24.0, 5.0, 10.0, 20.0, 21.0, math.nan, 26.0]
PROMPTS = ["p q"] * 4 + ["q p"] * 4
NO_CORRECT = ["5 a <eos>", "10 b <eos>", "-4 <eos>", "20 c <eos>"]


def objective_gradient(advantages, texts=TEXTS, *, loss_type, max_completion_length=8):
    """
    Gradient of -1/Z sum_i A_i log pi(completion_i | prompt_i), one sequence at a time and without padding.

    Z is the number of completion tokens for `dapo` and completions times the length limit for `dr_grpo`.
    """
    model = tiny_model()
    objective, tokens = torch.zeros(()), 0
    for advantage, prompt, text in zip(advantages, PROMPTS, texts, strict=True):
        prompt_ids, completion_ids = token_ids(prompt), token_ids(text)
        logits = model(torch.tensor([prompt_ids + completion_ids])).logits[0, len(prompt_ids) - 1 : -1]
        chosen = torch.log_softmax(logits, dim=-1)[range(len(completion_ids)), completion_ids]
        objective = objective + advantage * chosen.sum()
        tokens += len(completion_ids)
    normalizer = tokens if loss_type == "dapo" else len(texts) * max_completion_length
    (-objective / normalizer).backward()
    return {name: p.grad for name, p in model.named_parameters()}


def assert_same_gradient(actual, expected, tolerance=1e-5):
    assert actual.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(actual[name], expected[name], atol=tolerance, rtol=0, msg=name)


def largest(gradient):
    return max(g.abs().max().item() for g in gradient.values())


def by_hand(weighting, baseline):
    """Advantages of `TEXTS`, written out. C is {28, 24} in group 1 and {21} in group 2."""
    if weighting == "uniform":
        first = [2.0, 2.0]
    else:
        # exp, T = 4: the weights are e^(8/4) and e^(4/4). standardized: mean 26, std 2, z = 1 and -1, T = 4.
        gap = 1.0 if weighting == "exp" else 2.0 / (2.0 + 1e-4) * 2 / 4
        best = 1 / (1 + math.exp(-gap))
        first = [4 * best, 4 * (1 - best)]
    shift = 1.0 if baseline else 0.0
    group_1 = [first[0] - shift, first[1] - shift, -shift, -shift]
    return [*group_1, -shift, 4.0 - shift, 0.0, -shift]  # the unjudged one gets 0 either way


@pytest.mark.parametrize("loss_type", ["dapo", "dr_grpo"])
@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("weighting", ["exp", "standardized", "uniform"])
def test_the_gradient_of_a_step_is_that_of_the_objective(tmp_path, weighting, baseline, loss_type):
    options = {"maxrl_weighting": weighting, "maxrl_baseline": baseline, "loss_type": loss_type}
    gradient, run = first_gradient(tmp_path, TEXTS, maxrl_weight_temperature=4.0, **options)
    advantages = by_hand(weighting, baseline)
    assert list(run._logs["advantages"]) == pytest.approx(advantages, abs=1e-5)
    expected = objective_gradient(advantages, loss_type=loss_type)
    assert largest(expected) > 0.01
    assert_same_gradient(gradient, expected)


@pytest.mark.parametrize("scale_rewards", ["group", "batch", "none"])
def test_during_warmup_the_step_is_exactly_that_of_trl(tmp_path, scale_rewards):
    options = {"scale_rewards": scale_rewards, "loss_type": "dr_grpo"}
    ours, run = first_gradient(tmp_path, TEXTS, maxrl_schedule="warmup", grpo_warmup_steps=1, **options)
    theirs, reference = first_gradient(tmp_path, TEXTS, kind=GRPOTrainer, config_kind=GRPOConfig, **options)
    assert_same_gradient(ours, theirs, tolerance=0.0)
    assert log_value(run, "maxrl/active") == 0.0
    # The pure function agrees with what TRL computed.
    expected = grpo_advantages(torch.tensor(REWARDS), 4, scale_rewards=scale_rewards)
    assert list(reference._logs["advantages"]) == pytest.approx(expected.tolist(), abs=1e-6)
    assert list(run._logs["advantages"]) == list(reference._logs["advantages"])


@pytest.mark.parametrize("loss_type", ["dapo", "dr_grpo"])
def test_other_words_in_wrong_completions_change_nothing(tmp_path, loss_type):
    other = ["28 a b <eos>", "24 c <eos>", "-4 j j j <eos>", "5 <eos>"]
    other += ["10 h <eos>", "21 b b <eos>", "nan i <eos>", "-4 j i h g f e d"]
    before, _ = first_gradient(tmp_path, TEXTS, loss_type=loss_type)
    after, _ = first_gradient(tmp_path, other, loss_type=loss_type)
    assert largest(before) > 0.01
    assert_same_gradient(after, before, tolerance=1e-7)


def test_longer_wrong_completions_change_nothing_under_dr_grpo_and_the_scale_under_dapo(tmp_path):
    longer = [*TEXTS]
    longer[2], longer[4] = "5 a a a a a a <eos>", "20 a a a a a a <eos>"  # 5 to 8 words, 3 to 8 words
    before, _ = first_gradient(tmp_path, TEXTS, loss_type="dr_grpo")
    after, _ = first_gradient(tmp_path, longer, loss_type="dr_grpo")
    assert_same_gradient(after, before, tolerance=1e-7)

    before, _ = first_gradient(tmp_path, TEXTS, loss_type="dapo")
    after, _ = first_gradient(tmp_path, longer, loss_type="dapo")
    tokens = sum(len(text.split()) for text in TEXTS)
    rescaled = {name: g * tokens / (tokens + 8) for name, g in before.items()}
    assert_same_gradient(after, rescaled)


def test_a_batch_without_correct_completions_moves_nothing(tmp_path):
    gradient, run = first_gradient(tmp_path, NO_CORRECT * 2)
    assert largest(gradient) == 0.0
    assert log_value(run, "maxrl/frac_groups_without_correct") == 1.0


def test_the_metrics_count_truncated_completions_as_failures_and_unjudged_ones_not_at_all(tmp_path):
    _, run = first_gradient(tmp_path, TEXTS)
    record = run.state.log_history[0]
    metrics = {key.removeprefix("maxrl/"): value for key, value in record.items() if key.startswith("maxrl/")}
    assert metrics == {
        "correctness_rate": 3 / 7,
        "n_correct": 3,
        "n_total": 7,
        "avg_correct_reward": pytest.approx((28 + 24 + 21) / 3),
        "frac_groups_without_correct": 0.0,
        "frac_groups_all_correct": 0.0,
        "active": 1.0,
    }


def test_counts_are_summed_over_the_batches_between_two_log_lines(tmp_path, capsys):
    run = trainer(tmp_path, TEXTS, max_steps=3, logging_steps=3)
    run.train()
    assert (log_value(run, "maxrl/n_correct"), log_value(run, "maxrl/n_total")) == (9, 21)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Correctness")]
    assert len(lines) == 1
    assert lines[0].startswith("Correctness: 9/21 (42.9%)  avg correct reward 24.33  loss ")


def test_the_table_of_completions_shows_the_advantages_used(tmp_path):
    first_gradient(tmp_path, TEXTS, log_completions=True, num_completions_to_print=1, maxrl_weighting="uniform")
    table = pd.read_parquet(tmp_path / "completions" / "completions_00001.parquet")
    assert table["advantage"].tolist() == by_hand("uniform", False)
    assert table["grade"].tolist()[:2] == [28.0, 24.0]


def test_per_group_uses_scaled_grpo_where_nothing_is_correct_and_maxrl_elsewhere(tmp_path):
    options = {"maxrl_schedule": "per_group", "per_group_scale": 0.25, "maxrl_weighting": "uniform"}
    _, run = first_gradient(tmp_path, TEXTS[:4] + NO_CORRECT, **options)
    graded = 0.25 * grpo_advantages(torch.tensor([5.0, 10.0, -4.0, 20.0]), 4)
    assert list(run._logs["advantages"]) == pytest.approx([2.0, 2.0, 0.0, 0.0, *graded.tolist()], abs=1e-6)
    assert log_value(run, "maxrl/active") == 0.5


def test_warmup_hands_over_at_the_given_optimizer_step(tmp_path):
    options = {"maxrl_schedule": "warmup", "grpo_warmup_steps": 2, "gradient_accumulation_steps": 2}
    run = trainer(tmp_path, TEXTS, max_steps=4, per_device_train_batch_size=4, **options)
    run.train()
    assert [record["maxrl/active"] for record in run.state.log_history[:-1]] == [0.0, 0.0, 1.0, 1.0]


def test_adaptive_hands_over_when_the_correctness_rate_is_high_enough(tmp_path):
    options = {"switch_correctness": 0.4, "switch_hysteresis": 0.02, "switch_min_steps": 2}
    run = trainer(tmp_path, TEXTS, max_steps=4, maxrl_schedule="adaptive", **options)
    run.train()  # the rate is 3/7 = 0.429 at every step
    assert [record["maxrl/active"] for record in run.state.log_history[:-1]] == [0.0, 0.0, 1.0, 1.0]


def test_groups_may_be_split_over_accumulated_batches(tmp_path):
    whole, _ = first_gradient(tmp_path, TEXTS, loss_type="dr_grpo")
    options = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 4}
    split, _ = first_gradient(tmp_path, TEXTS, loss_type="dr_grpo", **options)
    assert_same_gradient(split, whole, tolerance=1e-6)


def test_reused_completions_keep_their_advantages_for_all_iterations(tmp_path):
    run = trainer(tmp_path, TEXTS, max_steps=4, num_iterations=2, maxrl_weighting="uniform", learning_rate=1e-3)
    run.train()
    records = run.state.log_history[:-1]
    # Completions are generated, and counted, at steps 1 and 3 only; steps 2 and 4 use them again.
    assert ["maxrl/n_correct" in record for record in records] == [True, False, True, False]
    # On its first use a batch has ratio 1, so its loss is -sum(A_i * length_i) / tokens.
    lengths = [len(text.split()) for text in TEXTS]
    weighted = sum(a * n for a, n in zip(by_hand("uniform", False), lengths, strict=True))
    assert records[0]["loss"] == pytest.approx(-weighted / sum(lengths), abs=1e-4)
    assert records[1]["loss"] < records[0]["loss"]  # the step has made the correct completions more probable


def test_several_rewards_are_weighted_and_summed_or_one_of_them_defines_correct(tmp_path):
    def length(completions, **kwargs):
        return [float(len(completion.split())) for completion in completions]

    options = {"rewards": [grade, length], "reward_weights": [1.0, -10.0], "maxrl_weighting": "uniform"}
    # Without special tokens the lengths of group 1 are 3, 2, 4, 1: 28 - 30, 24 - 20, 5 - 40, 10 - 10.
    _, run = first_gradient(tmp_path, TEXTS, correctness_threshold=3.0, **options)
    assert list(run._logs["advantages"])[:4] == [0.0, 4.0, 0.0, 0.0]
    _, run = first_gradient(tmp_path, TEXTS, correctness_threshold=2.5, correctness_reward="length", **options)
    assert list(run._logs["advantages"])[:4] == [2.0, 0.0, 2.0, 0.0]


def test_training_makes_the_correct_completions_more_probable(tmp_path):
    def log_probability(model, text):
        ids = torch.tensor([token_ids("p q") + token_ids(text)])
        with torch.no_grad():
            chosen = torch.log_softmax(model(ids).logits[0, 1:-1], dim=-1)
        return chosen[range(ids.size(1) - 2), ids[0, 2:]].sum().item()

    run = trainer(tmp_path, TEXTS, max_steps=5)
    before = tiny_model()
    run.train()
    assert log_probability(run.model, TEXTS[0]) > log_probability(before, TEXTS[0]) + 0.5


def test_an_adapter_is_trained_and_the_base_model_is_not(tmp_path):
    lora = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    gradient, run = first_gradient(tmp_path, TEXTS, peft_config=lora, maxrl_weighting="uniform")
    assert gradient.keys() == {name for name, p in run.model.named_parameters() if p.requires_grad}
    assert all("lora_" in name for name in gradient)
    assert largest(gradient) > 0
    assert list(run._logs["advantages"]) == by_hand("uniform", False)


def test_evaluation_reports_its_own_correctness_and_moves_neither_schedule_nor_counts(tmp_path):
    held_out = Dataset.from_dict({"prompt": ["q p", "p q", "p p", "q q"]})
    options = {"maxrl_schedule": "adaptive", "num_generations_eval": 1, "per_device_eval_batch_size": 4}
    run = trainer(tmp_path, TEXTS, eval_dataset=held_out, **options)
    run.train()
    state = run.schedule.state()
    metrics = run.evaluate()
    # Four completions, one per prompt: 28 and 24 are correct, 5 and 10 are not.
    assert (metrics["eval_maxrl/n_correct"], metrics["eval_maxrl/n_total"]) == (2, 4)
    assert metrics["eval_maxrl/correctness_rate"] == 0.5
    assert run.schedule.state() == state
    assert run._watch.batches == 1
    assert sum("maxrl/n_correct" in record for record in run.state.log_history) == 1


def test_an_evaluation_larger_than_the_log_of_completions_keeps_the_log_whole(tmp_path):
    held_out = Dataset.from_dict({"prompt": ["q p", "p q", "p p", "q q"]})
    options = {"num_generations_eval": 4, "per_device_eval_batch_size": 16, "maxrl_weighting": "uniform"}
    run = trainer(tmp_path, TEXTS * 2, eval_dataset=held_out, **options)
    run.evaluate()
    assert list(run._logs["advantages"]) == by_hand("uniform", False)  # the last 8 of 16


def test_the_model_card_names_method_tags_and_paper(tmp_path):
    run = trainer(tmp_path, TEXTS)
    run.train()
    run.create_model_card(model_name="tiny")
    card = (tmp_path / "README.md").read_text()
    assert "trained with MaxRL, a method introduced in [Maximum Likelihood Reinforcement Learning]" in card
    assert "papers/2602.02710" in card
    assert "\n- maxrl\n" in card
    assert "grpo" not in card.lower()


def test_a_threshold_above_every_reward_is_reported_at_the_end_of_a_short_run(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="trainers.correctness"):
        first_gradient(tmp_path, TEXTS, correctness_threshold=40.0)
    (message,) = [r.getMessage() for r in caplog.records if r.name == "trainers.correctness"]
    assert "rewards from 5 to 28 were observed, correctness_threshold is 40" in message


def test_a_reward_function_that_always_returns_none_stops_the_run_with_its_name(tmp_path):
    def broken(completions, **kwargs):
        return [None] * len(completions)

    run = trainer(tmp_path, TEXTS, rewards=broken, max_steps=20, maxrl_schedule="per_group")
    with pytest.raises(RuntimeError, match=r"broken returned None for every completion of the first 10 batch"):
        run.train()


def test_an_unknown_correctness_reward_is_refused_before_the_model_loads(tmp_path):
    with pytest.raises(ValueError, match=r"correctness_reward='grad' .+ Did you mean 'grade'\? Known: grade"):
        MaxRLTrainer(
            "no/such-model",
            grade,
            config(tmp_path, correctness_reward="grad"),
            train_dataset=Dataset.from_dict({"prompt": ["p"]}),
            processing_class=tiny_tokenizer(),
        )


def test_a_correctness_reward_that_names_two_functions_is_refused(tmp_path):
    with pytest.raises(ValueError, match="correctness_reward='grade' is ambiguous: 2 reward functions"):
        trainer(tmp_path, TEXTS, rewards=[grade, grade], correctness_reward="grade")


def test_a_configuration_of_grpo_is_refused(tmp_path):
    with pytest.raises(TypeError, match="needs a MaxRLConfig, got GRPOConfig"):
        trainer(tmp_path, TEXTS, config_kind=GRPOConfig)
