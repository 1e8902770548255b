"""What a run's record holds, and which change makes another experiment of it."""

import json
import sys

import pytest
from datasets import Dataset
from launch.arguments import RecipeArguments, parse
from launch.opening import record_run
from launch.rewards import reward_functions
from launch.run_record import differences, read_record, tasks_content, write_record
from paths import RECIPES
from trl import GRPOConfig, ModelConfig

from rust_rewards.judge import JudgeArguments
from trainers import MaxRLConfig

CHECKPOINT = str(RECIPES / "tiny/checkpoint")


def record_of(*flags, rewards=None, rows=("a", "b"), method=GRPOConfig, model=CHECKPOINT):
    kinds = (RecipeArguments, method, ModelConfig, JudgeArguments)
    default = "recipes/tiny/maxrl.yaml" if method is MaxRLConfig else "recipes/tiny/grpo.yaml"
    arguments = parse(kinds, default, list(flags))
    tasks = Dataset.from_dict({"prompt": list(rows), "tests": ["x", None]})
    rewards = rewards or reward_functions(*arguments[:2], JudgeArguments())  # a judge would be asked for an answer
    return record_run(arguments, model, tasks, rewards=rewards)


def changed(*flags, **options):
    return differences(record_of().fingerprint(), record_of(*flags, **options).fingerprint())


@pytest.mark.parametrize(
    ("flags", "difference"),
    [
        (["--learning_rate", "1e-5"], "learning_rate is 0.0003 there and 1e-05 here"),
        (["--seed", "1"], "seed is 42 there and 1 here"),
        (["--num_generations", "4"], "num_generations is 8 there and 4 here"),
        (["--max_completion_length", "32"], "max_completion_length is 48 there and 32 here"),
        (["--loss_type", "dr_grpo"], 'loss_type is "dapo" there and "dr_grpo" here'),
        (["--soft_punish_cache", "8"], "soft_punish_cache is 4 there and 8 here"),
        (["--curriculum"], 'method is "GRPO" there and "GRPO with a curriculum" here'),
        (["--use_peft"], "use_peft is false there and true here"),
        (["--judge_model", "m"], 'judge_model is null there and "m" here'),
        (["--gradient_accumulation_steps", "2"], "batch is 64 there and 128 here"),
    ],
)
def test_what_changes_what_is_learned_makes_another_experiment(flags, difference):
    assert difference in changed(*flags)


@pytest.mark.parametrize(
    "flags",
    [
        ["--max_steps", "500", "--save_steps", "7", "--logging_steps", "2", "--report_to", "wandb"],
        ["--eval_strategy", "steps", "--eval_steps", "5", "--num_generations_eval", "2"],
        ["--per_device_train_batch_size", "32", "--gradient_accumulation_steps", "2"],  # the same 64 completions
        ["--dataloader_num_workers", "2", "--disable_tqdm", "true", "--log_completions", "true"],
        ["--output_dir", "elsewhere", "--save_total_limit", "5", "--judge_concurrency", "2"],
    ],
)
def test_length_logging_saving_measuring_and_hardware_do_not(flags):
    assert changed(*flags) == []


def test_other_tasks_rewards_weights_or_model_do(tmp_path):
    assert changed(rows=["a", "c"]) == ["other tasks"]
    assert changed(rows=["b", "a"]) == ["other tasks"]  # the order decides which are in a batch
    (difference,) = changed("--reward_funcs", "rust")
    assert difference.startswith('rewards is {"rust_reward": 1.0, "tests_reward": 10.0, ')
    assert difference.endswith(' there and {"rust_reward": 1.0} here')
    (difference,) = changed("--reward_weights", "1", "5", "10")
    assert " here" in difference
    assert '"tests_reward": 5.0' in difference
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    assert changed(model=str(tmp_path)) == ["other weights of the model"]


def test_a_model_folder_that_has_moved_is_the_same_model(tmp_path):
    weights = (RECIPES / "tiny/checkpoint/model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights)
    assert changed(model=str(tmp_path)) == []


def test_a_setting_of_maxrl_counts():
    found = [record_of(*flags, method=MaxRLConfig) for flags in ([], ["--correctness_threshold", "25"])]
    assert [record.method for record in found] == ["MaxRL", "MaxRL"]
    assert differences(found[0].fingerprint(), found[1].fingerprint()) == [
        "correctness_threshold is 33.5 there and 25.0 here"
    ]


def test_a_setting_that_only_a_newer_version_knows_is_no_difference():
    assert differences({"seed": 1}, {"seed": 1, "new_option": True}) == []


def test_the_record_says_what_the_run_uses_and_can_be_read_back(tmp_path):
    write_record(tmp_path, record_of().to_json(files={"a": 1}))
    kept = read_record(tmp_path)
    assert kept == json.loads((tmp_path / "run.json").read_text())
    assert (kept["rows"], kept["rows_with_tests"]) == (2, 1)
    assert kept["rewards"] == {"rust_reward": 1.0, "tests_reward": 10.0, "soft_overlong_punishment_reward": 10.0}
    assert {"rustc", "trl", "rust-rewards"} <= kept["versions"].keys()
    assert kept["fingerprint"]["learning_rate"] == 3e-4
    assert kept["seed"] == 42


def test_no_secret_is_in_the_record(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["grpo.py", "--hub_token", "hf_secret", "--seed", "1"])
    text = json.dumps(record_of("--hub_token", "hf_secret").to_json())
    assert "hf_secret" not in text
    assert '"arguments": ["--hub_token", "***", "--seed", "1"]' in text


def test_rows_are_told_apart_by_content():
    assert tasks_content([{"a": 1, "b": 2}]) == tasks_content([{"b": 2, "a": 1}])
    assert tasks_content([{"a": "x"}, {"a": "y"}]) != tasks_content([{"a": "xy"}])
