"""Arguments and YAML files: what is understood, and how everything else is named."""

import dataclasses
import os
import sys

import pytest
import yaml
from launch.arguments import RecipeArguments, parse
from launch.help_text import COMMON
from paths import RECIPES
from recipes_testbed import write
from transformers.utils import is_torch_bf16_gpu_available
from trl import GRPOConfig, ModelConfig, SFTConfig

from rust_rewards.judge import JudgeArguments
from trainers import MaxRLConfig


def test_a_misspelt_yaml_key_is_named_with_the_right_one(refuse, tmp_path):
    config = write(tmp_path / "c.yaml", "model_name_or_path: x\nlearing_rate: 1e-5\n")
    assert f"Unknown key 'learing_rate' in {config}. Did you mean 'learning_rate'?" in refuse("--config", config)


@pytest.mark.parametrize("flag", [["--learing_rate", "1e-5"], ["--learing-rate=1e-5"]])
def test_a_misspelt_flag_is_named_with_the_right_one(refuse, flag):
    assert refuse(*flag) == "error: Unknown flag --learing_rate. Did you mean --learning_rate?"


def test_a_flag_like_no_other_is_named(refuse):
    assert refuse("--quux", "1") == "error: Unknown flag --quux. --help_all lists every flag."


def test_a_config_that_is_missing_or_no_mapping_is_named(refuse, tmp_path):
    assert "Cannot read config file 'no.yaml' given with --config: No such file" in refuse("--config", "no.yaml")
    assert "Cannot read config file" in refuse("--config", tmp_path)
    assert "no.yaml" in refuse("--config=no.yaml")  # the form that TRL's parser alone would not take
    assert "must contain a YAML mapping" in refuse("--config", write(tmp_path / "c.yaml", "- a\n"))


def test_a_value_that_trl_would_refuse_only_after_a_rollout_is_refused_at_once(refuse):
    assert "Unknown loss_type 'grpoo'. Did you mean 'grpo'?" in refuse("--loss_type", "grpoo")


def test_contradicting_batch_sizes_are_refused(refuse):
    assert "divisible by num_generations" in refuse("--num_generations", 7)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["my_pkg.my_reward"], "my_pkg.my_reward"),
        (["rust_rewards.rewards.nothing"], "no attribute 'nothing'"),
        (["rust_rewards.rewards.DEFAULT_CONFIG"], "not a function"),
        (["compile", "compile"], "given twice"),
    ],
)
def test_a_reward_that_cannot_be_used_is_named_with_the_reason(refuse, names, message):
    assert message in refuse("--reward_funcs", *names)


def test_a_scalar_reward_in_yaml_counts_as_one_and_weights_must_match(refuse, tmp_path):
    config = write(
        tmp_path / "c.yaml",
        f"model_name_or_path: {RECIPES}/tiny/checkpoint\nbf16: false\nreward_funcs: compile\nreward_weights: 2.0\n",
    )
    assert "No dataset" in refuse("--config", config)  # it got past rewards and weights
    message = refuse("--config", config, "--reward_weights", 1.0, 2.0)
    assert "2 reward_weights for 1 reward_funcs (compile)" in message


def test_rewards_of_the_command_line_do_not_get_the_weights_of_the_config(capsys):
    config = ["--config", str(RECIPES / "tiny/grpo.yaml"), "--reward_funcs", "compile"]
    kinds = (RecipeArguments, GRPOConfig, ModelConfig)
    script_args, training_args, _ = parse(kinds, "unused", config)
    assert (script_args.reward_funcs, training_args.reward_weights) == (["compile"], None)
    assert "reward_weights are dropped" in capsys.readouterr().out
    assert parse(kinds, "unused", [*config, "--reward_weights", "3"])[1].reward_weights == [3.0]


