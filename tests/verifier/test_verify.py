# ruff: noqa: E501 - each program on a line of its own
"""The verifier against real rustc."""

import random
import subprocess

import pytest

from rust_rewards import Limits, verify
from rust_rewards.verifier import ToolchainError, find_toolchain
from rust_rewards.verifier.engine import EDITIONS

ADD = "pub fn add(a: i32, b: i32) -> i32 { a + b }"
TESTS = """#[cfg(test)]
mod tests {
    use super::*;
    #[test] fn small() { assert_eq!(add(1, 2), 3); }
    #[test] fn negative() { assert_eq!(add(-1, -2), -3); }
    #[test] #[should_panic(expected = "overflow")] fn overflow() { add(i32::MAX, 1); }
    #[test] fn result() -> Result<(), String> { if add(0, 0) == 0 { Ok(()) } else { Err("no".into()) } }
}"""


def codes(found):
    return [diagnostic.code for diagnostic in found]


def test_a_program_that_compiles_has_no_errors():
    verdict = verify([ADD])[0]
    assert (verdict.parses, verdict.compiles, verdict.errors, verdict.failure) == (True, True, (), None)


def test_order_and_length_are_kept():
    programs = [f"pub fn f() -> u8 {{ {'1' if i % 3 else 'nope'} }} // {i}" for i in range(40)]
    random.Random(0).shuffle(programs)
    verdicts = verify(programs)
    assert [v.compiles for v in verdicts] == ["nope" not in program for program in programs]
    assert verify([]) == []


@pytest.mark.parametrize(
    ("source", "parses", "expected"),
    [
        ('pub fn f() -> u8 { "" }', True, ["E0308"]),
        ("pub fn f(v: Vec<u8>) -> usize { let w = v; v.len() }", True, ["E0382"]),
        ("pub fn f() { g() }", True, ["E0425"]),
        ("pub fn f() -> u8 { 300 }", True, ["overflowing_literals"]),
        ("pub fn f( {", False, [None]),
        ("pub fn f(x i32) {}", False, [None]),
        ("Here is the code:", False, [None]),
        ("pub fn f() { no_such_macro!() }", True, [None]),
        ("fn main() -> u8 { 1 }", True, ["E0277"]),
        ("mod missing;", True, ["E0583"]),
    ],
)
def test_errors_carry_the_codes_of_rustc(source, parses, expected):
    verdict = verify([source])[0]
    assert (verdict.parses, verdict.compiles, codes(verdict.errors)) == (parses, False, expected)


def test_warnings_and_lints_are_kept_apart():
    source = "pub fn f(v: &Vec<u8>) -> bool { let unused = 1; v.len() == 0 }"
    verdict = verify([source], clippy=True)[0]
    assert codes(verdict.warnings) == ["unused_variables"]
    assert sorted(codes(verdict.lints)) == ["clippy::len_zero", "clippy::ptr_arg"]
    assert verify([source])[0].lints == ()


def test_clippys_deny_lints_do_not_make_a_program_fail():
    verdict = verify(
        ["pub fn f(x: f32) -> bool { x == f32::NAN || x < 0.0 && x > 1.0 && { loop { break false } } }"], clippy=True
    )[0]
    assert verdict.compiles


def test_edition_is_selectable():
    source = "pub fn f() { let async = 1; let _ = async; }"
    assert verify([source], edition="2015")[0].compiles
    assert not verify([source], edition="2021")[0].compiles


def test_tests_are_counted_one_by_one():
    wrong = "pub fn add(a: i32, b: i32) -> i32 { if a < 0 { 0 } else { a + b } }"
    right, partly = verify([ADD, wrong], [TESTS, TESTS])
    assert (right.tests_passed, right.tests_total) == (4, 4)
    assert partly.test_statuses == ("passed", "failed", "passed", "passed")


def test_a_program_without_the_tested_function_passes_nothing():
    verdict = verify(["pub fn sub() {}"], [TESTS], entry_points=["add"])[0]
    assert (verdict.compiles, verdict.tests_passed, verdict.tests_total) == (True, 0, 4)


def test_a_panic_or_a_loop_in_one_test_does_not_hide_the_others():
    limits = Limits(wall_seconds=4, cpu_seconds=2)
    panics = 'pub fn add(a: i32, b: i32) -> i32 { if a == 1 { panic!("one") } a + b }'
    loops = "pub fn add(a: i32, b: i32) -> i32 { if a == 1 { loop {} } a + b }"
    exits = "pub fn add(a: i32, b: i32) -> i32 { if a == 1 { std::process::exit(0) } a + b }"
    statuses = [v.test_statuses[:2] for v in verify([panics, loops, exits], [TESTS] * 3, limits=limits)]
    assert statuses == [("panicked", "passed"), ("timed out", "passed"), ("crashed", "passed")]


def test_a_test_module_of_the_programs_own_is_neither_counted_nor_in_the_way():
    own = ADD + "\n#[cfg(test)]\nmod tests { #[test] fn mine() {} }"
    also = ADD + "\npub mod tests { pub fn small() {} }"
    assert [(v.tests_passed, v.tests_total) for v in verify([own, also], [TESTS] * 2)] == [(4, 4)] * 2


def test_bare_assertions_give_partial_credit():
    verdict = verify([ADD], ["assert_eq!(add(1, 1), 2); assert_eq!(add(1, 1), 3); assert_ne!(add(0, 0), 1);"])[0]
    assert (verdict.tests_passed, verdict.tests_total) == (2, 3)


