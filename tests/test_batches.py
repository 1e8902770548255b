"""Which rewards are asked about the same batch, and what they share."""

import numpy as np
import pytest

from rust_rewards.batches import Batch, Columns, Verification, batch_for, unverified_rows
from rust_rewards.verifier import Limits

ONE = "```rust\npub fn one() -> i32 { 1 }\n```"


def test_rewards_that_are_given_the_same_share_a_batch():
    first = batch_for("first", Columns([ONE, "shared"], tests=["a", "b"]))
    assert batch_for("second", Columns([ONE, "shared"], tests=["a", "b"])) is first


@pytest.mark.parametrize(
    "other",
    [
        Columns([ONE, "another"], tests=["a", "b"]),
        Columns([ONE, "columns"], tests=["a", "c"]),
        Columns([ONE, "columns"]),
        Columns([ONE, "columns"], tests=["a", "b"], entry_point="one"),
        Columns([ONE, "columns"], tests=["a", "b"], code_prefix=np.array(["", ""])),
    ],
    ids=["completions", "tests", "no tests", "entry point", "an array, which cannot be compared"],
)
def test_other_completions_or_columns_are_another_batch(other):
    first = batch_for("first", Columns([ONE, "columns"], tests=["a", "b"]))
    assert batch_for("second", other) is not first


def test_a_reward_that_asks_again_tries_again():
    columns = Columns([ONE, "again"])
    first = batch_for("first", columns)
    first.unverified.add(0)
    assert unverified_rows(columns) == {0}
    assert batch_for("first", columns).unverified == set()
    assert unverified_rows(columns) == set()


def test_a_reward_that_asks_on_behalf_of_another_tries_again_with_it():
    first = batch_for("first", Columns([ONE, "behalf"]))
    second = batch_for("whole", Columns([ONE, "behalf"]), asks="first")
    assert second is not first
    assert batch_for("first", Columns([ONE, "behalf"])) is second


def test_a_list_that_is_filled_anew_is_another_batch():
    completions = [ONE, "filled"]
    first = batch_for("first", Columns(completions))
    completions[1] = "anew"
    assert batch_for("second", Columns(completions)) is not first


def test_batches_of_several_threads_do_not_push_each_other_out():
    batches = [batch_for("first", Columns([ONE, f"thread {n}"])) for n in range(8)]
    assert [batch_for("second", Columns([ONE, f"thread {n}"])) for n in range(8)] == batches


def test_nothing_is_known_of_completions_that_nobody_asked_about():
    assert unverified_rows(Columns(["never asked about"])) == set()


def test_a_row_that_one_verification_failed_for_is_left_out_of_the_next():
    batch = Batch(Columns([ONE, "pub fn f() -> u8 { 1 "], tests=["assert_eq!(one(), 1);", None]))
    late = Verification(tests=True, limits=Limits(deadline_seconds=1e-6))
    assert [verdict is None for verdict in batch.verify(late)[1]] == [True, False]  # a syntax error needs no compiler
    rows, verdicts = batch.verify(Verification())
    assert rows[0] is verdicts[0] is None
    assert not verdicts[1].parses


def test_the_verifier_is_asked_once():
    batch = Batch(Columns([ONE], tests=["assert_eq!(one(), 1);"]))
    first = batch.verify(Verification(tests=True))[1][0]
    assert first.tests_passed == 1
    assert batch.verify(Verification(tests=True))[1][0] is first
