"""`policy_for`: what a program could do to its own tests."""

import pytest

from rust_rewards.syntax.lexer import scan
from rust_rewards.verifier.tampering import policy_for

POINT = "#[derive(Debug)] pub struct P { pub x: i32 }\n"
HONEST = "fn eq(&self, other: &P) -> bool { self.x == other.x }"
LYING = "fn eq(&self, _: &P) -> bool { true }"


def policy(source, tests=""):
    return policy_for(source, scan(source), tests)


def test_a_plain_program_is_tested_and_trusted():
    found = policy("pub fn f() -> i32 { 1 }")
    assert (found.testable, found.trusted_comparisons) == (True, "all")


@pytest.mark.parametrize(
    ("methods", "trusted"),
    [
        (HONEST, "same_types"),
        (LYING, "same_text"),
        (LYING.replace("eq", "r#eq") + " fn ne(&self, other: &P) -> bool { self.x != other.x }", "same_text"),
    ],
)
def test_comparisons_written_by_hand_are_trusted_as_far_as_they_look_at_both_sides(methods, trusted):
    assert policy(f"{POINT}impl PartialEq for P {{ {methods} }}").trusted_comparisons == trusted


def test_a_lying_comparison_beside_a_printing_of_its_own_is_not_trusted_at_all():
    printing = (
        "impl std::fmt::Debug for P { fn fmt(&self, _: &mut std::fmt::Formatter) -> std::fmt::Result { Ok(()) } }"
    )
    source = f"pub struct P {{ pub x: i32 }} impl PartialEq for P {{ {LYING} }} {printing}"
    assert policy(source).trusted_comparisons == "none"


def test_a_comparison_out_of_a_macro_is_not_trusted_at_all():
    source = f"{POINT}macro_rules! m {{ () => {{ impl PartialEq for P {{ {HONEST} }} }} }} m!();"
    assert policy(source).trusted_comparisons == "none"


@pytest.mark.parametrize(
    "source",
    [
        "trait Sure { fn is_some(&self) -> bool { true } } impl<T> Sure for Option<T> {}",
        "trait Sure { fn is_some(&self) -> bool { true } } mod m { pub struct Option; } impl Sure for Option {}",
        "macro_rules! m { () => { trait Sure { fn is_some(&self) -> bool { true } } } }",
        "trait Sure { m!(is_some); }",
    ],
)
def test_a_trait_that_could_answer_for_a_standard_method_that_the_tests_call_is_not_tested(source):
    assert not policy(source, "assert!(find(1).is_some());").testable
    assert policy(source, "assert_eq!(find(1), 1);").testable


def test_a_trait_for_the_programs_own_type_is_tested():
    source = "trait Sure { fn is_some(&self) -> bool { true } } pub struct Mine; impl Sure for Mine {}"
    assert policy(source, "assert!(find(1).is_some());").testable


@pytest.mark.parametrize(
    "source",
    [
        '#[used] #[link_section = ".init_array"] pub static EARLY: fn() = early; fn early() {}',
        '#[no_mangle] pub extern "C" fn memcmp() -> i32 { 0 }',
        'std::arch::global_asm!("nop");',
    ],
)
def test_code_that_runs_outside_of_the_functions_that_tests_call_is_not_tested(source):
    assert not policy(source).testable
