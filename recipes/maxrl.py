"""Trains a language model to write Rust with MaxRL: it learns from the correct completions only.

    # The embedded model on two CPU cores, a few minutes; then the paper's estimator
    accelerate launch recipes/maxrl.py
    accelerate launch recipes/maxrl.py --maxrl_weighting uniform --maxrl_baseline true \
        --output_dir outputs/try

    # Two CPU processes
    ACCELERATE_USE_CPU=true torchrun --nproc_per_node 2 recipes/maxrl.py

    # One GPU
    accelerate launch --config_file accelerate_configs/single_gpu.yaml recipes/maxrl.py \
        --config recipes/qwen2.5-coder-0.5b/maxrl.yaml

    # Eight GPUs; 200 steps of GRPO first, as a start for models that rarely compile
    accelerate launch --config_file accelerate_configs/ddp.yaml recipes/maxrl.py \
        --config recipes/qwen2.5-coder-1.5b/maxrl.yaml --maxrl_schedule warmup --grpo_warmup_steps 200

Every key of `MaxRLConfig`, TRL's `GRPOConfig` and `ModelConfig` works as a flag and in YAML. A run resumes
from the last complete checkpoint in its output folder; Ctrl-C and SIGTERM leave one behind. Differs from
`grpo.py` in the trainer, its configuration and one check.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # `launch` and `experiments` are ours, whatever else is there

from launch.arguments import RecipeArguments, check_arguments, parse
from launch.callbacks import add_callbacks, finish
from launch.checkpoints import find_checkpoint, is_finished
from launch.datasets import load_datasets
from launch.messages import announce, clear_errors, quiet_libraries, training_errors
from launch.models import check_model, model_kwargs
from launch.opening import announce_opening, record_run
from launch.rewards import reward_functions
from launch.task_rewards import check_rewards_can_read, choose_rewards
from transformers import AutoTokenizer
from trl import ModelConfig, get_peft_config, get_quantization_config

from rust_rewards.judge import JudgeArguments
from trainers import MaxRLConfig, MaxRLTrainer
from trainers.callbacks import GracefulStopCallback
from trainers.curriculum import CurriculumConfig, CurriculumMaxRLTrainer
from trainers.maxrl_trainer import check_correctness_reward


def main(
    script_args: RecipeArguments, training_args: MaxRLConfig, model_args: ModelConfig, judge_args: JudgeArguments
) -> None:
    # Whatever a typo can break comes before the model: it costs seconds, and one line says what is wrong
    with clear_errors():
        check_arguments(script_args, training_args)
        model = check_model(model_args)

        # Dataset: the tokenizer decides between chat prompts and code prefixes
        tokenizer = AutoTokenizer.from_pretrained(
            model,
            revision=model_args.model_revision,
            trust_remote_code=training_args.trust_remote_code,
        )
        train_dataset, eval_dataset = load_datasets(script_args, training_args, tokenizer)

        # Rewards
        choose_rewards(script_args, training_args, train_dataset)
        reward_funcs = reward_functions(script_args, training_args, judge_args)
        check_rewards_can_read(reward_funcs, train_dataset, script_args.dataset_name)
        check_correctness_reward(training_args.correctness_reward, reward_funcs)

        # What the run uses; is it done before, or begun?
        arguments = (script_args, training_args, model_args, judge_args)
        record = record_run(arguments, model, train_dataset, rewards=reward_funcs)
        announce_opening(record, training_args, train_dataset, eval_dataset, rewards=reward_funcs)
        if is_finished(training_args, record):
            return
        checkpoint = find_checkpoint(training_args, record)

    # Trainer
    training_args.model_init_kwargs = model_kwargs(training_args, model_args)
    graceful_stop = GracefulStopCallback()
    trainer_class: Any = MaxRLTrainer
    options: dict[str, Any] = {}
    if script_args.curriculum:
        trainer_class = CurriculumMaxRLTrainer
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
    add_callbacks(trainer, record, checkpoint)

    # Train
    with training_errors(training_args):
        trainer.train(resume_from_checkpoint=checkpoint)
    if graceful_stop.signal is not None:
        announce(f"Stopped after step {trainer.state.global_step}; the same command continues from there.")
        trainer.end()
        raise SystemExit(128 + graceful_stop.signal)

    # Save and push
    with training_errors(training_args):
        finish(trainer, record)
    announce(f"Model, log, plot and card are in {training_args.output_dir}.")
    if training_args.push_to_hub:
        trainer.push_to_hub()
    trainer.end()


if __name__ == "__main__":
    quiet_libraries()
    with clear_errors():
        parsed = parse(
            (RecipeArguments, MaxRLConfig, ModelConfig, JudgeArguments), default_config="recipes/tiny/maxrl.yaml"
        )
    main(*parsed)
