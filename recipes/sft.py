"""Supervised start: fine-tunes a causal LM on reference answers, or trains a small one from scratch.

    # The embedded model from scratch, on two CPU cores (recipes/tiny/README.md)
    python recipes/tiny/corpus.py --corpus outputs/tiny-corpus.jsonl
    accelerate launch recipes/sft.py --config recipes/tiny/sft.yaml

    # A chat model on the references of the tasks, one GPU, before GRPO or MaxRL
    accelerate launch --config_file accelerate_configs/single_gpu.yaml recipes/sft.py --bf16 true \
        --model_name_or_path Qwen/Qwen2.5-Coder-0.5B-Instruct --dataset_name recipes/data/train.jsonl \
        --learning_rate 1e-5 --output_dir outputs/qwen-sft

    # The same with LoRA: add --use_peft --lora_r 32 and a learning rate of 1e-4

A row needs a prompt and either a `completion` or a `reference`. A chat is answered with the reference in a
Rust fence; a plain prompt, or the `code_prefix` where the model has no chat template, with the rest of it.
A run resumes from the last complete checkpoint in its output folder; Ctrl-C and SIGTERM leave one behind.
Nothing is measured here: see recipes/evaluate.py.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # `launch` and `experiments` are ours, whatever else is there

import launch  # noqa: F401 - first: without the packages that train, it ends the script in one line
import torch
from datasets import Dataset
from launch.arguments import parse
from launch.callbacks import add_callbacks, finish
from launch.checkpoints import find_checkpoint, is_finished
from launch.datasets import load_prompts
from launch.messages import announce, clear_errors, quiet_libraries, training_errors
from launch.models import check_model, model_kwargs
from launch.opening import announce_opening, record_run
from launch.paths import check_writable, find_path
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    set_seed,
)
from trl import ModelConfig, ScriptArguments, SFTConfig, SFTTrainer, get_peft_config, get_quantization_config

from rust_rewards.suggestions import unknown_name
from trainers.callbacks import GracefulStopCallback

SAVE_DTYPES = ("float32", "float16", "bfloat16")


@dataclass
class SFTScriptArguments(ScriptArguments):
    """
    Arguments of this recipe beyond TRL's own.

    Args:
        from_scratch_config (`str`, *optional*):
            A model's config.json: builds it with random weights, and trains a byte-level BPE tokenizer of its
            `vocab_size` on the dataset. Takes the place of `model_name_or_path`.
        save_dtype (`str`, *optional*):
            Type of the saved weights: float32, float16 or bfloat16. Defaults to the type used in training.
    """

    from_scratch_config: str | None = field(
        default=None,
        metadata={
            "help": "A model's config.json: builds it with random weights, and trains a byte-level BPE "
            "tokenizer of its `vocab_size` on the dataset. Takes the place of `model_name_or_path`."
        },
    )
    save_dtype: str | None = field(
        default=None,
        metadata={
            "help": "Type of the saved weights: float32, float16 or bfloat16. Defaults to the type used in training."
        },
    )


def load_pairs(script_args: SFTScriptArguments, *, has_chat_template: bool) -> Dataset:
    """Return the dataset's prompts and completions, in the form that suits the model."""
    rows = load_prompts(
        script_args.dataset_name,
        config=script_args.dataset_config,
        split=script_args.dataset_train_split,
        has_chat_template=has_chat_template,
    )
    return Dataset.from_list([to_pair(row, number) for number, row in enumerate(rows, start=1)])


