"""Circuit breaker and budget, with a clock set by hand."""

import logging

import pytest

from rust_rewards.judge.limits import MAX_PAUSE_SECONDS, Budget, CircuitBreaker, ranks_of_run


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_pauses_after_failures_in_a_row_and_says_so_once(caplog):
    clock = Clock()
    breaker = CircuitBreaker(3, 60.0, clock)
    breaker.failed("a")
    breaker.failed("b")
    breaker.succeeded()
    for _ in range(2):
        breaker.failed("c")
    assert not breaker.paused  # four failures, but a success between them
    for _ in range(10):
        breaker.failed("d")
    assert breaker.paused
    assert caplog.text.count("paused") == 1


def test_one_trial_after_the_pause_and_a_longer_pause_when_it_fails(caplog):
    clock = Clock()
    breaker = CircuitBreaker(1, 60.0, clock)
    breaker.failed("down")
    clock.now = 60.0
    assert breaker.on_trial
    assert not breaker.paused
    breaker.failed("still down")
    clock.now = 60.0 + 119.0
    assert breaker.paused  # 120 s now
    clock.now = 60.0 + 120.0
    assert breaker.on_trial
    assert len(caplog.records) == 1


def test_it_resumes_by_itself_and_starts_afresh():
    clock = Clock()
    breaker = CircuitBreaker(2, 60.0, clock)
    breaker.failed("x")
    breaker.failed("x")
    clock.now = 61.0
    breaker.succeeded()
    breaker.failed("x")
    assert not breaker.paused
    assert not breaker.on_trial


def test_a_pause_never_exceeds_an_hour():
    clock = Clock()
    breaker = CircuitBreaker(1, 60.0, clock)
    for _ in range(20):
        breaker.failed("x")
        clock.now += MAX_PAUSE_SECONDS
        assert breaker.on_trial


def test_a_budget_of_requests_is_divided_over_the_ranks():
    budget = Budget(5, None, ranks=2)
    assert [budget.reserve(0.0) for _ in range(3)] == [True, True, False]  # 5 // 2 = 2


def test_a_budget_of_cost_holds_even_if_every_request_costs_the_most_it_can(caplog):
    budget = Budget(None, 1.0)
    assert [budget.reserve(0.4) for _ in range(3)] == [True, True, False]
    budget.settle(0.4, 0.1)  # 0.5 spent or booked
    with caplog.at_level(logging.WARNING):
        assert [budget.reserve(0.4), budget.reserve(0.4)] == [True, False]
    assert budget.cost == pytest.approx(0.9)
    assert budget.requests == 3


@pytest.mark.parametrize(("given", "ranks"), [("4", 4), ("0", 1), ("", 1), ("many", 1)])
def test_the_number_of_ranks_is_the_launchers(monkeypatch, given, ranks):
    monkeypatch.setenv("WORLD_SIZE", given)
    assert ranks_of_run() == ranks
