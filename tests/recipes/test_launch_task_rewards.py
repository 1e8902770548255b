"""Which rewards a run takes when none are named, and which it refuses because they can read no row."""

from types import SimpleNamespace

import pytest
from datasets import Dataset
from launch.task_rewards import check_rewards_can_read, choose_rewards, columns_of, count_tested, unread_columns

from rust_rewards import compile_reward, format_reward, rust_reward, solved_reward, tests_reward
from rust_rewards.judge.background import in_background
from rust_rewards.reward_names import resolve_rewards


def tasks_of(**columns):
    return Dataset.from_dict({"prompt": ["a", "b"], **columns})


def choose(tasks, named=(), weights=None, **training):
    script_args = SimpleNamespace(reward_funcs=list(named))
    training_args = SimpleNamespace(reward_weights=weights, **training)
    choose_rewards(script_args, training_args, tasks)
    return script_args.reward_funcs, training_args


# What is taken


@pytest.mark.parametrize(
    ("columns", "rewards", "weights"),
    [
        ({"tests": ["x", None]}, ["rust", "tests", "overlong"], [1.0, 10.0, 10.0]),
        ({"tests": [None, ""]}, ["rust", "overlong"], [1.0, 10.0]),
        ({"test": ["x", "y"]}, ["rust", "overlong"], [1.0, 10.0]),
    ],
)
def test_tests_are_rewarded_where_there_are_any_and_nothing_was_named(columns, rewards, weights, capsys):
    chosen, training_args = choose(tasks_of(**columns))
    assert (chosen, training_args.reward_weights) == (rewards, weights)
    assert "No --reward_funcs given: taking" in capsys.readouterr().out


def test_what_was_named_stays(capsys):
    chosen, training_args = choose(tasks_of(tests=["x", "y"]), named=["compile"])
    assert (chosen, training_args.reward_weights) == (["compile"], None)
    assert capsys.readouterr().out == ""


def test_weights_for_rewards_that_were_not_named_must_match_what_is_taken():
    assert choose(tasks_of(tests=["x", "y"]), weights=[1.0, 3.0, 2.0])[1].reward_weights == [1.0, 3.0, 2.0]
    with pytest.raises(ValueError, match=r"1 reward_weights for 3 reward_funcs \(rust, tests, overlong\)"):
        choose(tasks_of(tests=["x", "y"]), weights=[1.0])


@pytest.mark.parametrize(
    ("columns", "given", "expected"),
    [
        ({"tests": ["x", "y"]}, (None, 20.0), ("tests_reward", 0.999)),
        ({"tests": ["x", "y"]}, (None, 33.5), (None, 33.5)),  # the user has said what is correct
        ({"tests": ["x", "y"]}, ("rust_reward", 20.0), ("rust_reward", 20.0)),
        ({}, (None, 20.0), (None, 20.0)),
    ],
)
def test_with_maxrl_correct_is_what_passes_all_tests_unless_something_else_was_said(columns, given, expected):
    _, args = choose(tasks_of(**columns), correctness_reward=given[0], correctness_threshold=given[1])
    assert (args.correctness_reward, args.correctness_threshold) == expected


@pytest.mark.parametrize(
    ("schedule", "rewards"), [("always", ["rust", "tests"]), ("warmup", ["rust", "tests", "overlong"])]
)
def test_maxrl_needs_no_punishment_where_it_takes_what_is_cut_off_for_a_failure(schedule, rewards):
    options = {"correctness_reward": None, "correctness_threshold": 20.0, "maxrl_schedule": schedule}
    assert choose(tasks_of(tests=["x", "y"]), **options)[0] == rewards


# What is refused


@pytest.mark.parametrize("reward", ["tests", "solved", "rust_rewards.rewards.tests_reward"])
def test_a_reward_that_can_read_no_row_is_refused_with_the_columns(reward):
    rewards = resolve_rewards(["rust", reward])
    with pytest.raises(ValueError, match=r"needs hidden tests, and none of the 2 rows of 'f' has any .*prompt, test\)"):
        check_rewards_can_read(rewards, tasks_of(test=["x", "y"]), "f")


def test_a_column_whose_name_is_nearly_right_is_named():
    with pytest.raises(ValueError, match="Is 'test' meant"):
        check_rewards_can_read([tests_reward], tasks_of(test=["x", "y"]), "f")


def test_a_reward_that_overlaps_with_a_judge_is_looked_into():
    rewards = list(map(in_background, resolve_rewards(["rust", "tests"])))
    assert columns_of(rewards[1]).named == {"tests", "entry_point", "code_prefix"}
    assert unread_columns(rewards, tasks_of(test=["x", "y"])) == ["test"]
    with pytest.raises(ValueError, match="'tests_reward' needs hidden tests"):
        check_rewards_can_read(rewards, tasks_of(test=["x", "y"]), "f")


def test_tests_that_no_reward_pays_for_are_mentioned(capsys):
    check_rewards_can_read([compile_reward], tasks_of(tests=["x", "y"]), "f")
    assert "add tests to --reward_funcs" in capsys.readouterr().out
    check_rewards_can_read([compile_reward, solved_reward], tasks_of(tests=["x", "y"]), "f")
    assert capsys.readouterr().out == ""


def own_tests_reward(completions, expected, **kwargs):
    return [0.0 for _ in completions]


own_tests_reward.__name__ = "tests_reward"


def test_a_reward_of_the_users_own_may_be_called_tests_reward_and_read_other_columns():
    check_rewards_can_read([own_tests_reward], tasks_of(expected=["x", "y"]), "f")


def test_a_column_that_a_reward_cannot_do_without_must_be_there():
    with pytest.raises(ValueError, match=r"needs a column expected, which 'f' does not have .*Is 'expect' meant"):
        check_rewards_can_read([own_tests_reward], tasks_of(expect=["x", "y"]), "f")


def test_a_reward_that_asks_for_the_prompt_hears_what_trl_calls_it():
    def short(completions, prompt, **kwargs):
        return [0.0]

    with pytest.raises(ValueError, match="takes prompt; TRL gives it as prompts"):
        check_rewards_can_read([short], tasks_of(), "f")


def test_a_reward_that_cannot_take_all_columns_is_refused():
    def short(completions):
        return [0.0]

    with pytest.raises(ValueError, match=r"'short' takes no \*\*kwargs, .* all columns \(tests\)"):
        check_rewards_can_read([short], tasks_of(tests=[None, None]), "f")


@pytest.mark.parametrize("name", ["compile", "clippy", "tests", "solved", "ast", "format", "rust"])
def test_our_own_rewards_need_no_column_to_be_called(name):
    (reward,) = resolve_rewards([name])
    assert columns_of(reward).needed == frozenset()
    assert columns_of(reward).others


def test_a_reward_model_reads_no_column():
    check_rewards_can_read(["org/model"], tasks_of(tests=["x", "y"]), "f")
    assert columns_of("org/model").named == frozenset()


# What nobody reads


def test_columns_that_no_reward_reads_are_known():
    tasks = tasks_of(tests=["x", "y"], test=["x", "y"], level=[1, 2])
    assert unread_columns([rust_reward, format_reward], tasks) == ["test", "level"]
    assert unread_columns(["org/model"], tasks) == ["tests", "test", "level"]


def test_a_reward_of_the_users_own_may_read_any_column():
    assert unread_columns([rust_reward, own_tests_reward], tasks_of(level=[1, 2])) == []


def test_rows_with_tests_are_counted():
    assert count_tested(tasks_of(tests=["x", ""])) == 1
    assert count_tested(tasks_of()) == 0
