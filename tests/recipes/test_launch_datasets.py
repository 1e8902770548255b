"""Task files as the training scripts read them: the prompt that suits the model, and rows of no use."""

from types import SimpleNamespace

import pytest
from datasets import Dataset
from launch.datasets import load_datasets, load_prompts, within_pass_rates
from recipes_testbed import write

from rust_rewards import tests_reward

CHAT = [{"role": "user", "content": "Add two numbers."}]


def test_rows_without_a_prompt_are_skipped_and_counted(tmp_path, capsys):
    path = write(tmp_path / "t.jsonl", {"prompt": "fn f() {"}, {"prompt": "  "}, {"tests": "x"}, {"prompt": None})
    assert load_prompts(str(path), has_chat_template=False)["prompt"] == ["fn f() {"]
    assert "Skipped 3 of 4 rows" in capsys.readouterr().out


def test_a_base_model_gets_the_code_prefix_and_a_chat_model_the_messages(tmp_path):
    path = write(tmp_path / "t.jsonl", {"prompt": CHAT, "code_prefix": "pub fn add(", "entry_point": "add"})
    base = load_prompts(str(path), has_chat_template=False)
    columns = {"entry_point": "add", "task_id": "1"}
    assert base.to_list() == [{"prompt": "pub fn add(", "code_prefix": "pub fn add(", **columns}]
    # A chat model answers with the whole program: no reward may put the prefix before it
    chat = load_prompts(str(path), has_chat_template=True)
    assert chat.to_list() == [{"prompt": CHAT, **columns}]


def test_a_chat_task_without_a_code_prefix_is_no_task_for_a_base_model(tmp_path):
    path = write(tmp_path / "t.jsonl", {"prompt": CHAT})
    with pytest.raises(ValueError, match=r"a code_prefix or a prompt that is text .* columns: prompt\."):
        load_prompts(str(path), has_chat_template=False)


def test_a_misspelt_column_is_named_with_the_right_one(tmp_path):
    path = write(tmp_path / "t.jsonl", {"prompts": "fn f() {"})
    with pytest.raises(
        ValueError, match=r"has a prompt \(text or chat messages\); columns: prompts\. Is 'prompts' meant"
    ):
        load_prompts(str(path), has_chat_template=True)


def test_a_column_that_the_first_row_lacks_is_kept(tmp_path):
    path = write(tmp_path / "t.jsonl", {"prompt": "fn f() {"}, {"prompt": "fn g() {", "tests": "assert!(true);"})
    assert load_prompts(str(path), has_chat_template=False)["tests"] == [None, "assert!(true);"]


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [("easy", 3, r"difficulty \(int and str\) mixes types"), (1, 2**70, "too large")],
)
def test_a_column_that_makes_no_table_is_named(tmp_path, first, second, reason):
    rows = [{"prompt": "fn f() {", "difficulty": value} for value in (first, second)]
    with pytest.raises(ValueError, match=reason):
        load_prompts(str(write(tmp_path / "t.jsonl", *rows)), has_chat_template=False)


def test_prompts_of_two_kinds_in_one_file_are_refused(tmp_path):
    path = write(tmp_path / "t.jsonl", {"prompt": CHAT}, {"prompt": "fn f() {"})
    with pytest.raises(ValueError, match="mixes"):
        load_prompts(str(path), has_chat_template=True)


@pytest.mark.parametrize("file", ["data/train.jsonl", "data/eval.jsonl", "tiny/train.jsonl", "tiny/eval.jsonl"])
def test_every_row_of_our_own_tasks_is_usable(file, capsys):
    for has_chat_template in (True, False):
        load_prompts(f"recipes/{file}", has_chat_template=has_chat_template)
    assert "Skipped" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"prompt": "fn f() {"}\n{oops\n', "FILE, line 2 is not JSON"),
        ('{"tests": "assert!(true);"}\n', "None of the 1 rows of 'FILE' has a code_prefix"),
        ('{"prompt": "fn f() {", "tests": 3}\n', "FILE, row 1: tests must be text, got int"),
        ('{"prompt": 3}\n', "FILE, row 1: prompt must be text or a list of messages, got int"),
        (b"\xff\xfe{}", "FILE, line 1 is not UTF-8 text"),
        ("\n", "FILE holds no tasks"),
    ],
)
def test_a_dataset_of_no_use_is_named_in_one_line(refuse, tmp_path, content, message):
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message.replace("FILE", str(path)) in refuse("--dataset_name", path)


