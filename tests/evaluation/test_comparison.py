"""Two evaluations side by side."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from workflow_testbed import (
    REJECTED,
    RIGHT,
    WRONG,
    evaluate_samples,
    evaluation,
    fails_with,
    run,
)

from rust_rewards.evaluation.comparison import compare, telling_samples
from rust_rewards.evaluation.evaluation_result import read_evaluation
from rust_rewards.evaluation.scores import ScoredSample
from rust_rewards.exit_codes import FAILED


def test_comparison_counts_won_and_lost_tasks_and_shows_three_pairs(tmp_path, capsys):
    before = evaluate_samples(tmp_path, "before", [{"double": REJECTED["double"], "larger": RIGHT["larger"]}])
    after = evaluate_samples(tmp_path, "after", [{"double": RIGHT["double"], "larger": WRONG["larger"]}])
    capsys.readouterr()
    assert run("evaluate", "--compare", str(before), str(after), "--output_dir", str(tmp_path / "cmp")) == 0
    printed = capsys.readouterr().out
    assert "2 tasks: 1 won (double), 1 lost (larger)" in printed
    assert "=== double: mean reward 8.00 to 25.00 (+17.00)" in printed
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


def test_a_reader_that_goes_away_costs_no_file(tmp_path):
    sides = [evaluate_samples(tmp_path, name, [answers]) for name, answers in (("a", REJECTED), ("b", RIGHT))]
    command = [sys.executable, "-m", "rust_rewards", "compare", *map(str, sides), "--output_dir", str(tmp_path / "cmp")]
    gone, pipe = os.pipe()
    os.close(gone)
    assert subprocess.run(command, stdout=pipe, timeout=120).returncode == FAILED
    os.close(pipe)
    assert {path.name for path in (tmp_path / "cmp").iterdir()} == {"comparison.json", "comparison.png"}


def samples(*rewards):
    return [ScoredSample("a", number, reward=reward) for number, reward in enumerate(rewards)]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ([26.0], [24.0], (26.0, 24.0)),
        ([26.0] * 4, [26.0, 26.0, 26.0, 18.0], (26.0, 18.0)),  # the mean fell by 2: the first two do not show it
        ([0.0, 26.0], [26.0, 26.0], (0.0, 26.0)),  # it rose by 13
        ([8.0, 20.0], [10.0, 24.0], (8.0, 10.0)),  # it rose by 3: 2 and 4 are as near, 2 is met first
        ([8.0, 20.0], [20.0, 8.0], (8.0, 8.0)),  # it stayed
    ],
)
def test_the_samples_shown_differ_as_the_means_of_the_task_do(before, after, shown):
    old, new = telling_samples(samples(*before), samples(*after))
    assert (old.reward, new.reward) == shown


def test_one_file_on_both_sides_is_noted():
    assert compare(evaluation(20.0, 0.5), evaluation(20.0, 0.5)).notes == (
        "Note: both sides are one measurement, of m at today.",
    )


def test_results_of_different_task_sets_are_not_compared(tmp_path, capsys):
    one = evaluate_samples(tmp_path, "one", [RIGHT])
    other = evaluate_samples(tmp_path, "other", [RIGHT], "--limit", "1")
    fails_with(capsys, "different task sets", "--compare", str(one), str(other))


def test_sides_of_different_versions_are_compared_with_a_note():
    older, newer = (replace(evaluation(20.0, 0.5), packages={"rust-rewards": v}) for v in ("0.1.0", "0.2.0"))
    [note] = compare(older, newer).notes
    assert "different versions of rust-rewards (0.1.0 / 0.2.0)" in note
    assert list(compare(newer, replace(newer, date="later")).notes) == []
