"""Gives a trainer what every training script has: its record beside every checkpoint, its log, a line per step."""

from pathlib import Path
from typing import Any

from transformers import (
    PrinterCallback,
    ProgressCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, rotate_checkpoints
from transformers.utils import logging as transformers_logging

from launch.model_card import write_model_card
from launch.run_record import RunRecord, file_sizes, read_record, write_record
from trainers.callbacks import StepBarCallback, StepLineCallback, TrainingLogCallback
from trainers.correctness import CorrectnessEndCallback, CorrectnessLineCallback
from trainers.signal_watch import NoSignalCallback


class RunRecordCallback(TrainerCallback):
    """
    Writes `run.json` into the output folder when training begins, and into each checkpoint when that is whole.

    Older checkpoints beyond `save_total_limit` go only then: whenever the run is killed, one whole checkpoint is left.

    Args:
        trainer ([`~transformers.Trainer`]): The trainer; its processes wait for each other before the record is made.
        record (`RunRecord`): What the run uses.
        checkpoint (`str`, *optional*): The checkpoint that the run goes on from; one without a record gets it.
    """

    def __init__(self, trainer: Any, record: RunRecord, checkpoint: str | None) -> None:
        self.trainer = trainer
        self.record = record
        self.checkpoint = checkpoint
        self.kept = trainer.args.save_total_limit
        trainer.args.save_total_limit = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Write the record of a run that has begun."""
        transformers_logging.disable_progress_bar()  # the model is loaded; what follows would tear our line apart
        if not args.should_save:
            return
        write_record(str(args.output_dir), self.record.to_json())
        if self.checkpoint and not read_record(self.checkpoint):
            write_record(self.checkpoint, self.record.to_json(files=file_sizes(self.checkpoint)))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Write the record of a checkpoint, all files of which are there, then remove older ones."""
        self.trainer.accelerator.wait_for_everyone()
        if not args.should_save:
            return
        checkpoint = Path(str(args.output_dir), f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}")
        write_record(checkpoint, self.record.to_json(files=file_sizes(checkpoint)))
        rotate_checkpoints(
            output_dir=str(args.output_dir),
            save_total_limit=self.kept,
            best_model_checkpoint=state.best_model_checkpoint,
            use_mtime=True,
        )


def add_callbacks(trainer: Any, record: RunRecord, checkpoint: str | None) -> None:
    """Add what every training script has beside its trainer.

    Args:
        trainer ([`~transformers.Trainer`]): The trainer.
        record (`RunRecord`): What the run uses.
        checkpoint (`str`, *optional*): The checkpoint that the run goes on from.
    """
    trainer.add_callback(RunRecordCallback(trainer, record, checkpoint))
    if hasattr(trainer, "reward_func_names"):
        trainer.add_callback(TrainingLogCallback(trainer))
        if not any(isinstance(each, CorrectnessEndCallback) for each in trainer.callback_handler.callbacks):
            trainer.add_callback(NoSignalCallback())
    for noisy in (PrinterCallback, ProgressCallback, CorrectnessLineCallback):
        trainer.remove_callback(noisy)
    trainer.add_callback(StepLineCallback if trainer.args.disable_tqdm else StepBarCallback)
    # TRL writes a card with every checkpoint, and once more when the model is pushed: each time ours
    trainer.create_model_card = lambda *args, **kwargs: write_model_card(trainer, record)


def finish(trainer: Any, record: RunRecord) -> None:
    """Save the trained model, its state, its card and, last of all, the record that says that it is whole."""
    trainer.save_model()
    trainer.save_state()
    trainer.create_model_card()
    trainer.accelerator.wait_for_everyone()
    if trainer.args.should_save:
        folder = str(trainer.args.output_dir)
        kept = {name: size for name, size in file_sizes(folder).items() if _is_models(name)}
        write_record(folder, record.to_json(files=kept))


def _is_models(name: str) -> bool:
    """Say whether a file of the output folder belongs to the model; logs, cards and reports may change afterwards."""
    return "/" not in name and (name.endswith((".safetensors", ".bin")) or name == "config.json")
