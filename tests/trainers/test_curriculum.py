"""The curriculum: its choices on hand-worked successes, then inside a real trainer, stopped and resumed."""

import json
import os
import subprocess
import sys

import pytest
from curriculum_testbed import STEPS, Worth, curriculum_trainer
from datasets import Dataset, IterableDataset
from maxrl_testbed import checkpoint_path, config, tiny_model, tiny_tokenizer
from paths import SUPPORT
from trl import GRPOConfig, GRPOTrainer
from trl.trainer.utils import RepeatSampler

from trainers.curriculum import (
    STATE_NAME,
    Curriculum,
    CurriculumConfig,
    CurriculumGRPOTrainer,
    CurriculumMaxRLTrainer,
    CurriculumSampler,
    easiest_first,
)

TEN = range(10)


# Choosing


def test_training_starts_with_the_easiest_share():
    curriculum = Curriculum(TEN, CurriculumConfig(start_share=0.3))
    drawn = {task for _ in range(20) for task in curriculum.draw(2)}
    assert drawn == {0, 1, 2}


def test_every_unlocked_task_comes_once_before_any_comes_again():
    curriculum = Curriculum(TEN, CurriculumConfig(start_share=1.0))
    drawn = [task for _ in range(5) for task in curriculum.draw(2)]
    assert sorted(drawn) == list(TEN)


def test_batch_never_holds_a_task_twice_even_across_rounds():
    curriculum = Curriculum(TEN, CurriculumConfig(start_share=0.5))
    assert all(len(set(curriculum.draw(4))) == 4 for _ in range(50))


def test_success_unlocks_harder_tasks_and_failure_does_not():
    curriculum = Curriculum(TEN, CurriculumConfig(start_share=0.2, unlock_share=0.1, unlock_at=0.6))
    curriculum.record({0: 0.5, 1: 0.6})  # mean 0.55
    assert curriculum.unlocked == 2
    curriculum.record({0: 0.7})  # mean (0.7 + 0.6)/2 = 0.65
    assert curriculum.unlocked == 3
    assert curriculum.mean_success() == pytest.approx(0.65)


def test_nothing_is_unlocked_before_half_of_the_tasks_were_tried():
    curriculum = Curriculum(TEN, CurriculumConfig(start_share=0.5))
    curriculum.record({0: 0.9, 1: 0.9})  # 3 of 5 untried
    assert curriculum.unlocked == 5
    curriculum.record({2: 0.9})
    assert curriculum.unlocked == 6


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_task_always_or_never_solved_rests_and_comes_back(share):
    curriculum = Curriculum(range(3), CurriculumConfig(start_share=1.0, patience=2, rest=3))
    curriculum.record({0: share})
    assert curriculum.resting == {}
    curriculum.record({0: share})  # generation 2: rests until generation 5
    assert curriculum.resting == {0: 5}
    drawn = []
    for _ in range(3):
        drawn += curriculum.draw(2)
        curriculum.record({1: 0.5, 2: 0.5})
    assert set(drawn) == {1, 2}
    assert curriculum.resting == {}
    assert 0 in curriculum.draw(2) + curriculum.draw(2)


def test_mixed_group_ends_a_streak():
    curriculum = Curriculum(range(3), CurriculumConfig(start_share=1.0, patience=2))
    for share in (1.0, 0.5, 1.0, 0.0, 1.0):  # never twice the same extreme in a row
        curriculum.record({0: share})
    assert curriculum.resting == {}


def test_hopeless_tasks_at_rest_do_not_hold_up_the_rest():
    curriculum = Curriculum(TEN, CurriculumConfig(start_share=0.2, patience=1, unlock_at=0.6))
    curriculum.record({0: 0.0, 1: 0.7})  # the mean of both would be 0.35; the first rests
    assert curriculum.mean_success() == pytest.approx(0.7)
    assert curriculum.unlocked == 3


def test_nothing_is_unlocked_while_everything_rests_unsolved():
    curriculum = Curriculum(TEN, CurriculumConfig(start_share=0.3, patience=2))
    for _ in range(12):
        curriculum.record(dict.fromkeys(curriculum.draw(3), 0.0))
    assert curriculum.unlocked == 3
    assert curriculum.mean_success() is None


def test_resting_tasks_are_called_back_when_too_few_are_awake():
    curriculum = Curriculum(range(2), CurriculumConfig(start_share=1.0, patience=1, rest=9))
    curriculum.record({0: 1.0, 1: 1.0})
    assert sorted(curriculum.draw(2)) == [0, 1]


def test_state_survives_json_and_continues_the_same():
    first = Curriculum(TEN, CurriculumConfig(start_share=0.5), seed=3)
    for _ in range(4):
        first.record(dict.fromkeys(first.draw(2), 0.5))
    second = Curriculum(TEN, CurriculumConfig(start_share=0.5), seed=3)
    second.restore(json.loads(json.dumps(first.state())))
    assert [first.draw(2) for _ in range(6)] == [second.draw(2) for _ in range(6)]
    assert first.state() == second.state()


def test_state_of_another_dataset_is_refused():
    with pytest.raises(ValueError, match="saved with 10 tasks, the dataset has 3"):
        Curriculum(range(3)).restore(Curriculum(TEN).state())


