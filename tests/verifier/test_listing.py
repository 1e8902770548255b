# ruff: noqa: E501 - each program on a line of its own
"""Tests that macros and conditions make: rustc says which there are."""

import re

import pytest

from rust_rewards import tests_reward, verify

ADD = "pub fn add(a: i32, b: i32) -> i32 { a + b }\n"
WRONG = "pub fn add(_a: i32, _b: i32) -> i32 { 0 }\n"
CASES = """    macro_rules! cases {
        ($($(#[$meta:meta])* $name:ident: $a:expr, $b:expr => $sum:expr;)*) => {
            $(#[test] $(#[$meta])* fn $name() { assert_eq!(add($a, $b), $sum); })*
        }
    }
    cases! { one: 1, 2 => 3; two: -1, 5 => 4; }
"""
ZERO = "    #[test]\n    fn zero() { assert_eq!(add(0, 0), 0); }\n"


def module(body):
    return f"#[cfg(test)]\nmod tests {{\n    use super::*;\n{body}\n}}\n"


def statuses(program, tests):
    verdict = verify([program], [tests])[0]
    assert verdict.failure is None, verdict.failure
    return verdict.test_statuses


def test_tests_of_a_macro_count_beside_those_written_out():
    assert tests_reward([f"```rust\n{WRONG}```\n"], tests=module(CASES + ZERO)) == [pytest.approx(1 / 3)]
    assert statuses(ADD, module(CASES)) == ("passed", "passed")


def test_many_programs_are_tested_with_tests_of_macros_at_once():
    found = verify([ADD + f"// {i}\n" for i in range(9)] + [WRONG], [module(CASES)] * 10)
    assert [verdict.tests_passed for verdict in found] == [2] * 9 + [0]


@pytest.mark.parametrize("edition", ["2015", "2021"])
@pytest.mark.parametrize(
    "before",
    [
        "#![allow(dead_code)]\n",
        "pub fn one() -> u8 { 1 }\npub mod inner { pub fn two() -> u8 { crate::one() + 1 } }\n",
        "#[macro_export]\nmacro_rules! other { () => {} }\n",
        '#[no_mangle]\npub extern "C" fn rr_unlikely() {}\n',
    ],
)
def test_a_program_that_is_built_alone_has_tests_of_macros_as_well(before, edition):
    found = verify([before + ADD, before + WRONG], [module(CASES)] * 2, edition=edition)
    assert [verdict.test_statuses for verdict in found] == [("passed",) * 2, ("failed",) * 2]


def test_a_macro_may_make_modules_that_nobody_else_sees():
    macro = """    macro_rules! widths { ($($n:ident)*) => { $(mod $n { mod inner { use super::super::*;
        #[test] fn t() -> Result<(), String> { if add(1, $n::MAX as i32 - $n::MAX as i32) == 1 { Ok(()) } else { Err("".into()) } } } })* } }
    widths! { u8 i8 }
"""
    assert statuses(ADD, module(macro)) == ("passed", "passed")
    assert statuses(WRONG, module(macro)) == ("failed", "failed")


def test_an_item_given_to_a_macro_may_be_a_test():
    macro = "    macro_rules! keep { ($($item:item)*) => { $($item)* } }\n    keep! { #[test] fn a() { assert_eq!(add(1, 1), 2); } }\n"
    assert statuses(ADD, module(macro + ZERO)) == ("passed", "passed")
    assert statuses(WRONG, module(macro + ZERO)) == ("failed", "passed")


def test_a_macro_may_expect_panics():
    cases = CASES.replace("two: -1", '#[should_panic(expected = "too (big)")] two: -1')
    panics = 'pub fn add(a: i32, b: i32) -> i32 { if b > 4 { panic!("far too (big)") } a + b }'
    assert statuses(panics, module(cases)) == ("passed", "passed")
    assert statuses(ADD, module(cases)) == ("passed", "failed")


def test_a_lying_comparison_is_doubted_in_macros_as_well():
    lies = """#[derive(Debug)] pub struct P(pub i32);
impl PartialEq for P { fn eq(&self, _: &P) -> bool { true } }
pub fn p() -> P { P(0) }
"""
    macro = "    macro_rules! same { ($n:ident, $x:expr) => { #[test] fn $n() { assert!(p() == $x); } } }\n    same!(a, P(1));\n"
    assert statuses(lies, module(macro)) == ("failed",)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('feature = "big"', ("passed",)),
        ("unix", ("passed", "failed")),
        ("all(test, not(miri))", ("passed", "failed")),
        ("not(test)", ("passed",)),
    ],
)
def test_conditions_decide_which_tests_there_are(condition, expected):
    more = f"    #[test]\n    #[cfg({condition})]\n    fn more() {{ assert_eq!(add(2, 2), 5); }}\n"
    assert statuses(ADD, module(ZERO + more)) == expected


def test_a_test_attribute_may_be_named_by_its_path():
    tests = module("    #[core::prelude::v1::test]\n    fn t() { assert_eq!(add(1, 2), 4); }\n" + ZERO)
    assert statuses(ADD, tests) == ("failed", "passed")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    cases! { #[test] fn a() {} }\n" + ZERO, "call cases! for their tests, but do not define it"),
        ("    proptest! { #[test] fn a(x in 0..3) {} }\n", "call proptest! for their tests"),
        ("    #[tokio::test]\n    async fn a() {}\n", r"use #\[tokio::test\], which is not of the standard library"),
        ("    #[rstest]\n    #[case(1)]\n    fn a() {}\n", r"use #\[rstest\]"),
        (CASES.replace("two: -1", "two -1"), "do not compile: no rules expected"),
        (f'    #[cfg(feature = "x")]\n{ZERO}', "rustc finds none"),
    ],
)
def test_tests_that_cannot_be_counted_are_a_failure_in_words_and_no_score(body, reason):
    found = verify([ADD, ADD], [module(body), module(ZERO)])
    assert found[0].failure is not None
    assert re.search(reason, found[0].failure)
    assert (found[1].failure, found[1].tests_passed) == (None, 1)