@pytest.mark.parametrize("weights", [["--reward_weights", "3"], ["--reward_weights=3"]])
def test_weights_of_the_command_line_are_kept_in_either_form(weights):
    config = ["--config", str(RECIPES / "tiny/grpo.yaml"), "--reward_funcs=compile", *weights]
    assert parse((RecipeArguments, GRPOConfig, ModelConfig), "unused", config)[1].reward_weights == [3.0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("reward_funcs:", "reward_funcs in FILE must be a list (text each), got nothing"),
        ("learning_rate:", "learning_rate in FILE must be a number, got nothing"),
        ("reward_weights: [1.0, ten]", "reward_weights in FILE must be a list (a number each), got [1.0, 'ten']"),
        ("per_device_train_batch_size: 64.0", "per_device_train_batch_size in FILE must be a whole number, got 64.0"),
        ("max_steps: true", "max_steps in FILE must be a whole number, got True"),
        ("dtype: flaot32", "Unknown dtype 'flaot32'. Did you mean 'float32'?"),
        ("min_pass_rate: 1.5", "min_pass_rate is 1.5 and max_pass_rate None; give numbers from 0 to 1"),
        ("max_pass_rate: -0.1", "min_pass_rate is None and max_pass_rate -0.1; give numbers from 0 to 1"),
        ("learning_rate: -1", "learning_rate is -1; give a positive one such as 1e-6"),
        ("beta: -0.1", "beta is -0.1; give 0 (no KL penalty) or more"),
        ("max_grad_norm: .nan", "max_grad_norm in FILE must be a number, got nan"),
        ("max_completion_length: 0", "max_completion_length is 0; give at least 1 token"),
        ("temperature: 0.0", "temperature is 0.0; samples need one above 0"),
        ("attn_implementation: flash", '`attn_implementation="flash"` is not supported'),
        ("learning_rate: [1", "is not YAML: while parsing"),
    ],
)
def test_a_value_that_is_of_no_use_is_named(refuse, tmp_path, line, message):
    recipe = yaml.safe_load((RECIPES / "tiny/grpo.yaml").read_text())
    recipe.pop(line.partition(":")[0], None)
    config = write(tmp_path / "c.yaml", f"{yaml.safe_dump(recipe)}{line}\n")
    assert message.replace("FILE", str(config)) in refuse("--config", config)


def test_numbers_that_yaml_takes_for_text_are_numbers(tmp_path):
    config = write(tmp_path / "c.yaml", "bf16: false\nlearning_rate: 1e-5\nmax_steps: '3'\nreward_weights: [1e-1, 2]\n")
    _, training_args, _ = parse((RecipeArguments, GRPOConfig, ModelConfig), "unused", ["--config", str(config)])
    assert (training_args.learning_rate, training_args.max_steps) == (1e-5, 3)


def test_an_output_folder_that_cannot_be_written_is_named(refuse, tmp_path):
    file = write(tmp_path / "file", "in the way")
    assert f"Cannot write to output folder '{file}/out'" in refuse("--output_dir", file / "out")


KINDS = (RecipeArguments, GRPOConfig, ModelConfig)
no_bf16 = pytest.mark.skipif(is_torch_bf16_gpu_available(), reason="a device here computes in bfloat16")


@no_bf16
def test_bfloat16_is_off_where_no_device_has_it_and_the_log_says_so(tmp_path, capsys):
    argv = ["--model_name_or_path", "m", "--output_dir", str(tmp_path)]
    _, training_args, _ = parse(KINDS, default_config="recipes/tiny/grpo.yaml", argv=argv)
    assert training_args.bf16 is False
    assert "going on with --bf16 false" in capsys.readouterr().out


@pytest.mark.parametrize("said", ["bf16", "fp16", "no", None])
def test_the_launchers_precision_does_not_count(monkeypatch, said):
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION", raising=False)
    if said is not None:
        monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", said)
    args = parse(KINDS, default_config="recipes/tiny/grpo.yaml", argv=["--bf16", "false"])[1]
    assert (args.bf16, args.fp16, args.mixed_precision) == (False, False, "no")


