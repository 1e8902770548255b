"""The samples and the figures that say whether a judge can be trusted."""

import pytest

from rust_rewards.judge.calibration import INJECTIONS, TASKS, Sample, calibrate, samples
from rust_rewards.verifier import verify


def test_every_sample_compiles_so_that_only_its_worth_differs():
    given = samples()
    assert len(given) == len(TASKS) * (2 + len(INJECTIONS))
    verdicts = verify([s.program for s in given])
    assert [s for s, v in zip(given, verdicts, strict=True) if not v.compiles] == []


def test_calibration_by_hand():
    given = [Sample("a", "good", ""), Sample("a", "bad", ""), Sample("b", "good", ""), Sample("b", "bad", "")]
    given += [Sample("a", "comment", ""), Sample("b", "comment", ""), Sample("a", "string", "")]
    result = calibrate(given, [0.9, 0.5, 0.5, 0.2, 0.7, 0.3, None])
    # pairs: 0.9 > 0.5, 0.9 > 0.2, 0.5 = 0.5 (half), 0.5 > 0.2; comment: +0.2 and +0.1
    assert result.separation == pytest.approx(3.5 / 4)
    assert result.shifts == {"comment": pytest.approx(0.15)}
    assert result.unjudged == 1
    assert not result.passed
