"""Six tasks of known worth, and a trainer with a curriculum over them."""

from collections import Counter

from datasets import Dataset
from maxrl_testbed import config, tiny_model, tiny_tokenizer
from trl import GRPOConfig

from trainers.curriculum import CurriculumConfig, CurriculumGRPOTrainer

SOLVED, FAILED = [30.0] * 4, [5.0] * 4
HALF = [30.0, 30.0, 5.0, 5.0]
# Difficulty falls with the index, so the order is 5, 4, 3, 2, 1, 0; task 4 is never solved
WORTH = [HALF, HALF, HALF, HALF, FAILED, SOLVED]
OPTIONS = CurriculumConfig(start_share=0.34, unlock_share=0.17, patience=1, rest=2)  # starts with 3, then 5, then all
STEPS = 8  # of three to an epoch


class Worth:
    """Reward from the dataset; keeps the tasks of every call."""

    __name__ = "worth"

    def __init__(self):
        self.tasks = []

    def __call__(self, completions, worth, task, **kwargs):
        self.tasks.append(tuple(dict.fromkeys(task)))
        seen = Counter()
        rewards = []
        for name, row in zip(task, worth, strict=True):
            rewards.append(row[seen[name]])
            seen[name] += 1
        return rewards


def curriculum_trainer(output_dir, kind=CurriculumGRPOTrainer, **options):
    rows = [
        {"prompt": "p q", "task": index, "worth": worth, "difficulty": 6 - index} for index, worth in enumerate(WORTH)
    ]
    reward = Worth()
    grpo, maxrl = {"config_kind": GRPOConfig}, {"correctness_threshold": 20.0}
    chosen = grpo if kind is CurriculumGRPOTrainer else maxrl
    run = kind(
        tiny_model(),
        reward,
        args=config(output_dir, **{"max_steps": STEPS, "save_strategy": "steps", "save_steps": 1, **chosen, **options}),
        train_dataset=Dataset.from_list(rows),
        processing_class=tiny_tokenizer(),
        curriculum=OPTIONS,
    )
    return run, reward
