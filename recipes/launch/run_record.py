"""Records what a run uses, beside the run and beside every checkpoint, and tells one experiment from another.

`run.json` in the output folder says what the run uses; `run.json` in a checkpoint is written last of all its files,
with their sizes. A checkpoint without it, or with a file of another size, was not written completely; one whose
fingerprint differs belongs to another experiment.

The fingerprint holds the method, the model and the tasks by content (so that folders may move), rewards, weights and
every setting that changes what is learned. How long a run is, how often it saves or measures, and on which hardware, is
not part of it.
Not here: which checkpoint is taken (`checkpoints.py`).
"""

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets import Dataset

from rust_rewards.evaluation.generators import weights_hash
from rust_rewards.verifier import ToolchainError
from rust_rewards.verifier.toolchain import find_toolchain
from rust_rewards.version import VERSION

RUN_NAME = "run.json"
KIND = "rust-rewards training run"
# Settings that do not change what is learned, by name or by how the name begins
NEUTRAL = (
    *("output_dir", "run_name", "project", "max_steps", "num_train_epochs", "disable_tqdm", "num_completions_to_print"),
    *(
        "eval_",
        "do_",
        "per_device_eval_batch_size",
        "num_generations_eval",
        "prediction_loss_only",
        "batch_eval_metrics",
    ),
    *("log_", "logging_", "report_to", "trackio_", "include_", "skip_memory_metrics", "debug", "metric_for_best_model"),
    *("greater_is_better", "load_best_model_at_end", "save_", "hub_", "push_to_hub", "resume_from_checkpoint"),
    *(
        "restore_callback_states",
        "ignore_data_skip",
        "enable_jit_checkpoint",
        "local_rank",
        "dataloader_",
        "dataset_num",
    ),
    *("ddp_", "fsdp", "deepspeed", "parallelism_config", "accelerator_config", "torch_", "use_cpu", "bf16", "fp16"),
    *("tf32", "activation_", "gradient_checkpointing", "attn_implementation", "use_liger", "liger_", "use_cache"),
    *("use_vllm", "vllm_", "use_transformers_", "transformers_", "cache_implementation", "ds3_", "full_determinism"),
    *("judge_endpoint", "judge_api", "judge_concurrency", "judge_request", "judge_deadline", "judge_retries"),
    *("judge_max_", "judge_input", "judge_output", "judge_cache", "judge_failures", "judge_pause", "judge_optional"),
    *("auto_find_batch_size", "trust_remote_code", "padding_free", "pad_to_multiple_of", "average_tokens"),
    # what counts of these is the product, the batch
    *("per_device_train_batch_size", "gradient_accumulation_steps", "steps_per_generation", "generation_batch_size"),
    # told apart from the settings
    *("reward_weights", "model_name_or_path", "model_revision", "model_init_kwargs"),
)
PACKAGES = ("trl", "transformers", "torch", "accelerate", "peft", "datasets")
SHOWN = 4  # differences in a message


