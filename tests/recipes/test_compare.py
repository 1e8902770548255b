"""`recipes/compare.py`: the example that needs no model."""

import compare
import pytest


def test_the_example_names_five_samples_and_who_contributes_with_which_weight(capsys):
    assert compare.main(["--example"]) == 0
    rows = {line[:16].strip(): line[16:].split() for line in capsys.readouterr().out.splitlines()}
    # uniform: 5/3 for each of three; with the baseline 5/3 - 1, and -1 for the wrong ones
    assert rows["a struct"][-2:] == ["+1.67", "+0.67"]
    assert rows["syntax error"][1:] == ["no", "-1.37", "+0.00", "+0.00", "+0.00", "-1.00"]
    correct = [rows[name] for name in ("iterator code", "error handling", "a struct")]
    assert [row[1] for row in correct] == ["yes"] * 3
    assert sum(float(row[3]) for row in correct) == pytest.approx(5, abs=0.02)  # exp
    # By hand, GRPO: mean 17.94, Bessel-corrected std 13.10, (28.6 - 17.94) / 13.10 = 0.81
    assert correct[0][2] == "+0.81"
