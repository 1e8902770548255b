"""Tells the kinds of rewards that TRL takes apart: functions, asynchronous functions, models and names of models."""

import functools
import inspect
from typing import Any


def is_synchronous(reward: Any) -> bool:
    """Return whether a reward is a plain function or callable object: no coroutine function, no model, no name."""
    is_model = isinstance(reward, str) or hasattr(reward, "forward")  # a name, or a torch module
    is_async = any(map(inspect.iscoroutinefunction, (reward, type(reward).__call__)))
    return not (is_model or is_async)


def name_of_reward(reward: Any) -> str:
    """Return the name that TRL logs a function under, a `functools.partial`'s being that of what it calls."""
    while isinstance(reward, functools.partial):
        reward = reward.func
    return getattr(reward, "__name__", type(reward).__name__)
