"""Loads language models to sample from, transformers or vLLM where it is installed, behind one method.

A model is a base model, a checkpoint or a LoRA adapter (its base is then found through the adapter's own
config). `complete` takes token ids and a seed and returns completions in order; what to ask for, in which
batches, and how to go on after an interruption is `sampling.py`'s business.
Not here: sharding over several GPUs beyond what vLLM does itself.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from ..extras import needing

WEIGHTS = (".safetensors", ".bin")
USUAL_TOKENS = 256  # of a completion, where nothing else is asked for
BACKENDS = ("auto", "transformers", "vllm")


@dataclass(frozen=True)
class Sampling:
    """How completions are drawn.

    Args:
        num_samples (`int`, *optional*, defaults to `1`): Completions per task, at least 1.
        temperature (`float`, *optional*, defaults to `0.8`): Sampling temperature; 0 takes the likeliest
            token.
        top_p (`float`, *optional*, defaults to `1.0`): Nucleus of the probability mass to sample from, in
            `(0, 1]`.
        max_new_tokens (`int`, *optional*): Limit of a completion, in tokens. Without one it is `USUAL_TOKENS`, or what
            the model's context leaves (`sampling.with_room`).
        batch_size (`int`, *optional*, defaults to `32`): Completions generated at a time.
        seed (`int`, *optional*, defaults to `0`): Seed of all sampling.

    Raises:
        ValueError: When a setting is out of its range.
    """

    num_samples: int = 1
    temperature: float = 0.8
    top_p: float = 1.0
    max_new_tokens: int | None = None
    batch_size: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("num_samples", "max_new_tokens", "batch_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1.")
        if not 0 <= self.temperature <= 10:
            raise ValueError(f"temperature is {self.temperature}; give 0 (greedy) to 10, usually 0.2 to 1.0.")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is {self.top_p}; give a share of the probability mass above 0, up to 1.")
        if self.temperature == 0 and self.num_samples > 1:
            raise ValueError(
                f"temperature 0 gives {self.num_samples} equal samples; use num_samples 1 or a higher temperature."
            )


@dataclass(frozen=True)
class ModelChoice:
    """Which model to sample, and how to run and to prompt it.

    Args:
        name (`str`): Hub name or folder of a model or of a LoRA adapter.
        revision (`str`, *optional*): Branch, tag or commit on the hub.
        dtype (`str`, *optional*, defaults to `"auto"`): Type of the weights.
        backend (`str`, *optional*, defaults to `"auto"`): One of `BACKENDS`.
        prompt_style (`str`, *optional*, defaults to `"auto"`): `"chat"`, `"prefix"`, or `"auto"` for what the
            tokenizer suggests.
    """

    name: str
    revision: str | None = None
    dtype: str = "auto"
    backend: str = "auto"
    prompt_style: str = "auto"


@dataclass(frozen=True)
class Completion:
    """One sampled completion.

    Attributes:
        text (`str`): What the model wrote, without special tokens.
        tokens (`int`): Its length in tokens.
        finished (`bool`): The model ended it; `False` when it ran into the limit of tokens.
    """

    text: str
    tokens: int
    finished: bool


class Generator(Protocol):
    """The method and the attributes that both backends offer."""

    tokenizer: Any
    context_length: int | None
    revision: str | None

    def complete(
        self, prompts: Sequence[list[int]], sampling: Sampling, seed: int, stop: Sequence[str]
    ) -> list[Completion]:
        """Return one completion per prompt (token ids), in order."""
        ...


class TransformersGenerator:
    """Generates with transformers, on the GPU when there is one.

    Args:
        model_name_or_path (`str`): Hub name or folder of a model or of a LoRA adapter.
        revision (`str`, *optional*): Branch, tag or commit on the hub.
        dtype (`str`, *optional*, defaults to `"auto"`): As stored, or `"bfloat16"`, `"float16"`, `"float32"`.

    Raises:
        ValueError: When the model cannot be loaded.
    """

    def __init__(self, model_name_or_path: str, revision: str | None = None, dtype: str = "auto") -> None:
        with needing("train", "Sampling a model"):
            import torch
            from safetensors import SafetensorError
            from transformers import AutoModelForCausalLM

        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            model = AutoModelForCausalLM.from_pretrained(model_name_or_path, revision=revision, dtype=dtype)
            self.tokenizer = load_tokenizer(model_name_or_path, revision)
        except (OSError, SafetensorError) as err:
            raise ValueError(
                f"Cannot load the model {model_name_or_path!r}: {str(err).splitlines()[0]} Give a folder "
                "with config.json (or adapter_config.json) and weights, or a hub name."
            ) from err
        self.model: Any = model.eval()
        self.model.to(device)
        self.device = device
        self.context_length = getattr(model.config, "max_position_embeddings", None)
        self.revision = getattr(model.config, "_commit_hash", None) or revision

    def complete(
        self, prompts: Sequence[list[int]], sampling: Sampling, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """Return one completion per prompt (token ids), in order."""
        output_BT = self._generate(prompts, sampling, seed, stop)
        start = max(map(len, prompts))
        return [self._completion(row.tolist(), stop) for row in output_BT[:, start:]]

    def stream(self, prompt: list[int], sampling: Sampling, seed: int, stop: Sequence[str] = ()) -> Completion:
        """Return the completion of one prompt, printing it to stdout as it grows."""
        from transformers import TextStreamer

        streamer = TextStreamer(self.tokenizer, skip_prompt=True, skip_special_tokens=True)
        output_BT = self._generate([prompt], sampling, seed, stop, streamer=streamer)
        return self._completion(output_BT[0, len(prompt) :].tolist(), stop)

    def _generate(
        self, prompts: Sequence[list[int]], sampling: Sampling, seed: int, stop: Sequence[str], **options: Any
    ) -> Any:
        import torch

        torch.manual_seed(seed)
        with torch.inference_mode():
            return self.model.generate(
                **self._padded(prompts),
                **self._settings(sampling, stop),
                **options,
                pad_token_id=self._pad_id(),
            )

    def _padded(self, prompts: Sequence[list[int]]) -> dict[str, Any]:
        import torch

        width = max(map(len, prompts))
        ids_BT = [[self._pad_id()] * (width - len(ids)) + ids for ids in prompts]
        mask_BT = [[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts]
        return {
            "input_ids": torch.tensor(ids_BT, device=self.device),
            "attention_mask": torch.tensor(mask_BT, device=self.device),
        }

    def _settings(self, sampling: Sampling, stop: Sequence[str]) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "max_new_tokens": sampling.max_new_tokens or USUAL_TOKENS,
            "do_sample": sampling.temperature > 0,
            "repetition_penalty": 1.0,  # a model's own generation_config may ask for more
        }
        if sampling.temperature > 0:
            settings |= {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        if stop:
            settings |= {"stop_strings": list(stop), "tokenizer": self.tokenizer}
        return settings

    def _completion(self, ids: list[int], stop: Sequence[str]) -> Completion:
        ends = {self.tokenizer.eos_token_id, *_as_list(self.model.generation_config.eos_token_id)}
        length = next((i for i, token in enumerate(ids) if token in ends), None)
        kept = ids if length is None else ids[:length]
        text = self.tokenizer.decode(kept, skip_special_tokens=True)
        cut = cut_at_stop(text, stop)
        if length is None and cut != text:  # rows that ended before the rest of the batch carry padding
            kept = [token for token in kept if token != self._pad_id()]
        return Completion(text=cut, tokens=len(kept), finished=length is not None or cut != text)

    def _pad_id(self) -> int:
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id or 0) if pad is None else int(pad)


class VllmGenerator:
    """Generates with vLLM. The arguments are those of `TransformersGenerator`; an adapter needs rank 64 or below."""

    def __init__(self, model_name_or_path: str, revision: str | None = None, dtype: str = "auto") -> None:
        from vllm import LLM
        from vllm.lora.request import LoRARequest

        base = adapter_base(model_name_or_path, revision)
        self.tokenizer = load_tokenizer(model_name_or_path, revision)
        self.lora = LoRARequest("adapter", 1, model_name_or_path) if base else None
        lora = {"enable_lora": True, "max_lora_rank": 64} if base else {"revision": revision}
        self.llm = LLM(model=base or model_name_or_path, dtype=dtype, **lora)
        self.revision = revision
        self.context_length = self.llm.llm_engine.model_config.max_model_len

    def complete(
        self, prompts: Sequence[list[int]], sampling: Sampling, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        """Return one completion per prompt (token ids), in order."""
        from vllm import SamplingParams

        parameters = [
            SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_new_tokens or USUAL_TOKENS,
                seed=seed + row,
                stop=list(stop) or None,
            )
            for row in range(len(prompts))
        ]
        inputs = [{"prompt_token_ids": ids} for ids in prompts]
        results = self.llm.generate(inputs, parameters, lora_request=self.lora, use_tqdm=False)
        best = [result.outputs[0] for result in results]
        return [Completion(out.text, len(out.token_ids), out.finish_reason == "stop") for out in best]


def load_generator(model: ModelChoice) -> Generator:
    """Load a model to sample from. `"auto"` means vLLM where it is installed and there is a GPU.

    Raises:
        ValueError: When the model cannot be loaded or the backend is not installed.
    """
    check_model_exists(model.name)
    if resolve_backend(model.backend) == "vllm":
        return VllmGenerator(model.name, model.revision, model.dtype)
    return TransformersGenerator(model.name, model.revision, model.dtype)


def resolve_backend(backend: str) -> str:
    """Return `"transformers"` or `"vllm"` for one of `BACKENDS`; raise `ValueError` for vLLM where it is missing."""
    if backend not in BACKENDS:
        raise ValueError(f"Unknown backend {backend!r}; known: {', '.join(BACKENDS)}.")
    installed = find_spec("vllm") is not None
    if backend == "vllm" and not installed:
        raise ValueError("The vllm backend needs vLLM: pip install vllm. Or use --backend transformers.")
    if backend != "auto":
        return backend
    with needing("train", "Sampling a model"):
        import torch

    return "vllm" if installed and torch.cuda.is_available() else "transformers"


def check_model_exists(model_name_or_path: str) -> None:
    """Raise `ValueError` when the name is clearly a path of this machine and nothing is there."""
    path = Path(model_name_or_path)
    local = path.is_absolute() or model_name_or_path.startswith(".") or len(path.parts) > 2
    if path.is_dir() and not ({"config.json", "adapter_config.json"} & set(os.listdir(path))):
        raise ValueError(
            f"The folder {model_name_or_path} holds no model: neither config.json nor adapter_config.json. "
            f"Folders in it: {', '.join(sorted(p.name for p in path.iterdir() if p.is_dir())) or 'none'}."
        )
    if local and not path.exists():
        raise ValueError(f"There is no model at {model_name_or_path}. Give a folder that exists or a hub name.")


def weights_hash(model_name_or_path: str) -> str | None:
    """Return 16 hex digits naming the weights in a folder, `None` for a hub name, whose commit says the same.

    A folder keeps its name when training goes on in it; samples of the older weights must not pass for the newer's.
    """
    files = sorted(path for path in Path(model_name_or_path).glob("*") if path.suffix in WEIGHTS)
    if not files:
        return None
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def load_tokenizer(model_name_or_path: str, revision: str | None = None) -> Any:
    """Return the tokenizer of a model; of an adapter saved without one, the tokenizer of its base."""
    with needing("train", "Sampling a model"):
        from transformers import AutoTokenizer

    path = Path(model_name_or_path)
    if path.is_dir() and not (path / "tokenizer_config.json").exists():
        return AutoTokenizer.from_pretrained(adapter_base(model_name_or_path, revision) or model_name_or_path)
    return AutoTokenizer.from_pretrained(model_name_or_path, revision=revision)


def adapter_base(model_name_or_path: str, revision: str | None = None) -> str | None:
    """Return the base model of a LoRA adapter, or `None` when the model is no adapter."""
    from transformers.utils.peft_utils import find_adapter_config_file

    config = find_adapter_config_file(model_name_or_path, revision=revision)
    if config is None:
        return None
    return str(json.loads(Path(config).read_text(encoding="utf-8"))["base_model_name_or_path"])


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """Return `text` up to the first of the stop strings, which is not kept."""
    ends = [position for s in stop if (position := text.find(s)) >= 0]
    return text[: min(ends)] if ends else text


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
