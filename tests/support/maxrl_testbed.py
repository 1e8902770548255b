"""A model of a few thousand parameters, a vocabulary of words, and completions fixed in advance.

The first word of a completion is its reward ("28 a b" scores 28), so a test writes down a batch of
completions and knows every reward in it. Completions enter through TRL's `rollout_func`: everything after
sampling is the real thing.
"""

import re
from pathlib import Path

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback

from trainers import MaxRLConfig, MaxRLTrainer

GRADES = ["28", "26", "24", "21", "20", "10", "5", "-4", "nan"]
LETTERS = list("abcdefghij")
VOCABULARY = ["<pad>", "<eos>", "p", "q", *GRADES, *LETTERS]


def tiny_tokenizer():
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", padding_side="left")


def tiny_model(seed=0):
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        initializer_range=0.3,  # large enough for the tokens to differ clearly in probability
    )
    return LlamaForCausalLM(config).float()


def token_ids(text):
    return [VOCABULARY.index(word) for word in text.split()]


def grade(completions, **kwargs):
    """Reward: the first word of the completion as a number, `None` for "nan" and other words."""
    firsts = [completion.split()[0] if completion.split() else "" for completion in completions]
    return [float(word) if re.fullmatch(r"-?\d+", word) else None for word in firsts]


class FixedCompletions:
    """A `rollout_func` that answers with `texts`, the batch over all ranks in order, at every call."""

    def __init__(self, texts):
        self.texts = texts

    def __call__(self, prompts, trainer):
        first = trainer.accelerator.process_index * len(prompts)
        texts = self.texts[first : first + len(prompts)]
        return {
            "prompt_ids": [token_ids(prompt) for prompt in prompts],
            "completion_ids": [token_ids(text) for text in texts],
            "logprobs": None,
        }


class GradientRecorder(TrainerCallback):
    """Keeps the gradients of every optimizer step, as the optimizer is about to use them."""

    def __init__(self):
        self.steps = []

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        self.steps.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})


def config(output_dir, **options):
    defaults = {
        "per_device_train_batch_size": 8,
        "num_generations": 4,
        "max_completion_length": 8,
        "max_steps": 1,
        "learning_rate": 1e-2,
        "lr_scheduler_type": "constant",
        "max_grad_norm": 0.0,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "shuffle_dataset": False,
        "disable_tqdm": True,
    }
    kind = options.pop("config_kind", MaxRLConfig)
    return kind(str(output_dir), **{**defaults, **options})


def trainer(output_dir, texts=None, *, kind=MaxRLTrainer, model=None, rewards=grade, prompts=("p q", "q p"), **options):
    """Return a trainer on the tiny model; with `texts`, its completions are fixed."""
    extras = {name: options.pop(name) for name in ("eval_dataset", "peft_config", "callbacks") if name in options}
    return kind(
        model or tiny_model(),
        rewards,
        args=config(output_dir, **options),
        train_dataset=Dataset.from_dict({"prompt": list(prompts)}),
        processing_class=tiny_tokenizer(),
        rollout_func=FixedCompletions(texts) if texts is not None else None,
        **extras,
    )


def first_gradient(output_dir, texts, **options):
    """Return the gradient of the first optimizer step and the trainer."""
    recorder = GradientRecorder()
    run = trainer(output_dir, texts, callbacks=[recorder], **options)
    run.train()
    return recorder.steps[0], run


def log_value(run, key):
    """Return the value of `key` in the last log record that has it."""
    return next(record[key] for record in reversed(run.state.log_history) if key in record)


def checkpoint_path(output_dir, step):
    return str(Path(output_dir) / f"checkpoint-{step}")
