"""Rewards from the arguments of a training script: `overlong`, which knows the length limit."""

from types import SimpleNamespace

import pytest
from judge_server import ScriptedServer, scores
from launch.rewards import reward_functions

from rust_rewards.judge import JudgeArguments


def arguments(*names, limit=48, tokens=None):
    script = SimpleNamespace(reward_funcs=list(names), soft_punish_cache=tokens)
    training = {"reward_weights": None, "multi_objective_aggregation": "sum_then_normalize"}
    return script, SimpleNamespace(max_completion_length=limit, **training), JudgeArguments()


def punish(lengths, **options):
    [reward] = reward_functions(*arguments("overlong", **options))
    return reward(completions=[""] * len(lengths), completion_ids=[[7] * length for length in lengths])


def test_overlong_falls_to_minus_one_within_the_last_tokens():
    # Up to 48 - 4 = 44 tokens nothing, then a quarter each; the one of 48 was cut off
    assert punish([0, 44, 45, 46, 47, 48], tokens=4) == [0.0, 0.0, -0.25, -0.5, -0.75, -1.0]


def test_without_further_word_the_last_eighth_is_punished():
    assert punish([448, 480, 512], limit=512) == [0.0, -0.5, -1.0]  # 512 / 8 = 64
    assert punish([3, 4], limit=4) == [0.0, -1.0]  # at least one token


def test_an_answer_that_runs_on_is_worth_less_than_the_same_answer_that_stops():
    rust, overlong = reward_functions(*arguments("rust", "overlong"))
    answers = ["```rust\npub fn one() -> i32 { 1 }\n```", "```rust\npub fn one() -> i32 { 1 }\n```\nIt returns one. It"]
    ids = [[7] * 20, [7] * 48]
    points = [reward(completions=answers, completion_ids=ids) for reward in (rust, overlong)]
    assert points == [[25.0, 25.0], [0.0, -1.0]]


@pytest.mark.parametrize(
    ("names", "options", "says"),
    [
        (["overlong"], {"tokens": 0}, "soft_punish_cache is 0; it must be at least 1 and at most .*, 48"),
        (["overlong"], {"tokens": 49}, "soft_punish_cache is 49; it must be at least 1 and at most .*, 48"),
        (["overlong"], {"limit": None}, "'overlong' needs a length limit: give --max_completion_length"),
        (["overlong", "overlong"], {}, "Reward 'overlong' is given twice"),
    ],
)
def test_what_does_not_fit_is_refused(names, options, says):
    with pytest.raises(ValueError, match=says):
        reward_functions(*arguments(*names, **options))


def test_a_setting_without_its_reward_is_said_and_does_no_harm(capsys):
    [reward] = reward_functions(*arguments("format", tokens=4))
    assert reward.__name__ == "format_reward"
    assert "soft_punish_cache has no effect" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({}, True),
        ({"multi_objective_aggregation": "normalize_then_sum"}, False),
        ({"maxrl_schedule": "always"}, False),  # GRPO's advantages are not used
        ({"maxrl_schedule": "adaptive"}, True),
    ],
)
def test_a_judge_among_rewards_that_are_summed_first_is_spoken_of(settings, warned, capsys):
    with ScriptedServer(lambda _: scores()) as server:
        script, training, _ = arguments("rust")
        training = SimpleNamespace(**vars(training) | {"reward_weights": [2.0]} | settings)
        judge = JudgeArguments(judge_endpoint=server.endpoint, judge_model="m")
        rewards = reward_functions(script, training, judge)
    assert [reward.__name__ for reward in rewards] == ["rust_reward", "judge_reward"]
    assert training.reward_weights == [2.0, 1.0]
    assert ("add --multi_objective_aggregation normalize_then_sum" in capsys.readouterr().out) == warned
