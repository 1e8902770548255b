"""BLEU, ROUGE-L and METEOR of documentation."""

import pytest
from workflow_testbed import LARGER

from rust_rewards.evaluation.scores import ScoredSample
from rust_rewards.evaluation.text_metrics import documentation, documentation_metrics


def test_documentation_is_doc_comments_only():
    source = '//! Crate.\n/// Adds.\n// not this\n//// nor this\npub fn a() { let s = "x"; }\n    /// Inner.\n'
    assert documentation(source) == "Crate.\nAdds.\nInner."


def test_documentation_that_the_prompt_held_earns_nothing():
    sample = ScoredSample("larger", program=LARGER["reference"])
    assert documentation_metrics([LARGER], [sample]) == {"samples": 0}  # the reference adds none either


def test_text_metrics_are_full_for_equal_and_low_for_other_documentation():
    pytest.importorskip("sacrebleu", reason="the text-metrics extra")
    from rust_rewards.evaluation.text_metrics import text_scores

    wanted = "Returns the sum of all even numbers."
    equal = text_scores([wanted], [wanted])
    assert (equal["bleu"], equal["rouge_l"]) == (pytest.approx(100), pytest.approx(100))
    assert equal["meteor"] > 99
    # "the" is the only common word: precision 1/5, recall 1/7 without the full stop, F = 2pr/(p+r) = 1/6
    other = text_scores(["Opens the file for reading."], [wanted])
    assert other["rouge_l"] == pytest.approx(100 / 6)
    assert other["meteor"] < 15
