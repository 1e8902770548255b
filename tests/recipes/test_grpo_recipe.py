"""The GRPO recipe end to end: the embedded run, stop and resume, two processes, a typo."""

import csv
import importlib.util
import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml
from datasets import load_dataset
from paths import RECIPES, ROOT, SUPPORT
from recipes_testbed import SMALL

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
    card = (out / "README.md").read_text()
    assert "Trained from `recipes/tiny/checkpoint` with GRPO" in card
    assert "license: apache-2.0\n" in card  # the embedded model's
    assert "None" not in card
    assert json.loads((out / "run.json").read_text())["files"].keys() >= {"model.safetensors", "config.json"}
    assert (out / "rl_training.png").read_bytes().startswith(b"\x89PNG")
    table = load_dataset("parquet", data_files=str(out / "completions/*.parquet"), split="train").to_list()
    assert len(table) == 8  # one step of two prompts with four completions
    assert {"completion", "rust_reward", "tests_reward", "verdict", "first_error", "advantage"} <= table[0].keys()
    assert list((resumed["folder"] / "wandb").glob("offline-run-*/*.wandb"))
    assert bool(list(resumed["folder"].rglob("events.out.tfevents.*"))) == ("tensorboard" in TRACKERS)
    assert bool(list((resumed["folder"] / "trackio").glob("*.db"))) == ("trackio" in TRACKERS)


@pytest.mark.slow
def test_the_console_of_a_run_is_one_line_per_step_in_a_file(resumed):
    lines = resumed["output"].splitlines()
    assert len([line for line in lines if line.startswith(f"step {resumed['steps']}/")]) == 1
    for noise in ("FutureWarning", "Loading weights", "Writing model shards", "it/s", "{'loss'", "lm_head", "╭"):
        assert noise not in resumed["output"]


@pytest.mark.slow
def test_a_run_says_at_its_start_what_it_uses(stopped):
    assert "  tasks    231 rows of recipes/tiny/train.jsonl, 231 with hidden tests; columns: " in stopped["output"]
    assert "  rewards  rust_reward (weight 1), tests_reward (weight 10), soft_overlong_" in stopped["output"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        ([], 0, "is already trained to step"),
        (["--learning_rate", "1e-5"], 2, "error: FOLDER belongs to another experiment: learning_rate is 0.0003 there"),
        (
            ["--dataset_name", "recipes/tiny/eval.jsonl"],
            2,
            "belongs to another experiment: other tasks. Choose another",
        ),
    ],
)
def test_a_finished_run_is_neither_trained_again_nor_taken_for_another(resumed, flags, code, message):
    folder = resumed["folder"]
    command = [*SMALL, "--max_steps", resumed["steps"], "--output_dir", folder / "out", *flags]
    run = launch(command, folder)
    output, _ = run.communicate(timeout=TIME_LIMIT)
    assert run.returncode == code, output
    assert message.replace("FOLDER", str(folder / "out")) in output
    assert "Traceback" not in output
    assert f"step {resumed['steps']}/" not in output


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
        "error: Unknown reward 'complie'. Did you mean 'compile'? Known: ast, clippy, compile, format, overlong, rust, "
        "solved, tests, or a dotted path such as my_pkg.my_reward."
    ]


def test_a_missing_toolchain_is_told_before_anything_loads(refuse, monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    message = refuse("--model_name_or_path", RECIPES / "tiny/checkpoint", "--bf16", "false")
    assert "no-such-toolchain" in message
    assert "rustup" in message
