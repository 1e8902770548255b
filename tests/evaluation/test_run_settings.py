"""The settings of a run, from the file that transformers leaves: the data in it, and none of its code."""

import json
import pickle
import zipfile

import pytest
import torch
from launch import run_record
from trl import GRPOConfig

from rust_rewards.evaluation.run_settings import (
    RECORD_NAME,
    SETTINGS_NAME,
    RunSettings,
    read_run_record,
    read_run_settings,
)
from trainers import MaxRLConfig


def save(folder, arguments):
    torch.save(arguments, folder / SETTINGS_NAME)  # as `Trainer.save_model` does
    return folder / SETTINGS_NAME


def save_pickle(folder, data):
    with zipfile.ZipFile(folder / SETTINGS_NAME, "w") as archive:
        archive.writestr("training_args/data.pkl", data)
    return folder / SETTINGS_NAME


@pytest.mark.parametrize("kind", [GRPOConfig, MaxRLConfig])
def test_the_settings_of_a_trainer_are_read_by_name(tmp_path, kind):
    options = {
        "learning_rate": 3e-5,
        "num_generations": 4,
        "reward_weights": [1.0, 10.0],
        "per_device_train_batch_size": 8,
    }
    given = kind(str(tmp_path), use_cpu=True, bf16=False, lr_scheduler_type="cosine", seed=7, **options)
    found = read_run_settings(save(tmp_path, given))
    assert found.kind == kind.__name__
    assert {name: found.values[name] for name in options} == options
    assert (found.values["seed"], found.values["lr_scheduler_type"], found.values["bf16"]) == (7, "cosine", False)
    assert "vllm_server_base_url" not in found.values  # None


def test_a_batch_may_serve_several_steps(tmp_path):
    arguments = GRPOConfig(
        str(tmp_path),
        use_cpu=True,
        bf16=False,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=2,
        steps_per_generation=4,
        num_iterations=3,
        num_generations=4,
    )
    found = read_run_settings(save(tmp_path, arguments))
    assert found.steps_per_batch == 6.0  # 4 * 3 micro-steps, two of them an optimiser step
    assert RunSettings("TrainingArguments", {}).steps_per_batch == 1.0


class Harmful:
    """When unpickled in earnest, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_what_a_file_asks_to_be_called_is_not_called(tmp_path):
    victim = tmp_path / "written"
    data = pickle.dumps({"a": Harmful(victim)})
    with pytest.raises(ValueError, match="holds no arguments of a trainer"):
        read_run_settings(save_pickle(tmp_path, data))
    assert not victim.exists()
    pickle.loads(data)["a"].close()
    assert victim.exists()  # it would have been


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04", pickle.dumps([1]), pickle.dumps(GRPOConfig)[:-3], b"cos\nsystem\n(S'true'\ntR."[:-3]]
)
def test_a_damaged_file_is_named_with_the_way_out(tmp_path, data):
    with pytest.raises(ValueError, match=rf"{SETTINGS_NAME} .*Delete it, to go without the settings"):
        read_run_settings(save_pickle(tmp_path, data))


def test_a_file_cut_short_is_named(tmp_path):
    path = save(tmp_path, GRPOConfig(str(tmp_path), use_cpu=True, bf16=False))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="is not what a trainer writes"):
        read_run_settings(path)


def test_what_the_recipes_write_is_read(tmp_path):
    written = run_record.RunRecord(
        *("MaxRL", "my/model", "my/model@main", "own.jsonl", "0123", 9, 4),
        rewards={"rust_reward": 1.0},
        settings={"seed": 7, "learning_rate": 1e-5},
        versions={"rustc": "1.95.0"},
        arguments=["--seed", "7"],
    )
    run_record.write_record(tmp_path, written.to_json())
    found = read_run_record(tmp_path / RECORD_NAME)
    assert (found.method, found.base_model, found.dataset) == ("MaxRL", "my/model", "own.jsonl")
    assert (found.rows, found.rows_with_tests, found.rewards) == (9, 4, {"rust_reward": 1.0})
    assert (found.versions, found.arguments) == ({"rustc": "1.95.0"}, ["--seed", "7"])


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        ({"rows": "nine"}, "rows is text; expected a whole number"),
        ({"rewards": ["rust"]}, "rewards is a list; expected an object"),
        ({"kind": "other"}, "is a file of kind 'other'"),
    ],
)
def test_an_edited_record_is_named_with_the_place(tmp_path, edit, problem):
    record = {"method": "GRPO", "base_model": "m", "dataset": "d", "rows": 1, "rows_with_tests": 1}
    (tmp_path / RECORD_NAME).write_text(json.dumps({"kind": run_record.KIND, **record} | edit))
    with pytest.raises(ValueError, match=problem):
        read_run_record(tmp_path / RECORD_NAME)
