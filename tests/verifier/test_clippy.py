# ruff: noqa: E501 - each program on a line of its own
"""What clippy adds never decides whether a program compiles."""

import random
import sys

import pytest
from hostile_programs import HONEST, HOSTILE

from rust_rewards import Limits, verify

WORDY = (
    "pub fn f(x: i32) -> i32 {\n"
    + "".join(f"    if x == {i} {{ return {i}; }};\n" for i in range(300))
    + "return 1;\n}"
)
EXPECTS = "#[expect(clippy::needless_return)]\npub fn f() -> u8 { 1 }"


@pytest.mark.parametrize(
    "program",
    [WORDY, f"#![allow(unused)]\n{WORDY}", f"#[deny(unfulfilled_lint_expectations)]\npub mod m {{ {EXPECTS} }}",
     f"#![deny(unfulfilled_lint_expectations)]\n{EXPECTS}", "#![deny(warnings)]\npub fn f(v: &Vec<u8>) -> bool { v.len() == 0 }"],
    ids=["much to say", "much to say, alone", "an expectation", "an expectation, alone", "denied warnings"],
)  # fmt: skip
def test_a_program_that_compiles_does_so_with_clippy(program):
    limits = Limits(output_bytes=1 << 15)
    plain, linted = (verify([program], clippy=clippy, limits=limits)[0] for clippy in (False, True))
    assert (plain.compiles, linted.compiles) == (True, True)
    assert [warning.code for warning in plain.warnings] == [warning.code for warning in linted.warnings]


@pytest.mark.slow
def test_hostile_and_honest_programs_compile_with_clippy_when_they_do_without():
    programs = [program for program, _ in HONEST] + [case.source for case in HOSTILE]
    random.Random(3).shuffle(programs)
    plain, linted = (verify(programs, clippy=clippy) for clippy in (False, True))
    differing = [p for p, a, b in zip(programs, plain, linted, strict=True) if a.compiles != b.compiles]
    assert differing == [], sys.stderr.write("\n".join(differing))
