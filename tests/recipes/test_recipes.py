"""The GRPO recipe end to end: the embedded run, stop and resume, two processes, and every kind of bad input."""

import csv
import importlib.util
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import time

import pytest
import yaml
from datasets import load_dataset
from launch.arguments import RecipeArguments, parse
from launch.checkpoints import find_checkpoint, is_finished
from launch.datasets import load_prompts
from paths import RECIPES, ROOT, SUPPORT
from trl import GRPOConfig, ModelConfig

# Two prompts of four short completions a step: a step takes about a second
SMALL = ["--per_device_train_batch_size", "8", "--num_generations", "4"]
SMALL += ["--max_completion_length", "24", "--save_steps", "1000"]
OFFLINE = {"HF_HUB_OFFLINE": "1", "WANDB_MODE": "offline", "PYTHONWARNINGS": "ignore"}
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # so small a model is fastest so, and the tests may share the machine
TRACKERS = ["wandb"] + [name for name in ("tensorboard", "trackio") if importlib.util.find_spec(name)]
TIME_LIMIT = 300  # seconds; a run takes about twenty


def launch(arguments, folder, **popen):
    """Start the recipe, alone, from a folder that is not the repository."""
    command = [sys.executable, str(RECIPES / "grpo.py"), *map(str, arguments)]
    environment = {
        **os.environ,
        **OFFLINE,
        **ONE_THREAD,
        "WANDB_DIR": str(folder),
        "TRACKIO_DIR": str(folder / "trackio"),
    }
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **popen
    )


