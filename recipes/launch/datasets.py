"""Loads the tasks of a training script, with the prompt that suits the model.

Files, formats and the hub are read by `rust_rewards.tasks`; a published format (HumanEvalPack, MultiPL-E) has its tests
in our column `tests` then, like any other. Which prompt a model sees depends on its tokenizer:

- with a chat template it is the chat prompt, and `code_prefix` goes: the answer is a whole program;
- without one (a base model) it is `code_prefix` itself, which stays a column: program = prefix + completion.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from datasets import Dataset

from launch.messages import announce
from launch.paths import find_path
from rust_rewards.suggestions import nearest
from rust_rewards.tasks import load_tasks
from rust_rewards.tasks.reader import find_file


def load_datasets(script_args: Any, training_args: Any, tokenizer: Any) -> tuple[Dataset, Dataset | None]:
    """Return the training tasks and, where the run evaluates, the evaluation tasks.

    Args:
        script_args (`RecipeArguments`): Names, configuration and splits of the datasets.
        training_args (`GRPOConfig`): Its `eval_strategy` says whether there is an evaluation.
        tokenizer (`PreTrainedTokenizer`): Decides between chat prompts and code prefixes.

    Raises:
        ValueError: As `load_prompts`.
    """
    options = {"config": script_args.dataset_config, "has_chat_template": tokenizer.chat_template is not None}
    train_dataset = load_prompts(script_args.dataset_name, split=script_args.dataset_train_split, **options)
    train_dataset = within_pass_rates(
        train_dataset, script_args.dataset_name, low=script_args.min_pass_rate, high=script_args.max_pass_rate
    )
    if training_args.eval_strategy == "no":
        return train_dataset, None
    name = script_args.eval_dataset_name or script_args.dataset_name
    return train_dataset, load_prompts(name, split=script_args.dataset_test_split, **options)


def load_prompts(
    name: str | None, *, has_chat_template: bool, config: str | None = None, split: str = "train"
) -> Dataset:
    """Load tasks with the prompt that suits the model; rows without a prompt are skipped and counted.

    Args:
        name (`str`): A file or dataset as `rust_rewards.tasks.load_tasks` reads it; a path may be relative to the
            repository.
        has_chat_template (`bool`): Whether the model's tokenizer has one.
        config (`str`, *optional*): Configuration of a hub dataset.
        split (`str`, *optional*, defaults to `"train"`): Split of a hub dataset; a file has only one.

    Raises:
        ValueError: When there is no such dataset, a row cannot be read, no row has a usable prompt, or a column mixes
            types.
    """
    if not name:
        raise ValueError("No dataset: give --dataset_name, for example recipes/data/train.jsonl.")
    path = find_path(name)
    if find_file(path) is None:
        announce(f"Reading '{name}', split {split}: a large data set takes minutes.")
    rows = load_tasks(path, config=config, split=split)
    chosen = [choose_prompt(row, has_chat_template=has_chat_template) for row in rows]
    kept = [row for row in chosen if row["prompt"]]
    if not kept:
        raise ValueError(_no_prompt(rows, name, has_chat_template=has_chat_template))
    if len(kept) < len(rows):
        announce(f"Skipped {len(rows) - len(kept)} of {len(rows)} rows of '{name}': no prompt.")
    if len({type(row["prompt"]) for row in kept}) > 1:
        raise ValueError(f"'{name}' mixes chat prompts (lists of messages) and plain strings; use one form.")
    return _to_dataset(kept, name)


def within_pass_rates(tasks: Dataset, name: str, *, low: float | None, high: float | None) -> Dataset:
    """Return the tasks whose `pass_rate` lies between two bounds, both included; tasks without one stay.

    Raises:
        ValueError: When no task has a pass rate, or none is left.
    """
    if low is None and high is None:
        return tasks
    rates = tasks["pass_rate"] if "pass_rate" in tasks.column_names else []
    if not any(rate is not None for rate in rates):
        raise ValueError(
            f"--min_pass_rate and --max_pass_rate need a column pass_rate, and no task of '{name}' has one. Write it "
            "with `rust-rewards tasks difficulty`."
        )
    least, most = (0.0 if low is None else low), (1.0 if high is None else high)
    kept = [i for i, rate in enumerate(rates) if rate is None or least <= rate <= most]
    if not kept:
        raise ValueError(f"No task of '{name}' has a pass_rate from {least:g} to {most:g}; widen the bounds.")
    announce(f"{len(kept)} of {len(tasks)} tasks of '{name}' have a pass rate from {least:g} to {most:g}, or none.")
    return tasks.select(kept)


def _no_prompt(rows: Sequence[Mapping[str, Any]], name: str, *, has_chat_template: bool) -> str:
    """Word that no row has a prompt that suits the model, with the columns that there are."""
    columns = list(dict.fromkeys(column for row in rows for column in row if column != "task_id"))
    wanted = "a prompt (text or chat messages)"
    if not has_chat_template:
        wanted = "a code_prefix or a prompt that is text (the model has no chat template)"
    near = nearest("prompt", [column for column in columns if column != "prompt"])
    guess = f" Is '{near}' meant? Call it prompt." if near else ""
    return f"None of the {len(rows)} rows of '{name}' has {wanted}; columns: {', '.join(columns) or 'none'}.{guess}"


def choose_prompt(row: Mapping[str, Any], *, has_chat_template: bool) -> dict[str, Any]:
    """Return the row with the prompt for this kind of model; an unusable prompt becomes `None`.

    >>> task = {"prompt": [{"role": "user", "content": "Add two numbers."}], "code_prefix": "pub fn add("}
    >>> choose_prompt(task, has_chat_template=False)["prompt"]
    'pub fn add('
    >>> "code_prefix" in choose_prompt(task, has_chat_template=True)
    False
    """
    prompt = row.get("prompt")
    if isinstance(prompt, str):
        return {**row, "prompt": prompt if prompt.strip() else None}
    if not has_chat_template:
        return {**row, "prompt": row.get("code_prefix") or None}
    chat = {key: value for key, value in row.items() if key != "code_prefix"}
    return {**chat, "prompt": prompt or None}


def _to_dataset(rows: Sequence[Mapping[str, Any]], name: str) -> Dataset:
    """Make a table whose columns are those of all rows, `None` where a row lacks one."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    try:
        return Dataset.from_list([{column: row.get(column) for column in columns} for row in rows])
    except (pa.ArrowException, OverflowError) as err:
        reason = _mixed_types(rows, columns) or str(err).splitlines()[0]
        raise ValueError(f"The rows of '{name}' make no table: {reason}. Use one type per column.") from err


def _mixed_types(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Say which columns hold several types; empty when none does."""
    mixed = []
    for column in columns:
        types = sorted({type(row[column]).__name__ for row in rows if row.get(column) is not None})
        if len(types) > 1:
            mixed.append(f"{column} ({' and '.join(types)})")
    return f"{', '.join(mixed)} mixes types" if mixed else ""
