"""Which checkpoint a run resumes from."""

import json

import pytest
from launch.checkpoints import find_checkpoint, is_finished
from recipes_testbed import parse_small


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
