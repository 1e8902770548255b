"""Rows: completions and columns read alike for everybody, and measured once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rust_rewards import rows
from rust_rewards.rows import broadcast, first_error, measure_rows, outcome, read_rows, score_rows, verify_rows
from rust_rewards.scoring import RewardBreakdown
from rust_rewards.verifier import Diagnostic, Limits, Verdict

ADD = "pub fn add(a: i32, b: i32) -> i32 { a + b }"
MISMATCH = 'pub fn add(a: i32, b: i32) -> i32 { "x" }'


def test_a_row_holds_the_program_and_its_columns():
    [row] = read_rows([f"```rust\n{ADD}\n```"], tests=["assert!(true);"], entry_point="add")
    assert row.program.strip() == ADD
    assert (row.tests, row.entry_point, row.code_prefix) == ("assert!(true);", "add", None)


def test_a_prefix_comes_before_the_program():
    [row] = read_rows(["    a + b\n}\n"], code_prefix=["pub fn add(a: i32, b: i32) -> i32 {\n"])
    assert row.program == "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"


def test_a_blank_cell_is_no_cell():
    [row] = read_rows([ADD], tests=[" \n"], entry_point=[""], code_prefix=["\t"])
    assert (row.tests, row.entry_point, row.code_prefix) == (None, None, None)


def test_a_completion_that_is_neither_text_nor_chat_is_no_row():
    assert read_rows([None, 3, ADD])[:2] == [None, None]


@pytest.mark.parametrize(
    ("column", "cells"), [("x", ["x", "x"]), (None, [None, None]), (["a", None], ["a", None]), (("a", "b"), ["a", "b"])]
)
def test_a_column_is_one_cell_for_all_or_one_for_each(column, cells):
    assert broadcast(column, 2) == cells


@pytest.mark.parametrize(
    ("column", "says"), [(["a"], "has 1 values for 2"), (5, "is of type int"), ({"a": 1, "b": 2}, "is of type dict")]
)
def test_a_column_that_does_not_fit_is_a_warning_and_cells_that_no_row_reads(column, says, caplog):
    assert all(cell is not None and not isinstance(cell, str) for cell in broadcast(column, 2))
    assert says in caplog.text


def test_verdicts_metrics_and_scores_stand_at_the_place_of_their_row():
    read = read_rows([None, ADD, MISMATCH])
    verdicts = verify_rows(read)
    assert [verdict and verdict.compiles for verdict in verdicts] == [None, True, False]
    assert [metrics and metrics.structure.functions for metrics in measure_rows(read)] == [None, 1, 1]
    # A function in one answer that compiles: 10 + 5 + 1 + 8 and 1 for structure; else the 8 for parsing
    assert [score and score.total for score in score_rows(read, verdicts)] == [None, 25.0, 8.0]


def test_no_row_asks_nothing_of_the_verifier(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    assert verify_rows([None, None]) == [None, None]


def test_a_failure_of_the_verifier_is_none_and_said_once(caplog):
    programs = [f"pub fn late() -> usize {{ {number} + 41_001 }}" for number in range(2)]
    assert verify_rows(read_rows(programs), limits=Limits(deadline_seconds=1e-6)) == [None, None]
    assert caplog.text.count("2 of 2 programs could not be verified; first: ") == 1


def test_a_program_is_measured_once_for_each_entry_point():
    first, again = (measure_rows(read_rows([ADD], entry_point="add"))[0] for _ in range(2))
    [other] = measure_rows(read_rows([ADD], entry_point="sub"))
    assert first is again
    assert (first.live.answers, other.live.answers) == (True, False)


def test_a_long_program_is_measured_and_not_kept():
    long = ADD + "// x\n" * rows.MEASURED_CHARS
    first, again = (measure_rows(read_rows([long]))[0] for _ in range(2))
    assert first == again
    assert first is not again


def test_several_threads_measure_at_once():
    read = read_rows([f"pub fn f{number}() -> u8 {{ 1 }}" for number in range(50)])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(measure_rows, [read] * 8))
    assert all(metrics == found[0] for metrics in found)
    assert [metrics.names for metrics in found[0]] == [{f"f{number}"} for number in range(50)]


def test_the_first_error_is_its_code_and_message():
    error = Diagnostic("error", "E0308", "mismatched types", 1, 2, "rendered")
    without_code = Diagnostic("error", None, "expected expression", 1, 2, "rendered")
    assert first_error(Verdict(errors=(error, without_code))) == "E0308: mismatched types"
    assert first_error(Verdict(errors=(without_code,))) == "expected expression"
    assert first_error(Verdict()) is first_error(None) is None


@pytest.mark.parametrize(
    ("verdict", "score", "word"),
    [
        (Verdict(parses=True, compiles=True), RewardBreakdown(compile_success=10.0), "compiles"),
        (Verdict(parses=True, compiles=True), RewardBreakdown(), "no answer"),
        (Verdict(parses=True), RewardBreakdown(), "parses"),
        (Verdict(), RewardBreakdown(), "syntax error"),
        (Verdict(timed_out=True), RewardBreakdown(), "timed out"),
        (None, None, "not scored"),
    ],
)
def test_the_outcome_is_a_word_or_two(verdict, score, word):
    assert outcome(verdict, score) == word


def test_a_fault_of_the_tests_is_said_once_per_kind(caplog):
    rows = [read_rows(["pub fn f() {}"], tests=[tests]) for tests in ("#[nowhere::test] fn t() {}", "// none")]
    for _ in range(2):
        assert [verify_rows(row) for row in rows] == [[None], [None]]
    assert caplog.text.count("could not be verified") == 2
    assert "the tests use #[nowhere::test], which is not of the standard library" in caplog.text


def test_a_column_of_another_type_is_named_once(caplog):
    for _ in range(2):
        assert read_rows(["pub fn f() {}"], tests=[5.5]) == [None]
    assert caplog.text.count("The column tests holds values of type float") == 1
