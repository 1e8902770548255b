"""Synchronous rewards that run while the judge is waited for."""

import asyncio
import functools
import pickle
import threading
import time

import pytest
from judge_server import ScriptedServer
from judge_testbed import GOOD, config_for, programs

from rust_rewards.judge import JudgeConfig, get_judge_reward, in_background


def slow_reward(completions, log=None, **kwargs):
    time.sleep(0.2)
    if log is not None:
        log.append(threading.current_thread().name)
    return [1.0] * len(completions)


@pytest.mark.timing
def test_a_synchronous_reward_overlaps_with_the_judge_in_the_background():
    async def step(rewards, log):
        return await asyncio.gather(*(reward(completions=programs(1), log=log) for reward in rewards))

    with ScriptedServer(lambda _: [0.6, GOOD]) as server:
        judge = get_judge_reward(config_for(server))
        asyncio.run(judge(programs(1)))  # imports
        background, log = in_background(slow_reward), []
        assert background.__name__ == "slow_reward"
        began = time.perf_counter()
        assert asyncio.run(step([background, background, judge], log)) == [[1.0], [1.0], [0.6]]
        seconds = time.perf_counter() - began
    assert seconds < 0.9  # the slower of 2 * 0.2 s and 0.6 s, and not 1.0 s
    assert len(set(log)) == 1  # one after another, in one thread


def test_an_asynchronous_reward_stays_as_it_is():
    judge = get_judge_reward(JudgeConfig("http://127.0.0.1:9/v1", "m"))
    assert in_background(judge) is judge


def test_the_name_of_a_reward_model_stays_as_it_is():
    assert in_background("org/reward-model") == "org/reward-model"


def test_a_reward_in_the_background_is_not_wrapped_again():
    background = in_background(slow_reward)
    assert in_background(background) is background


def test_a_partial_function_keeps_the_name_of_the_function():
    assert in_background(functools.partial(slow_reward, log=None)).__name__ == "slow_reward"


def test_a_reward_in_the_background_survives_pickling():
    assert pickle.loads(pickle.dumps(in_background(slow_reward))).__name__ == "slow_reward"
