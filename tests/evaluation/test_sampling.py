"""Sampling: batches, resumption, and what a model may not be asked."""

import pytest
from workflow_testbed import LARGER, TASKS

from rust_rewards.evaluation.generators import Sampling
from rust_rewards.evaluation.sampling import plan_batches, sample_tasks, with_room

SETTINGS = {"model": "m"}


def test_batches_hold_every_sample_once_with_prompts_of_similar_length():
    lengths = {"long": 90, "short": 10, "middle": 40}
    batches = plan_batches(lengths, dict.fromkeys(lengths, ()), Sampling(num_samples=2, batch_size=4))
    assert batches == [
        [("short", 0), ("short", 1), ("middle", 0), ("middle", 1)],
        [("long", 0), ("long", 1)],
    ]


def test_batches_never_mix_stop_strings():
    batches = plan_batches({"a": 5, "b": 5}, {"a": ("\n}",), "b": ()}, Sampling(batch_size=8))
    assert batches == [[("b", 0)], [("a", 0)]]


def test_interrupted_sampling_resumes_to_the_same_samples(generator, tmp_path):
    sampling = Sampling(num_samples=3, temperature=1.0, max_new_tokens=8, batch_size=2)
    path = tmp_path / "samples.jsonl"
    options = {"style": "prefix", "samples_file": path, "settings": SETTINGS}
    whole = sample_tasks(TASKS, generator, sampling, **options)
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:4]) + lines[4][:20])  # settings, a whole batch, half of the next
    assert sample_tasks(TASKS, generator, sampling, **options) == whole
    assert path.read_text() == text
    assert [(row["task_id"], row["sample_index"]) for row in whole] == [
        (name, index) for name in ("double", "larger") for index in range(3)
    ]


def test_samples_begun_with_other_settings_are_refused_and_kept(generator, tmp_path):
    path = tmp_path / "samples.jsonl"
    sampling = Sampling(max_new_tokens=4)
    sample_tasks(TASKS, generator, sampling, style="prefix", samples_file=path, settings=SETTINGS)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="other settings \\(model differ\\)"):
        sample_tasks(TASKS, generator, sampling, style="prefix", samples_file=path, settings={"model": "other"})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("asked", "context", "given"),
    [(None, 256, 246), (None, 1000, 256), (None, None, 256), (40, 256, 40), (246, 256, 246)],
)
def test_without_a_limit_a_completion_has_what_the_context_leaves(asked, context, given):
    prompts = {"short": [0] * 3, "long": [0] * 10}
    assert with_room(Sampling(max_new_tokens=asked), prompts, context).max_new_tokens == given


@pytest.mark.parametrize(
    ("asked", "context", "advice"),
    [
        (247, 256, "--max_new_tokens to at most 246"),
        (None, 10, "a model with a longer context"),
        (5, 8, "longer context"),
    ],
)
def test_no_room_for_what_was_asked_for_is_refused(asked, context, advice):
    with pytest.raises(ValueError, match=f"Task long needs 10 prompt tokens .* {advice}"):
        with_room(Sampling(max_new_tokens=asked), {"short": [0] * 3, "long": [0] * 10}, context)


def test_prompt_longer_than_the_context_is_refused(generator, tmp_path):
    with pytest.raises(ValueError, match="the model's context is 256"):
        sample_tasks(
            [LARGER],
            generator,
            Sampling(max_new_tokens=250),
            style="prefix",
            samples_file=tmp_path / "s.jsonl",
            settings=SETTINGS,
        )
