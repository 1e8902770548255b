"""Tasks from the shipped sets, files, folders and the hub: one reader for training and evaluation."""

import json

import pytest
from paths import DATA
from workflow_testbed import write_lines

from rust_rewards.tasks import load_tasks

CHAT = [{"role": "user", "content": "Add two numbers."}]


@pytest.mark.parametrize(("name", "count"), [("train", 188), ("eval", 64)])
def test_the_shipped_sets_are_read_by_name_from_anywhere(name, count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tasks = load_tasks(name)
    assert len(tasks) == count
    assert tasks == load_tasks(str(DATA / f"{name}.jsonl"))


def test_columns_of_somebodys_own_are_kept(tmp_path):
    row = {"task_id": "a", "prompt": CHAT, "tests": "assert!(true);", "my_weight": 2}
    assert load_tasks(str(write_lines(tmp_path / "t.jsonl", [row]))) == [row]


def test_columns_of_somebodys_own_are_kept_beside_a_published_format(tmp_path):
    row = {"task_id": "a", "prompt": "fn a() {", "canonical_solution": "}", "test": "a();", "bug_type": "operator"}
    [task] = load_tasks(str(write_lines(tmp_path / "t.jsonl", [row])))
    assert (task["tests"], task["bug_type"]) == ("a();", "operator")
    assert "test" not in task


def test_a_row_without_an_id_gets_the_number_of_its_line(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"prompt": "fn a() {"}\n\n{"prompt": "fn b() {", "task_id": ""}\n')
    assert [task["task_id"] for task in load_tasks(str(tmp_path / "t.jsonl"))] == ["1", "3"]


def test_an_id_is_text(tmp_path):
    [task] = load_tasks(str(write_lines(tmp_path / "t.jsonl", [{"task_id": 7, "prompt": CHAT}])))
    assert task["task_id"] == "7"


def test_rows_without_a_prompt_are_left_to_the_reader_s_users(tmp_path):
    rows = [{"prompt": "fn a() {"}, {"prompt": None}, {"tests": "x"}]
    assert len(load_tasks(str(write_lines(tmp_path / "t.jsonl", rows)))) == 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": 3}, "row 1: prompt must be text or a list of messages, got int"),
        ({"prompt": [{"content": "x"}]}, "row 1: every message of a prompt needs a role and a content"),
        ({"prompt": CHAT, "tests": ["assert!(true)"]}, "row 1: tests must be text, got list"),
        ({"prompt": CHAT, "code_prefix": 3}, "row 1: code_prefix must be text, got int"),
        (
            {"task_id": "a", "prompt": "fn a() {", "canonical_solution": "}", "test": None},
            "row 1: test must be text, got NoneType",
        ),
        (
            {"name": "a", "prompt": "fn a() {", "tests": "fn main() {", "stop_tokens": []},
            "tests hold no complete `fn main",
        ),
    ],
)
def test_a_cell_of_the_wrong_type_is_named(tmp_path, row, message):
    with pytest.raises(ValueError, match=message):
        load_tasks(str(write_lines(tmp_path / "t.jsonl", [row])))


@pytest.mark.parametrize("name", ["none.jsonl", "./none", "/none/at/all"])
def test_a_file_that_is_not_there_is_named_with_what_would_do(name):
    with pytest.raises(ValueError, match=f"Dataset '{name}' does not exist .* a shipped set: train, eval"):
        load_tasks(name)


def test_an_empty_file_holds_no_tasks(tmp_path):
    (tmp_path / "t.jsonl").write_text("\n")
    with pytest.raises(ValueError, match="holds no tasks"):
        load_tasks(str(tmp_path / "t.jsonl"))


def test_a_dataset_that_is_not_on_the_hub_is_named():
    with pytest.raises(ValueError, match=r"Dataset 'no-such/dataset' .configuration 'rust', split 'test'. is neither"):
        load_tasks("no-such/dataset", config="rust", split="test")


def test_a_folder_is_read_as_a_dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.jsonl").write_text(json.dumps({"prompt": "fn a() {"}) + "\n")
    assert load_tasks(str(tmp_path / "set")) == [{"prompt": "fn a() {", "task_id": "1", "code_prefix": "fn a() {"}]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("train.parquet", b"no parquet at all", ""),
        ("train.json", b'{"prompt": ', ""),
        ("train.csv", b"\xff\xfe\x00 broken", ""),
    ],
)
def test_a_folder_that_datasets_cannot_read_is_one_message(tmp_path, monkeypatch, name, content, reason):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"Dataset '{tmp_path}/set' .* cannot be read: .+{reason}"):
        load_tasks(str(tmp_path / "set"))


def test_a_folder_without_data_is_one_message(tmp_path):
    with pytest.raises(ValueError, match=rf"Dataset '{tmp_path}' .* cannot be read: .*data files"):
        load_tasks(str(tmp_path))


@pytest.mark.parametrize(
    ("prompt", "code_prefix"),
    [
        ("pub fn a() {", "pub fn a() {"),
        ("/// Adds.\nfn a() {", "/// Adds.\nfn a() {"),
        ("use std::fmt;\nstruct A;", "use std::fmt;\nstruct A;"),
        ("#[derive(Debug)]\nstruct A {", "#[derive(Debug)]\nstruct A {"),
        ("impl Iterator for A {\n", "impl Iterator for A {\n"),
        ("Write a function `a`.", None),
        ("Use a HashMap; count the words.", None),
        ("# Task\n```rust\nfn a() {\n```", None),
        ("struct with two fields, please", None),
    ],
)
def test_plain_text_that_begins_a_program_is_the_code_prefix_and_a_request_is_not(tmp_path, prompt, code_prefix):
    [task] = load_tasks(str(write_lines(tmp_path / "t.jsonl", [{"prompt": prompt}])))
    assert (task["prompt"], task.get("code_prefix")) == (prompt, code_prefix)


def test_a_code_prefix_of_the_row_s_own_stays(tmp_path):
    row = {"task_id": "a", "prompt": "fn a() {", "code_prefix": "use std::fmt;\nfn a() {"}
    assert load_tasks(str(write_lines(tmp_path / "t.jsonl", [row]))) == [row]
