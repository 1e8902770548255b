"""Defines what an evaluation is: where its samples come from, their scores, and the sums over them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .results import EVALUATION, read_result
from .scores import ScoredSample


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

    model: Mapping[str, Any]
    seed: int | None
    sampling: Mapping[str, Any]
    toolchain: Mapping[str, Any]
    packages: Mapping[str, str]
    machine: Mapping[str, Any]
    date: str
    task_set: Mapping[str, Any]
    summary: Mapping[str, Any]
    by_difficulty: Mapping[str, Mapping[str, Any]]
    by_topic: Mapping[str, Mapping[str, Any]]
    tasks: list[dict[str, Any]]
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
