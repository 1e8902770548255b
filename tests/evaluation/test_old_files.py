"""Files that version 0.1.0 wrote (the folder v0_1_0) can be read, compared, shown and continued."""

import json
import shutil
from pathlib import Path

import pytest
from workflow_testbed import run

from rust_rewards.evaluation.comparison import compare
from rust_rewards.evaluation.decision import read_decision
from rust_rewards.evaluation.evaluation_result import read_evaluation

OLD = Path(__file__).with_name("v0_1_0")


@pytest.mark.parametrize("name", ["before", "after"])
def test_an_evaluation_is_read_and_written_without_loss(name):
    content = json.loads((OLD / f"{name}.json").read_text())
    assert read_evaluation(OLD / f"{name}.json").to_json() == content


def test_two_evaluations_are_compared():
    result = compare(read_evaluation(OLD / "before.json"), read_evaluation(OLD / "after.json"))
    assert (result.won, result.lost) == (("double",), ("larger",))


def test_a_decision_and_its_evaluations_make_a_page(tmp_path):
    for path in OLD.glob("*.json"):
        shutil.copy(path, tmp_path)
    decision = read_decision(OLD / "decision.json").decision
    assert run("report", tmp_path) == 0
    assert f'<span class="badge {decision}">{decision}</span>' in (tmp_path / "report.html").read_text()


def test_a_half_written_file_of_scores_is_continued(tmp_path):
    source, out = OLD / "samples.jsonl", tmp_path / "scored.jsonl"
    first, second = (OLD / "scored.jsonl").read_text().splitlines(keepends=True)
    out.write_text(first)
    assert run("score", source, "--out", out) == 0
    kept, added = out.read_text().splitlines(keepends=True)
    assert kept == first
    old, new = json.loads(second), json.loads(added)
    old["verdict"].pop("seconds")
    new["verdict"].pop("seconds")
    assert new == old
