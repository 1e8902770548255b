"""The reward analysis, on hand-worked scores and once from a model to its files."""

import json
from dataclasses import replace

import pytest
from workflow_testbed import DOUBLE, REJECTED, RIGHT, TASKS, run, save_model, write_lines

from rust_rewards.evaluation.analysis import (
    RewardAnalysis,
    figures,
    format_analysis,
    format_examples,
    longest_run,
    read_analysis,
    spread_samples,
)
from rust_rewards.evaluation.scores import ScoredSample, score_references, score_samples
from rust_rewards.tasks import TaskSet


def record(reward, parts=(), codes=(), task_id="t", failure=None):
    components = {"total": reward, "parseable": 0.0, "idioms": 0.0} | dict(parts) if failure is None else None
    return ScoredSample(
        task_id=task_id,
        failure=failure,
        reward=reward,
        components=components,
        error_codes=tuple(codes),
        compiles=reward is not None and reward > 20,
        tests_passed=0,
        tests_total=1,
        program=f"fn {task_id}() {{}}",
    )


def test_mean_median_gap_and_weakest_components_in_order():
    model = [
        record(2.0, {"parseable": 8.0}),
        record(4.0, {"parseable": 4.0}),
        record(9.0, {"parseable": 6.0, "idioms": 1.5}),
        record(None, failure="sandbox died"),
    ]
    references = [record(30.0, {"parseable": 8.0, "idioms": 2.0}), record(20.0, {"parseable": 8.0, "idioms": 1.0})]
    result = figures(model, references)
    assert (result["samples"], result["unjudged"]) == (3, 1)
    assert (result["rewards"]["model"]["mean"], result["rewards"]["model"]["median"]) == (5.0, 4.0)
    assert result["gap"] == 20.0  # 25 - 5
    # parseable: 8 - (8 + 4 + 6)/3 = 2; idioms: 1.5 - 1.5/3 = 1
    assert [(c["name"], c["gap"]) for c in result["components"]] == [("parseable", 2.0), ("idioms", 1.0)]


def test_error_codes_count_samples_and_not_errors():
    model = [record(1.0, codes=["E0308", "E0308", "E0425"]), record(1.0, codes=["E0308"]), record(1.0)]
    assert figures(model, [])["error_codes"] == {"E0308": 2, "E0425": 1}


def test_analysis_without_references_has_no_gap():
    result = figures([record(1.0)], [])
    assert result["gap"] is None
    assert result["components"][0]["gap"] is None
    about = {"model": {"name": "m"}, "task_set": {"source": "s"}}
    about |= {"seed": 0, "sampling": {}, "toolchain": {}, "packages": {}, "machine": {}, "date": "today"}
    printed = format_analysis(RewardAnalysis(**about, **result))
    assert "no references" in printed
    assert "weakest" not in printed


def test_nothing_verified_is_an_error_with_the_reason():
    with pytest.raises(ValueError, match="None of the 1 samples could be verified: sandbox died"):
        figures([record(None, failure="sandbox died")], [])


def test_examples_show_the_lowest_first_and_the_highest_first():
    text = format_examples([record(float(i), task_id=f"t{i}") for i in range(12)])
    lowest, highest = text.split("## Highest")
    assert [line[4:] for line in lowest.splitlines() if line.startswith("### ")] == ["t0", "t1", "t2", "t3", "t4"]
    assert [line[4:] for line in highest.splitlines() if line.startswith("### ")] == ["t11", "t10", "t9", "t8", "t7"]


def test_example_with_a_fence_in_its_code_stays_one_block():
    program = "/// ```\n/// x\n/// ```\nfn a() {}"
    assert longest_run(program) == 3
    text = format_examples([replace(record(1.0), program=program)])
    assert f"````rust\n{program}\n````" in text


def test_samples_are_spread_evenly_over_the_tasks():
    tasks = TaskSet("ten", tuple({"task_id": str(number)} for number in range(10)))
    assert [task["task_id"] for task in spread_samples(tasks, 5)[0]] == ["0", "2", "4", "6", "8"]
    assert spread_samples(tasks, 25)[1] == 3  # 30 samples, the least that covers 25


def test_real_answers_fall_short_where_they_are_wrong():
    samples = [
        {"task_id": "double", "sample_index": 0, "completion": RIGHT["double"]},
        {"task_id": "double", "sample_index": 1, "completion": REJECTED["double"]},
    ]
    scored = score_samples([DOUBLE], samples, style="prefix")
    result = figures(scored, list(score_references([DOUBLE]).values()))
    # one of two does not compile: half of the 10 points of compiling are missing, more than of any other component
    assert result["components"][0] == {"name": "compile_success", "model": 5.0, "reference": 10.0, "gap": 5.0}
    assert result["error_codes"] == {"E0308": 1}


def test_command_writes_its_four_files(tmp_path, capsys):
    model = save_model(tmp_path / "model")
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    out = tmp_path / "out"
    argv = ["--model_name_or_path", model, "--tasks", tasks, "--output_dir", str(out), "--max_new_tokens", "8"]
    assert run("analyze", *argv, "--num_samples", "4", "--temperature", "1.0") == 0
    result = read_analysis(out / "reward_analysis.json")
    assert result.samples == 4
    assert result.rewards["reference"]["mean"] > 24
    for name in ("reward_histogram.png", "reward_components.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
        assert (out / name).stat().st_size > 10_000
    assert (out / "reward_examples.md").read_text().startswith("# Answers with the lowest")
    printed = capsys.readouterr().out
    assert "weakest first" in printed
    assert "gap" in printed


def test_zero_samples_are_refused_and_nothing_is_written(tmp_path, capsys):
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", "./none", "--tasks", tasks, "--output_dir", str(tmp_path / "out")]
    assert run("analyze", *argv, "--num_samples", "0") == 2
    assert "num_samples is 0" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_older_outputs_survive_a_failing_run(tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "reward_analysis.json").write_text(json.dumps({"older": True}))
    silent = save_model(tmp_path / "silent", silent=True)
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", silent, "--tasks", tasks, "--output_dir", str(out), "--temperature", "0"]
    assert run("analyze", *argv, "--num_samples", "2", "--max_new_tokens", "8") == 2
    assert "generated nothing" in capsys.readouterr().err
    assert json.loads((out / "reward_analysis.json").read_text()) == {"older": True}
