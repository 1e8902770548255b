"""The selftest command, on its own pairs and on ones that must fail."""

import argparse

import pytest

from rust_rewards.commands import selftest
from rust_rewards.commands.selftest_pairs import PAIRS, Pair
from rust_rewards.verifier import verify


def run(capsys, verbose=False):
    code = selftest.run(argparse.Namespace(verbose=verbose))
    return code, capsys.readouterr().out


def test_every_pair_differs_enough(capsys):
    code, printed = run(capsys)
    assert code == 0
    assert len(PAIRS) >= 12
    assert f"all {len(PAIRS)} pairs differ enough" in printed
    assert "FAILED" not in printed


def test_good_answers_compile_without_a_warning_and_pass():
    verdicts = verify([p.good for p in PAIRS], [p.tests or None for p in PAIRS])
    for pair, verdict in zip(PAIRS, verdicts, strict=True):
        assert verdict.compiles, pair.name
        assert not verdict.warnings, pair.name
        assert verdict.tests_passed == verdict.tests_total, pair.name


def test_style_pairs_compile_on_both_sides():
    style = [p for p in PAIRS if p.component in ("quality", "idioms", "documentation", "unsafety", "structure")]
    assert len(style) >= 6
    assert all(verdict.compiles for verdict in verify([p.bad for p in style]))


@pytest.mark.parametrize("pair", [p for p in PAIRS if p.component != "total"][:4], ids=lambda p: p.name)
def test_pair_turned_round_fails(pair, capsys, monkeypatch):
    monkeypatch.setattr(selftest, "PAIRS", (pair._replace(good=pair.bad, bad=pair.good),))
    code, printed = run(capsys)
    assert code == 1
    assert "FAILED" in printed
    assert "1 of 1 pairs differ too little" in printed


def test_difference_is_normalised_by_the_range_of_the_component():
    # quality is 0..3: Result and ? earn 2 of them, nothing earns 0, so the difference is 2/3
    pair = next(p for p in PAIRS if p.name == "returns a Result or unwraps: error handling")
    (row,) = selftest.score_pairs([pair])
    assert row["good"] == 2.0
    assert row["bad"] == 0.0
    assert row["difference"] == pytest.approx(2 / 3)


def test_padding_earns_nothing_beside_the_answer_and_nothing_instead_of_it(capsys):
    names = ("answers or writes something else instead", "answers or pads it with code nobody calls")
    instead, beside = selftest.score_pairs([next(pair for pair in PAIRS if pair.name == name) for name in names])
    assert instead["totals"] == (25.0, 8.0)
    assert beside["totals"] == (25.0, 24.0)  # but for the warning about it


def test_equal_answers_are_a_failure_not_a_draw():
    answer = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
    (row,) = selftest.score_pairs([Pair("same", "total", "add", answer, answer)])
    assert row["difference"] == 0.0
    assert not row["ok"]


def test_pair_that_cannot_be_verified_fails_and_says_so():
    answer = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
    pair = Pair("no test in the tests", "tests", "add", answer, answer, tests="// nothing here")
    (row,) = selftest.score_pairs([pair])
    assert not row["ok"]
    assert "could not be verified" in selftest.format_row(row)


def test_verbose_shows_the_components_of_both_answers(capsys):
    _, printed = run(capsys, verbose=True)
    assert printed.count("    good: ") == len(PAIRS)
    assert "    bad: nothing" in printed  # the unclosed brace
