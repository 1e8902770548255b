"""Keeps an unhealthy or expensive judge away from the training: a circuit breaker and a budget. No I/O.

Both belong to one process and are touched from its event loop only. A run's budget is divided over its ranks
(`WORLD_SIZE`, set by every launcher), so that the whole run stays within it without the ranks having to talk.
A run that is resumed starts with a fresh budget.
"""

import logging
import os
import time
from collections.abc import Callable

MAX_PAUSE_SECONDS = 3600.0

logger = logging.getLogger(__name__)


class CircuitBreaker:
    """Pauses the judge after failures in a row; lets one request try again when the pause is over.

    Args:
        failures (`int`): Failures in a row after which to pause.
        pause_seconds (`float`): First pause, in seconds; doubles with each trial that fails, up to an hour.
        clock (`Callable`, *optional*, defaults to `time.monotonic`): Source of the time, in seconds.
    """

    def __init__(self, failures: int, pause_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._first_pause, self._clock = failures, pause_seconds, clock
        self._failures = 0
        self._pause = 0.0  # seconds; 0 while closed
        self._opened = 0.0

    @property
    def paused(self) -> bool:
        """Whether no request may be sent now."""
        return self._pause > 0 and self._clock() - self._opened < self._pause

    @property
    def on_trial(self) -> bool:
        """Whether the pause is over and one request must show that the server is back."""
        return self._pause > 0 and not self.paused

    def succeeded(self) -> None:
        """Note that the server answered."""
        if self._pause:
            logger.warning("The judge answers again; its rewards resume.")
        self._failures, self._pause = 0, 0.0

    def failed(self, why: str) -> None:
        """Note that a request failed, `why` being the text for the log."""
        self._failures += 1
        if self._pause and not self.paused:
            self._open(min(2 * self._pause, MAX_PAUSE_SECONDS))
        elif not self._pause and self._failures >= self._limit:
            self.open(f"{self._failures} failures in a row; the last: {why}")

    def open(self, why: str) -> None:
        """Pause now, and say so."""
        logger.warning(
            "The judge is paused for %.0f s; training goes on without it, and it resumes by itself. Why: %s",
            self._first_pause,
            why,
        )
        self._open(self._first_pause)

    def _open(self, pause: float) -> None:
        self._pause, self._opened = pause, self._clock()


class Budget:
    """Counts requests and USD, and says no before a limit would be passed.

    Args:
        max_requests (`int`, *optional*): Requests of the whole run.
        max_cost (`float`, *optional*): USD of the whole run.
        ranks (`int`, *optional*, defaults to `1`): Processes that share the two limits equally.
    """

    def __init__(self, max_requests: int | None, max_cost: float | None, ranks: int = 1) -> None:
        self._max_requests = None if max_requests is None else max_requests // ranks
        self._max_cost = None if max_cost is None else max_cost / ranks
        self.requests = 0
        self.cost = 0.0  # USD
        self._told = False

    def reserve(self, worst_cost: float) -> bool:
        """Book one request and the most it can cost, in USD. `False`, and nothing booked, when that is too much."""
        too_many = self._max_requests is not None and self.requests >= self._max_requests
        too_dear = self._max_cost is not None and self.cost + worst_cost > self._max_cost
        if too_many or too_dear:
            if not self._told:
                logger.warning(
                    "The judge's budget is used up (%d requests, %.4f USD in this process). "
                    "Training goes on with cached answers only.",
                    self.requests,
                    self.cost,
                )
            self._told = True
            return False
        self.requests += 1
        self.cost += worst_cost
        return True

    def settle(self, worst_cost: float, actual_cost: float) -> None:
        """Replace what was booked by what the server reported. Without a report the booking stands."""
        self.cost += actual_cost - worst_cost


def ranks_of_run() -> int:
    """Return the number of processes of this training run, as its launcher says."""
    given = os.environ.get("WORLD_SIZE", "")
    return max(1, int(given)) if given.isdigit() else 1
