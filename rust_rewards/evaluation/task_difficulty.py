"""Measures how often a model solves each task, from its samples, and writes that into the rows of the set.

A task that is always or never solved teaches nothing; the training recipes leave such tasks out by `pass_rate`
(`--min_pass_rate`, `--max_pass_rate`). Samples are results of `evaluate`, files that `score` has scored, or files of
`task_id` and `completion`, which are scored here.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..json_lines import read_objects
from ..tasks.stream import stream_tasks
from ..tasks.task_set import TaskSet, load_task_set
from ..whole_files import replacing
from .evaluation_result import read_evaluation
from .results import ResultFileError
from .samples import guess_style
from .scores import score_samples

BINS = 10  # of the histogram between never and always
WIDTH = 40  # characters of its longest bar


@dataclass
class PassRates:
    """How often tasks were solved.

    Attributes:
        passed, samples (`Counter[str]`): By task id.
        unknown (`Counter[str]`): Samples of tasks that the set does not have.
        unscored (`int`): Samples that the verifier could not score.
    """

    passed: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    unscored: int = 0

    def rate(self, task_id: str) -> float | None:
        """Return the share of samples that solve a task, 0..1; `None` without samples."""
        number = self.samples[task_id]
        return self.passed[task_id] / number if number else None

    def add(self, task_id: str, passed: bool | None) -> None:
        """Count one sample; `None` stands for one that could not be scored."""
        if passed is None:
            self.unscored += 1
            return
        self.samples[task_id] += 1
        if passed:
            self.passed[task_id] += 1

    def as_text(self, tasks: Sequence[str]) -> str:
        """Return how the tasks spread between never and always solved."""
        rates = [self.rate(name) for name in tasks]
        known = [rate for rate in rates if rate is not None]
        lines = [f"{len(known)} of {len(rates)} tasks have samples, {sum(self.samples.values())} in all"]
        if self.unknown:
            lines.append(f"  {sum(self.unknown.values())} samples of {len(self.unknown)} tasks that are not in the set")
        if self.unscored:
            lines.append(f"  {self.unscored} samples could not be scored")
        if not known:
            return "\n".join(lines)
        lines += ["", f"{'pass rate':<14}{'tasks':>6}"]
        for name, number in _histogram(known).items():
            bar = "#" * round(WIDTH * number / len(known))
            lines.append(f"{name:<14}{number:>6}  {bar}".rstrip())
        return "\n".join(lines)


def pass_rates(files: Sequence[Path], tasks: TaskSet, prompt_style: str = "auto") -> PassRates:
    """Return how often the samples in some files solve each task.

    Args:
        files (`Sequence[Path]`): Results of `evaluate`, or JSON Lines of samples, scored or not.
        tasks (`TaskSet`): The tasks.
        prompt_style (`str`, *optional*, defaults to `"auto"`): How completions that are scored here are read, as in
            `read_samples`.

    Raises:
        ResultFileError: When a file is neither.
        ValueError: When a file is missing or broken.
    """
    rates, ids = PassRates(), tasks.ids
    for path in files:
        for task_id, passed in _samples(path, tasks, prompt_style):
            if task_id in ids:
                rates.add(task_id, passed)
            else:
                rates.unknown[task_id] += 1
    return rates


def write_difficulty(files: Sequence[Path], source: str, out: Path, prompt_style: str = "auto") -> str:
    """Write the rows of a task set with `pass_rate` (0..1, `None` without samples) and `pass_rate_samples`, whole or
    not at all; return what was found as text."""
    tasks = load_task_set(source)
    rates = pass_rates(files, tasks, prompt_style)
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        for line in stream_tasks(source):
            task = line.task or {}
            name = task.get("task_id", "")
            row = {**task, "pass_rate": rates.rate(name), "pass_rate_samples": rates.samples[name]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return rates.as_text([task["task_id"] for task in tasks])


def _samples(path: Path, tasks: TaskSet, prompt_style: str) -> Iterator[tuple[str, bool | None]]:
    """Yield task and success of every sample in a file."""
    if path.suffix == ".json":
        for sample in read_evaluation(path).samples:
            yield sample.task_id, sample.passed
        return
    rows = [row for _, row in read_objects(path, "sample", errors="replace")]
    if rows and isinstance(rows[0].get("settings"), dict):  # the first line of what `evaluate` drew
        said = rows.pop(0)["settings"].get("sampling", {}).get("prompt_style")
        prompt_style = said if said and prompt_style == "auto" else prompt_style
    for number, row in enumerate(rows, 1):
        if "task_id" not in row or not ("completion" in row or "verdict" in row):
            raise ResultFileError(f"{path}, sample {number} has {sorted(row)}; expected task_id and completion.")
    ids = tasks.ids
    waiting = []
    for row in rows:
        name = str(row["task_id"])
        if "verdict" in row:
            yield name, _passed(row)
        elif name in ids:
            waiting.append({"task_id": name, "sample_index": 0, "completion": row["completion"]})
        else:
            yield name, None
    if waiting:
        style = guess_style(waiting, tasks.tasks) if prompt_style == "auto" else prompt_style
        for sample in score_samples(tasks.tasks, waiting, style=style):
            yield sample.task_id, sample.passed


def _passed(row: Mapping[str, Any]) -> bool | None:
    verdict = row["verdict"]
    if not isinstance(verdict, dict):
        return None
    return verdict.get("summary") == "compiles" and 0 < verdict["tests_total"] == verdict["tests_passed"]


def _histogram(rates: Sequence[float]) -> dict[str, int]:
    found = {"never": rates.count(0.0)}
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        found[f"{low:.0%} to {high:.0%}"] = sum(1 for rate in rates if 0.0 < rate < 1.0 and low <= rate < high)
    return found | {"always": rates.count(1.0)}