def test_standard_input_and_output_cases_run_main():
    source = "use std::io::Read;\nfn main() { let mut s = String::new(); std::io::stdin().read_to_string(&mut s).unwrap();\n" \
        "let n: i32 = s.split_whitespace().map(|w| w.parse::<i32>().unwrap()).sum(); println!(\"{n}\"); }"  # fmt: skip
    cases = '[{"input": "1 2", "output": "3"}, {"input": "5", "output": "6"}, {"input": "x", "output": ""}]'
    verdict = verify([source], [cases])[0]
    assert verdict.test_statuses == ("passed", "failed", "panicked")
    assert verify([ADD], [cases])[0].tests_passed == 0


def test_programs_that_cannot_share_a_crate_are_tested_too():
    programs = [f"#![allow(dead_code)]\n{ADD}", f"{ADD}\npub mod m {{ pub fn two() -> i32 {{ crate::add(1, 1) }} }}"]
    assert [v.tests_passed for v in verify(programs, [TESTS] * 2)] == [4, 4]


def test_files_can_be_written_in_a_private_folder_only():
    source = 'pub fn keep(s: &str) -> String { std::fs::write("note.txt", s).unwrap(); std::fs::read_to_string("note.txt").unwrap() }'
    hidden = 'assert_eq!(keep("a"), "a"); assert!(std::fs::read_to_string("/etc/passwd").is_err());'
    assert verify([source], [hidden])[0].tests_passed == 2


def test_the_compiler_reads_no_file_of_the_host():
    assert not verify(['pub const X: &str = include_str!("/etc/passwd");'])[0].compiles


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ("// only a comment", "hold no test"),
        ("#[test] fn f( {}", "do not parse"),
        ("let = 3;", "do not parse"),
        ("[]", "empty"),
    ],
)
def test_unusable_tests_are_a_failure_of_that_row_alone(tests, words):
    bad, good = verify([ADD, ADD], [tests, TESTS])
    assert words in bad.failure
    assert (good.failure, good.tests_passed) == (None, 4)


def test_an_empty_tests_column_means_no_tests():
    assert [(v.tests_total, v.failure) for v in verify([ADD, ADD], ["", None])] == [(0, None)] * 2


def test_source_that_is_not_unicode_does_not_parse():
    verdict = verify(["pub fn f() { \ud800 }", "pub fn f() { \0 }"])
    assert [(v.parses, v.compiles, v.failure) for v in verdict] == [(False, False, None)] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tests": [TESTS, TESTS]}, "2 items for 1 programs"),
        ({"tests": TESTS}, "one string"),
        ({"entry_points": []}, "0 items for 1 programs"),
        ({"edition": "2020"}, "2015, 2018, 2021, 2024"),
        ({"jobs": 0}, "at least 1"),
    ],
)
def test_bad_options_are_refused_with_what_is_allowed(options, words):
    with pytest.raises(ValueError, match=words):
        verify([ADD], **options)


@pytest.mark.parametrize(
    "field", ["wall_seconds", "cpu_seconds", "memory_mib", "output_bytes", "processes", "file_mib", "deadline_seconds"]
)
def test_a_limit_of_zero_is_refused(field):
    with pytest.raises(ValueError, match=field):
        Limits(**{field: 0})


def test_a_missing_toolchain_is_one_clear_error(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    with pytest.raises(ToolchainError, match="no-such-toolchain"):
        verify([ADD])


def test_what_the_deadline_cuts_off_is_a_failure_and_not_a_verdict():
    verdicts = verify([f"{ADD} // {i} late" for i in range(4)], limits=Limits(deadline_seconds=0.001))
    assert all("deadline" in v.failure for v in verdicts)
    assert verify([f"{ADD} // 0 late"])[0].compiles  # and it was not remembered


def test_verdicts_agree_with_plain_rustc(tmp_path):
    programs = [
        "pub fn f() {}",
        "fn f() {}",
        "pub fn f() { let x = 1; }",
        "pub fn f() { g() }",
        "fn main() { let v: Vec<u8> = 1; }",
    ]
    for number, (source, verdict) in enumerate(zip(programs, verify(programs), strict=True)):
        path = tmp_path / f"p{number}.rs"
        path.write_text(source)
        kind = "bin" if "fn main" in source else "lib"
        argv = [
            find_toolchain().rustc,
            path,
            "--edition=2021",
            f"--crate-type={kind}",
            "--emit=metadata",
            "-o",
            tmp_path / "out",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert verdict.compiles == (done.returncode == 0)
        assert len(verdict.warnings) == done.stderr.count("\n --> ") - len(verdict.errors)


def test_rustc_has_the_word_on_programs_that_look_different_to_clippy():
    refused = '#[cfg(not(clippy))]\ncompile_error!("no");\npub fn f() -> i32 { 1 }'
    warned = "#[cfg(not(clippy))]\npub fn f() -> i32 { let unused = 2; 1 }\n#[cfg(clippy)]\npub fn f() -> i32 { 1 }"
    for program, compiles, warnings in ((refused, False, 0), (warned, True, 1)):
        for clippy in (True, False):  # the second is not served from what clippy saw
            [verdict] = verify([program], clippy=clippy)
            assert (verdict.compiles, len(verdict.warnings)) == (compiles, warnings)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("before", ["", "#![allow(dead_code)]\n"])
def test_tests_run_in_every_edition(edition, before):
    items = (
        "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn four() { assert_eq!(double(2), 4); }\n}\n"
    )
    programs = [f"{before}pub fn double(x: i32) -> i32 {{ {body} }}" for body in ("2 * x", "x")]
    for tests in (items, "assert_eq!(double(2), 4);"):
        found = verify(programs, [tests] * 2, edition=edition)
        assert [verdict.test_statuses for verdict in found] == [("passed",), ("failed",)]
    main = before + 'fn main() { println!("4"); }'
    assert verify([main], ['[{"input": "", "output": "4"}]'], edition=edition)[0].test_statuses == ("passed",)
