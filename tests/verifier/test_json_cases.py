"""Hidden tests that are data."""

import json

import pytest

from rust_rewards import tests_reward, verify
from rust_rewards.verifier.hidden_tests import HiddenTestsError, read_hidden_tests
from rust_rewards.verifier.json_cases import text_of_tests

THREE = 'fn main() { println!("3"); }\n'
ECHO = 'fn main() { for line in std::io::stdin().lines() { println!("{}", line.unwrap()); } }\n'
ADD = "pub fn add(a: i32, b: i32) -> i32 { a + b }\n"


def block(program):
    return f"```rust\n{program}```\n"


@pytest.mark.parametrize(
    "tests",
    [
        {"inputs": [""], "outputs": ["3"]},
        {"input": [""], "output": ["3"]},
        {"input": "", "output": "3"},
        [{"input": "", "output": "3"}],
        [{"input": [], "output": ["3"]}],
        [{"input": "", "outputs": ["4", "3"]}],
    ],
)
def test_the_forms_in_which_inputs_and_outputs_are_published_are_read(tests):
    verdict = verify([THREE], [json.dumps(tests)])[0]
    assert (verdict.failure, verdict.test_statuses) == (None, ("passed",))


def test_lists_of_lines_are_lines():
    assert verify([ECHO], ['{"inputs": [["a", "b"]], "outputs": [["a", "b"]]}'])[0].tests_passed == 1


def test_a_list_of_assertions_has_one_case_for_each_behind_its_imports():
    tests = json.dumps(
        ["use std::cmp::max;", "assert_eq!(add(1, 2), max(1, 3));", "let x = add(2, 2);\nassert_eq!(x, 5);"]
    )
    assert verify([ADD], [tests])[0].test_statuses == ("passed", "failed")


def test_a_list_of_test_functions_is_read_as_one_text():
    tests = json.dumps(["use super::*;", "#[test] fn a() { assert_eq!(add(1, 2), 3); }"])
    assert verify([ADD], [tests])[0].test_statuses == ("passed",)


def test_a_column_of_lists_and_objects_is_as_good_as_its_json():
    assert tests_reward([block(THREE)], tests=[[{"input": "", "output": "3"}]]) == [1.0]
    assert tests_reward([block(THREE)], tests=[{"inputs": ["", ""], "outputs": ["3", "4"]}]) == [0.5]
    assert tests_reward([block(ADD)], tests=[["assert_eq!(add(1, 2), 3);"]]) == [1.0]
    assert text_of_tests("assert!(true);") == "assert!(true);"
    assert text_of_tests(5) == 5


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ('{"fn_name": "f", "inputs": [[1]], "outputs": [2]}', "write calls as assertions"),
        ('{"inputs": ["a"], "outputs": []}', "1 inputs and 0 outputs"),
        ('{"inputs": [], "outputs": []}', "without a case"),
        ('{"cases": []}', "a JSON case must be"),
        ('[{"input": "a", "output": 3}]', "a JSON case must be"),
        ("[[1, 2]]", "a JSON case must be"),
    ],
)
def test_other_json_is_refused_with_what_is_read(tests, words):
    with pytest.raises(HiddenTestsError, match=words):
        read_hidden_tests(tests)
