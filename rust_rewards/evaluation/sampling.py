"""Samples completions of tasks from a language model: batched by length, resumable, with progress.

Tokenizers with a chat template get the task's chat; others get its `code_prefix` to continue, or where there is none a
request in plain text as it stands.

Completions are written to a JSON Lines file batch by batch. The batches follow from the tasks and the
settings alone and each has a seed of its own, so a run that was interrupted and resumed gives the file that
an uninterrupted one gives.
Not here: the models (`generators.py`) and what their completions are worth (`scores.py`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..json_lines import parse_line, read_lines
from ..whole_files import replacing
from .generators import USUAL_TOKENS, Generator, Sampling
from .results import ResultFileError

PROMPT_STYLES = ("auto", "chat", "prefix")


def resolve_prompt_style(style: str, tokenizer: Any) -> str:
    """Return `"chat"` or `"prefix"`: what `style` says, and for `"auto"` whether there is a chat template."""
    if style not in PROMPT_STYLES:
        raise ValueError(f"Unknown prompt style {style!r}; known: {', '.join(PROMPT_STYLES)}.")
    has_template = bool(getattr(tokenizer, "chat_template", None))
    if style == "chat" and not has_template:
        raise ValueError("Prompt style 'chat' needs a tokenizer with a chat template; use 'prefix' for base models.")
    if style != "auto":
        return style
    return "chat" if has_template else "prefix"


def encode_prompts(tasks: Sequence[Mapping[str, Any]], tokenizer: Any, style: str) -> list[list[int]]:
    """Return the token ids of each task's prompt.

    Args:
        tasks (`Sequence[Mapping]`): Tasks with `prompt` (chat) and `code_prefix`.
        tokenizer: A transformers tokenizer.
        style (`str`): `"chat"` or `"prefix"`.

    Raises:
        ValueError: When a task lacks what the style needs.
    """
    if style == "prefix":
        prompts = [task["code_prefix"] or task.get("plain_prompt") for task in tasks]
        lacking = [task["task_id"] for task, prompt in zip(tasks, prompts, strict=True) if not prompt]
        if lacking:
            raise ValueError(
                f"{len(lacking)} tasks have no code_prefix (first: {lacking[0]}), which a model without a chat "
                "template (prompt style 'prefix') needs."
            )
        return [list(tokenizer(prompt)["input_ids"]) for prompt in prompts]
    return [
        list(
            tokenizer.apply_chat_template(task["prompt"], add_generation_prompt=True, tokenize=True, return_dict=True)[
                "input_ids"
            ]
        )
        for task in tasks
    ]


def sample_tasks(
    tasks: Sequence[Mapping[str, Any]],
    generator: Generator,
    sampling: Sampling,
    *,
    style: str,
    samples_file: Path,
    settings: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Draw `sampling.num_samples` completions of each task, going on where `samples_file` ends.

    Args:
        tasks (`Sequence[Mapping]`): The tasks.
        generator (`Generator`): The loaded model.
        sampling (`Sampling`): How to draw.
        style (`str`): `"chat"` or `"prefix"`.
        samples_file (`Path`): JSON Lines file that receives the completions; the first line holds `settings`.
        settings (`Mapping`): What the samples depend on; a file begun with others is refused.

    Returns:
        `list[dict]`: `task_id`, `sample_index`, `completion`, `tokens`, `finished`, in the order of the tasks.

    Raises:
        ResultFileError: When `samples_file` was begun with other settings.
        ValueError: When a prompt leaves no room for the completion.
    """
    from tqdm import tqdm

    prompts = dict(zip((t["task_id"] for t in tasks), encode_prompts(tasks, generator.tokenizer, style), strict=True))
    sampling = with_room(sampling, prompts, generator.context_length)
    stops = {t["task_id"]: list(t.get("stop") or []) if style == "prefix" else [] for t in tasks}
    batches = plan_batches({name: len(ids) for name, ids in prompts.items()}, stops, sampling)
    rows = resume(samples_file, settings, batches)
    done = len(rows)
    with (
        tqdm(total=sum(map(len, batches)), initial=done, unit="sample", disable=None) as bar,
        samples_file.open("a", encoding="utf-8") as out,
    ):
        for number, batch in enumerate(batches):
            if (number, batch[0]) in rows:
                continue
            ids = [prompts[name] for name, _ in batch]
            completions = generator.complete(ids, sampling, _batch_seed(sampling.seed, number), stops[batch[0][0]])
            for (name, index), completion in zip(batch, completions, strict=True):
                row = {"task_id": name, "sample_index": index, "batch": number, "completion": completion.text}
                row |= {"tokens": completion.tokens, "finished": completion.finished}
                rows[number, (name, index)] = row
                out.write(json.dumps(row) + "\n")
            out.flush()
            bar.update(len(batch))
    order = {t["task_id"]: position for position, t in enumerate(tasks)}
    return sorted(rows.values(), key=lambda row: (order[row["task_id"]], row["sample_index"]))


