"""recipes/sft.py: from scratch and from a model, resumed, and stopped by one clear message on bad input."""

import importlib
import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from paths import ROOT
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import ModelConfig, SFTConfig

PREFIX = "pub fn one() -> i32 {\n"
MODEL = {
    "model_type": "llama",
    "vocab_size": 270,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "tie_word_embeddings": True,
}


@pytest.fixture(scope="module")
def sft():
    return importlib.import_module("sft")


@pytest.fixture
def arguments(tmp_path) -> list[str]:
    """A from-scratch run of two steps on four rows, as a YAML file."""
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    rows = [{"prompt": PREFIX, "reference": f"{PREFIX}    {i}\n}}\n"} for i in range(4)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "sft.yaml").write_text(
        f"from_scratch_config: {tmp_path}/model.json\ndataset_name: {tmp_path}/rows.jsonl\n"
        f"output_dir: {tmp_path}/out\nseed: 3\nmax_steps: 2\nsave_steps: 1\nlogging_steps: 1\n"
        "per_device_train_batch_size: 2\nbf16: false\nuse_cpu: true\nreport_to: none\ndisable_tqdm: true\n"
    )
    return ["--config", f"{tmp_path}/sft.yaml"]


def run(sft, arguments: list[str]) -> None:
    with sft.clear_errors():
        parsed = sft.parse((sft.SFTScriptArguments, SFTConfig, ModelConfig), "unused", arguments)
    sft.main(*parsed)


def losses(folder: Path) -> list[float]:
    history = json.loads((folder / "trainer_state.json").read_text())["log_history"]
    return [entry["loss"] for entry in history if "loss" in entry]


def message(sft, arguments: list[str], capsys) -> str:
    """What a run with bad input prints on stderr; it must be one line and end with status 2."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        run(sft, arguments)
    assert stop.value.code == 2
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    return text


def test_from_scratch_writes_a_model_that_loads_and_records_its_seed(sft, arguments, tmp_path):
    run(sft, [*arguments, "--save_dtype", "bfloat16"])
    out = tmp_path / "out"
    weights = load_file(out / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    model, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    assert model.config.vocab_size == len(tokenizer) == 270
    assert model.config.eos_token_id == tokenizer.eos_token_id
    assert json.loads((out / "run.json").read_text())["seed"] == 3
    assert len(losses(out)) == 2
    assert all(math.isfinite(loss) for loss in losses(out))


def test_a_second_run_goes_on_from_the_last_checkpoint(sft, arguments, tmp_path, capsys):
    run(sft, arguments)
    first = losses(tmp_path / "out")
    run(sft, [*arguments, "--max_steps", "3"])
    assert "Resuming from" in capsys.readouterr().out
    assert losses(tmp_path / "out")[:2] == first
    assert len(losses(tmp_path / "out")) == 3


def test_a_finished_run_is_not_trained_again_and_keeps_its_record(sft, arguments, tmp_path, capsys):
    run(sft, arguments)
    record = tmp_path / "out/run.json"
    record.write_text("the first run's")
    run(sft, [*arguments, "--seed", "4"])
    assert "nothing to do" in capsys.readouterr().out
    assert record.read_text() == "the first run's"


@pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is not None, reason="asks for a package that is there")
def test_quantization_is_asked_for(sft, arguments, tmp_path, capsys):
    run(sft, arguments)
    trained = ["--model_name_or_path", f"{tmp_path}/out", "--dataset_name", f"{tmp_path}/rows.jsonl", "--use_cpu"]
    quantized = [*trained, "--bf16", "false", "--output_dir", f"{tmp_path}/more", "--load_in_4bit"]
    assert "bitsandbytes" in message(sft, quantized, capsys)


def test_the_same_seed_gives_the_same_weights(sft, arguments, tmp_path):
    run(sft, [*arguments, "--output_dir", f"{tmp_path}/a"])
    run(sft, [*arguments, "--output_dir", f"{tmp_path}/b"])
    first, second = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_trained_model_can_be_trained_on(sft, arguments, tmp_path):
    run(sft, arguments)
    more = [argument.replace("sft.yaml", "more.yaml") for argument in arguments]
    text = (tmp_path / "sft.yaml").read_text()
    text = text.replace("from_scratch_config", "model_name_or_path").replace("model.json", "out")
    (tmp_path / "more.yaml").write_text(text)
    run(sft, [*more, "--output_dir", f"{tmp_path}/more"])
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("out", "more"))
    assert any(not torch.equal(before[key], after[key]) for key in before)


def test_chat_prompts_are_answered_with_a_rust_fence(sft):
    chat = [{"role": "user", "content": "Write one."}]
    pair = sft.to_pair({"prompt": chat, "reference": "pub fn one() {}\n"}, 1)
    assert pair["completion"] == [{"role": "assistant", "content": "```rust\npub fn one() {}\n```"}]


def test_plain_prompts_are_answered_with_the_rest_of_the_reference(sft):
    pair = sft.to_pair({"prompt": PREFIX, "reference": PREFIX + "    1\n}\n"}, 1)
    assert pair == {"prompt": PREFIX, "completion": "    1\n}\n"}


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--output_dir", "file/out"], "Cannot write to output folder 'file/out'"),
        (["--dataset_name", "bare.jsonl"], "Row 1 of the dataset has neither a completion nor a reference"),
        (["--dataset_name", "none.jsonl"], "None of the 1 rows of 'none.jsonl' has a"),
        (["--from_scratch_config", "no-such.json"], "Model configuration 'no-such.json' does not exist"),
        (["--model_name_or_path", "out"], "drop one"),
        (["--save_dtype", "float8"], "Unknown save_dtype 'float8'. Did you mean 'float"),
        (["--eval_strategy", "steps"], "see recipes/evaluate.py"),
        (["--load_in_4bit"], "for a trained model"),
    ],
)
def test_bad_input_gives_one_line_before_anything_is_built(
    sft, arguments, tmp_path, monkeypatch, capsys, flags, reason
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "bare.jsonl").write_text(json.dumps({"prompt": PREFIX}) + "\n")
    (tmp_path / "none.jsonl").write_text(json.dumps({"reference": PREFIX}) + "\n")
    assert reason in message(sft, [*arguments, *flags], capsys)
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_a_model_that_is_not_there_is_named(sft, tmp_path, capsys):
    missing = [
        "--model_name_or_path",
        f"{tmp_path}/no-such-model",
        "--bf16",
        "false",
        "--output_dir",
        f"{tmp_path}/out",
    ]
    assert "no-such-model' does not exist" in message(sft, missing, capsys)


def test_a_misspelt_key_is_named(sft, arguments, tmp_path, capsys):
    (tmp_path / "sft.yaml").write_text("learning_rat: 1\n")
    assert "Did you mean 'learning_rate'?" in message(sft, arguments, capsys)


def test_the_recipe_of_the_embedded_model_is_read_by_the_real_classes(sft):
    script, training, _ = sft.parse((sft.SFTScriptArguments, SFTConfig, ModelConfig), "recipes/tiny/sft.yaml", [])
    assert Path(sft.find_path(script.from_scratch_config)).is_file()
    assert training.report_to == []


@pytest.mark.slow
def test_the_script_runs_under_accelerate(arguments, tmp_path):
    command = [sys.executable, "-m", "accelerate.commands.launch", str(ROOT / "recipes" / "sft.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    subprocess.run([*command, *arguments], check=True, timeout=300, cwd=ROOT, env=environment)
    assert (tmp_path / "out" / "model.safetensors").is_file()
