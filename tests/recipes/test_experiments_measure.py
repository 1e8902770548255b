"""What is read from a finished run: curves over the steps, and the scores of its final answers."""

import pytest
from experiments.measure import final_scores, measure
from experiments_testbed import ONE, answer, plan

from rust_rewards.exit_codes import RunFailedError


def test_the_log_of_a_run_is_reduced_to_curves_time_and_entropy(tmp_path):
    history = [
        {"step": 0, "eval_rewards/solved_reward/mean": 0.1, "eval_loss": 0.0},
        *({"step": i, "step_time": 2.0, "entropy": i / 10, "rewards/solved_reward/mean": 0.2} for i in range(1, 21)),
        {"step": 20, "eval_rewards/solved_reward/mean": 0.6, "eval_loss": 0.0},
        {"step": 20, "train_runtime": 50.0},
    ]
    found = measure(plan(tmp_path, final_samples=1), history, {"samples": [answer("t", ONE)]})
    assert found["held_out"] == [
        {"step": 0, "seconds": 0.0, "solved": 0.1},
        {"step": 20, "seconds": 40.0, "solved": 0.6},  # evaluations and saving take no training time
    ]
    assert [point["step"] for point in found["steps"]] == list(range(1, 21))
    assert found["train_seconds"] == 40.0
    assert found["entropy"] == pytest.approx((1.9 + 2.0) / 2)  # the last tenth of 20 steps


def held_out_record(step, share):
    return {"step": step, "eval_rewards/solved_reward/mean": share}


def test_a_run_that_was_stopped_is_measured_at_the_same_steps_as_one_that_was_not(tmp_path):
    steps = {i: {"step": i, "step_time": 2.0, "entropy": 0.5} for i in range(1, 7)}
    begun = [held_out_record(0, 0.1), steps[1], steps[2], held_out_record(2, 0.2), steps[3]]
    # transformers evaluates at the start of a resumed run too: after step 3, and again after step 4
    resumed = [held_out_record(3, 0.9), steps[4], held_out_record(4, 0.4), held_out_record(4, 0.8), steps[5], steps[6]]
    unscored = [held_out_record(6, float("nan"))]  # no answer could be scored
    found = measure(
        plan(tmp_path, eval_every=2, final_samples=1), [*begun, *resumed, *unscored], {"samples": [answer("t", ONE)]}
    )
    assert [(point["step"], point["solved"]) for point in found["held_out"]] == [(0, 0.1), (2, 0.2), (4, 0.4)]


def test_a_run_whose_held_out_answers_nothing_could_score_has_no_curve(tmp_path):
    with pytest.raises(RunFailedError, match="No held-out answer could be scored"):
        measure(plan(tmp_path), [held_out_record(0, None)], {"samples": []})


def test_final_scores_count_solved_and_distinct_programs_per_task():
    samples = [
        answer("a", "fn a() { 1 }"),
        answer("a", "fn a()   {\n 1 }"),  # the same program in another layout
        answer("a", "fn a() { 2 }", passed=False),
        answer("b", "fn b() { 1 }", warning_free=False),
        answer("b", "fn b() { 1 }"),
        answer("b", "fn b() { 0 + 1 }"),
        answer("b", "", failure="the sandbox died", passed=None, warning_free=None),
    ]
    scores = final_scores(samples, k=3)
    # Each task has three scored answers, two of them solved: pass@3 is 1; 1 and 2 different programs.
    assert scores == {"solved": pytest.approx(4 / 6), "pass@1": pytest.approx(2 / 3), "pass@3": 1.0, "distinct": 1.5}


def test_a_task_with_an_answer_that_nothing_could_score_is_left_out_of_pass_at_k():
    samples = [answer("a", ONE), answer("a", ONE, passed=False), answer("b", ONE, passed=False)]
    scores = final_scores([*samples, answer("b", "", failure="the sandbox died")], k=2)
    # pass@1: (1/2 + 0) / 2. Of two scored answers only task a has both, one of them solved.
    assert scores == {"solved": pytest.approx(1 / 3), "pass@1": 0.25, "pass@2": 1.0, "distinct": 0.5}


def test_a_run_whose_answers_nothing_could_score_has_no_scores():
    with pytest.raises(RunFailedError, match="No task has 1 final answers that could be scored"):
        final_scores([answer("a", "", failure="the sandbox died")], k=1)
