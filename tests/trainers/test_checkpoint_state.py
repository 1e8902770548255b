"""The JSON state beside a checkpoint: written by one process, whole, and read back or said to be missing."""

import json
from types import SimpleNamespace

import pytest

from trainers.checkpoint_state import load_state, save_state


@pytest.fixture
def trainer(tmp_path):
    """A trainer as far as `save_state` reads it, which has just written checkpoint-7."""
    (tmp_path / "checkpoint-7").mkdir()
    return SimpleNamespace(
        args=SimpleNamespace(should_save=True),
        state=SimpleNamespace(global_step=7),
        _get_output_dir=lambda trial: str(tmp_path),
    )


def test_a_saved_state_is_read_back_from_its_checkpoint(trainer, tmp_path):
    save_state(trainer, None, "mine.json", {"rate": 0.5, "done": [1, 2]})
    assert load_state(str(tmp_path / "checkpoint-7"), "mine.json", "mine") == {"rate": 0.5, "done": [1, 2]}


def test_a_newer_state_replaces_the_one_before_and_leaves_nothing_else(trainer, tmp_path):
    for step in (1, 2):
        save_state(trainer, None, "mine.json", {"step": step})
    (file,) = (tmp_path / "checkpoint-7").iterdir()
    assert json.loads(file.read_text()) == {"step": 2}


def test_only_the_process_that_saves_writes(trainer, tmp_path):
    trainer.args.should_save = False
    save_state(trainer, None, "mine.json", {})
    assert list((tmp_path / "checkpoint-7").iterdir()) == []


def test_a_run_that_is_not_resumed_has_no_state_and_hears_nothing(caplog):
    assert load_state(None, "mine.json", "mine") is None
    assert not caplog.records


def test_a_checkpoint_without_the_state_is_told_of_once(tmp_path, caplog):
    assert load_state(str(tmp_path), "mine.json", "my schedule") is None
    (record,) = caplog.records
    assert record.getMessage() == f"{tmp_path} has no mine.json, so my schedule starts afresh."
