"""What a run says at its start."""

from datasets import Dataset
from launch.arguments import RecipeArguments, parse
from launch.opening import announce_opening, batch_arithmetic, record_run
from launch.rewards import reward_functions
from paths import RECIPES
from sft import SFTScriptArguments
from trl import GRPOConfig, ModelConfig, SFTConfig

from rust_rewards.judge import JudgeArguments


def grpo(*flags):
    return parse((RecipeArguments, GRPOConfig, ModelConfig), "recipes/tiny/grpo.yaml", list(flags))


def batch(*flags, rows=240):
    return batch_arithmetic(grpo(*flags)[1], rows)


def test_a_run_says_which_rows_rewards_columns_and_device_it_uses(capsys):
    arguments = grpo("--eval_strategy", "steps", "--eval_steps", "20")
    tasks = Dataset.from_dict({"prompt": ["a", "b", "c"], "tests": ["x", None, "y"], "level": [1, 2, 3]})
    rewards = reward_functions(arguments[0], arguments[1], JudgeArguments())
    record = record_run(arguments, str(RECIPES / "tiny/checkpoint"), tasks, rewards=rewards)
    capsys.readouterr()
    announce_opening(record, arguments[1], tasks, tasks.select([0]), rewards=rewards)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "GRPO on recipes/tiny/checkpoint, into outputs/tiny-grpo"
    assert lines[1].split(maxsplit=1)[1] == (
        "3 rows of recipes/tiny/train.jsonl, 2 with hidden tests; columns: prompt, tests, level"
    )
    assert lines[2] == "  held out 1 rows, measured every 20 steps"
    assert lines[3] == (
        "  rewards  rust_reward (weight 1), tests_reward (weight 10), soft_overlong_punishment_reward (weight 10)"
    )
    assert lines[4] == "  unread   level (columns that no reward reads)"
    assert lines[5].startswith("  batch    64 completions a step")
    assert "float32; rustc 1." in lines[6]


def test_the_batch_is_worked_out():
    # 64 = 64 x 1 x 1 = 8 prompts x 8 samples; 120 steps of 8 prompts are 960 prompts, 4 times 240
    assert batch() == (
        "64 completions a step (64 per device x 1 process x 1 accumulation) = 8 prompts x 8 samples; "
        "120 steps = 4 passes over the tasks"
    )


def test_accumulation_and_reuse_of_a_batch_are_worked_out():
    # 16 x 4 = 64 completions a step; 8 micro-batches per generation and 2 iterations: 8 / 4 x 2 = 4 steps each.
    # A pass takes 240 / 8 x 2 = 60 steps
    flags = ["--per_device_train_batch_size", "16", "--gradient_accumulation_steps", "4"]
    flags += ["--steps_per_generation", "8", "--num_iterations", "2"]
    assert batch(*flags) == (
        "64 completions a step (16 per device x 1 process x 4 accumulation) = 8 prompts x 8 samples, each generated "
        "batch serves 4 steps; 120 steps = 2 passes over the tasks"
    )


def test_a_run_of_passes_says_about_how_many_steps_they_are():
    assert batch("--max_steps", "-1", "--num_train_epochs", "3").endswith("3 passes over the tasks = about 90 steps")


def test_a_supervised_start_has_examples_and_neither_rewards_nor_tests(capsys):
    arguments = parse((SFTScriptArguments, SFTConfig, ModelConfig), "recipes/tiny/sft.yaml", ["--max_steps", "5"])
    tasks = Dataset.from_dict({"prompt": ["a"], "completion": ["b"]})
    record = record_run(arguments, "", tasks)
    capsys.readouterr()
    announce_opening(record, arguments[1], tasks, held_out=None)
    text = capsys.readouterr().out
    assert text.startswith("SFT on random weights, into outputs/")
    assert "examples a step" in text
    assert "tests" not in text
    assert "rewards" not in text
