"""A task set to measure with: every task complete, no task twice, and a name for what it measures."""

import pytest
from workflow_testbed import DOUBLE, LARGER, TASKS, write_lines

from rust_rewards.tasks import load_task_set, task_set_hash
from rust_rewards.tasks.formats import COLUMNS


@pytest.fixture
def load(tmp_path):
    return lambda *rows: load_task_set(str(write_lines(tmp_path / "tasks.jsonl", rows)))


def test_every_task_has_every_column(load):
    [task] = load({"prompt": "fn a() {\n", "tests": "a();"})
    assert set(COLUMNS) <= task.keys()
    assert (task["task_id"], task["entry_point"], task["reference"]) == ("1", None, None)


def test_plain_text_is_a_prefix_and_a_request_to_complete_it(load):
    [task] = load({"prompt": "fn a() {\n", "tests": "a();"})
    assert task["code_prefix"] == "fn a() {\n"
    assert "```rust\nfn a() {\n```" in task["prompt"][0]["content"]


def test_rows_without_a_prompt_are_left_out_and_counted(load):
    tasks = load(DOUBLE, {"tests": "a();"}, {"prompt": "  ", "tests": "a();"}, {"prompt": [], "tests": "a();"})
    assert (tasks.ids, tasks.without_prompt) == ({"double"}, 3)


def test_a_request_in_plain_text_is_the_chat_and_no_program(load):
    [task] = load({"prompt": "Write `fn a`.", "tests": "a();"})
    assert task["prompt"] == [{"role": "user", "content": "Write `fn a`."}]
    assert (task["code_prefix"], task["plain_prompt"]) == ("", "Write `fn a`.")


def test_a_row_with_a_code_prefix_alone_has_both_prompts(load):
    [task] = load({"code_prefix": "fn a() {\n", "tests": "a();"})
    assert (task["code_prefix"], "```rust\nfn a() {\n```" in task["prompt"][0]["content"]) == ("fn a() {\n", True)


@pytest.mark.parametrize("tests", ["", "  \n", None])
def test_a_task_may_have_no_tests(load, tests):
    assert [task["tests"] for task in load(DOUBLE | {"tests": tests}, LARGER)] == [None, LARGER["tests"]]


def test_rows_with_the_same_id_are_numbered_and_counted(load):
    tasks = load(DOUBLE, LARGER, DOUBLE, DOUBLE | {"task_id": "double (2)"}, DOUBLE)
    assert [task["task_id"] for task in tasks] == ["double", "larger", "double (3)", "double (2)", "double (4)"]
    assert tasks.renamed == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"prompt": "  ", "tests": "x"}], "None of the 1 tasks of .* has a prompt"),
        ([{"promt": "x", "tests": "x"}], "unknown columns: 'promt' .did you mean 'prompt'.*; missing columns: prompt"),
    ],
)
def test_what_cannot_be_measured_is_named(load, rows, message):
    with pytest.raises(ValueError, match=message):
        load(*rows)


def test_the_order_and_the_references_do_not_change_the_hash():
    assert task_set_hash([LARGER, DOUBLE | {"reference": None, "topic": "other"}]) == task_set_hash(TASKS)


@pytest.mark.parametrize("column", ["task_id", "prompt", "code_prefix", "entry_point", "tests"])
def test_what_is_measured_changes_the_hash(column):
    assert task_set_hash([DOUBLE | {column: "other"}, LARGER]) != task_set_hash(TASKS)


def test_columns_of_somebodys_own_do_not_change_the_hash(load):
    assert load(DOUBLE | {"my_weight": 2}, LARGER).hash == task_set_hash(TASKS)


def test_the_evaluation_set_keeps_the_name_that_version_0_1_0_gave_it():
    assert load_task_set("eval").hash == "1a62c04e7f7e0357"


def test_the_training_set_has_the_name_of_its_stronger_tests():
    assert load_task_set("train").hash == "4a0c22815baa0811"  # 363e3162d2b3a057 in version 0.1.0
