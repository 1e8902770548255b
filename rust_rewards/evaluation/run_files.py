"""Finds what a run left behind in its folder, and reads it.

What is missing is `None` or empty; a file that is there but broken is an error.
Not here: the training history, which the commands read, and the page that shows all of it (`report.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from .analysis import RewardAnalysis, read_analysis
from .comparison import Comparison, compare
from .decision import Decision, read_decision
from .error_codes import codes_over_time
from .evaluation_result import EvaluationResult, read_evaluation
from .results import ResultFileError
from .run_settings import RECORD_NAME, SETTINGS_NAME, RunRecord, RunSettings, read_run_record, read_run_settings
from .training_history import Curve, TrainingHistory

Content = TypeVar("Content")


@dataclass(frozen=True)
class RunFiles:
    """What was found in a run's folder; `None` and empty for what was not."""

    folder: Path
    history: TrainingHistory | None
    before: EvaluationResult | None
    after: EvaluationResult | None
    comparison: Comparison | None  # of the two evaluations
    analysis: RewardAnalysis | None
    decision: Decision | None  # as `decide` wrote it
    settings: RunSettings | None  # of the training
    record: RunRecord | None  # of the training, by our recipes
    config: tuple[str, str] | None  # name and text of a YAML file
    codes: Mapping[str, Curve]

    @property
    def sides(self) -> dict[str, EvaluationResult]:
        """The evaluations that are there, by name."""
        found = {"before": self.before, "after": self.after}
        return {name: result for name, result in found.items() if result is not None}

    @property
    def newest(self) -> EvaluationResult | RewardAnalysis | None:
        """The measurement that tells date, tasks, sampling and machine."""
        return self.after or self.before or self.analysis


def read_run(folder: Path, history: TrainingHistory | None, config: Path | None = None) -> RunFiles:
    """Read everything that a page about a run can show.

    Args:
        folder (`Path`): The run's output folder.
        history (`TrainingHistory`, *optional*): The run's history, when there is one.
        config (`Path`, *optional*): YAML file to show; defaults to the first one in the folder.

    Raises:
        ResultFileError: When the folder does not exist, holds nothing to report, or a file in it is broken.
    """
    if not folder.is_dir():
        raise ResultFileError(f"There is no folder {folder}. Give the --output_dir of a training run.")
    before, after = (_if_there(read_evaluation, folder / name) for name in ("before.json", "after.json"))
    analysis = _if_there(read_analysis, folder / "reward_analysis.json")
    if not (history or before or after or analysis):
        raise ResultFileError(
            f"{folder} holds nothing to report: no training_history.json, before.json, after.json or "
            "reward_analysis.json. Train (recipes/grpo.py), evaluate or analyze first."
        )
    chosen = config or next(iter(sorted(folder.glob("*.yaml"))), None)
    return RunFiles(
        folder=folder,
        history=history,
        before=before,
        after=after,
        comparison=compare(before, after) if before and after else None,
        analysis=analysis,
        decision=_if_there(read_decision, folder / "decision.json"),
        settings=_if_there(read_run_settings, _settings_file(folder)),
        record=_if_there(read_run_record, folder / RECORD_NAME),
        config=(chosen.name, _read_text(chosen)) if chosen else None,
        codes=codes_over_time(folder / "completions"),
    )


def _settings_file(folder: Path) -> Path:
    """Return where the run's settings are: in its folder, else in its newest checkpoint."""
    checkpoints = sorted(folder.glob(f"checkpoint-*/{SETTINGS_NAME}"), key=lambda path: path.stat().st_mtime)
    here = folder / SETTINGS_NAME
    return checkpoints[-1] if checkpoints and not here.exists() else here


def _if_there(read: Callable[[Path], Content], path: Path) -> Content | None:
    return read(path) if path.exists() else None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as err:
        raise ResultFileError(f"Cannot read {path}: {err.strerror}.") from err
