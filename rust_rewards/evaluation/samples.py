"""Gets samples of tasks: draws them from a model, or reads a file of them.

Drawn samples are kept beside the output file, so that the same command goes on where it stopped.
Not here: drawing itself (`sampling.py`), scoring (`scores.py`).
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..ast_metrics import analyze_ast
from ..completions import completion_text
from ..json_lines import read_objects
from ..tasks import TaskSet
from ..tasks.task_set import Task
from .generators import USUAL_TOKENS, ModelChoice, Sampling, load_generator, resolve_backend, weights_hash
from .results import ResultFileError
from .sampling import encode_prompts, resolve_prompt_style, sample_tasks, with_room
from .scores import program_of

STYLES = {
    "chat": "read as answers, because one defines what its task asks for (--prompt_style prefix reads continuations).",
    "prefix": "read as continuations, because none defines what its task asks for (--prompt_style chat reads answers).",
}


@dataclass(frozen=True)
class SampleSet:
    """Completions of tasks, and where they come from.

    Attributes:
        samples (`tuple[Mapping, ...]`): `task_id`, `sample_index` and `completion` of each, in the order of the tasks.
        model (`dict`): `name`, `revision`, `weights` (a hash), and `samples`, the file, when they were read.
        seed (`int`, *optional*): Seed of the sampling, when it is known.
        sampling (`dict`): How they were drawn; at least `prompt_style` and `num_samples`.
    """

    samples: tuple[Mapping[str, Any], ...]
    model: Mapping[str, Any]
    seed: int | None
    sampling: Mapping[str, Any]

    @property
    def style(self) -> str:
        """`"chat"` when the completions answer a request, `"prefix"` when they continue a `code_prefix`."""
        return str(self.sampling["prompt_style"])

    @property
    def fewest(self) -> int:
        """The number of samples of the task that has fewest."""
        return min(Counter(sample["task_id"] for sample in self.samples).values())

    @property
    def source(self) -> dict[str, Any]:
        """Where the samples come from, as it stands in a result file."""
        return {"model": self.model, "seed": self.seed, "sampling": self.sampling}


def draw_samples(model: ModelChoice, tasks: TaskSet, sampling: Sampling, samples_file: Path) -> SampleSet:
    """Load a model and sample the tasks.

    Args:
        model (`ModelChoice`): The model.
        tasks (`TaskSet`): The tasks.
        sampling (`Sampling`): How to draw.
        samples_file (`Path`): Where the samples are kept; an unfinished file is continued.

    Raises:
        ValueError: When the model cannot be loaded, or generated nothing at all.
    """
    generator, asked = load_generator(model), sampling.max_new_tokens
    style = resolve_prompt_style(model.prompt_style, generator.tokenizer)
    prompts = encode_prompts(tasks.tasks, generator.tokenizer, style)
    by_task = dict(zip((task["task_id"] for task in tasks), prompts, strict=True))
    sampling = with_room(sampling, by_task, generator.context_length)
    if sampling.max_new_tokens != (asked or USUAL_TOKENS):
        print(f"The model's context leaves {sampling.max_new_tokens} tokens for a completion.", file=sys.stderr)
    how = {**asdict(sampling), "prompt_style": style, "backend": resolve_backend(model.backend), "dtype": model.dtype}
    seed = how.pop("seed")
    about = {"name": model.name, "revision": generator.revision, "weights": weights_hash(model.name)}
    samples = sample_tasks(
        tasks.tasks,
        generator,
        sampling,
        style=style,
        samples_file=samples_file,
        settings={"model": about, "seed": seed, "sampling": how, "task_set": tasks.hash},
    )
    if not any(sample["completion"].strip() for sample in samples):
        raise ValueError(
            f"{model.name} generated nothing: all {len(samples)} completions are empty. Check that "
            f"--prompt_style {style} fits the model and that --max_new_tokens is large enough. No result written."
        )
    return SampleSet(tuple(samples), about, seed, how)


def read_samples(path: Path, tasks: TaskSet, every_task: TaskSet, prompt_style: str) -> SampleSet:
    """Read saved samples: JSON Lines with `task_id` and `completion`, with or without a first line of settings.

    Whether the completions answer or continue is what `prompt_style` says, else the settings; else they are answers
    when any of them defines what its task asks for (said on stderr).

    Args:
        path (`Path`): The file.
        tasks (`TaskSet`): The tasks to measure; each needs a sample.
        every_task (`TaskSet`): The whole set; samples of its other tasks are passed over.
        prompt_style (`str`): `"auto"`, `"chat"` or `"prefix"`.

    Raises:
        ResultFileError: When a row does not fit the tasks, or a task has no sample.
        ValueError: When the file is missing, or cut short.
    """
    header, rows = _split_header(read_objects(path, "sample", errors="replace"))
    samples = _read_rows(path, rows, used=tasks.ids, known=every_task.ids)
    fewest = _check_every_task(path, samples, tasks.ids)
    how = dict(header.get("sampling", {}), num_samples=fewest)
    how["prompt_style"] = _style_of(path, how, prompt_style, samples, tasks)
    model = {"name": str(path), "revision": None, "weights": None, **header.get("model", {}), "samples": str(path)}
    return SampleSet(tuple(samples), model, header.get("seed"), how)


def _split_header(
    rows: list[tuple[int, dict[str, Any]]],
) -> tuple[dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    """Return the settings on the first line, empty when it holds none, and the other rows."""
    if rows and isinstance(rows[0][1].get("settings"), dict):
        return rows[0][1]["settings"], rows[1:]
    return {}, rows


def _read_rows(
    path: Path, rows: Sequence[tuple[int, dict[str, Any]]], *, used: set[str], known: set[str]
) -> list[dict[str, Any]]:
    """Return the samples of the used tasks, numbered per task."""
    samples: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for number, row in rows:
        where = f"{path}, line {number}"
        if "task_id" not in row or "completion" not in row:
            raise ResultFileError(f"{where} has {sorted(row)}; expected task_id and completion.")
        name = str(row["task_id"])
        try:
            completion_text(row["completion"])
        except TypeError as err:
            raise ResultFileError(f"{where}: {err}") from err
        if name in used:
            samples.append({"task_id": name, "sample_index": counts[name], "completion": row["completion"]})
            counts[name] += 1
        elif name not in known:
            raise ResultFileError(f"{where}: {name!r} is no task of the set. Give the set with --tasks.")
    if not samples:
        raise ResultFileError(f"{path} holds no samples.")
    return samples


def _check_every_task(path: Path, samples: Sequence[Mapping[str, Any]], used: set[str]) -> int:
    """Return the number of samples of the task with fewest; raise `ResultFileError` when a task has none."""
    counts = Counter(sample["task_id"] for sample in samples)
    lacking = sorted(used - set(counts))
    if lacking:
        raise ResultFileError(
            f"{path} has {len(samples)} samples but none for {len(lacking)} of {len(used)} tasks (first: "
            f"{lacking[0]}). Every task needs one; an empty completion counts as a wrong answer."
        )
    return min(counts.values())


def _style_of(
    path: Path, how: Mapping[str, Any], prompt_style: str, samples: Sequence[Mapping[str, Any]], tasks: TaskSet
) -> str:
    """Return what was asked for, else what the file says, else what the samples look like."""
    if prompt_style != "auto":
        return prompt_style
    if how.get("prompt_style") in STYLES:
        return str(how["prompt_style"])
    style = guess_style(samples, tasks.tasks)
    print(f"{path} does not say whether the samples answer or continue; {STYLES[style]}", file=sys.stderr)
    return style


def guess_style(samples: Sequence[Mapping[str, Any]], tasks: Sequence[Task]) -> str:
    """Return the prompt style that saved completions were drawn in, as far as they show it.

    `"chat"` when one of them, read as an answer, defines what its task asks for; else `"prefix"`, since completions
    that never do so can only continue the task's `code_prefix`.

    >>> task = {"task_id": "t", "entry_point": "one", "code_prefix": "fn one() -> i32 {\\n", "tests": ""}
    >>> guess_style([{"task_id": "t", "completion": "    1\\n}\\n"}], [task])
    'prefix'
    >>> guess_style([{"task_id": "t", "completion": "```rust\\nfn one() -> i32 { 1 }\\n```"}], [task])
    'chat'
    """
    by_id = {task["task_id"]: task for task in tasks}
    if not all(task["code_prefix"] for task in tasks):
        return "chat"
    answered = (
        _defines(program_of(row["completion"], by_id[row["task_id"]], "chat"), by_id[row["task_id"]]) for row in samples
    )
    return "chat" if any(answered) else "prefix"


def _defines(program: str, task: Task) -> bool:
    names = analyze_ast(program).names
    return task["entry_point"].split("::")[0] in names if task["entry_point"] else bool(names)
