"""A run that is stopped and resumed takes the same steps as one that is not, under every schedule."""

import json

import pytest
import torch
from datasets import Dataset
from maxrl_testbed import checkpoint_path, config, tiny_model, tiny_tokenizer
from trl.trainer.utils import RepeatSampler

from trainers import MaxRLTrainer
from trainers.epoch_order import ReplayedSampler
from trainers.maxrl_trainer import SCHEDULE_STATE_NAME

SCHEDULES = {
    "always": {},
    "warmup": {"grpo_warmup_steps": 3},
    # Switches to MaxRL in the second step, before the cut.
    "adaptive": {
        "switch_correctness": 0.1,
        "switch_hysteresis": 0.01,
        "switch_smoothing": 0.5,
        "switch_min_steps": 1,
    },
    "per_group": {},
}
STEPS, CUT = 6, 3


def has_a_vowel(completions, **kwargs):
    """Reward: 30 for a sampled completion with the word "a" or "e", else its number of different words."""
    return [30.0 if {"a", "e"} & set(words) else float(len(set(words))) for words in map(str.split, completions)]


def sampling_trainer(output_dir, schedule, **options):
    """Return a trainer that really samples from the tiny model; an unfinished answer of 4 words may be
    correct."""
    run = MaxRLTrainer(
        tiny_model(),
        has_a_vowel,
        config(
            output_dir,
            max_steps=STEPS,  # ten prompts, four a step: three epochs, cut in the second
            maxrl_schedule=schedule,
            per_device_train_batch_size=16,
            num_generations=4,
            max_completion_length=20,
            shuffle_dataset=True,
            learning_rate=0.05,
            save_strategy="steps",
            save_steps=CUT,
            **{**SCHEDULES[schedule], **options},
        ),
        train_dataset=Dataset.from_dict({"prompt": [f"{a} {b}" for a in "abcde" for b in "pq"]}),
        processing_class=tiny_tokenizer(),
    )
    return run


def steps_of(run):
    """Return what the log says of every step, without the timings."""
    keys = ("step", "loss", "grad_norm", "reward", "maxrl/n_correct", "maxrl/active")
    return [{key: record.get(key) for key in keys} for record in run.state.log_history if "loss" in record]


@pytest.fixture(params=list(SCHEDULES))
def interrupted_and_whole(request, tmp_path):
    """Return the schedule's name, an uninterrupted run, and one resumed from the former's checkpoint."""
    whole = sampling_trainer(tmp_path, request.param)
    whole.train()
    resumed = sampling_trainer(tmp_path, request.param)
    resumed.train(resume_from_checkpoint=checkpoint_path(tmp_path, CUT))
    return request.param, whole, resumed


def test_a_resumed_run_takes_the_same_steps(interrupted_and_whole):
    name, whole, resumed = interrupted_and_whole
    assert steps_of(resumed) == steps_of(whole)
    assert len(steps_of(whole)) == STEPS
    assert resumed.schedule == whole.schedule
    for (key, after), (_, expected) in zip(
        resumed.model.named_parameters(), whole.model.named_parameters(), strict=True
    ):
        torch.testing.assert_close(after, expected, atol=0, rtol=0, msg=key)
    # Not vacuous: there is something to learn from, and the switching schedules do switch.
    assert sum(record["maxrl/n_correct"] for record in steps_of(whole)) > 0
    active = {record["maxrl/active"] for record in steps_of(whole)}
    assert active == {"always": {1.0}, "warmup": {0.0, 1.0}, "adaptive": {0.0, 1.0}}.get(name, active)


def test_a_run_cut_between_two_generations_takes_the_same_steps_when_a_batch_serves_several(tmp_path):
    whole = sampling_trainer(tmp_path, "always", num_iterations=CUT)
    whole.train()
    resumed = sampling_trainer(tmp_path, "always", num_iterations=CUT)
    resumed.train(resume_from_checkpoint=checkpoint_path(tmp_path, CUT))
    assert steps_of(resumed) == steps_of(whole)
    assert [record["reward"] is not None for record in steps_of(whole)] == [True, False, False] * 2


def test_the_state_of_the_adaptive_schedule_is_in_the_checkpoint_and_needed(tmp_path):
    whole = sampling_trainer(tmp_path, "adaptive")
    whole.train()
    state_file = tmp_path / f"checkpoint-{CUT}" / SCHEDULE_STATE_NAME
    state = json.loads(state_file.read_text())
    assert set(state) == {"smoothed_rate", "maxrl_active", "active_since"}
    state_file.write_text(json.dumps({**state, "maxrl_active": not state["maxrl_active"], "active_since": 1000}))
    resumed = sampling_trainer(tmp_path, "adaptive")
    resumed.train(resume_from_checkpoint=checkpoint_path(tmp_path, CUT))
    after_the_cut = [record["maxrl/active"] for record in steps_of(resumed)[CUT:]]
    assert after_the_cut == [float(not state["maxrl_active"])] * (STEPS - CUT)


def test_a_checkpoint_without_schedule_state_starts_the_schedule_afresh_and_says_so(tmp_path, caplog):
    sampling_trainer(tmp_path, "always").train()
    resumed = sampling_trainer(tmp_path, "adaptive")
    resumed.train(resume_from_checkpoint=checkpoint_path(tmp_path, CUT))
    assert "has no maxrl_schedule.json, so maxrl_schedule='adaptive' starts afresh" in caplog.text
    assert len(steps_of(resumed)) == STEPS


def test_the_order_of_prompts_is_that_of_trl_in_every_epoch_also_when_begun_in_a_later_one():
    def sampler():
        return RepeatSampler(range(7), mini_repeat_count=2, batch_size=3, repeat_count=2, seed=5)

    uninterrupted = sampler()
    epochs = [list(uninterrupted) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    ours = ReplayedSampler(sampler(), seed=5)
    for epoch, expected in enumerate(epochs):
        ours.set_epoch(epoch)
        assert list(ours) == expected
    resumed = ReplayedSampler(sampler(), seed=5)
    resumed.set_epoch(2)
    assert list(resumed) == epochs[2]
    assert len(resumed) == len(epochs[2])