def plan_batches(
    lengths: Mapping[str, int], stops: Mapping[str, Sequence[str]], sampling: Sampling
) -> list[list[tuple[str, int]]]:
    """Cut all `(task, sample index)` pairs into batches of near-equal prompt length and equal stop strings.

    Sorting by length keeps padding, and with it wasted work, small. The plan depends on nothing but the
    arguments.
    """
    order = sorted(lengths, key=lambda name: (tuple(stops[name]), lengths[name], name))
    batches: list[list[tuple[str, int]]] = []
    previous: Sequence[str] | None = None
    for name in order:
        for index in range(sampling.num_samples):
            if not batches or len(batches[-1]) == sampling.batch_size or stops[name] != previous:
                batches.append([])
            batches[-1].append((name, index))
            previous = stops[name]
    return batches


def resume(
    samples_file: Path, settings: Mapping[str, Any], batches: Sequence[Sequence[tuple[str, int]]]
) -> dict[tuple[int, tuple[str, int]], dict[str, Any]]:
    """Return the rows of complete batches in `samples_file` and rewrite it to hold exactly those.

    Raises:
        ResultFileError: When the file was begun with other settings.
    """
    rows: dict[tuple[int, tuple[str, int]], dict[str, Any]] = {}
    if samples_file.exists() and samples_file.stat().st_size:
        header, *found = list(_complete_lines(samples_file)) or [{}]
        begun = header.get("settings") or {}
        differing = sorted(key for key in {*begun, *settings} if begun.get(key) != settings.get(key))
        if differing:
            raise ResultFileError(
                f"{samples_file} was begun with other settings ({', '.join(differing)} differ). Delete it, or give "
                "another --output_file."
            )
        rows = {(row["batch"], (row["task_id"], row["sample_index"])): row for row in found}
    whole = {number for number, batch in enumerate(batches) if all((number, pair) in rows for pair in batch)}
    rows = {key: row for key, row in rows.items() if key[0] in whole}
    with replacing(samples_file) as temporary:
        lines = [json.dumps({"settings": dict(settings)}), *(json.dumps(row) for row in rows.values())]
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return rows


def with_room(sampling: Sampling, prompts: Mapping[str, list[int]], context_length: int | None) -> Sampling:
    """Return the sampling with a limit of tokens that the model's context has room for, with the longest prompt.

    Raises:
        ValueError: When there is no room for the limit that was asked for, or for any token.
    """
    name = max(prompts, key=lambda task: len(prompts[task]))
    wanted = sampling.max_new_tokens or USUAL_TOKENS
    room = wanted if context_length is None else context_length - len(prompts[name])
    if room < 1 or (sampling.max_new_tokens is not None and room < wanted):
        advice = f"Set --max_new_tokens to at most {room}." if room > 0 else "Use a model with a longer context."
        raise ValueError(
            f"Task {name} needs {len(prompts[name])} prompt tokens and {wanted} new ones; the model's context is "
            f"{context_length}. {advice}"
        )
    return replace(sampling, max_new_tokens=min(wanted, room))


def _complete_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON Lines file up to the first line that was cut short or is no row."""
    for line in read_lines(path):
        try:
            row = parse_line(line)
        except ValueError:
            return
        if not isinstance(row, dict):
            return
        yield row


def _batch_seed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest()[:4])
