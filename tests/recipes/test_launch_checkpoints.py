"""Which checkpoint a run resumes from, and which folders belong to another experiment."""

import json
from pathlib import Path

import pytest
import torch
from launch.checkpoints import fault_of, find_checkpoint, is_finished
from launch.run_record import RunRecord, file_sizes, read_record, write_record
from recipes_testbed import parse_small
from safetensors.torch import save_file

THIS = RunRecord("GRPO", "m", "weights", "t", "rows", 2, 1, {"rust_reward": 1.0}, {"learning_rate": 0.1, "seed": 1})
OTHER = RunRecord("GRPO", "m", "weights", "t", "rows", 2, 1, {"rust_reward": 1.0}, {"learning_rate": 0.2, "seed": 1})
CURRICULUM = "curriculum.json"


def checkpoint(folder: Path, step: int, record: RunRecord | None = THIS) -> Path:
    """Write a checkpoint of a few bytes, with its record unless it is one of an older version."""
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    save_file({"w": torch.zeros(100)}, path / "model.safetensors")
    torch.save({"lr": torch.zeros(100)}, path / "optimizer.pt")
    (path / CURRICULUM).write_text("{}")
    (path / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    if record is not None:
        write_record(path, record.to_json(files=file_sizes(path)))
        write_record(folder, record.to_json())
    return path


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


@pytest.fixture
def arguments(tmp_path):
    return parse_small(tmp_path, 5)[1]


def test_a_fresh_folder_has_none(arguments):
    assert find_checkpoint(arguments, THIS) is None
    assert not is_finished(arguments, THIS)


@pytest.mark.parametrize("record", [THIS, None])
def test_the_newest_complete_checkpoint_is_found(arguments, tmp_path, record, capsys):
    checkpoint(tmp_path, 9, record)
    newest = checkpoint(tmp_path, 10, record)  # by number, not by name
    assert find_checkpoint(arguments, THIS) == str(newest)
    assert ("taken on trust" in capsys.readouterr().out) == (record is None)


# Whole or not


@pytest.mark.parametrize("record", [THIS, None])
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt"])
def test_a_checkpoint_with_a_file_that_is_cut_off_is_passed_over(arguments, tmp_path, record, name, capsys):
    older = checkpoint(tmp_path, 1, record)
    newer = checkpoint(tmp_path, 8, record)
    cut(newer / name, 100)
    assert find_checkpoint(arguments, THIS) == str(older)
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith(f"Passing over {newer}: {name} ")


def test_the_bytes_that_are_missing_are_told(tmp_path):
    path = checkpoint(tmp_path, 1)
    size = (path / "model.safetensors").stat().st_size
    cut(path / "model.safetensors", 10)
    assert fault_of(path, recorded=True) == f"model.safetensors has 10 of {size:,} bytes"


@pytest.mark.parametrize("name", [CURRICULUM, "optimizer.pt", "model.safetensors"])
def test_a_checkpoint_without_one_of_its_files_is_not_whole(tmp_path, name):
    path = checkpoint(tmp_path, 1)
    (path / name).unlink()
    assert fault_of(path, recorded=True) == f"{name} is missing"


def test_a_run_that_was_killed_before_the_curriculums_state_was_written_does_not_go_on_from_there(arguments, tmp_path):
    whole = checkpoint(tmp_path, 3)
    killed = checkpoint(tmp_path, 4)
    (killed / CURRICULUM).unlink()
    (killed / "run.json").unlink()  # it is written last
    assert find_checkpoint(arguments, THIS) == str(whole)


@pytest.mark.parametrize("state", [None, "", '{"global_st', "[]", "{}"])
def test_a_checkpoint_without_a_readable_trainer_state_is_not_whole(tmp_path, state):
    path = checkpoint(tmp_path, 1, None)
    (path / "trainer_state.json").unlink()
    if state is not None:
        (path / "trainer_state.json").write_text(state)
    assert "no readable trainer_state.json" in fault_of(path, recorded=False)


def test_a_checkpoint_asked_for_must_be_complete(refuse, tmp_path):
    (tmp_path / "checkpoint-5").mkdir()
    (tmp_path / "checkpoint-5/trainer_state.json").write_text('{"global_st')
    message = refuse("--resume_from_checkpoint", tmp_path / "checkpoint-5")
    assert "is missing or incomplete: it was not written completely" in message


# Another experiment


def test_a_run_does_not_go_on_from_another_experiment(arguments, tmp_path):
    checkpoint(tmp_path, 3, OTHER)
    for look in (find_checkpoint, is_finished):
        with pytest.raises(ValueError, match=r"another experiment: learning_rate is 0\.2 there and 0\.1 here"):
            look(arguments, THIS)


def test_a_finished_run_of_another_experiment_is_not_called_done(arguments, tmp_path):
    write_record(tmp_path, OTHER.to_json(files={}))
    (tmp_path / "trainer_state.json").write_text(json.dumps({"global_step": 9}))
    with pytest.raises(ValueError, match="another experiment"):
        is_finished(arguments, THIS)


def test_what_another_experiment_left_in_a_folder_that_was_begun_afresh_is_passed_over(arguments, tmp_path, capsys):
    checkpoint(tmp_path, 900, OTHER)
    ours = checkpoint(tmp_path, 2)
    assert find_checkpoint(arguments, THIS) == str(ours)
    assert "checkpoint-900: another experiment left it" in capsys.readouterr().out


def test_a_checkpoint_asked_for_by_its_path_may_have_other_settings_but_no_other_model(arguments, tmp_path, capsys):
    arguments.resume_from_checkpoint = str(checkpoint(tmp_path / "old", 3, OTHER))
    assert find_checkpoint(arguments, THIS) == arguments.resume_from_checkpoint
    assert "with other settings: learning_rate is 0.2 there and 0.1 here" in capsys.readouterr().out
    foreign = RunRecord("GRPO", "n", "others", "t", "rows", 2, 1, {"rust_reward": 1.0}, {"learning_rate": 0.1})
    with pytest.raises(ValueError, match="is of another model than n"):
        find_checkpoint(arguments, foreign)


# Done or not


def finished(folder, record=THIS, step=5):
    save_file({"w": torch.zeros(100)}, folder / "model.safetensors")
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    sizes = {"model.safetensors": (folder / "model.safetensors").stat().st_size}
    if record is not None:
        write_record(folder, record.to_json(files=sizes))


@pytest.mark.parametrize("record", [THIS, None])
def test_a_finished_run_is_done_until_more_steps_are_asked_for(arguments, tmp_path, record, capsys):
    finished(tmp_path, record)
    assert is_finished(arguments, THIS)
    assert "nothing to do" in capsys.readouterr().out
    arguments.max_steps += 1
    assert not is_finished(arguments, THIS)


def test_a_trained_model_that_is_cut_off_is_not_done(arguments, tmp_path, capsys):
    finished(tmp_path)
    cut(tmp_path / "model.safetensors", 20)
    assert not is_finished(arguments, THIS)
    assert "is not whole: model.safetensors has 20 of" in capsys.readouterr().out


def test_a_run_that_was_killed_while_it_saved_its_model_is_not_done(arguments, tmp_path):
    finished(tmp_path)
    write_record(tmp_path, THIS.to_json())  # as when training begins
    assert not is_finished(arguments, THIS)


@pytest.mark.parametrize("given", [False, "false"])
def test_a_run_told_not_to_resume_starts_afresh(arguments, tmp_path, given):
    checkpoint(tmp_path, 5, OTHER)
    finished(tmp_path, OTHER)
    arguments.resume_from_checkpoint = given
    assert not is_finished(arguments, THIS)
    assert find_checkpoint(arguments, THIS) is None


def test_a_foreign_run_json_is_no_record(tmp_path):
    (tmp_path / "run.json").write_text('{"seed": 3, "rows": 2, "arguments": []}')  # what version 0.1.0 wrote
    assert read_record(tmp_path) == {}
