"""The `--judge_*` options of a training script: made from the settings, and turned into them."""

from dataclasses import fields

import pytest
from trl import TrlParser

from rust_rewards.judge import JudgeArguments, JudgeConfig
from rust_rewards.judge.arguments import config_from_arguments


def parse(*options):
    return TrlParser((JudgeArguments,)).parse_args_and_config(list(options))[0]


def test_every_setting_is_an_option_with_the_same_default_and_a_help_text():
    options = {f.name: f for f in fields(JudgeArguments)}
    for setting in fields(JudgeConfig):
        option = options.pop(f"judge_{setting.name}")
        assert len(option.metadata["help"]) > 20
        if setting.name not in ("endpoint", "model"):
            assert option.default == setting.default
    assert list(options) == ["judge_optional"]


def test_yaml_and_flags_reach_the_configuration(tmp_path):
    (tmp_path / "x.yaml").write_text("judge_endpoint: http://127.0.0.1:9/v1\njudge_model: qwen3-coder\n")
    config = config_from_arguments(parse("--config", str(tmp_path / "x.yaml"), "--judge_concurrency", "3"))
    assert (config.endpoint, config.model, config.concurrency) == ("http://127.0.0.1:9/v1", "qwen3-coder", 3)


def test_without_judge_options_there_is_no_judge():
    assert config_from_arguments(parse()) is None


def test_judge_options_without_an_endpoint_are_refused():
    with pytest.raises(ValueError, match="No --judge_endpoint, but --judge_model given"):
        config_from_arguments(parse("--judge_model", "m"))


def test_an_optional_judge_without_an_endpoint_is_no_judge():
    assert config_from_arguments(parse("--judge_model", "m", "--judge_optional")) is None
