"""The text that is appended to a program to run its tests."""

import re

import pytest

from rust_rewards.verifier import tampering
from rust_rewards.verifier.hidden_tests import read_hidden_tests
from rust_rewards.verifier.instrumentation import instrument
from rust_rewards.verifier.stdio import Stdio


def appended(tests, trusted="all"):
    policy = tampering.TestPolicy(trusted_comparisons=trusted)
    return instrument(read_hidden_tests(tests), policy, "rr_block", "rr_crate", "candidate::", 7, Stdio())


def test_only_the_macros_that_the_tests_use_are_defined():
    text = appended('assert_eq!(f(), 1, "{}", format!("why"));')
    assert sorted(re.findall(r"macro_rules! (\w+)", text)) == ["assert_eq", "format", "rr_reached_rr_block"]


def test_our_own_macros_have_names_that_the_program_cannot_know():
    text = appended("let x = f(); assert!(x == 1); if x == 2 { panic!() }", "same_types")
    found = re.findall(r"rr_(?:compare|value|reached)\w*", text)
    assert set(found) == {"rr_compare_rr_block", "rr_value_rr_block", "rr_reached_rr_block"}


@pytest.mark.parametrize(
    ("trusted", "function"),
    [
        ("all", "equal(&$l, &$r)"),
        ("same_types", "same_types(l, r"),
        ("same_text", "same_text(l, r"),
        ("none", "standard(l, r"),
    ],
)
def test_assert_eq_asks_what_the_policy_trusts(trusted, function):
    assert f"::rr_crate::{function}" in appended("assert_eq!(f(), 1);", trusted)


def test_comparisons_outside_of_assertions_stay_as_they_are_in_a_trusted_program():
    assert "if f() == 1" in appended("if f() == 1 { panic!() }")


def test_a_case_says_how_it_is_called_and_what_is_expected():
    text = appended('mod t { #[test] #[should_panic(expected = "zero")] fn one() { f(); } }')
    assert "0 => ::rr_crate::outcome(super::items::t::one())" in text
    assert '::rr_crate::Test { should_panic: ::rr_crate::names::Some("zero"), input: ::rr_crate::names::None' in text
    assert "must_reach: true" in text


def test_runs_of_main_get_a_piece_of_the_inputs_and_no_items():
    text = appended('[{"input": "é", "output": "2"}, {"input": "1", "output": "2 \\n"}]')
    assert "input: ::rr_crate::names::Some((0, 2)), output: 2," in text  # one byte more than expected is too many
    assert "input: ::rr_crate::names::Some((2, 1)), output: 2," in text
    assert "super::super::main()" in text
    assert "pub mod items" not in text
