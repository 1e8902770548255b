"""Gives GRPO and MaxRL a curriculum: easy tasks first, then harder ones; solved and hopeless tasks rest.

Training starts on the easiest share of the tasks. When their measured success is high enough, the next share
is unlocked. A task whose groups are all solved, or all failed, several times in a row gives no learning
signal; it rests for a number of generations and is then tried again. Success is measured on the training
rewards themselves, so nothing is generated for it.

TRL asks its trainer for a sampler once and then draws prompt after prompt, which is where the choice is made:
a sampler with TRL's own repetition pattern whose prompts come from the curriculum. Every process draws the
same prompts, because the rewards that decide are gathered over all of them. Loading batches ahead makes the
curriculum one generation late.

Off unless a trainer of this module is used. Not here: difficulty itself; it is the dataset's `difficulty`
column, or the order of the rows.
"""

import logging
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import gather
from datasets import Dataset
from torch.utils.data import Sampler
from trl import GRPOTrainer

from trainers.checkpoint_state import load_state, save_state
from trainers.maxrl_config import RUST_COMPILES
from trainers.maxrl_trainer import MaxRLTrainer
from trainers.objectives import summed_rewards

logger = logging.getLogger(__name__)

STATE_NAME = "curriculum.json"
INDEX_COLUMN = "curriculum_index"
LEVELS = ("easy", "medium", "hard", "expert")  # words of the column `difficulty`

# The mixin uses a GRPO trainer as its `super()`, and leaves it to the classes below to bring one along.
if TYPE_CHECKING:
    from trl import GRPOTrainer as _Trainer
else:
    _Trainer = object