def to_pair(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the prompt and the completion of one row.

    Example:
        >>> to_pair({"prompt": "fn f() {", "reference": "fn f() {}"}, 1)
        {'prompt': 'fn f() {', 'completion': '}'}
    """
    prompt, completion, reference = row["prompt"], row.get("completion"), row.get("reference") or ""
    if completion:
        return {"prompt": prompt, "completion": completion}
    if not reference:
        raise ValueError(f"Row {number} of the dataset has neither a completion nor a reference.")
    if isinstance(prompt, str):
        return {"prompt": prompt, "completion": reference.removeprefix(prompt)}
    answer = {"role": "assistant", "content": f"```rust\n{reference.strip()}\n```"}
    return {"prompt": prompt, "completion": [answer]}


def train_tokenizer(dataset: Dataset, vocab_size: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer in which a newline is always a token of its own.

    The tokens of a prompt that ends with a newline are then the first tokens of prompt + completion.
    """
    end, pad = "<|endoftext|>", "<|pad|>"
    newlines = pre_tokenizers.Split("\n", "isolated")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([newlines, pre_tokenizers.ByteLevel(False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[end, pad],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((row["prompt"] + row["completion"] for row in dataset), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token=pad)


def check_sft_arguments(script_args: SFTScriptArguments, training_args: SFTConfig, model_args: ModelConfig) -> None:
    """Check what contradicts itself, and make the output folder.

    Raises:
        ValueError: With what was given and what to do.
        OSError: When the output folder cannot be written.
    """
    scratch = script_args.from_scratch_config
    if scratch and scratch.endswith(".json") and not Path(find_path(scratch)).is_file():
        raise ValueError(f"Model configuration '{scratch}' does not exist (current folder: {Path.cwd()}).")
    if scratch and model_args.model_name_or_path:
        raise ValueError("Both from_scratch_config and model_name_or_path are given: drop one.")
    if scratch and (model_args.load_in_4bit or model_args.load_in_8bit):
        raise ValueError("load_in_4bit and load_in_8bit are for a trained model, not for from_scratch_config.")
    if training_args.eval_strategy != "no":
        raise ValueError("Nothing is measured here: drop eval_strategy, and see recipes/evaluate.py.")
    if script_args.save_dtype not in (None, *SAVE_DTYPES):
        raise ValueError(unknown_name("save_dtype", script_args.save_dtype, SAVE_DTYPES))
    check_writable(str(training_args.output_dir))


def build_model(config: PretrainedConfig, tokenizer: PreTrainedTokenizerFast, seed: int) -> PreTrainedModel:
    """Return a model with random weights, whose end and padding tokens are the tokenizer's."""
    config.update({"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id})
    set_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    announce(f"{model.num_parameters():,} parameters from scratch, seed {seed}.")
    return model


def main(script_args: SFTScriptArguments, training_args: SFTConfig, model_args: ModelConfig) -> None:
    # Whatever a typo can break comes before the model: it costs seconds, and one line says what is wrong
    with clear_errors():
        check_sft_arguments(script_args, training_args, model_args)

        # Dataset: the tokenizer decides between chat prompts and code prefixes, or is trained on them
        model: Any
        tokenizer: Any
        if script_args.from_scratch_config:
            config = AutoConfig.from_pretrained(find_path(script_args.from_scratch_config))
            train_dataset = load_pairs(script_args, has_chat_template=False)
            tokenizer = train_tokenizer(train_dataset, config.vocab_size)
        else:
            model = check_model(model_args)
            tokenizer = AutoTokenizer.from_pretrained(model, revision=model_args.model_revision)
            train_dataset = load_pairs(script_args, has_chat_template=tokenizer.chat_template is not None)

        # What the run uses; is it done before, or begun?
        start = model_args.model_name_or_path and model
        record = record_run((script_args, training_args, model_args), start or "", train_dataset)
        announce_opening(record, training_args, train_dataset, held_out=None)
        if is_finished(training_args, record):
            return
        checkpoint = find_checkpoint(training_args, record)

    # Model: TRL loads a path itself
    if script_args.from_scratch_config:
        model = build_model(config, tokenizer, training_args.seed)
    else:
        training_args.model_init_kwargs = model_kwargs(training_args, model_args)

    # Trainer
    graceful_stop = GracefulStopCallback()
    with clear_errors(ValueError, ImportError):  # an option that only TRL, transformers or a missing package refuses
        trainer = SFTTrainer(
            model=model,
            args=training_args,
            train_dataset=train_dataset,
            processing_class=tokenizer,
            quantization_config=get_quantization_config(model_args),
            peft_config=get_peft_config(model_args),
            callbacks=[graceful_stop],
        )

    add_callbacks(trainer, record, checkpoint)

    # Train
    with training_errors(training_args):
        trainer.train(resume_from_checkpoint=checkpoint)
    if graceful_stop.signal is not None:
        announce(f"Stopped after step {trainer.state.global_step}; the same command continues from there.")
        raise SystemExit(128 + graceful_stop.signal)

    # Save and push
    if script_args.save_dtype:
        trainer.accelerator.unwrap_model(trainer.model).to(getattr(torch, script_args.save_dtype))
    with training_errors(training_args):
        finish(trainer, record)
    announce(f"Model, card and run.json are in {training_args.output_dir}.")
    if training_args.push_to_hub:
        trainer.push_to_hub()


if __name__ == "__main__":
    quiet_libraries()
    with clear_errors():
        parsed = parse((SFTScriptArguments, SFTConfig, ModelConfig), default_config="recipes/tiny/sft.yaml")
    main(*parsed)
