"""`recipes/maxrl.py` is `recipes/grpo.py` with another trainer, and trains."""

import json
import os
import runpy
import subprocess
import sys

import pytest
from maxrl_testbed import tiny_model, tiny_tokenizer
from paths import ROOT


def code_of(recipe):
    """Return the lines of a recipe after its docstring."""
    return (ROOT / "recipes" / recipe).read_text().split('"""\n', 1)[1].splitlines()


def test_the_recipe_differs_from_that_of_grpo_only_where_it_must():
    grpo = [line.replace("grpo.yaml", "maxrl.yaml") for line in code_of("grpo.py")]
    grpo = [line.replace("GRPOConfig", "MaxRLConfig").replace("GRPOTrainer", "MaxRLTrainer") for line in grpo]
    maxrl = code_of("maxrl.py")
    only_here = [line.strip() for line in maxrl if line not in grpo and line.strip()]
    only_there = [line.strip() for line in grpo if line not in maxrl and line.strip()]
    assert only_here == [
        "from trl import ModelConfig, get_peft_config, get_quantization_config",
        "from trainers import MaxRLConfig, MaxRLTrainer",
        "from trainers.maxrl_trainer import check_correctness_reward",
        "check_correctness_reward(training_args.correctness_reward, reward_funcs)",
    ]
    assert only_there == [
        "from trl import MaxRLConfig, MaxRLTrainer, ModelConfig, get_peft_config, get_quantization_config"
    ]


@pytest.fixture
def tiny_run(tmp_path):
    """Write the few-thousand-parameter model and four tasks; return the command line that trains on them."""
    tiny_model().save_pretrained(tmp_path / "model")
    tiny_tokenizer().save_pretrained(tmp_path / "model")
    rows = [{"task_id": f"t{i}", "prompt": prompt} for i, prompt in enumerate(["p q", "q p", "p p", "q q"])]
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "letters.py").write_text(
        "def letters(completions, **kwargs):\n    return [float(len(set(text.split()))) for text in completions]\n"
    )
    return [
        *(sys.executable, str(ROOT / "recipes" / "maxrl.py")),
        *("--model_name_or_path", "model", "--dataset_name", "tasks.jsonl", "--output_dir", "out"),
        *("--reward_funcs", "letters.letters", "--correctness_threshold", "3"),
        *("--per_device_train_batch_size", "8", "--num_generations", "4", "--max_completion_length", "12"),
        *("--max_steps", "2", "--logging_steps", "1", "--report_to", "none", "--learning_rate", "0.01"),
        *("--bf16", "false", "--use_cpu", "true", "--activation_checkpointing", "false"),
    ]


def launch(command, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_the_recipe_trains_and_writes_model_log_and_card(tiny_run, tmp_path):
    done = launch(tiny_run, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    state = json.loads((tmp_path / "out" / "trainer_state.json").read_text())
    steps = [record for record in state["log_history"] if "maxrl/n_correct" in record]
    assert [record["step"] for record in steps] == [1, 2]
    assert all(record["maxrl/n_total"] == 8 for record in steps)
    lines = [line for line in done.stdout.splitlines() if line.startswith("step ")]
    assert [line[:9] for line in lines] == ["step 1/2 ", "step 2/2 "]  # one line each
    assert all("  correct " in line for line in lines)
    assert "with MaxRL for 2 steps" in (tmp_path / "out" / "README.md").read_text()
    assert (tmp_path / "out" / "model.safetensors").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["maxrl.py", "grpo.py"])
def test_the_curriculum_is_one_flag(recipe, tiny_run, tmp_path):
    flags = ["--curriculum", *(["--curriculum_success", "2"] if recipe == "grpo.py" else [])]
    plain = (
        [word for word in tiny_run if word not in ("--correctness_threshold", "3")] if recipe == "grpo.py" else tiny_run
    )
    done = launch([word.replace("maxrl.py", recipe) for word in plain] + flags, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    state = json.loads((tmp_path / "out" / "trainer_state.json").read_text())
    assert all(1 <= record["curriculum/unlocked"] <= 4 for record in state["log_history"] if "loss" in record)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--correctness_reward", "rust"], "correctness_reward='rust' is not among the reward functions."),
        (["--maxrl_weight_temperature", "0"], "weight temperature must be positive and finite, got 0.0"),
        (["--num_generations", "1"], "num_generations=1"),
        (["--scale_rewards", "none"], "scale_rewards='none' has no effect with maxrl_schedule='always'"),
    ],
)
def test_bad_input_ends_the_recipe_with_one_line_before_the_model_loads(
    tiny_run, tmp_path, monkeypatch, capsys, flags, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [*tiny_run[1:], *flags])
    with pytest.raises(SystemExit) as exit_info:
        runpy.run_path(tiny_run[1], run_name="__main__")
    assert exit_info.value.code == 2
    (error,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert message in error
    assert not (tmp_path / "out" / "trainer_state.json").exists()
