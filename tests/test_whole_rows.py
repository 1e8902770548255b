"""A row that the verifier fails for is `None` in every reward, in whatever order they are asked: real deadlines."""

import asyncio
import inspect
import itertools
import pickle

import pytest

from rust_rewards.rewards import (
    ast_reward,
    clippy_reward,
    compile_reward,
    format_reward,
    get_rust_reward,
    rust_reward,
    solved_reward,
    tests_reward,
)
from rust_rewards.verifier import Limits
from rust_rewards.whole_rows import whole_rows

DEADLINE = 3.0  # seconds; a loop may use 4 s of processor time, and there are more than any machine runs at a time
TESTS = "assert_eq!(add(1, 2), 3);"


def block(code):
    return f"```rust\n{code}\n```"


def loops(name):
    """Return answers that compile and whose tests never end; no other test has them."""
    body = "let mut x = {n}; loop {{ x = std::hint::black_box(x + a + b) & 1; }}"
    return [block(f"// {name}\npub fn add(a: i32, b: i32) -> i32 {{ {body.format(n=n)} }}") for n in range(12)]


RIGHT = block("pub fn add(a: i32, b: i32) -> i32 { a + b }")
BROKEN = block("pub fn add(a: i32, b: i32) -> i32 { a + }")


def length(completions, **kwargs):
    """A reward of the user's own, which knows nothing of a verifier."""
    return [float(len(completion)) for completion in completions]


def hurried():
    return get_rust_reward(limits=Limits(deadline_seconds=DEADLINE))


def ask(rewards, completions):
    """Ask one reward after another, as TRL does; return the rows."""
    columns = [reward(completions=completions, tests=[TESTS] * len(completions)) for reward in rewards]
    return list(zip(*columns, strict=True))


def test_what_the_deadline_cut_off_is_none_in_the_rewards_asked_before_and_after():
    completions = [*loops("whole"), RIGHT, BROKEN]
    before = [format_reward, length, compile_reward, clippy_reward, ast_reward]
    rows = ask(whole_rows([*before, hurried(), tests_reward, solved_reward]), completions)
    unscored = [row for row in rows if None in row]
    assert len(unscored) >= 10  # compiling takes a part of the 3 s: hardly a loop comes to its own limit of 4 s
    assert all(set(row) == {None} for row in unscored)
    assert None not in rows[-1]  # its tests are never run


def test_plain_functions_agree_when_the_one_that_asks_most_comes_first():
    completions = [*loops("plain"), RIGHT, BROKEN]
    rows = ask([hurried(), tests_reward, compile_reward, format_reward, ast_reward], completions)
    assert sum(None in row for row in rows) >= 10
    assert all(set(row) == {None} for row in rows if None in row)


def test_a_deadline_that_is_met_leaves_every_reward_as_it_is():
    completions = [RIGHT, BROKEN, block("pub fn add(a: i32, _b: i32) -> i32 { a }")]
    rewards = [format_reward, compile_reward, clippy_reward, tests_reward, solved_reward, ast_reward, rust_reward]
    assert ask(whole_rows(rewards), completions) == ask(rewards, completions)


@pytest.mark.parametrize("order", itertools.permutations([compile_reward, tests_reward, format_reward]))
def test_tests_that_cannot_be_read_leave_out_the_row_in_every_order(order):
    values = [reward([RIGHT, RIGHT], tests=["[{]", TESTS]) for reward in whole_rows(order)]
    assert [value for value, _ in values] == [None] * 3
    assert [value for _, value in values] == [1.0] * 3


def test_a_row_without_tests_is_no_failure():
    values = [reward([RIGHT], tests=[None]) for reward in whole_rows([compile_reward, tests_reward, length])]
    assert values == [[1.0], [None], [float(len(RIGHT))]]


def test_the_next_step_is_verified_anew_even_when_it_is_the_same():
    answer = block("pub fn add(a: i32, b: i32) -> i32 { a + b } // the next step")
    late = get_rust_reward(limits=Limits(deadline_seconds=1e-6))
    late_rewards, rewards = whole_rows([compile_reward, late]), whole_rows([compile_reward, rust_reward])
    assert ask(late_rewards, [answer]) == [(None, None)]
    assert ask(late_rewards, [answer]) == [(None, None)]
    assert ask(rewards, [answer]) == [(1.0, 25.0)]
    assert ask(late_rewards, [answer]) == [(1.0, 25.0)]  # what is known by now needs no time


def test_one_reward_models_names_and_asynchronous_functions_stay_as_they_are():
    async def asynchronous(completions, **kwargs):
        return [1.0] * len(completions)

    assert whole_rows([tests_reward]) == [tests_reward]
    assert whole_rows([format_reward, ast_reward]) == [format_reward, ast_reward]  # nobody asks the verifier
    whole = whole_rows([tests_reward, "org/model", asynchronous])
    assert whole[1:] == ["org/model", asynchronous]
    assert asyncio.run(whole[2]([RIGHT])) == [1.0]


def test_a_whole_row_keeps_the_name_and_the_columns_of_its_reward_and_is_picklable():
    whole = whole_rows([tests_reward, hurried()])
    again = pickle.loads(pickle.dumps(whole))
    assert [reward.__name__ for reward in again] == ["tests_reward", "rust_reward"]
    assert inspect.signature(again[0]) == inspect.signature(tests_reward)
    assert again[0]([RIGHT], tests=TESTS) == [1.0]


def test_clippy_is_asked_first_since_its_run_serves_the_others():
    [reward, *_] = whole_rows([compile_reward, tests_reward, clippy_reward])
    assert [verification.clippy for verification in reward.wanted] == [True, False, False]


def test_the_time_that_the_verifier_takes_is_logged_by_whoever_is_asked_first():
    answers = [block("pub fn add(a: i32, b: i32) -> i32 { a + b } // timed")]
    logged = []
    for reward in whole_rows([length, tests_reward]):
        reward(completions=answers, tests=TESTS, log_metric=lambda name, value: logged.append((name, value)))
    seconds = {name: value for name, value in logged if name.endswith("/seconds")}
    assert [name for name, _ in logged].count("tests_reward/seconds") == 1
    assert seconds["length/seconds"] > seconds["tests_reward/seconds"]  # a compiler against a look at what it said


def test_a_reward_that_returns_too_few_values_is_left_to_trl():
    whole = whole_rows([tests_reward, lambda completions, **kwargs: [1.0]])
    assert whole[1](completions=[RIGHT, RIGHT], tests=TESTS) == [1.0]
