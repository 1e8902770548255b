"""Which method a schedule chooses, step by step, and that its state survives being written down."""

import json

import pytest

from trainers import MaxRLConfig
from trainers.schedules import Adaptive, Warmup, make_schedule


def adaptive(**options):
    defaults = {"threshold": 0.5, "hysteresis": 0.05, "smoothing": 0.0, "min_steps": 0}
    return Adaptive(**{**defaults, **options})


def choices(schedule, rates, first_step=0):
    chosen = []
    for step, rate in enumerate(rates, start=first_step):
        schedule.observe(step, rate)
        chosen.append(schedule.uses_maxrl(step))
    return chosen


def schedule_of(**options):
    return make_schedule(MaxRLConfig("unused", bf16=False, use_cpu=True, **options))


def test_always_uses_maxrl_from_the_first_step_whatever_the_rate():
    assert choices(schedule_of(maxrl_schedule="always"), [0.0, 0.0, 1.0]) == [True, True, True]


def test_per_group_leaves_the_choice_to_the_groups():
    assert choices(schedule_of(maxrl_schedule="per_group"), [0.0, 1.0]) == [True, True]


def test_warmup_switches_exactly_after_its_steps_and_never_back():
    schedule = schedule_of(maxrl_schedule="warmup", grpo_warmup_steps=3)
    assert choices(schedule, [1.0, 1.0, 1.0, 0.0, 0.0]) == [False, False, False, True, True]
    assert Warmup(steps=0).uses_maxrl(0)


def test_adaptive_takes_its_options_from_the_configuration():
    options = {
        "switch_correctness": 0.4,
        "switch_hysteresis": 0.1,
        "switch_smoothing": 0.2,
        "switch_min_steps": 7,
    }
    schedule = schedule_of(maxrl_schedule="adaptive", **options)
    assert schedule == Adaptive(threshold=0.4, hysteresis=0.1, smoothing=0.2, min_steps=7)


def test_adaptive_starts_with_grpo_and_switches_above_the_band_and_back_below_it():
    # Band 0.45 .. 0.55: inside it nothing changes.
    rates = [0.1, 0.52, 0.56, 0.52, 0.46, 0.44, 0.54]
    assert choices(adaptive(), rates) == [False, False, True, True, True, False, False]


def test_adaptive_stays_for_the_minimum_number_of_steps():
    schedule = adaptive(min_steps=3)
    # Steps 0-2 stay with GRPO; 3 switches up; 4 and 5 stay; 6 switches down.
    assert choices(schedule, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) == [
        False,
        False,
        False,
        True,
        True,
        True,
        False,
    ]


def test_adaptive_smooths_the_rate_starting_at_the_first_one():
    schedule = adaptive(smoothing=0.5)
    choices(schedule, [0.2, 0.6])
    assert schedule.smoothed_rate == pytest.approx(0.4)  # 0.5 * 0.2 + 0.5 * 0.6
    assert choices(schedule, [1.0], first_step=2) == [True]  # 0.5 * 0.4 + 0.5 * 1.0 = 0.7


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_restored_schedule_continues_as_the_uninterrupted_one(cut):
    rates = [0.3, 0.7, 0.9, 0.8, 0.2, 0.1, 0.6, 0.9]
    options = {"smoothing": 0.3, "min_steps": 2}
    uninterrupted = choices(adaptive(**options), rates)
    first, second = adaptive(**options), adaptive(**options)
    head = choices(first, rates[:cut])
    second.restore(json.loads(json.dumps(first.state())))
    assert head + choices(second, rates[cut:], first_step=cut) == uninterrupted
    assert True in uninterrupted
    assert False in uninterrupted


def test_schedules_that_follow_from_the_step_need_no_state():
    assert schedule_of().state() == {}
    assert schedule_of(maxrl_schedule="warmup").state() == {}