def log_rows(output_dir):
    path = output_dir / "rl_training.log"
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The embedded default, stopped with SIGTERM after its second step."""
    folder = tmp_path_factory.mktemp("stopped")
    run = launch([*SMALL, "--max_steps", 1000, "--output_dir", folder / "out"], folder)
    deadline = time.monotonic() + TIME_LIMIT
    while len(log_rows(folder / "out")) < 2 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=TIME_LIMIT)
    steps = len(log_rows(folder / "out"))
    return {"folder": folder, "output": output, "code": run.returncode, "steps": steps}


@pytest.fixture(scope="module")
def resumed(stopped):
    """The same run again, for one step more and to its end, with every kind of logging on."""
    folder, steps = stopped["folder"], stopped["steps"] + 1
    # What a kill in the middle of writing leaves behind, and a log line from after the checkpoint
    (folder / "out/checkpoint-900").mkdir()
    with open(folder / "out/rl_training.log", "a") as log:
        log.write("900,1.0,1.0\n")
    settings = yaml.safe_load((RECIPES / "tiny/grpo.yaml").read_text())
    settings |= {"report_to": TRACKERS, "log_completions": True}
    (folder / "all-logs.yaml").write_text(yaml.safe_dump(settings))
    arguments = ["--config", folder / "all-logs.yaml", *SMALL, "--max_steps", steps]
    run = launch([*arguments, "--output_dir", folder / "out"], folder)
    output, _ = run.communicate(timeout=TIME_LIMIT)
    return {"folder": folder, "output": output, "code": run.returncode, "steps": steps}


@pytest.mark.slow
def test_without_config_and_model_the_embedded_default_runs_and_the_log_says_so(stopped):
    [line] = [line for line in stopped["output"].splitlines() if "embedded default" in line]
    assert "recipes/tiny/grpo.yaml" in line
    assert "--max_steps" in line  # what overrides it


@pytest.mark.slow
def test_sigterm_ends_the_step_leaves_a_complete_checkpoint_and_no_traceback(stopped):
    assert stopped["code"] == 128 + signal.SIGTERM
    assert "Traceback" not in stopped["output"]
    assert 2 <= stopped["steps"] <= 4  # it was signalled in step 3, give or take the time to notice
    checkpoint = stopped["folder"] / f"out/checkpoint-{stopped['steps']}"
    assert {"model.safetensors", "optimizer.pt", "trainer_state.json"} <= {p.name for p in checkpoint.iterdir()}


@pytest.mark.slow
def test_a_run_resumes_from_its_last_complete_checkpoint_and_appends_to_its_log(stopped, resumed):
    assert resumed["code"] == 0, resumed["output"]
    assert "Passing over" in resumed["output"]
    assert f"Resuming from {resumed['folder']}/out/checkpoint-{stopped['steps']}" in resumed["output"]
    iterations = [int(row["iteration"]) for row in log_rows(resumed["folder"] / "out")]
    assert iterations == list(range(1, resumed["steps"] + 1))  # none lost, none doubled, the foreign row gone


@pytest.mark.slow
def test_a_run_logs_finite_losses_and_its_rewards(resumed):
    history = json.loads((resumed["folder"] / "out/training_history.json").read_text())["steps"]
    assert len(history) == resumed["steps"]
    for step in history:
        assert math.isfinite(step["loss"])
        assert 0.0 <= step["compile_success_rate"] <= step["parse_success_rate"] <= 1.0
        assert step["reward_min"] <= step["avg_reward"] <= step["reward_max"]
        assert 0.0 <= step["metrics"]["rewards/rust_reward/mean"] <= 32.0
        assert 0.0 <= step["metrics"]["rewards/tests_reward/mean"] <= 1.0


@pytest.mark.slow
def test_a_finished_run_leaves_model_card_plot_completions_and_trackers(resumed):
    out = resumed["folder"] / "out"
    assert (out / "model.safetensors").is_file()
    assert "grpo" in (out / "README.md").read_text()
    assert (out / "rl_training.png").read_bytes().startswith(b"\x89PNG")
    table = load_dataset("parquet", data_files=str(out / "completions/*.parquet"), split="train").to_list()
    assert len(table) == 8  # one step of two prompts with four completions
    assert {"completion", "rust_reward", "tests_reward", "verdict", "first_error", "advantage"} <= table[0].keys()
    assert list((resumed["folder"] / "wandb").glob("offline-run-*/*.wandb"))
    assert bool(list(resumed["folder"].rglob("events.out.tfevents.*"))) == ("tensorboard" in TRACKERS)
    assert bool(list((resumed["folder"] / "trackio").glob("*.db"))) == ("trackio" in TRACKERS)


@pytest.mark.slow
def test_a_finished_run_is_not_trained_again(resumed, capsys):
    _, training_args, _ = parse_small(resumed["folder"] / "out", resumed["steps"])
    assert is_finished(training_args)
    assert "nothing to do" in capsys.readouterr().out
    training_args.max_steps += 1
    assert not is_finished(training_args)


def parse_small(output_dir, max_steps):
    arguments = [*SMALL, "--max_steps", str(max_steps), "--output_dir", str(output_dir)]
    return parse((RecipeArguments, GRPOConfig, ModelConfig), "recipes/tiny/grpo.yaml", arguments)


@pytest.mark.slow
def test_two_processes_log_the_same_gathered_rewards_and_stop_together(tmp_path):
    environment = {**os.environ, **OFFLINE, **ONE_THREAD, "ACCELERATE_USE_CPU": "true"}
    environment |= {"RECORD_TO": str(tmp_path), "RECORD_SIGNAL_AT": "3", "PYTHONPATH": f"{ROOT}:{SUPPORT}"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    recipe = [str(RECIPES / "grpo.py"), *SMALL, "--reward_funcs", "recording_reward.record"]
    recipe += ["--max_steps", "1000", "--output_dir", str(tmp_path / "out")]
    done = subprocess.run(
        [*torchrun, *recipe], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT
    )
    ranks = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    # The second process signalled itself in step 3: both end it and none starts a fourth
    assert [len(calls) for calls in ranks] == [3, 3], done.stderr
    assert (tmp_path / "out/checkpoint-3/trainer_state.json").is_file(), done.stderr
    for step in (1, 2):
        given = [calls[step - 1]["rewards"] for calls in ranks]
        assert [len(rewards) for rewards in given] == [8, 8]
        everything = given[0] + given[1]
        logged = [calls[step]["logged"][0] for calls in ranks]  # as the next step sees it
        assert logged[0]["step"] == logged[1]["step"] == step
        for key in ("reward", "reward_std", "rewards/record/mean", "mean_length_in_bytes"):
            assert logged[0][key] == logged[1][key]
        assert logged[0]["reward"] == pytest.approx(sum(everything) / 16)
        assert logged[0]["mean_length_in_bytes"] == pytest.approx(sum(everything) / 16)
        assert float(log_rows(tmp_path / "out")[step - 1]["reward_max"]) == max(everything)


@pytest.mark.slow
def test_a_typo_ends_the_program_in_one_line_before_the_model_loads(tmp_path):
    run = launch(["--reward_funcs", "complie", "--output_dir", tmp_path / "out"], tmp_path)
    output, _ = run.communicate(timeout=TIME_LIMIT)
    assert run.returncode == 2
    assert "Traceback" not in output
    assert "Loading weights" not in output
    assert [line for line in output.splitlines() if line.startswith("error")] == [
        "error: Unknown reward 'complie'. Did you mean 'compile'? Known: ast, clippy, compile, format, rust, tests,"
        " or a dotted path such as my_pkg.my_reward."
    ]


# From here on the recipe runs inside this process: what fails, fails before anything is trained


@pytest.fixture
def refuse(tmp_path, monkeypatch, capsys):
    """Run the recipe on bad input; return its one line of error."""

    def run(*arguments):
        arguments = [str(argument) for argument in arguments]
        if "--output_dir" not in arguments:
            arguments += ["--output_dir", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", ["grpo.py", *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(RECIPES / "grpo.py"), run_name="__main__")
        assert end.value.code == 2
        error = capsys.readouterr().err.strip()
        assert error.startswith("error: ")
        assert len(error.splitlines()) == 1
        return error

    monkeypatch.chdir(tmp_path)
    return run


def write(path, *rows):
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def test_a_misspelt_yaml_key_is_named_with_the_right_one(refuse, tmp_path):
    config = write(tmp_path / "c.yaml", "model_name_or_path: x\nlearing_rate: 1e-5\n")
    assert f"Unknown key 'learing_rate' in {config}. Did you mean 'learning_rate'?" in refuse("--config", config)


def test_a_misspelt_flag_is_named(refuse):
    assert "--learing_rate" in refuse("--learing_rate", "1e-5")


def test_a_config_that_is_missing_or_no_mapping_is_named(refuse, tmp_path):
    assert "no.yaml" in refuse("--config", "no.yaml")
    assert "no.yaml" in refuse("--config=no.yaml")  # the form that TRL's parser alone would not take
    assert "must contain a YAML mapping" in refuse("--config", write(tmp_path / "c.yaml", "- a\n"))


def test_a_value_that_trl_would_refuse_only_after_a_rollout_is_refused_at_once(refuse):
    assert "Unknown loss_type 'grpoo'. Did you mean 'grpo'?" in refuse("--loss_type", "grpoo")


def test_contradicting_batch_sizes_are_refused(refuse):
    assert "divisible by num_generations" in refuse("--num_generations", 7)


def test_an_unknown_dotted_reward_is_named_with_the_reason(refuse):
    assert "my_pkg.my_reward" in refuse("--reward_funcs", "my_pkg.my_reward")
    assert "no attribute 'nothing'" in refuse("--reward_funcs", "rust_rewards.rewards.nothing")
    assert "not a function" in refuse("--reward_funcs", "rust_rewards.rewards.DEFAULT_LIMITS")
    assert "given twice" in refuse("--reward_funcs", "compile", "compile")


def test_a_scalar_reward_in_yaml_counts_as_one_and_weights_must_match(refuse, tmp_path):
    config = write(
        tmp_path / "c.yaml",
        f"model_name_or_path: {RECIPES}/tiny/checkpoint\nbf16: false\nreward_funcs: compile\nreward_weights: 2.0\n",
    )
    assert "No dataset" in refuse("--config", config)  # it got past rewards and weights
    message = refuse("--config", config, "--reward_weights", 1.0, 2.0)
    assert "2 reward_weights for 1 reward_funcs (compile)" in message


def test_rewards_of_the_command_line_do_not_get_the_weights_of_the_config(capsys):
    config = ["--config", str(RECIPES / "tiny/grpo.yaml"), "--reward_funcs", "compile"]
    kinds = (RecipeArguments, GRPOConfig, ModelConfig)
    script_args, training_args, _ = parse(kinds, "unused", config)
    assert (script_args.reward_funcs, training_args.reward_weights) == (["compile"], None)
    assert "reward_weights are dropped" in capsys.readouterr().out
    assert parse(kinds, "unused", [*config, "--reward_weights", "3"])[1].reward_weights == [3.0]


@pytest.mark.parametrize("weights", [["--reward_weights", "3"], ["--reward_weights=3"]])
def test_weights_of_the_command_line_are_kept_in_either_form(weights):
    config = ["--config", str(RECIPES / "tiny/grpo.yaml"), "--reward_funcs=compile", *weights]
    assert parse((RecipeArguments, GRPOConfig, ModelConfig), "unused", config)[1].reward_weights == [3.0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("reward_funcs:", "reward_funcs in FILE must be a list (text each), got nothing"),
        ("learning_rate:", "learning_rate in FILE must be a number, got nothing"),
        ("reward_weights: [1.0, ten]", "reward_weights in FILE must be a list (a number each), got [1.0, 'ten']"),
        ("per_device_train_batch_size: 64.0", "per_device_train_batch_size in FILE must be a whole number, got 64.0"),
        ("max_steps: true", "max_steps in FILE must be a whole number, got True"),
        ("dtype: flaot32", "Unknown dtype 'flaot32'. Did you mean 'float32'?"),
        ("temperature: 0.0", "temperature is 0.0; samples need one above 0"),
        ("attn_implementation: flash", '`attn_implementation="flash"` is not supported'),
        ("learning_rate: [1", "is not YAML: while parsing"),
    ],
)
def test_a_value_that_is_of_no_use_is_named(refuse, tmp_path, line, message):
    recipe = yaml.safe_load((RECIPES / "tiny/grpo.yaml").read_text())
    recipe.pop(line.partition(":")[0], None)
    config = write(tmp_path / "c.yaml", f"{yaml.safe_dump(recipe)}{line}\n")
    assert message.replace("FILE", str(config)) in refuse("--config", config)


def test_numbers_that_yaml_takes_for_text_are_numbers(tmp_path):
    config = write(tmp_path / "c.yaml", "bf16: false\nlearning_rate: 1e-5\nmax_steps: '3'\nreward_weights: [1e-1, 2]\n")
    _, training_args, _ = parse((RecipeArguments, GRPOConfig, ModelConfig), "unused", ["--config", str(config)])
    assert (training_args.learning_rate, training_args.max_steps) == (1e-5, 3)


def test_a_missing_toolchain_is_told_before_anything_loads(refuse, monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    message = refuse("--model_name_or_path", RECIPES / "tiny/checkpoint", "--bf16", "false")
    assert "no-such-toolchain" in message
    assert "rustup" in message


def test_a_model_that_is_not_there_is_named(refuse, tmp_path):
    common = ["--bf16", "false", "--dataset_name", "recipes/tiny/train.jsonl"]
    assert "'./no/such/model' does not exist" in refuse("--model_name_or_path", "./no/such/model", *common)
    (tmp_path / "empty").mkdir()
    assert "holds no config.json" in refuse("--model_name_or_path", tmp_path / "empty", *common)


def test_an_adapter_is_no_model_to_train(refuse, tmp_path):
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter/adapter_config.json").write_text("{}")
    message = refuse("--bf16", "false", "--model_name_or_path", tmp_path / "adapter")
    assert "holds an adapter (LoRA), no whole model: merge it first" in message


def test_a_dataset_that_is_missing_empty_or_broken_is_named(refuse, tmp_path):
    assert "Dataset 'no.jsonl' does not exist" in refuse("--dataset_name", "no.jsonl")
    broken = write(tmp_path / "broken.jsonl", {"prompt": "fn f() {"}, "{oops\n")
    assert f"{broken}, line 2 is not JSON" in refuse("--dataset_name", broken)
    promptless = write(tmp_path / "promptless.jsonl", {"tests": "assert!(true);"})
    assert "None of the 1 rows" in refuse("--dataset_name", promptless)
    numbers = write(tmp_path / "numbers.jsonl", {"prompt": "fn f() {", "tests": 3})
    assert "row 1: tests must be text, got int" in refuse("--dataset_name", numbers)
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe{}")
    assert "not UTF-8" in refuse("--dataset_name", binary)


def test_an_output_folder_that_cannot_be_written_is_named(refuse, tmp_path):
    file = write(tmp_path / "file", "in the way")
    assert f"Cannot write to output folder '{file}/out'" in refuse("--output_dir", file / "out")


def test_a_checkpoint_asked_for_must_be_complete(refuse, tmp_path):
    (tmp_path / "checkpoint-5").mkdir()
    (tmp_path / "checkpoint-5/trainer_state.json").write_text('{"global_st')
    assert "missing or incomplete" in refuse("--resume_from_checkpoint", tmp_path / "checkpoint-5")


def test_the_newest_complete_checkpoint_is_found(tmp_path):
    _, training_args, _ = parse_small(tmp_path, 5)
    assert find_checkpoint(training_args) is None
    for step in (9, 10):  # by number, not by name
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}/trainer_state.json").write_text(json.dumps({"global_step": step}))
    assert find_checkpoint(training_args) == str(tmp_path / "checkpoint-10")


@pytest.mark.parametrize("given", [False, "false"])
def test_a_run_told_not_to_resume_starts_afresh(tmp_path, given):
    _, training_args, _ = parse_small(tmp_path, 5)
    (tmp_path / "checkpoint-5").mkdir()
    for folder in (tmp_path, tmp_path / "checkpoint-5"):
        (folder / "trainer_state.json").write_text(json.dumps({"global_step": 5}))
    assert is_finished(training_args)
    training_args.resume_from_checkpoint = given
    assert not is_finished(training_args)
    assert find_checkpoint(training_args) is None


# Task files


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
    with pytest.raises(ValueError, match="code_prefix"):
        load_prompts(str(path), has_chat_template=False)


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
