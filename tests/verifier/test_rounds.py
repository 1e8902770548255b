"""`settle` on numbers in place of programs: every round and every lone answer is written down."""

import pytest

from rust_rewards.verifier.rounds import ALONE_AT_MOST, Round, settle


class Script:
    """Answers in the rounds as told, and keeps what it was asked."""

    def __init__(self, rounds):
        self.rounds = iter(rounds)
        self.batches = []
        self.lone = []

    def together(self, members):
        self.batches.append(members)
        return next(self.rounds)(members)

    def alone(self, member):
        self.lone.append(member)
        return f"alone {member}"


def everybody(members):
    return Round(answered={position: f"together {member}" for position, member in enumerate(members)})


def broken(members):
    return None


def test_whoever_has_an_answer_leaves_and_the_rest_goes_on_in_order():
    script = Script([lambda members: Round(answered={1: "no"}, alone=[2]), everybody])
    assert settle([10, 11, 12, 13], script.together, script.alone) == ["together 10", "no", "alone 12", "together 13"]
    assert script.batches == [[10, 11, 12, 13], [10, 13]]


def test_parts_that_go_apart_share_no_round_with_the_others():
    script = Script([lambda members: Round(apart=[[0, 3], [1]]), everybody, everybody, everybody])
    assert settle([10, 11, 12, 13], script.together, script.alone) == [f"together {n}" for n in (10, 11, 12, 13)]
    # A part of one stays a batch.
    assert script.batches == [[10, 11, 12, 13], [10, 13], [11], [12]]
    assert script.lone == []


@pytest.mark.parametrize("count", [1, ALONE_AT_MOST])
def test_a_small_batch_that_breaks_goes_on_one_by_one(count):
    script = Script([broken])
    assert settle(range(count), script.together, script.alone) == [f"alone {n}" for n in range(count)]


def test_a_large_batch_that_breaks_goes_on_in_four_parts():
    # 26 in parts of 7, 7, 7 and 5; the second breaks again and is small.
    script = Script([broken, everybody, broken, everybody, everybody])
    answers = settle(range(26), script.together, script.alone)
    assert [len(batch) for batch in script.batches] == [26, 7, 7, 7, 5]
    assert script.lone == list(range(7, 14))
    assert answers[6:8] == ["together 6", "alone 7"]


def test_nobody_to_settle_needs_no_round():
    script = Script([])
    assert settle([], script.together, script.alone) == []
