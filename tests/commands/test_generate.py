"""Reading samples: prompts, verdicts under the answers, two models side by side."""

import pytest
from workflow_testbed import TASKS, run, save_model, write_lines


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


def test_each_answer_is_streamed_and_followed_by_its_verdict(model, capsys):
    prompt = "pub fn double(x: i32) -> i32 {\n"
    assert (
        run(
            "generate", "--model_name_or_path", model, "--prompt", prompt, "--num_samples", "2", "--max_new_tokens", "9"
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert printed.count("sample ") == 2
    assert printed.count(prompt) >= 2  # a base model's answer is shown with the prefix it continues
    assert printed.count("=> reward ") == 2
    assert printed.count("9 tokens, cut off at the token limit") == 2


def test_task_brings_its_hidden_tests_and_the_compiler_its_words(model, tmp_path, capsys):
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", model, "--tasks", tasks, "--task_id", "larger", "--max_new_tokens", "9"]
    assert run("generate", *argv) == 0
    printed = capsys.readouterr().out
    assert "0/2 tests" in printed
    assert "error" in printed


def test_two_models_answer_side_by_side(model, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    other = save_model(tmp_path / "other", silent=True)
    (tmp_path / "prompt.rs").write_text("pub fn double(x: i32) -> i32 {\n")
    argv = ["--model_name_or_path", model, "--compare", other, "--prompt_file", str(tmp_path / "prompt.rs")]
    assert run("generate", *argv, "--temperature", "0", "--max_new_tokens", "9") == 0
    lines = capsys.readouterr().out.splitlines()
    prefix = next(line for line in lines if line.startswith("pub fn double"))
    assert prefix.split(" | ")[0].strip() == prefix.split(" | ")[1].strip() == "pub fn double(x: i32) -> i32 {"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--prompt", "  "], "The prompt is empty"),
        (["--prompt_file", "no-such-file"], "Cannot read the prompt no-such-file"),
        (["--prompt", "x", "--num_samples", "0"], "num_samples is 0"),
        (["--prompt", "x", "--compare", "./no-such-model"], "There is no model at ./no-such-model"),
    ],
)
def test_bad_input_is_one_clear_message(model, argv, message, capsys):
    assert run("generate", "--model_name_or_path", model, *argv) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--backend", "vllm"], ["--limit", "3"], ["--batch_size", "8"]])
def test_an_option_that_would_do_nothing_is_refused(model, option, capsys):
    with pytest.raises(SystemExit, match="2"):
        run("generate", "--model_name_or_path", model, "--prompt", "fn a() {", *option)
    assert option[0] in capsys.readouterr().err


def test_a_request_in_words_is_shown_to_a_base_model_as_it_stands_and_is_no_program(model, capsys):
    argv = ["--prompt", "Write `fn a`, please.", "--max_new_tokens", "9", "--temperature", "0"]
    assert run("generate", "--model_name_or_path", model, *argv) == 0
    assert "please" not in capsys.readouterr().out


def test_unknown_task_names_one_that_exists(model, tmp_path, capsys):
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    assert run("generate", "--model_name_or_path", model, "--tasks", tasks, "--task_id", "tripel") == 2
    assert "No task 'tripel'" in capsys.readouterr().err
