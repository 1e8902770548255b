"""What a run leaves beside its trainer's checkpoints, in real runs of a few steps."""

import json
from pathlib import Path

import pytest
from curriculum_testbed import curriculum_trainer
from launch.callbacks import add_callbacks, finish
from launch.checkpoints import fault_of, find_checkpoint, is_finished
from launch.run_record import RunRecord, read_record

from trainers.callbacks import StepLineCallback
from trainers.curriculum import STATE_NAME, CurriculumGRPOTrainer

RECORD = RunRecord(
    "GRPO with a curriculum", "base", "weights", "tasks.jsonl", "rows", 6, 0, {"worth": 1.0}, {"seed": 1}
)


class KilledError(BaseException):
    """The process ended here."""


class KilledBeforeTheCurriculumIsSaved(CurriculumGRPOTrainer):
    """Ends at the third step when TRL has saved its part of the checkpoint, and the curriculum's is missing."""

    def _save_checkpoint(self, model, trial):
        if self.state.global_step == 3:
            super(CurriculumGRPOTrainer.__mro__[1], self)._save_checkpoint(model, trial)  # TRL's part
            raise KilledError
        super()._save_checkpoint(model, trial)


def run_of(folder, kind=CurriculumGRPOTrainer, checkpoint=None, **options):
    trainer, _ = curriculum_trainer(folder, kind=kind, **{"max_steps": 4, "save_total_limit": 1, **options})
    add_callbacks(trainer, RECORD, checkpoint)
    return trainer


def checkpoints(folder):
    return sorted(path.name for path in Path(folder).glob("checkpoint-*"))


def test_each_checkpoint_gets_its_record_last_and_older_ones_go_then(tmp_path):
    trainer = run_of(tmp_path)
    trainer.train()
    assert checkpoints(tmp_path) == ["checkpoint-4"]
    kept = read_record(tmp_path / "checkpoint-4")
    there = {path.name for path in (tmp_path / "checkpoint-4").iterdir()}
    assert kept["files"].keys() == there - {"run.json"}
    assert {STATE_NAME, "model.safetensors", "optimizer.pt", "trainer_state.json"} <= kept["files"].keys()
    assert fault_of(tmp_path / "checkpoint-4", recorded=True) == ""
    assert find_checkpoint(trainer.args, RECORD) == str(tmp_path / "checkpoint-4")


def test_a_run_that_is_killed_while_it_saves_has_a_whole_checkpoint_left(tmp_path, capsys):
    trainer = run_of(tmp_path, kind=KilledBeforeTheCurriculumIsSaved)
    with pytest.raises(KilledError):
        trainer.train()
    assert checkpoints(tmp_path) == ["checkpoint-2", "checkpoint-3"]
    assert (tmp_path / "checkpoint-3/trainer_state.json").exists()  # all that version 0.1.0 looked for
    assert find_checkpoint(trainer.args, RECORD) == str(tmp_path / "checkpoint-2")
    assert "checkpoint-3: it was not written completely" in capsys.readouterr().out


def test_a_checkpoint_without_a_record_gets_one_when_a_run_goes_on_from_it(tmp_path):
    before = curriculum_trainer(tmp_path, max_steps=2)[0]
    before.train()
    older = str(tmp_path / "checkpoint-2")
    assert read_record(older) == {}
    trainer = run_of(tmp_path, checkpoint=older, max_steps=3, save_total_limit=None)
    assert find_checkpoint(trainer.args, RECORD) == older
    trainer.train(resume_from_checkpoint=older)
    assert fault_of(older, recorded=True) == ""


def test_a_finished_run_is_marked_last_and_has_our_card(tmp_path):
    trainer = run_of(tmp_path)
    trainer.train()
    assert "files" not in read_record(tmp_path)
    assert not is_finished(trainer.args, RECORD)
    finish(trainer, RECORD)
    assert is_finished(trainer.args, RECORD)
    assert read_record(tmp_path)["files"].keys() == {"config.json", "model.safetensors", "training_args.bin"}
    (tmp_path / "README.md").unlink()
    trainer.create_model_card(model_name="what TRL calls it")  # as a push to the hub does
    assert "with GRPO with a curriculum for 4 steps" in (tmp_path / "README.md").read_text()


def test_a_step_is_a_line_and_nothing_else_is_printed(tmp_path, capsys):
    trainer = run_of(tmp_path, max_steps=2, disable_tqdm=True)
    trainer.train()
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in lines] == ["step 1/2", "step 2/2", "trained "]
    assert sum(isinstance(each, StepLineCallback) for each in trainer.callback_handler.callbacks) == 1


def test_the_log_has_the_rewards_of_every_step(tmp_path):
    trainer = run_of(tmp_path, max_steps=2)
    trainer.train()
    steps = json.loads((tmp_path / "training_history.json").read_text())["steps"]
    assert [step["iteration"] for step in steps] == [1, 2]
