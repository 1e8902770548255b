"""Two evaluations side by side."""

import json
from dataclasses import replace

from workflow_testbed import (
    REJECTED,
    RIGHT,
    WRONG,
    evaluate_samples,
    evaluation,
    fails_with,
    run,
)

from rust_rewards.evaluation.comparison import compare
from rust_rewards.evaluation.evaluation_result import read_evaluation


def test_comparison_counts_won_and_lost_tasks_and_shows_three_pairs(tmp_path, capsys):
    before = evaluate_samples(tmp_path, "before", [{"double": REJECTED["double"], "larger": RIGHT["larger"]}])
    after = evaluate_samples(tmp_path, "after", [{"double": RIGHT["double"], "larger": WRONG["larger"]}])
    capsys.readouterr()
    assert run("evaluate", "--compare", str(before), str(after), "--output_dir", str(tmp_path / "cmp")) == 0
    printed = capsys.readouterr().out
    assert "2 tasks: 1 won (double), 1 lost (larger)" in printed
    assert "=== double" in printed
    assert "=== larger" in printed
    result = compare(read_evaluation(before), read_evaluation(after))
    by_name = {change.metric: change for change in result.metrics}
    assert by_name["compile_rate"].difference == 0.5
    assert by_name["pass@1"].difference == 0.0
    assert by_name["pass@1"].low < 0 < by_name["pass@1"].high
    picture = (tmp_path / "cmp" / "comparison.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000
    assert json.loads((tmp_path / "cmp" / "comparison.json").read_text())["won"] == ["double"]


def test_results_of_different_task_sets_are_not_compared(tmp_path, capsys):
    one = evaluate_samples(tmp_path, "one", [RIGHT])
    other = evaluate_samples(tmp_path, "other", [RIGHT], "--limit", "1")
    fails_with(capsys, "different task sets", "--compare", str(one), str(other))


def test_sides_of_different_versions_are_compared_with_a_note():
    older, newer = (replace(evaluation(20.0, 0.5), packages={"rust-rewards": v}) for v in ("0.1.0", "0.2.0"))
    [note] = compare(older, newer).notes
    assert "different versions of rust-rewards (0.1.0 / 0.2.0)" in note
    assert list(compare(newer, newer).notes) == []
