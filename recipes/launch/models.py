"""Checks that a model can be loaded, before it is, and says how TRL shall load it."""

import os
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from launch.paths import find_path
from rust_rewards.evaluation.generators import WEIGHTS
from rust_rewards.suggestions import unknown_name

DTYPES = ("auto", "bfloat16", "float16", "float32")


def model_kwargs(training_args: Any, model_args: Any) -> dict[str, Any]:
    """Return how TRL shall load the model: the model arguments, and over them `model_init_kwargs`."""
    return {
        "revision": model_args.model_revision,
        "trust_remote_code": training_args.trust_remote_code,
        "attn_implementation": model_args.attn_implementation,
        "dtype": model_args.dtype,
        **(training_args.model_init_kwargs or {}),
    }


def check_model(model_args: Any) -> str:
    """Return the path or hub name of a model whose configuration can be read.

    Raises:
        ValueError: When there is no such folder, it holds no whole model, the hub does not answer for it, or `dtype` is
            unknown.
    """
    name = model_args.model_name_or_path
    if model_args.dtype not in (None, *DTYPES):
        raise ValueError(unknown_name("dtype", model_args.dtype, DTYPES))
    if not name:
        raise ValueError("No model: give --model_name_or_path with a folder or a hub name.")
    path = find_path(name)
    if Path(path).is_dir():
        _check_folder(Path(path), name)
        return path
    if name.count("/") > 1 or name.startswith((".", "/", "~")):
        raise ValueError(f"Model folder '{name}' does not exist (current folder: {os.getcwd()}).")
    try:
        AutoConfig.from_pretrained(name, revision=model_args.model_revision)
    except (OSError, ValueError) as err:
        reason = str(err).strip().splitlines()[0]
        raise ValueError(f"Model '{name}' is neither a folder here nor available from the hub: {reason}") from err
    return name


def _check_folder(folder: Path, name: str) -> None:
    """Raise `ValueError` when a folder, called `name` by the user, holds no whole model."""
    if (folder / "config.json").exists():
        if not any(path.suffix in WEIGHTS for path in folder.iterdir()):
            raise ValueError(f"Model folder '{name}' holds no weights ({' or '.join(f'*{end}' for end in WEIGHTS)}).")
    elif (folder / "adapter_config.json").exists():
        raise ValueError(
            f"Model folder '{name}' holds an adapter (LoRA), no whole model: merge it first with peft's "
            "AutoPeftModelForCausalLM.from_pretrained(...).merge_and_unload(), as recipes/train_production.sh does."
        )
    else:
        raise ValueError(f"Model folder '{name}' holds no config.json.")
