"""Compiler errors over a run, from the completions that TRL logs."""

import pyarrow as pa
import pyarrow.parquet
import pytest
from run_folder import write_completions

from rust_rewards.evaluation.error_codes import codes_over_time


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
