"""Compiler errors over a run, from the completions that TRL logs."""

import subprocess

import pyarrow as pa
import pyarrow.parquet
import pytest
from run_folder import write_completions

from rust_rewards.evaluation.error_codes import NAMES, codes_over_time, named
from rust_rewards.verifier import find_toolchain, verify


def test_error_codes_are_shares_of_each_steps_completions(tmp_path):
    mismatch, unclosed = "E0308: mismatched types", "this file contains an unclosed delimiter"
    write_completions(tmp_path, 1, [mismatch, mismatch, unclosed, None])
    write_completions(tmp_path, 2, [mismatch, None, None, None])
    assert codes_over_time(tmp_path) == {
        "E0308": ([1.0, 2.0], [0.5, 0.25]),
        "syntax": ([1.0, 2.0], [0.25, 0.0]),
    }


def test_completions_of_other_rewards_give_no_error_codes(tmp_path):
    pyarrow.parquet.write_table(pa.table({"step": [1]}), tmp_path / "completions_00001.parquet")
    assert codes_over_time(tmp_path) == {}
    assert codes_over_time(tmp_path / "none") == {}


def test_parquet_cut_short_names_the_file(tmp_path):
    (tmp_path / "completions_00003.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(ValueError, match=r"completions_00003\.parquet"):
        codes_over_time(tmp_path)


def test_every_code_with_a_name_is_one_that_rustc_explains():
    rustc = find_toolchain().rustc
    known = [subprocess.run([rustc, "--explain", code], capture_output=True).returncode == 0 for code in NAMES]
    assert [code for code, there in zip(NAMES, known, strict=True) if not there] == []


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ('fn a() -> i32 { "x" }', "E0308 mismatched types"),
        ("fn a() { b(); }", "E0425 name not found"),
        ("fn a(s: String) -> String { let t = s; s + &t }", "E0382 use of a moved value"),
        ("fn a(x: Option<i32>) -> i32 { match x { None => 0 } }", "E0004 non-exhaustive patterns"),
        ("fn a(v: &[i32]) -> i32 { v.sum() }", "E0599 no such method or associated item"),
    ],
)
def test_an_error_has_the_name_of_what_it_is(program, name):
    [verdict] = verify([program])
    assert named(verdict.errors[0].code) == name
