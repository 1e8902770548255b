"""From samples to a result: which tasks count, which k are possible, and how the result reads."""

import json

import pytest
from workflow_testbed import BROKEN, DOUBLE, RIGHT, TASKS

from rust_rewards.evaluation.evaluate import check_ks, choose_tasks, evaluate, format_result
from rust_rewards.evaluation.evaluation_result import EvaluationResult
from rust_rewards.evaluation.samples import SampleSet
from rust_rewards.tasks import TaskSet

SET = TaskSet("tasks.jsonl", (*TASKS, BROKEN), without_prompt=2)


def test_a_broken_task_is_counted_and_reported(capsys):
    _, about = choose_tasks(SET, limit=None, leave_out_broken=False)
    assert (about["count"], about["left_out"], list(about["broken"])) == (3, [], ["broken"])
    err = capsys.readouterr().err
    assert "1 of 3 tasks fail their own tests (counted; --leave_out_broken_tasks leaves them out)" in err
    assert "2 rows without a prompt are left out" in err


def test_a_broken_task_is_left_out_on_request():
    tasks, about = choose_tasks(SET, limit=None, leave_out_broken=True)
    assert tasks.ids == {"double", "larger"}
    assert (about["count"], about["left_out"], about["hash"]) == (2, ["broken"], tasks.hash)


def test_only_broken_tasks_are_no_task_set():
    with pytest.raises(ValueError, match=r"No task of tasks\.jsonl is left"):
        choose_tasks(TaskSet("tasks.jsonl", (BROKEN,)), limit=None, leave_out_broken=True)


def test_the_limit_counts_from_the_first_task():
    assert choose_tasks(SET, limit=1, leave_out_broken=False)[0].ids == {"double"}


def test_ks_are_sorted_without_repeats():
    assert check_ks([4, 1, 4], fewest=4) == [1, 4]


@pytest.mark.parametrize(
    ("ks", "fewest", "message"), [([0], None, "give k of 1 and above"), ([1, 8], 4, "pass@8 needs at least 8 samples")]
)
def test_a_k_that_means_nothing_is_refused(ks, fewest, message):
    with pytest.raises(ValueError, match=message):
        check_ks(ks, fewest)


@pytest.fixture(scope="module")
def result():
    tasks, about = choose_tasks(TaskSet("tasks.jsonl", (DOUBLE,)), limit=None, leave_out_broken=False)
    rows = tuple({"task_id": "double", "sample_index": i, "completion": RIGHT["double"]} for i in range(2))
    samples = SampleSet(rows, {"name": "m"}, 0, {"prompt_style": "prefix", "num_samples": 2})
    return evaluate(tasks, samples, task_set=about, ks=[1, 2], date="today")


def test_a_result_is_written_and_read_without_loss(result):
    assert EvaluationResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_a_result_reads_as_tables(result):
    text = format_result(result)
    assert text.startswith("m: 1 tasks of tasks.jsonl")
    [line] = [line for line in text.splitlines() if line.startswith("all ")]
    assert line.split()[:7] == ["all", "1", "2", "100.0", "%", "100.0", "%"]
