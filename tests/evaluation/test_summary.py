"""Sums over samples, on answers of known worth."""

from workflow_testbed import DOUBLE, REJECTED, RIGHT, WRONG, evaluate_samples, fails_with

from rust_rewards.evaluation.evaluation_result import read_evaluation
from rust_rewards.evaluation.scores import ScoredSample
from rust_rewards.evaluation.summary import summarize


def test_summary_is_the_mean_over_tasks_of_the_mean_over_samples(tmp_path):
    mixed = [RIGHT, {"double": REJECTED["double"], "larger": WRONG["larger"]}]
    result = read_evaluation(evaluate_samples(tmp_path, "mixed", mixed))
    metrics = result.summary["metrics"]
    assert metrics["pass@1"] == 0.5  # one of two samples of either task
    assert metrics["pass@2"] == 1.0
    assert metrics["compile_rate"] == 0.75  # double 1/2, larger 2/2
    assert metrics["tests_passed"] == 0.625  # double (1 + 0)/2, larger (2/2 + 1/2)/2
    assert result.error_codes == {"E0308": 1}
    assert result.by_difficulty["1"]["metrics"]["compile_rate"] == 0.5
    assert result.by_topic["comparison"]["metrics"]["compile_rate"] == 1.0


def test_difficulties_are_listed_from_easy_to_expert():
    names = ["expert", "medium", "easy", "hard"]
    tasks = [DOUBLE | {"task_id": name, "difficulty": name} for name in names]
    assert list(summarize(tasks, [], [1])["by_difficulty"]) == ["easy", "medium", "hard", "expert"]


def test_what_the_verifier_could_not_judge_counts_nowhere():
    scored = ScoredSample("double", passed=True, compiles=True, warning_free=True, share_passed=1.0, reward=30.0)
    broken = ScoredSample("double", failure="sandbox died")
    result = summarize([DOUBLE], [scored, broken], [1, 2])
    assert result["summary"]["metrics"]["pass@1"] == 1.0
    assert "pass@2" not in result["summary"]["metrics"]  # one judged sample cannot tell
    assert "clippy_clean_rate" not in result["summary"]["metrics"]  # no clippy on this machine
    assert result["summary"]["unjudged"] == 1
    assert result["failures"] == {"sandbox died": 1}


def test_pass_at_1_is_always_measured(tmp_path, capsys):
    result = evaluate_samples(tmp_path, "two", [RIGHT, WRONG], "--k", "2")
    assert {"pass@1", "pass@2"} <= set(read_evaluation(result).summary["metrics"])
    argv = ["--samples", str(tmp_path / "two.samples.jsonl"), "--tasks", str(tmp_path / "tasks.jsonl")]
    fails_with(capsys, "give k of 1 and above", *argv, "--output_file", str(tmp_path / "r.json"), "--k", "0")
