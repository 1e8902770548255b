"""Defines what an evaluation is: where its samples come from, their scores, and the sums over them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from .results import EVALUATION, Machine, Toolchain, read_result
from .scores import ScoredSample


class ModelName(TypedDict):
    """A measured model; `samples` is the file that its samples were read from."""

    name: str
    revision: NotRequired[str | None]
    weights: NotRequired[str | None]
    samples: NotRequired[str]


class TaskSetName(TypedDict):
    """What a result was measured on: where it came from, its number of tasks, and the hash of what they measure."""

    source: str
    count: int
    hash: str


class CheckedTaskSet(TaskSetName):
    """The same, with the tasks whose reference fails and why, those left out, and the references' mean reward."""

    config: NotRequired[str | None]
    broken: Mapping[str, str]
    left_out: list[str]
    reference_reward: float | None


class GroupFigures(TypedDict):
    """The figures of a group of tasks; a figure that no task has is not there."""

    tasks: int
    samples: int
    unjudged: int
    metrics: Mapping[str, float]


class TaskFigures(TypedDict):
    """The figures of one task; `None` where it has none."""

    task_id: str
    samples: int
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class EvaluationResult:
    """A model's measurement on a task set, as `python -m rust_rewards evaluate` writes it.

    Attributes:
        model (`dict`): `name`, `revision`, `weights` (a hash), and `samples` when they were read from a file.
        seed (`int`, *optional*), sampling (`dict`): How the samples were drawn.
        toolchain, packages, machine (`dict`), date (`str`): What the figures depend on.
        task_set (`dict`): `source`, `config`, `count`, `hash`, `broken`, `left_out`, `reference_reward`.
        summary, by_difficulty, by_topic (`dict`): `tasks`, `samples`, `unjudged` and `metrics` of each group.
        tasks (`list[dict]`): The same of each task, with its values.
        error_codes, failures (`dict[str, int]`): Samples by compiler error, and by reason for having no score.
        samples (`tuple[ScoredSample, ...]`): Every sample.
        text_metrics (`dict`, *optional*): BLEU, ROUGE-L and METEOR of the documentation, when asked for.
        seconds (`float`, *optional*): How long it took.
    """

    model: ModelName
    seed: int | None
    sampling: Mapping[str, Any]
    toolchain: Toolchain
    packages: Mapping[str, str]
    machine: Machine
    date: str
    task_set: CheckedTaskSet
    summary: GroupFigures
    by_difficulty: Mapping[str, GroupFigures]
    by_topic: Mapping[str, GroupFigures]
    tasks: list[TaskFigures]
    error_codes: Mapping[str, int]
    failures: Mapping[str, int]
    samples: tuple[ScoredSample, ...]
    text_metrics: Mapping[str, float] | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the result as it stands in a file."""
        content = {item.name: getattr(self, item.name) for item in fields(self)}
        content["samples"] = [sample.to_json() for sample in self.samples]
        optional = ("text_metrics", "seconds")
        kept = {name: value for name, value in content.items() if name not in optional or value is not None}
        return {"kind": EVALUATION, **kept}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "EvaluationResult":
        """Return the result that a file holds; keys of other versions are passed over."""
        known = {item.name: content[item.name] for item in fields(cls) if item.name in content}
        known["samples"] = tuple(ScoredSample.from_json(row) for row in content["samples"])
        return cls(**known)


def read_evaluation(path: Path | str) -> EvaluationResult:
    """Read an evaluation from a file.

    Raises:
        ResultFileError: When the file is missing, is no complete JSON, is of another kind or lacks a part.
    """
    return read_result(path, EVALUATION, EvaluationResult)
