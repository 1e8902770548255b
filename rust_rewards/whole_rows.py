"""Makes rewards of one run agree on which rows can be scored, whatever the order they are asked in.

    from rust_rewards.whole_rows import whole_rows

    trainer = GRPOTrainer(..., reward_funcs=whole_rows([format_reward, tests_reward, my_reward]))

TRL leaves a row out of its group (no part in the mean, advantage 0) when every reward of it is `None`. When only
some are, `sum_then_normalize` counts the others as 0, and a right answer whose tests the deadline cut off is the worst
of its group. So whoever is asked first about a batch has the verifier asked all that any of the rewards will want to
know, and a row that it fails for is `None` in each of them, the user's own rewards included.

A reward that does not apply (`tests_reward` in a row without tests) is no failure: the others stand. Not covered:
reward models, which are no functions; asynchronous rewards of the user's own; a judge that does not answer, which is
its own failure alone (the judge does leave out what the verifier failed for).
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from .batches import Columns, Verification, batch_for, unverified_rows
from .callables import is_synchronous, name_of_reward
from .rewards import verification_of
from .rows import Column, Completion


class WholeRow:
    """A reward of a run whose rows are scored or not as a whole. Picklable.

    Args:
        reward (`Callable`): A synchronous reward function.
        wanted (`list[Verification]`): What the rewards of the run ask of the verifier.
    """

    def __init__(self, reward: Callable[..., list[float | None]], wanted: Sequence[Verification]) -> None:
        self.__wrapped__ = reward  # `inspect.signature` looks here for the columns
        self.__name__ = name_of_reward(reward)
        self.wanted = tuple(wanted)

    def __call__(
        self,
        completions: Sequence[Completion],
        tests: Column = None,
        entry_point: Column = None,
        code_prefix: Column = None,
        **kwargs: Any,
    ) -> list[float | None]:
        """Return what the reward returns, `None` in rows that the verifier fails for.

        Logs `<reward>/seconds`: the wall time of this call, what the verifier took of it included.
        """
        started, log_metric = time.monotonic(), kwargs.get("log_metric")
        seconds = f"{self.__name__}/seconds"
        if log_metric is not None:  # rewards of ours log their own part under that name
            kwargs["log_metric"] = lambda name, value: None if name == seconds else log_metric(name, value)
        columns = Columns(completions, tests, entry_point, code_prefix)
        batch = batch_for(self, columns, asks=self.__wrapped__)
        for verification in self.wanted:
            batch.verify(verification)
        read = {"tests": tests, "entry_point": entry_point, "code_prefix": code_prefix}
        given = {name: column for name, column in read.items() if column is not None}
        values = self.__wrapped__(completions=completions, **given, **kwargs)
        if log_metric is not None:
            log_metric(seconds, time.monotonic() - started)
        if len(values) != len(completions):  # TRL says so, in its own words
            return values
        unverified = unverified_rows(columns)
        return [None if place in unverified else value for place, value in enumerate(values)]


def whole_rows(rewards: Sequence[Any]) -> list[Any]:
    """Return the rewards of a run, each `None` where the verifier failed for one of them.

    Args:
        rewards (`list`): Reward functions, reward models or their names. Models and asynchronous functions are
            returned as they are, and so are all when fewer than two are given or none asks the verifier.

    Example:
    ```python
    >>> from rust_rewards import format_reward, tests_reward
    >>> from rust_rewards.whole_rows import whole_rows

    >>> [reward.__name__ for reward in whole_rows([format_reward, tests_reward])]
    ['format_reward', 'tests_reward']

    ```
    """
    asked = dict.fromkeys(v for v in map(verification_of, rewards) if v is not None)
    wanted = sorted(asked, key=lambda v: not v.clippy)  # clippy's run tells what the compiler says as well
    if len(rewards) < 2 or not wanted:
        return list(rewards)
    return [WholeRow(reward, wanted) if is_synchronous(reward) else reward for reward in rewards]
