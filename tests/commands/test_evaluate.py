"""The command from tasks and samples to a result, through real rustc."""

import pytest
from workflow_testbed import BROKEN, RIGHT, TASKS, evaluate_samples, fails_with, run, write_lines, write_samples

from rust_rewards.evaluation.evaluation_result import read_evaluation
from rust_rewards.tasks import task_set_hash


def test_references_score_all_and_empty_answers_nothing(tmp_path):
    references = {t["task_id"]: t["reference"] for t in TASKS}
    full = read_evaluation(evaluate_samples(tmp_path, "full", [references]))
    empty = read_evaluation(evaluate_samples(tmp_path, "empty", [dict.fromkeys(references, "")]))
    shares = [name for name in full.summary["metrics"] if name != "mean_reward"]
    assert {"pass@1", "compile_rate", "warning_free_rate", "clippy_clean_rate", "tests_passed"} == set(shares)
    assert [full.summary["metrics"][name] for name in shares] == [1.0] * 5
    assert [empty.summary["metrics"][name] for name in shares] == [0.0] * 5
    assert empty.summary["metrics"]["mean_reward"] == 0.0
    assert full.task_set["reference_reward"] == pytest.approx(full.summary["metrics"]["mean_reward"])


def test_result_names_everything_it_depends_on(tmp_path):
    result = read_evaluation(evaluate_samples(tmp_path, "named", [RIGHT]))
    assert result.toolchain["rustc"][0].isdigit()
    assert result.packages["transformers"]
    assert result.task_set["hash"] == task_set_hash(TASKS[::-1])
    assert result.model["samples"].endswith("named.samples.jsonl")
    assert result.date[:2] == "20"


def test_task_nobody_can_pass_is_reported_and_left_out_on_request(tmp_path, capsys):
    tasks = write_lines(tmp_path / "tasks.jsonl", [*TASKS, BROKEN])
    samples = write_samples(tmp_path / "s.jsonl", [RIGHT | {"broken": RIGHT["double"]}])
    argv = ["--samples", str(samples), "--tasks", str(tasks), "--output_file", str(tmp_path / "r.json")]
    assert run("evaluate", *argv) == 0
    assert "1 of 3 tasks fail their own tests (counted" in capsys.readouterr().err
    assert run("evaluate", *argv, "--leave_out_broken_tasks") == 0
    result = read_evaluation(tmp_path / "r.json")
    assert (result.task_set["count"], result.task_set["left_out"]) == (2, ["broken"])
    assert result.task_set["broken"]["broken"] == "the reference passes 0 of 1 tests"


def test_tasks_that_train_are_measured_as_far_as_they_go(tmp_path, capsys):
    rows = [
        {"prompt": "Write `double`.", "tests": "assert_eq!(double(4), 8);", "entry_point": "double"},
        {"prompt": "Write `larger`.", "entry_point": "larger"},  # no tests
        {"prompt": "Write `larger`.", "task_id": "1", "entry_point": "larger", "tests": ""},  # another row's id
        {"task_id": "bare", "code_prefix": "pub fn double(x: i32) -> i32 {\n", "tests": "assert_eq!(double(4), 8);"},
    ]
    programs = ["double", "larger", "larger", "double"]
    completions = [f"```rust\n{task['code_prefix']}{RIGHT[task['task_id']]}```" for task in TASKS]
    answers = {task["task_id"]: text for task, text in zip(TASKS, completions, strict=True)}
    samples = {name: answers[program] for name, program in zip(("1", "2", "1 (2)", "bare"), programs, strict=True)}
    argv = ["--tasks", write_lines(tmp_path / "own.jsonl", rows), "--output_file", tmp_path / "r.json"]
    assert run("evaluate", "--samples", write_samples(tmp_path / "s.jsonl", [samples], "chat"), *argv) == 0
    told = capsys.readouterr().err
    assert "2 of 4 tasks have no tests" in told
    assert "1 rows have the task_id of an earlier row" in told
    result = read_evaluation(tmp_path / "r.json")
    assert result.summary["metrics"]["compile_rate"] == result.summary["metrics"]["pass@1"] == 1.0
    assert [task["values"]["pass@1"] for task in result.tasks] == [1.0, None, None, 1.0]
    assert result.task_set["broken"] == {}


def test_a_set_without_any_tests_has_no_figure_about_tests(tmp_path, capsys):
    tasks = write_lines(tmp_path / "tasks.jsonl", [task | {"tests": None} for task in TASKS])
    argv = ["--tasks", tasks, "--samples", write_samples(tmp_path / "s.jsonl", [RIGHT]), "--output_file"]
    assert run("evaluate", *argv, tmp_path / "one.json") == 0
    assert run("evaluate", *argv, tmp_path / "two.json") == 0
    assert not {"pass@1", "tests_passed"} & read_evaluation(tmp_path / "one.json").summary["metrics"].keys()
    assert run("compare", tmp_path / "one.json", tmp_path / "two.json") == 0
    assert "2 tasks: 0 won, 0 lost" in capsys.readouterr().out


def test_bad_numbers_are_refused_before_a_model_loads(tmp_path, capsys):
    base = ["--model_name_or_path", "./no-such-model", "--output_file", str(tmp_path / "r.json")]
    base += ["--tasks", str(write_lines(tmp_path / "tasks.jsonl", TASKS))]
    fails_with(capsys, "num_samples is 0; it must be at least 1", *base, "--num_samples", "0")
    fails_with(capsys, "pass@4 needs at least 4 samples", *base, "--num_samples", "2", "--k", "1", "4")
    fails_with(capsys, "temperature 0 gives 2 equal samples", *base, "--num_samples", "2", "--temperature", "0")
    fails_with(capsys, "There is no model at ./no-such-model", *base)
