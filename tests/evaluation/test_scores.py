"""Scored samples: one record, whoever scores, through real rustc."""

from dataclasses import replace

import pytest
from workflow_testbed import BROKEN, DOUBLE, LARGER, REJECTED, RIGHT, WRONG

from rust_rewards.evaluation.scores import (
    UNREADABLE,
    ScoredSample,
    broken_tasks,
    score_programs,
    score_references,
    score_samples,
)
from rust_rewards.rewards import rust_reward
from rust_rewards.rows import read_rows


def sample(task, completion, index=0):
    return {"task_id": task["task_id"], "sample_index": index, "completion": completion}


def test_a_sample_keeps_its_task_its_number_and_what_the_model_wrote():
    [scored] = score_samples([LARGER], [sample(LARGER, RIGHT["larger"], index=3)], style="prefix")
    assert (scored.task_id, scored.sample_index, scored.completion) == ("larger", 3, RIGHT["larger"])
    assert scored.program == LARGER["code_prefix"] + RIGHT["larger"]


def test_right_wrong_and_rejected_answers_differ_in_what_they_pass():
    answers = [sample(LARGER, side["larger"]) for side in (RIGHT, WRONG, REJECTED)]
    scored = score_samples([LARGER], answers, style="prefix")
    assert [one.compiles for one in scored] == [True, True, False]
    assert [(one.tests_passed, one.share_passed, one.passed) for one in scored] == [
        (2, 1.0, True),
        (1, 0.5, False),
        (0, 0.0, False),
    ]
    assert (scored[2].error_codes, scored[2].first_error) == (("E0308",), "E0308: mismatched types")
    assert scored[2].rendered[0].startswith("error[E0308]: mismatched types")


def test_the_reward_is_the_one_that_training_gives():
    [scored] = score_samples([DOUBLE], [sample(DOUBLE, RIGHT["double"])], style="prefix")
    columns = {name: DOUBLE[name] for name in ("tests", "entry_point", "code_prefix")}
    assert [scored.reward] == rust_reward([RIGHT["double"]], **columns)


def test_rows_keep_their_order_and_one_that_cannot_be_read_says_so():
    rows = read_rows([3, "fn a() {}"])
    unreadable, read = score_programs(rows)
    assert (unreadable.failure, unreadable.reward) == (UNREADABLE, None)
    assert (read.failure, read.outcome) == (None, "compiles")


def test_a_line_that_allows_things_silences_nothing_of_the_answers_own():
    rows = read_rows(["fn unused() {}\npub fn a() -> u8 { 1 }"] * 2)
    plain, allowed = score_programs(rows, allow=["", "#![allow(dead_code)]\n"])
    assert (plain.warning_free, allowed.warning_free) == (False, True)
    assert allowed.program == plain.program


@pytest.mark.parametrize("clippy", [False, True])
def test_clippy_is_told_apart_from_a_clean_answer(clippy):
    [scored] = score_programs(read_rows(["pub fn f(x: i32) -> i32 { return x; }"]), clippy=clippy)
    assert scored.clippy_clean is (False if clippy else None)


def test_a_sample_is_written_and_read_without_loss():
    [scored] = score_samples([LARGER], [sample(LARGER, REJECTED["larger"])], style="prefix")
    assert ScoredSample.from_json(scored.to_json()) == scored
    assert "verdict" not in scored.to_json()


def test_keys_of_other_versions_are_passed_over():
    assert ScoredSample.from_json({"task_id": "a", "later": 1}) == ScoredSample("a")


def test_a_reference_that_fails_its_tests_is_a_broken_task():
    references = score_references([DOUBLE, BROKEN, DOUBLE | {"task_id": "none", "reference": None}])
    assert list(references) == ["double", "broken"]
    assert broken_tasks(references) == {"broken": "the reference passes 0 of 1 tests"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"failure": "sandbox died"}, "could not be verified: sandbox died"),
        ({"first_error": "E0308: mismatched types"}, "E0308: mismatched types"),
        ({"timed_out": True}, "the reference runs into the time limit"),
        ({}, "the reference compiles but does not define the task's entry_point"),  # it does not count
    ],
)
def test_a_broken_task_says_why(change, reason):
    passing = ScoredSample("a", compiles=False, passed=False, tests_passed=2, tests_total=2)
    assert broken_tasks({"a": replace(passing, **change)}) == {"a": reason}
