"""A small slice of `make differential`: batched and one-at-a-time verdicts agree."""

import pytest
from differential import compare


@pytest.mark.slow
def test_batched_verdicts_are_those_of_one_compiler_per_program():
    tally = compare(320, seed=11, clippy_share=0.3, test_share=0.6)
    assert tally.compared == 320
    assert tally.compiling > 100
    assert tally.tested > 20
    assert tally.verdict_differences == 0, "".join(tally.examples)
    assert tally.different["codes"] <= 3, "".join(tally.examples)