@pytest.mark.parametrize("option", [{"start_share": 0.0}, {"unlock_at": 1.5}, {"patience": 0}, {"rest": 0}])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        CurriculumConfig(**option)


def test_batch_larger_than_the_dataset_is_refused():
    with pytest.raises(ValueError, match="needs 4 different tasks, the dataset has 3"):
        Curriculum(range(3)).draw(4)


def test_sampler_repeats_prompts_as_trl_does():
    ours = CurriculumSampler(Curriculum([0, 1, 2, 3], CurriculumConfig(start_share=1.0)), 3, 2, 2)
    theirs = RepeatSampler([0, 1, 2, 3], mini_repeat_count=3, batch_size=2, repeat_count=2)
    drawn = list(ours)
    assert len(drawn) == len(ours) == len(list(theirs)) == len(theirs)
    a, b = drawn[0], drawn[3]
    assert drawn[:12] == [a, a, a, b, b, b] * 2
    assert sorted(set(drawn)) == [0, 1, 2, 3]


def test_tasks_are_ordered_by_difficulty_where_it_is_known():
    prompts = {"prompt": ["a", "b", "c"]}
    assert easiest_first(Dataset.from_dict(prompts | {"difficulty": [3, 1, 2]})) == [1, 2, 0]
    assert easiest_first(Dataset.from_dict(prompts | {"difficulty": ["hard", "easy", "medium"]})) == [1, 2, 0]
    assert easiest_first(Dataset.from_dict(prompts)) == [0, 1, 2]
    assert easiest_first(Dataset.from_dict(prompts | {"difficulty": ["hard", "easy", None]})) == [0, 1, 2]


# In a trainer: two prompts of four completions per step; every task's rewards are written in the dataset


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    run, reward = curriculum_trainer(folder)
    run.train()
    return folder, run, reward


def test_trainer_starts_easy_rests_the_hopeless_and_moves_on(whole):
    _, run, reward = whole
    assert len(reward.tasks) == STEPS
    assert {task for tasks in reward.tasks[:2] for task in tasks} <= {5, 4, 3}
    assert {task for tasks in reward.tasks for task in tasks} == {0, 1, 2, 3, 4, 5}
    assert run.curriculum.success == {5: 1.0, 4: 0.0, 3: 0.5, 2: 0.5, 1: 0.5, 0: 0.5}
    tried = next(step for step, tasks in enumerate(reward.tasks) if 4 in tasks)
    assert 4 not in reward.tasks[tried + 2]  # the batch in between was drawn before the failure was known


def test_state_of_the_curriculum_is_logged(whole):
    _, run, _ = whole
    logged = [record for record in run.state.log_history if "curriculum/unlocked" in record]
    assert len(logged) == STEPS
    assert logged[0]["curriculum/unlocked"] == 5  # two of three tried, with a mean of at least 0.6: two more
    assert logged[-1]["curriculum/unlocked"] == 6
    assert any(record["curriculum/resting"] > 0 for record in logged)
    assert all(0 <= record["curriculum/success"] <= 1 for record in logged)


@pytest.mark.parametrize("cut", [2, 3, 4])  # before, at and after the end of an epoch
def test_resumed_run_deals_the_same_tasks(whole, tmp_path, cut):
    folder, run, reward = whole
    assert (folder / f"checkpoint-{cut}" / STATE_NAME).is_file()
    resumed, resumed_reward = curriculum_trainer(tmp_path)
    resumed.train(resume_from_checkpoint=checkpoint_path(folder, cut))
    assert resumed_reward.tasks == reward.tasks[cut:]
    assert resumed.curriculum.state() == run.curriculum.state()


def test_maxrl_takes_a_curriculum_as_well(tmp_path):
    run, reward = curriculum_trainer(tmp_path, kind=CurriculumMaxRLTrainer)
    run.train()
    assert {task for tasks in reward.tasks[:2] for task in tasks} <= {5, 4, 3}
    assert any("maxrl/n_correct" in record for record in run.state.log_history)
    assert 1.0 in run.curriculum.success.values()


def test_success_is_by_default_what_maxrl_takes_for_correct(tmp_path):
    run, _ = curriculum_trainer(tmp_path, kind=CurriculumMaxRLTrainer, correctness_threshold=31.0, max_steps=3)
    run.train()
    assert set(run.curriculum.success.values()) == {0.0}  # nothing has more than 30


def test_without_these_classes_nothing_changes(tmp_path):
    run = GRPOTrainer(
        tiny_model(),
        Worth(),
        args=config(tmp_path, config_kind=GRPOConfig),
        train_dataset=Dataset.from_dict({"prompt": ["p q", "q p"]}),
        processing_class=tiny_tokenizer(),
    )
    assert isinstance(run._get_train_sampler(), RepeatSampler)


def test_streamed_dataset_is_refused(tmp_path):
    stream = IterableDataset.from_generator(lambda: iter([{"prompt": "p q"}]))
    with pytest.raises(ValueError, match=r"needs a datasets.Dataset to choose from, got IterableDataset"):
        CurriculumGRPOTrainer(
            tiny_model(), Worth(), args=config(tmp_path, config_kind=GRPOConfig), train_dataset=stream
        )


@pytest.mark.slow
def test_two_processes_keep_the_same_curriculum(tmp_path):
    script = SUPPORT / "curriculum_two_ranks.py"
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, str(script), str(tmp_path)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    assert first["generation"] == STEPS