def test_a_dataset_that_is_missing_is_named(refuse):
    assert "Dataset 'no.jsonl' does not exist" in refuse("--dataset_name", "no.jsonl")


# Published formats


HUMANEVAL_PACK = {
    "task_id": "Rust/0",
    "prompt": "use rand::Rng;\n\n/// Adds two numbers.\n",
    "declaration": "pub fn add(a: i32, b: i32) -> i32 {\n",
    "canonical_solution": "    a + b\n}\n",
    "test": "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn t() { assert_eq!(add(1, 2), 3); }\n}\n",
    "entry_point": "add",
}
PREFIX = "/// Adds two numbers.\npub fn add(a: i32, b: i32) -> i32 {\n"


def arguments(train, evaluate=None, eval_strategy="no"):
    """What `load_datasets` reads of the arguments of a script and of TRL."""
    names = {"dataset_name": str(train), "eval_dataset_name": evaluate and str(evaluate), "dataset_config": None}
    splits = {"dataset_train_split": "train", "dataset_test_split": "test"}
    bounds = {"min_pass_rate": None, "max_pass_rate": None}
    return SimpleNamespace(reward_funcs=["rust"], **names, **splits, **bounds), SimpleNamespace(
        eval_strategy=eval_strategy
    )


@pytest.mark.parametrize("chat_template", [None, "{{ messages }}"])
def test_a_published_format_has_its_tests_in_the_column_that_the_rewards_read(tmp_path, chat_template):
    path = write(tmp_path / "pack.jsonl", HUMANEVAL_PACK)
    tasks, _ = load_datasets(*arguments(path), SimpleNamespace(chat_template=chat_template))
    (task,) = tasks.to_list()
    assert task["tests"] == HUMANEVAL_PACK["test"]
    assert task["entry_point"] == "add"
    if chat_template is None:
        assert (task["prompt"], task["code_prefix"]) == (PREFIX, PREFIX)
    else:
        assert PREFIX.strip() in task["prompt"][0]["content"]
        assert "code_prefix" not in task


def test_the_tests_of_a_published_format_are_what_an_answer_is_rewarded_for(tmp_path):
    path = write(tmp_path / "pack.jsonl", HUMANEVAL_PACK)
    (task,) = load_prompts(str(path), has_chat_template=False).to_list()
    columns = {name: [task[name]] * 2 for name in ("tests", "entry_point", "code_prefix")}
    assert tests_reward(["    a + b\n}\n", "    a - b\n}\n"], **columns) == [1.0, 0.0]


def test_evaluation_tasks_are_loaded_only_by_a_run_that_evaluates(tmp_path):
    train = write(tmp_path / "train.jsonl", {"prompt": "fn f() {"})
    held_out = write(tmp_path / "eval.jsonl", {"prompt": "fn g() {"})
    tokenizer = SimpleNamespace(chat_template=None)
    assert load_datasets(*arguments(train, held_out), tokenizer)[1] is None
    assert load_datasets(*arguments(train, held_out, "steps"), tokenizer)[1]["prompt"] == ["fn g() {"]
    assert load_datasets(*arguments(train, None, "steps"), tokenizer)[1]["prompt"] == ["fn f() {"]


RATED = Dataset.from_dict({"prompt": list("abcde"), "pass_rate": [0.0, 0.1, None, 0.9, 1.0]})


@pytest.mark.parametrize(
    ("low", "high", "left"),
    [(None, None, "abcde"), (0.05, 0.95, "bcd"), (0.1, 0.9, "bcd"), (0.5, None, "cde"), (None, 0.5, "abc")],
)
def test_tasks_outside_the_pass_rates_go_and_those_without_one_stay(capsys, low, high, left):
    assert within_pass_rates(RATED, "f", low=low, high=high)["prompt"] == list(left)
    told = f"{len(left)} of 5 tasks of 'f' have a pass rate" in capsys.readouterr().out
    assert told == (left != "abcde")


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (RATED.remove_columns("pass_rate"), "need a column pass_rate, and no task of 'f' has one"),
        (Dataset.from_dict({"prompt": ["a"], "pass_rate": [None]}), "need a column pass_rate"),
        (Dataset.from_dict({"prompt": ["a"], "pass_rate": [1.0]}), "No task of 'f' has a pass_rate from 0.2 to 0.8"),
    ],
)
def test_pass_rates_that_leave_nothing_or_are_not_there_stop_the_run(tasks, message):
    with pytest.raises(ValueError, match=message):
        within_pass_rates(tasks, "f", low=0.2, high=0.8)
