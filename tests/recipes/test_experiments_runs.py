"""Runs are trained, evaluated, measured, kept, and taken up again."""

import json
from pathlib import Path

import pytest
import yaml
from experiments import methods
from experiments.plan import Run
from experiments.runs import all_options, as_flags, carry_out_one, read_settings, run_program, whole_batch
from experiments_testbed import ONE, ONE_TESTS, plan
from launch.arguments import RecipeArguments, parse
from maxrl_testbed import tiny_model, tiny_tokenizer
from paths import ROOT
from trl import ModelConfig

from rust_rewards.exit_codes import RunFailedError
from trainers import MaxRLConfig


def test_the_options_of_a_run_measure_every_method_alike(tmp_path):
    options = all_options(plan(tmp_path), Run("grpo", 7, methods.methods(100)["grpo"]))
    assert options["reward_funcs"] == ["rust", "tests", "rust_rewards.rewards.solved_reward"]
    assert options["reward_weights"] == [1.0, 10.0, 0.0]  # measured, not trained on
    assert (options["seed"], options["max_steps"], options["logging_steps"]) == (7, 100, 1)
    tasks = len((ROOT / "recipes/tiny/eval.jsonl").read_text().splitlines())
    assert (2 * tasks) % options["per_device_eval_batch_size"] == 0
    assert options["per_device_eval_batch_size"] <= 256


@pytest.mark.parametrize(("tasks", "samples", "batch"), [(90, 4, 180), (7, 2, 14), (257, 1, 1), (28, 8, 224)])
def test_evaluation_batches_are_equal_so_that_their_mean_is_the_mean(tasks, samples, batch):
    assert whole_batch(tasks, samples) == batch


@pytest.fixture
def tiny_plan(tmp_path):
    """A plan for the few-thousand-parameter model on four tasks it cannot solve."""
    tiny_model().save_pretrained(tmp_path / "model")
    tiny_tokenizer().save_pretrained(tmp_path / "model")
    columns = {"entry_point": "one", "tests": ONE_TESTS, "reference": ONE, "difficulty": 1, "topic": "numbers"}
    rows = [{"task_id": f"t{i}", "prompt": p, "code_prefix": p, **columns} for i, p in enumerate(["p q", "q p"])]
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, rows)))
    recipe = {
        "output_dir": "unused",
        "model_name_or_path": str(tmp_path / "model"),
        "dataset_name": str(tmp_path / "tasks.jsonl"),
        "reward_funcs": ["rust", "tests"],
        "num_generations": 4,
        "per_device_train_batch_size": 8,
        "max_completion_length": 6,
        "bf16": False,
        "use_cpu": True,
        "activation_checkpointing": False,
        "report_to": "none",
    }
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(recipe))
    sizes = {"steps": 2, "eval_every": 2, "final_samples": 2}
    return plan(tmp_path / "out", config=str(tmp_path / "base.yaml"), **sizes)


@pytest.mark.slow
def test_a_run_is_trained_evaluated_measured_and_kept(tiny_plan):
    run = Run("grpo", 1, methods.methods(2)["grpo"])
    first = carry_out_one(tiny_plan, run)
    assert [point["step"] for point in first["held_out"]] == [0, 2]
    assert [point["step"] for point in first["steps"]] == [1, 2]
    assert (first["solved"], first["pass@2"], first["distinct"]) == (0.0, 0.0, 0.0)
    assert first["train_seconds"] > 0

    # Started again it trains nothing: the model could not even be loaded.
    (Path(tiny_plan.base()["model_name_or_path"]) / "model.safetensors").unlink()
    assert carry_out_one(tiny_plan, run) == first
    with pytest.raises(ValueError, match="begun with other settings"):
        carry_out_one(tiny_plan, Run("grpo", 1, {**run.options, "learning_rate": 1.0}))


def test_a_program_that_fails_is_reported_with_its_last_lines(tmp_path):
    program = tmp_path / "recipe.py"
    program.write_text("import sys\nfor i in range(40):\n    print('line', i)\nsys.exit('error: no such model')\n")
    with pytest.raises(RunFailedError) as failure:
        run_program([str(program)], tmp_path / "log.txt")
    told = str(failure.value).splitlines()
    assert told[0] == f"recipe.py ended with status 1, see {tmp_path}/log.txt:"
    assert told[-1].strip() == "error: no such model"
    assert len(told) == 1 + 15


def test_the_flags_of_a_run_are_understood_by_the_recipe(tmp_path):
    options = all_options(plan(tmp_path), Run("hybrid", 3, methods.methods(100)["hybrid"]))
    argv = ["--config", str(ROOT / "recipes/tiny/maxrl.yaml"), *as_flags(options), "--use_cpu"]
    script, training, _ = parse((RecipeArguments, MaxRLConfig, ModelConfig), default_config="unused", argv=argv)
    assert script.reward_funcs == options["reward_funcs"]
    assert (training.maxrl_schedule, training.grpo_warmup_steps) == ("warmup", 20)
    assert training.eval_on_start
    assert training.disable_tqdm


def test_a_run_that_the_version_before_began_goes_on(tmp_path):
    begun = {"recipe": {}, "options": {"reward_funcs": ["rust", "experiments.solved_reward"]}, "final_samples": 8}
    (tmp_path / "settings.json").write_text(json.dumps(begun))
    settings = read_settings(tmp_path / "settings.json")
    assert settings["options"]["reward_funcs"] == ["rust", "rust_rewards.rewards.solved_reward"]
    assert (settings["recipe"], settings["final_samples"]) == ({}, 8)
