"""Trains a language model to write Rust with GRPO, the compiler being the teacher.

    # The embedded model on two CPU cores, a few minutes; then the same with other settings
    accelerate launch recipes/grpo.py
    accelerate launch recipes/grpo.py --max_steps 20 --reward_funcs compile tests --output_dir outputs/try

    # Two CPU processes
    ACCELERATE_USE_CPU=true torchrun --nproc_per_node 2 recipes/grpo.py

    # One GPU
    accelerate launch --config_file accelerate_configs/single_gpu.yaml recipes/grpo.py \
        --config recipes/qwen2.5-coder-0.5b/grpo.yaml

    # Eight GPUs
    accelerate launch --config_file accelerate_configs/ddp.yaml recipes/grpo.py \
        --config recipes/qwen2.5-coder-1.5b/grpo.yaml

Every key of TRL's `GRPOConfig` and `ModelConfig` works as a flag and in YAML, and `--judge_*` adds a model's
judgement to the rewards. A run resumes from the last complete checkpoint in its output folder; Ctrl-C and
SIGTERM leave one behind.
"""

from pathlib import Path
from typing import Any

from launch.arguments import RecipeArguments, check_arguments, parse
from launch.checkpoints import find_checkpoint, is_finished
from launch.datasets import load_datasets
from launch.messages import announce, clear_errors
from launch.models import check_model, model_kwargs
from launch.rewards import reward_functions
from transformers import AutoTokenizer, ProgressCallback
from trl import GRPOConfig, GRPOTrainer, ModelConfig, get_peft_config, get_quantization_config

from rust_rewards.judge import JudgeArguments
from trainers.callbacks import GracefulStopCallback, RewardProgressCallback, TrainingLogCallback
from trainers.curriculum import CurriculumConfig, CurriculumGRPOTrainer


def main(
    script_args: RecipeArguments, training_args: GRPOConfig, model_args: ModelConfig, judge_args: JudgeArguments
) -> None:
    # Whatever a typo can break comes before the model: it costs seconds, and one line says what is wrong
    with clear_errors():
        check_arguments(script_args, training_args)
        model = check_model(model_args)
        if is_finished(training_args):
            return
        checkpoint = find_checkpoint(training_args)

        # Rewards
        reward_funcs = reward_functions(script_args, training_args, judge_args)

        # Dataset: the tokenizer decides between chat prompts and code prefixes
        tokenizer = AutoTokenizer.from_pretrained(
            model,
            revision=model_args.model_revision,
            trust_remote_code=training_args.trust_remote_code,
        )
        train_dataset, eval_dataset = load_datasets(script_args, training_args, tokenizer)

    # Trainer
    training_args.model_init_kwargs = model_kwargs(training_args, model_args)
    graceful_stop = GracefulStopCallback()
    trainer_class: Any = GRPOTrainer
    options: dict[str, Any] = {}
    if script_args.curriculum:
        trainer_class = CurriculumGRPOTrainer
        options = {"curriculum": CurriculumConfig(success_threshold=script_args.curriculum_success)}
    with clear_errors(ValueError, ImportError):  # an option that only TRL, transformers or a missing package refuses
        trainer = trainer_class(
            model=model,
            reward_funcs=reward_funcs,
            args=training_args,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            quantization_config=get_quantization_config(model_args),
            peft_config=get_peft_config(model_args),
            callbacks=[graceful_stop],
            **options,
        )
    trainer.add_callback(TrainingLogCallback(trainer))
    if not training_args.disable_tqdm:
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(RewardProgressCallback)

    # Train
    trainer.train(resume_from_checkpoint=checkpoint)
    if graceful_stop.signal is not None:
        announce(f"Stopped after step {trainer.state.global_step}; the same command continues from there.")
        trainer.end()
        raise SystemExit(128 + graceful_stop.signal)

    # Save and push
    trainer.save_model()
    trainer.save_state()
    trainer.create_model_card(model_name=Path(str(training_args.output_dir)).name)
    announce(f"Model, log and plot are in {training_args.output_dir}.")
    if training_args.push_to_hub:
        trainer.push_to_hub()
    trainer.end()


if __name__ == "__main__":
    with clear_errors():
        parsed = parse(
            (RecipeArguments, GRPOConfig, ModelConfig, JudgeArguments), default_config="recipes/tiny/grpo.yaml"
        )
    main(*parsed)