@dataclass(frozen=True)
class RunRecord:
    """
    What a training run uses.

    Args:
        method (`str`): "GRPO", "MaxRL" or "SFT", with "curriculum" where there is one.
        base_model (`str`): Folder or hub name of the model, as the user calls it.
        model (`str`): Its content, see `model_content`.
        dataset (`str`): File or name of the tasks, as the user calls it.
        tasks (`str`): Their content, see `tasks_content`.
        rows (`int`): Number of tasks.
        tested (`int`): Number of tasks with hidden tests.
        rewards (`dict[str, float]`): Weight of each reward function.
        settings (`dict`): Every setting that changes what is learned.
        versions (`dict[str, str]`): Of Rust, Python packages and this one.
        arguments (`list[str]`): The command line.
    """

    method: str
    base_model: str
    model: str
    dataset: str
    tasks: str
    rows: int
    tested: int
    rewards: dict[str, float]
    settings: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)

    @property
    def on_hub(self) -> bool:
        """Whether the model was named as on the hub, and is no folder here."""
        return self.model.startswith(f"{self.base_model}@")

    def fingerprint(self) -> dict[str, Any]:
        """Return what must be equal for a run to go on from a checkpoint."""
        told = {"method": self.method, "model": self.model, "tasks": self.tasks, "rewards": self.rewards}
        return json.loads(json.dumps({**told, **self.settings}))

    def to_json(self, **more: Any) -> dict[str, Any]:
        """Return the content of `run.json`."""
        return {
            "kind": KIND,
            "method": self.method,
            "base_model": self.base_model,
            "dataset": self.dataset,
            "rows": self.rows,
            "rows_with_tests": self.tested,
            "rewards": self.rewards,
            "seed": self.settings.get("seed"),
            "versions": self.versions,
            "arguments": self.arguments,
            "fingerprint": self.fingerprint(),
            **more,
        }

    def is_same(self, folder: str | Path) -> bool:
        """Say whether a folder holds this run or a checkpoint of it; one without a record may."""
        return not self._differences(folder)

    def check_same(self, folder: str | Path) -> None:
        """Raise `ValueError` when a folder holds a run, or a checkpoint of one, with another fingerprint."""
        different = self._differences(folder)
        if different:
            more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
            raise ValueError(
                f"{folder} belongs to another experiment: {'; '.join(different[:SHOWN])}{more}. Choose another "
                "--output_dir, or train over what is there with --resume_from_checkpoint false."
            )

    def _differences(self, folder: str | Path) -> list[str]:
        there = read_record(folder).get("fingerprint")
        return differences(there, self.fingerprint()) if isinstance(there, dict) else []


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two fingerprints; what only one of them knows does not count.

    >>> differences({"learning_rate": 0.1, "tasks": "ab", "new": 1}, {"learning_rate": 0.2, "tasks": "cd", "beta": 0.0})
    ['learning_rate is 0.1 there and 0.2 here', 'other tasks']
    """
    changed = [name for name in there if name in here and there[name] != here[name]]
    return [_word(name, there[name], here[name]) for name in changed]


def _word(name: str, there: Any, here: Any) -> str:
    if name in ("tasks", "model"):
        return f"other {'weights of the model' if name == 'model' else name}"
    return f"{name} is {_short(there)} there and {_short(here)} here"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def settings_of(*arguments: Any) -> dict[str, Any]:
    """Return the settings that change what is learned, and the size of the batch.

    Args:
        *arguments (dataclasses): What the parser filled: TRL's configuration first.
    """
    found: dict[str, Any] = {}
    for each in arguments:
        values = each.to_dict() if hasattr(each, "to_dict") else vars(each)
        found |= {name: value for name, value in values.items() if not name.startswith(("_", *NEUTRAL))}
    training = arguments[0]
    per_process = training.per_device_train_batch_size * training.gradient_accumulation_steps
    found["batch"] = per_process * training.world_size
    if getattr(training, "generation_batch_size", None):
        found["completions_per_generation"] = training.generation_batch_size
    return json.loads(json.dumps(found, default=str, sort_keys=True))


def model_content(path: str, revision: str | None = None) -> str:
    """Return a digest of the weights in a model folder; of a model on the hub, its name and revision."""
    return weights_hash(path) or f"{path}@{revision or 'main'}"


def tasks_content(tasks: Dataset | Iterable[Mapping[str, Any]]) -> str:
    """Return a digest of tasks: their rows, in order."""
    digest = hashlib.sha256()
    for row in tasks:
        digest.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()[:16]


def without_secrets(arguments: Sequence[str]) -> list[str]:
    """Return a command line with stars for tokens and keys: the record is pushed to the hub with the model.

    >>> without_secrets(["--seed", "1", "--hub_token", "hf_a", "--api_key=b"])
    ['--seed', '1', '--hub_token', '***', '--api_key=***']
    """
    shown: list[str] = []
    hidden = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        secret = name.startswith("--") and name.endswith(("token", "key"))
        if hidden:
            argument = "***"
        elif secret and equals:
            argument = f"{name}=***"
        hidden = secret and not equals
        shown.append(argument)
    return shown


def versions() -> dict[str, str]:
    """Return the versions a run depends on; without rustc where there is none, as a supervised start needs none."""
    found = {"rust-rewards": VERSION, "python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    with contextlib.suppress(ToolchainError):
        found["rustc"] = find_toolchain().version
    return found


def read_record(folder: str | Path) -> dict[str, Any]:
    """Return the record in the folder of a run or checkpoint; empty when there is none of this kind."""
    try:
        record = json.loads((Path(folder) / RUN_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and record.get("kind") == KIND else {}


def write_record(folder: str | Path, content: Mapping[str, Any]) -> None:
    """Write `run.json` in one move, so that nobody reads half of it."""
    partial = Path(folder) / f"{RUN_NAME}.partial"
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(Path(folder) / RUN_NAME)


def file_sizes(folder: str | Path) -> dict[str, int]:
    """Return the size in bytes of every file in a folder and below it, apart from its record."""
    root = Path(folder)
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.startswith(RUN_NAME)]
    return {str(path.relative_to(root)): path.stat().st_size for path in files}
