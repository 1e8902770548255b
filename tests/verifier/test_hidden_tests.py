import pytest

from rust_rewards import verify
from rust_rewards.verifier.hidden_tests import HiddenTestsError, read_hidden_tests

MODULE = """#[cfg(test)]
mod tests {
    use super::*;
    const LIMIT: u8 = 3;
    fn helper() -> u8 { LIMIT }
    #[test]
    fn one() { assert_eq!(f(), helper()); }
    /// with a comment
    #[test]
    #[should_panic(expected = "zero")]
    fn two() { f(); }
    mod inner { #[test] fn three() {} #[test] #[should_panic] fn four() { panic!() } }
}
"""


def test_a_module_has_one_case_per_test_function_at_any_depth():
    hidden = read_hidden_tests(MODULE)
    assert [case.path for case in hidden.cases] == [
        "tests::one", "tests::two", "tests::inner::three", "tests::inner::four",
    ]  # fmt: skip
    assert [case.should_panic for case in hidden.cases] == [None, '"zero"', None, '""']


def test_test_attributes_go_and_functions_become_visible():
    items = read_hidden_tests(MODULE).items
    assert "#[test]" not in items
    assert "cfg(test)" not in items
    assert "pub fn one()" in items
    assert "pub mod inner" in items


def test_assertions_alone_are_a_case_each_and_share_their_imports():
    hidden = read_hidden_tests('use std::cmp::max;\nassert_eq!(f(1), 2);\nassert!(f(2) > 2, "why {}", 1);\n')
    assert len(hidden.cases) == 2
    assert hidden.items.count("use std::cmp::max;") == 2


def test_statements_that_depend_on_each_other_are_one_case():
    assert (
        len(
            read_hidden_tests(
                "let mut s = S::new(); s.push(1); assert_eq!(s.pop(), Some(1)); assert!(s.is_empty());"
            ).cases
        )
        == 1
    )


def test_json_cases_run_main():
    hidden = read_hidden_tests('[{"input": "1 2\\n", "output": "3\\n"}, {"input": "", "output": "0"}]')
    assert hidden.runs_main
    assert [(case.input, case.output) for case in hidden.cases] == [("1 2\n", "3\n"), ("", "0")]


def test_a_main_with_assertions_is_one_case():
    assert len(read_hidden_tests("fn main() { assert_eq!(f(), 1); }").cases) == 1


@pytest.mark.parametrize(
    "tests", ["// nothing", "   ", "mod tests {}", "fn helper() {}", "#[test] fn f( {}", "[]", "[1]", '[{"input": 1}]']
)
def test_tests_that_hold_no_test_are_an_error(tests):
    with pytest.raises(HiddenTestsError, match=r"the tests|JSON case"):
        read_hidden_tests(tests)


@pytest.mark.parametrize("tests", ["[" * 100_000, "[" + "1" * 5000 + "]"], ids=["nested", "long number"])
def test_json_that_cannot_be_read_is_an_error_of_the_tests(tests):
    with pytest.raises(HiddenTestsError, match="cannot be read"):
        read_hidden_tests(tests)


def test_tests_in_modules_nested_to_any_depth_are_read_in_order():
    deep = "mod a { " * 2_000 + "#[test] fn first() {}" + " }" * 2_000
    hidden = read_hidden_tests(f"{deep} #[test] fn second() {{}}")
    assert [case.path.rpartition("::")[2] for case in hidden.cases] == ["first", "second"]


def test_a_function_that_may_end_before_its_last_brace_need_not_reach_it():
    hidden = read_hidden_tests("#[test] fn whole() { f(); } #[test] fn early() { if f() { return; } }")
    assert [case.must_reach for case in hidden.cases] == [True, False]


@pytest.mark.parametrize("expected", ['"too small"', 'r"too small"', 'r#"too small"#'])
def test_an_expected_panic_is_told_by_its_message_in_every_form_of_string(expected):
    tests = (
        f"#[cfg(test)] mod tests {{ use super::*; #[test] #[should_panic(expected = {expected})] fn t() {{ f(); }} }}"
    )
    programs = ['pub fn f() { panic!("too small") }', 'pub fn f() { panic!("other") }']
    assert [verdict.tests_passed for verdict in verify(programs, [tests, tests])] == [1, 0]


def test_an_expected_panic_in_a_form_that_is_not_read_is_an_error_and_no_pass():
    tests = "#[cfg(test)] mod tests { #[test] #[should_panic(expected = concat!(1))] fn t() {} }"
    with pytest.raises(HiddenTestsError, match="expects a panic in a form that is not read"):
        read_hidden_tests(tests)
