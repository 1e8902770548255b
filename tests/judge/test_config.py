"""Settings of the judge: what is refused, and that no message repeats a key."""

import pytest

from rust_rewards.judge import JudgeConfig

KEY = "sk-never/SEE-this-0123456789"


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("endpoint", "", "no endpoint"),
        ("endpoint", "localhost:8000", "must look like http"),
        ("endpoint", "ftp://localhost", "must look like http"),
        ("model", "", "no model"),
        ("prompt_template", "Judge!", r"\{code\}"),
        ("concurrency", 0, "above 0"),
        ("concurrency", 1.5, "whole number"),
        ("request_timeout", float("nan"), "above 0"),
        ("retries", -1, "at least 0"),
        ("max_requests", True, "whole number"),
        ("max_cost", 1.0, "both prices are 0"),
        ("w_quality", "1", "number"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(setting, value, says):
    with pytest.raises(ValueError, match=says):
        JudgeConfig(**({"endpoint": "http://localhost:8000/v1", "model": "m"} | {setting: value}))


def test_weights_must_not_all_be_zero():
    with pytest.raises(ValueError, match="all 0"):
        JudgeConfig("http://localhost/v1", "m", w_quality=0, w_correctness=0, w_idiomaticity=0)


def test_a_key_given_as_the_variables_name_is_refused_without_repeating_it():
    with pytest.raises(ValueError, match="name of an environment variable") as caught:
        JudgeConfig("http://localhost/v1", "m", api_key_env=KEY)
    assert KEY not in str(caught.value)
    with pytest.raises(ValueError, match="plain base URL") as caught:
        JudgeConfig(f"http://user:{KEY}@localhost/v1", "m")
    assert "SEE-this" not in str(caught.value)