@no_bf16
@pytest.mark.parametrize("asked", [["--bf16", "true"], ["--bf16=true"]])
def test_bfloat16_that_was_asked_for_is_not_switched_off(tmp_path, asked):
    argv = ["--model_name_or_path", "m", "--output_dir", str(tmp_path), *asked]
    with pytest.raises(ValueError, match="bf16"):
        parse(KINDS, default_config="recipes/tiny/grpo.yaml", argv=argv)


# What nobody gave


def embedded(*flags):
    return parse(KINDS, default_config="recipes/tiny/grpo.yaml", argv=list(flags))[1]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ([], []),
        (["--report_to", "wandb"], ["wandb"]),
        (["--report_to", "wandb", "tensorboard", "trackio", "--seed", "3"], ["wandb", "tensorboard", "trackio"]),
    ],
)
def test_several_trackers_may_be_given_on_the_command_line(flags, expected):
    args = embedded(*flags)
    assert args.report_to == expected
    assert args.seed == (3 if "--seed" in flags else 42)


def test_a_tracker_shows_the_run_under_its_own_name(tmp_path, monkeypatch):
    for name in ("WANDB_PROJECT", "WANDB_DIR"):
        monkeypatch.delenv(name, raising=False)
    args = embedded("--output_dir", str(tmp_path / "my-run"))
    assert (args.run_name, args.project) == ("my-run", "rust-rewards")
    assert (os.environ["WANDB_PROJECT"], os.environ["WANDB_DIR"]) == ("rust-rewards", str(tmp_path / "my-run"))
    assert embedded("--run_name", "mine").run_name == "mine"


def test_there_is_a_bar_on_a_terminal_only(monkeypatch):
    assert embedded().disable_tqdm is True  # under pytest standard error is no terminal
    assert embedded("--disable_tqdm", "false").disable_tqdm is False
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert embedded().disable_tqdm is False


def test_evaluation_takes_batches_as_large_as_training_generates():
    measured = ["--eval_strategy", "steps", "--eval_steps", "5"]
    assert embedded(*measured).per_device_eval_batch_size == 64
    assert embedded(*measured, "--steps_per_generation", "2").per_device_eval_batch_size == 128
    # 64 completions are 12 whole groups of 5, which do not fit into TRL's default of 8
    assert embedded(*measured, "--num_generations_eval", "5").per_device_eval_batch_size == 60
    assert embedded(*measured, "--per_device_eval_batch_size", "16").per_device_eval_batch_size == 16


def test_trls_table_of_completions_is_printed_on_request_only():
    assert embedded("--log_completions", "true").num_completions_to_print == 0
    assert embedded("--num_completions_to_print", "2").num_completions_to_print == 2


@pytest.mark.parametrize("kinds", [KINDS, (RecipeArguments, MaxRLConfig, ModelConfig, JudgeArguments)])
def test_help_shows_examples_and_our_own_keys_and_not_a_thousand_lines(kinds, capsys):
    with pytest.raises(SystemExit) as end:
        parse(kinds, "recipes/tiny/grpo.yaml", ["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert {"--reward_funcs", "--curriculum"} <= set(text.split())
    assert ("--correctness_threshold" in text) == (MaxRLConfig in kinds)
    assert ("--judge_endpoint" in text) == (JudgeArguments in kinds)
    assert "--vllm_server_host" not in text
    assert "--help_all lists every key" in text
    assert text.count("\n") < 200
    assert "running the embedded default" not in text


def test_the_long_help_has_every_key(capsys):
    with pytest.raises(SystemExit):
        parse(KINDS, "recipes/tiny/grpo.yaml", ["--help_all"])
    assert "--vllm_server_host" in capsys.readouterr().out


def test_every_common_key_is_one_of_trls():
    known = {field.name for kind in (*KINDS, SFTConfig) for field in dataclasses.fields(kind)}
    assert set(COMMON) <= known
