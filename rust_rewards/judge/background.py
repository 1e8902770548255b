"""Runs synchronous rewards in a thread, so that they compile while the judge is waited for.

TRL calls synchronous rewards one after another, then awaits all asynchronous ones together. A judge that is
asynchronous among synchronous rewards therefore overlaps with nothing: a step takes as long as both. Made
asynchronous as well, the others run in a thread meanwhile, and a step takes as long as the slower of the two.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..callables import is_synchronous, name_of_reward


class BackgroundReward:
    """A synchronous reward made asynchronous: it runs in a thread while the event loop waits for a judge. Picklable.

    All of them share one thread, so they run one after another as before, and what one learns about a program
    (its verdict) is there for the next.

    Args:
        reward (`Callable`): A synchronous TRL reward function.
    """

    def __init__(self, reward: Callable[..., list[float | None]]) -> None:
        self.reward = reward
        self.__name__ = name_of_reward(reward)

    async def __call__(self, **kwargs: Any) -> list[float | None]:
        """Return what the reward returns for these arguments."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_reward_thread(), functools.partial(self.reward, **kwargs))


async def after_rewards(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function returns when the rewards that were put into the background before it are done."""
    await asyncio.sleep(0)  # TRL starts all asynchronous rewards at once: let the others come first
    return await asyncio.get_running_loop().run_in_executor(_reward_thread(), functools.partial(function, *args))


@functools.cache
def _reward_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="rewards")


def in_background(reward: Any) -> Any:
    """Return a reward that overlaps with the judge: a `BackgroundReward` around a synchronous function,
    anything else (an asynchronous function, a reward model, the name of one) as it is."""
    return BackgroundReward(reward) if is_synchronous(reward) else reward