@dataclass(frozen=True)
class CurriculumConfig:
    """
    Options of the curriculum.

    Args:
        success_threshold (`float`, *optional*):
            Reward above which a completion counts as a success. Defaults to the `correctness_threshold` of a MaxRL
            trainer, else to 20.0: `rust_reward` exceeds 20 only when it compiles.
        start_share (`float`, *optional*, defaults to `0.3`):
            Share of the tasks, easiest first, that training starts with, in `(0, 1]`.
        unlock_share (`float`, *optional*, defaults to `0.1`):
            Share of all tasks that each unlocking adds, in `(0, 1]`.
        unlock_at (`float`, *optional*, defaults to `0.6`):
            Mean success of the unlocked tasks at which more are unlocked, in `(0, 1]`.
        patience (`int`, *optional*, defaults to `2`):
            Groups in a row, all solved or all failed, after which a task rests.
        rest (`int`, *optional*, defaults to `20`):
            Generations that a task rests.

    Raises:
        `ValueError`: When an option is out of its range.
    """

    success_threshold: float | None = None
    start_share: float = 0.3
    unlock_share: float = 0.1
    unlock_at: float = 0.6
    patience: int = 2
    rest: int = 20

    def __post_init__(self) -> None:
        for name in ("start_share", "unlock_share", "unlock_at"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give a share above 0, up to 1.")
        for name in ("patience", "rest"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1.")


class Curriculum:
    """
    Chooses tasks by measured success. Pure bookkeeping: no model, no files.

    Args:
        order (`Sequence[int]`):
            Indices of the tasks, easiest first.
        config ([`CurriculumConfig`], *optional*):
            Options. Defaults to their defaults.
        seed (`int`, *optional*, defaults to `0`):
            Seed of the choice among unlocked tasks.

    Example:

    ```python
    >>> curriculum = Curriculum([2, 0, 1], CurriculumConfig(start_share=0.3, unlock_share=0.3))
    >>> curriculum.draw(1)
    [2]
    >>> curriculum.record({2: 1.0})  # solved: the next task is unlocked
    >>> sorted(curriculum.draw(2))
    [0, 2]

    ```
    """

    def __init__(self, order: Sequence[int], config: CurriculumConfig | None = None, seed: int = 0) -> None:
        self.order = list(order)
        self.config = config or CurriculumConfig()
        self.seed = seed
        self.unlocked = self._tasks(self.config.start_share)
        self.generation = 0
        self.draws = 0
        self.success: dict[int, float] = {}  # of the last group of each task
        self.streak: dict[int, int] = {}  # groups in a row: above 0 all solved, below 0 all failed
        self.resting: dict[int, int] = {}  # task -> generation at which it comes back
        self.dealt: list[list[int]] = []  # this epoch's batches: a resumed run deals them again, to be skipped
        self._resumed = False
        self._deck: list[int] = []

    def deal(self, count: int, batches: int) -> Iterator[list[int]]:
        """Yield an epoch of `batches` batches of `count` tasks; after `restore` it begins with those already dealt."""
        if not self._resumed:
            self.dealt = []
        self._resumed = False
        for number in range(batches):
            if number == len(self.dealt):
                self.dealt.append(self.draw(count))
            yield self.dealt[number]

    def draw(self, count: int) -> list[int]:
        """Return `count` different tasks to train on next, every eligible one once before any comes again."""
        if count > len(self.order):
            raise ValueError(f"A batch needs {count} different tasks, the dataset has {len(self.order)}.")
        self.draws += 1
        self.unlocked = max(self.unlocked, count)
        eligible = self._eligible(count)
        chosen = [task for task in self._deck if task in eligible][:count]
        if len(chosen) < count:
            fresh = sorted(eligible.difference(chosen))
            random.Random(f"{self.seed}:{self.draws}").shuffle(fresh)
            self._deck = fresh
            chosen += fresh[: count - len(chosen)]
        taken = set(chosen)
        self._deck = [task for task in self._deck if task not in taken]
        return chosen

    def record(self, success: Mapping[int, float]) -> None:
        """
        Take note of one generation.

        Args:
            success (`Mapping[int, float]`):
                Share of successes in the group of each task, in `0..1`.
        """
        self.generation += 1
        for task, share in success.items():
            self.success[task] = share
            self.streak[task] = _continue_streak(self.streak.get(task, 0), share)
            if abs(self.streak[task]) >= self.config.patience:
                self.resting[task] = self.generation + self.config.rest
                self.streak[task] = 0
        self.resting = {task: end for task, end in self.resting.items() if end > self.generation}
        self._unlock()

    def mean_success(self) -> float | None:
        """Return the mean success of the unlocked tasks tried so far, `None` without any; hopeless ones that rest do
        not count."""
        tried = {task: self.success[task] for task in self.order[: self.unlocked] if task in self.success}
        counted = [share for task, share in tried.items() if share > 0 or task not in self.resting]
        return sum(counted) / len(counted) if counted else None

    def metrics(self) -> dict[str, float]:
        """Return what is logged: how many tasks are unlocked and at rest, and the mean success."""
        metrics = {"unlocked": float(self.unlocked), "resting": float(len(self.resting))}
        success = self.mean_success()
        if success is not None:
            metrics["success"] = success
        return metrics

    def state(self, *, epoch_ended: bool = False) -> dict[str, Any]:
        """
        Return everything that a resumed run needs, as JSON can hold it.

        Args:
            epoch_ended (`bool`, *optional*, defaults to `False`):
                Whether a resumed run begins with a new epoch. How many batches were dealt does not tell, because
                batches are loaded ahead.
        """
        names = ("unlocked", "generation", "draws", "success", "streak", "resting")
        return {
            **{name: getattr(self, name) for name in names},
            "dealt": [] if epoch_ended else self.dealt,
            "deck": self._deck,
            "tasks": len(self.order),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """
        Continue from what `state` returned.

        Args:
            state (`Mapping[str, Any]`):
                Such a state, which may have been through JSON.

        Raises:
            `ValueError`: When the state belongs to another number of tasks.
        """
        if state["tasks"] != len(self.order):
            raise ValueError(
                f"The curriculum was saved with {state['tasks']} tasks, the dataset has {len(self.order)}. "
                "Resume with the same dataset, or start afresh."
            )
        self.unlocked, self.generation, self.draws = state["unlocked"], state["generation"], state["draws"]
        self.success = {int(task): share for task, share in state["success"].items()}
        self.streak = {int(task): length for task, length in state["streak"].items()}
        self.resting = {int(task): end for task, end in state["resting"].items()}
        self.dealt = [list(batch) for batch in state["dealt"]]
        self._deck = list(state["deck"])
        self._resumed = True

    def _eligible(self, count: int) -> set[int]:
        """Return unlocked tasks that do not rest; when those are too few, the ones that have rested longest too."""
        unlocked = self.order[: self.unlocked]
        awake = [task for task in unlocked if task not in self.resting]
        asleep = sorted((task for task in unlocked if task in self.resting), key=self.resting.__getitem__)
        return {*awake, *asleep[: max(count - len(awake), 0)]}

    def _unlock(self) -> None:
        """Unlock the next share of the tasks when those open are solved well enough."""
        if self.unlocked == len(self.order):
            return
        # The mean says something about the open tasks only once at least half of them were tried.
        untried = [task for task in self.order[: self.unlocked] if task not in self.success]
        success = self.mean_success()
        if len(untried) <= self.unlocked // 2 and success is not None and success >= self.config.unlock_at:
            self.unlocked = min(self.unlocked + self._tasks(self.config.unlock_share), len(self.order))
            logger.info("Curriculum: %d of %d tasks unlocked.", self.unlocked, len(self.order))

    def _tasks(self, share: float) -> int:
        return max(math.ceil(share * len(self.order)), 1)


def _continue_streak(streak: int, share: float) -> int:
    """Return a task's groups in a row after one more: above 0 all solved, below 0 all failed, 0 after a mixed one."""
    if share == 1:
        return max(streak, 0) + 1
    if share == 0:
        return min(streak, 0) - 1
    return 0


class CurriculumSampler(Sampler[int]):
    """
    Draws prompts from a curriculum, in the repetition pattern of TRL's `RepeatSampler`.

    Args:
        curriculum ([`Curriculum`]):
            Chooses the tasks.
        mini_repeat_count (`int`):
            Completions per prompt.
        batch_size (`int`):
            Different prompts per generation.
        repeat_count (`int`):
            Optimizer passes over one generation.
    """

    def __init__(self, curriculum: Curriculum, mini_repeat_count: int, batch_size: int, repeat_count: int) -> None:
        self.curriculum = curriculum
        self.mini_repeat_count = mini_repeat_count
        self.batch_size = batch_size
        self.repeat_count = repeat_count

    def __iter__(self) -> Iterator[int]:
        batches = len(self.curriculum.order) // self.batch_size
        for chunk in self.curriculum.deal(self.batch_size, batches):
            for _ in range(self.repeat_count):
                for task in chunk:
                    yield from [task] * self.mini_repeat_count

    def __len__(self) -> int:
        groups = len(self.curriculum.order) // self.batch_size
        return groups * self.batch_size * self.mini_repeat_count * self.repeat_count


def easiest_first(dataset: Dataset) -> list[int]:
    """
    Return the indices of a dataset, easiest first.

    Args:
        dataset ([`~datasets.Dataset`]):
            Its column `difficulty` holds numbers or the words of `LEVELS`. Without one, or with other values in it,
            the order of the rows is kept, with a warning.
    """
    rows = range(len(dataset))
    difficulty = dataset["difficulty"] if "difficulty" in dataset.column_names else []
    ranks = [LEVELS.index(value) if value in LEVELS else value for value in difficulty]
    if not ranks or not all(isinstance(rank, int | float) for rank in ranks):
        logger.warning("No difficulty to order the tasks by: the curriculum takes the dataset's own order.")
        return list(rows)
    return sorted(rows, key=lambda row: ranks[row])


class CurriculumMixin(_Trainer):
    """
    Gives a GRPO trainer a curriculum; put it before the trainer among the bases.

    Args:
        *args, **kwargs:
            As for the trainer; `train_dataset` by name.
        train_dataset ([`~datasets.Dataset`]):
            Tasks. Streamed datasets have no order to choose from and are refused.
        curriculum ([`CurriculumConfig`], *optional*):
            Options. Defaults to their defaults.

    Raises:
        `ValueError`: When `train_dataset` is no [`~datasets.Dataset`].
    """

    def __init__(
        self, *args: Any, train_dataset: Any, curriculum: CurriculumConfig | None = None, **kwargs: Any
    ) -> None:
        if not isinstance(train_dataset, Dataset):
            raise ValueError(
                f"A curriculum needs a datasets.Dataset to choose from, got {type(train_dataset).__name__}. "
                "Load the dataset without streaming, or train without a curriculum."
            )
        indexed = train_dataset.add_column(INDEX_COLUMN, range(len(train_dataset)))
        super().__init__(*args, train_dataset=indexed, **kwargs)
        self.curriculum = Curriculum(easiest_first(train_dataset), curriculum, seed=self.args.seed)

    def _get_train_sampler(self, dataset: Any = None) -> CurriculumSampler:
        return CurriculumSampler(
            self.curriculum,
            mini_repeat_count=self.num_generations,
            batch_size=self.args.generation_batch_size // self.num_generations,
            repeat_count=self.num_iterations * self.args.steps_per_generation,
        )

    def _calculate_rewards(self, inputs: list[dict[str, Any]], *args: Any, **kwargs: Any) -> torch.Tensor:
        rewards_per_func: torch.Tensor = super()._calculate_rewards(inputs, *args, **kwargs)
        if self.model.training:
            tasks_B = gather(torch.tensor([row[INDEX_COLUMN] for row in inputs], device=rewards_per_func.device))
            self.curriculum.record(self._successes(tasks_B, rewards_per_func))
            for name, value in self.curriculum.metrics().items():
                self._metrics["train"][f"curriculum/{name}"].append(value)
        return rewards_per_func

    def _successes(self, tasks_B: torch.Tensor, rewards_per_func: torch.Tensor) -> dict[int, float]:
        """Return each task's share of successes; completions that could not be scored are left out."""
        weights = self.reward_weights.to(rewards_per_func.device)
        rewards_B = summed_rewards(rewards_per_func, weights, self.num_generations)
        threshold = self.curriculum.config.success_threshold
        if threshold is None:
            threshold = getattr(self.args, "correctness_threshold", RUST_COMPILES)
        groups: dict[int, list[bool]] = {}
        for task, reward in zip(tasks_B.tolist(), rewards_B.tolist(), strict=True):
            if not math.isnan(reward):
                groups.setdefault(task, []).append(reward > threshold)
        return {task: group.count(True) / len(group) for task, group in groups.items()}

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        epoch_ended = float(self.state.epoch).is_integer()
        save_state(self, trial, STATE_NAME, self.curriculum.state(epoch_ended=epoch_ended))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        state = load_state(checkpoint, STATE_NAME, "the curriculum")
        if state is not None:
            self.curriculum.restore(state)


class CurriculumGRPOTrainer(CurriculumMixin, GRPOTrainer):
    """[`~trl.GRPOTrainer`] with a curriculum; see [`CurriculumMixin`]."""


class CurriculumMaxRLTrainer(CurriculumMixin, MaxRLTrainer):
    """[`MaxRLTrainer`] with a curriculum; see [`CurriculumMixin`]."""
