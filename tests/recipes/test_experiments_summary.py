"""How runs are summed up: time to a target, and each method over its seeds."""

import pytest
from experiments.summary import OF_REACHABLE, crossing, summarize_runs
from experiments_testbed import result


def test_the_time_to_a_target_is_interpolated_between_measurements():
    curve = result("m", 1, [0.0, 0.4, 0.8])["held_out"]
    assert crossing(curve, 0.6, "step") == pytest.approx(15.0)
    assert crossing(curve, 0.6, "seconds") == pytest.approx(10.5)
    assert crossing(curve, 0.9, "step") is None
    assert crossing(curve, 0.0, "step") is None


def test_methods_are_summed_up_over_their_seeds():
    runs = [result("grpo", 1, [0.0, 0.5, 0.7]), result("maxrl", 1, [0.0, 0.8, 0.8])]
    runs += [result("grpo", 2, [0.0, 0.3, 0.5]), result("maxrl", 2, [0.0, 0.6, 0.8])]
    summary = summarize_runs(runs)
    assert summary["reachable"] == pytest.approx(0.8)  # MaxRL's mean at step 20
    assert summary["reachable_target"] == pytest.approx(0.76)
    grpo, maxrl = summary["methods"]["grpo"], summary["methods"]["maxrl"]
    assert grpo["seeds"] == [1, 2]
    assert grpo["curve"][1] == {"step": 10, "mean": pytest.approx(0.4), "low": 0.3, "high": 0.5}
    # Seed 1 is at 50 % at step 10, seed 2 at step 20: the median is 15. One of two never sees 60 %.
    assert grpo["to"]["50 %"]["step"] == pytest.approx(15.0)
    assert grpo["to"][OF_REACHABLE]["step"] is None
    # 0.76: seed 1 at 9.5, seed 2 four fifths of the way from 10 to 20.
    assert maxrl["to"][OF_REACHABLE]["step"] == pytest.approx((9.5 + 18.0) / 2)
    assert maxrl["final"]["solved"] == {"mean": pytest.approx(0.8), "low": 0.8, "high": 0.8}


def test_seeds_are_joined_by_step():
    stopped = result("grpo", 2, [0.0, 0.4, 0.6])
    stopped["held_out"].insert(1, {"step": 7, "seconds": 5.0, "solved": 0.9})
    curve = summarize_runs([result("grpo", 1, [0.0, 0.2, 0.4]), stopped])["methods"]["grpo"]["curve"]
    assert [(point["step"], point["mean"]) for point in curve] == [(0, 0.0), (10, pytest.approx(0.3)), (20, 0.5)]
