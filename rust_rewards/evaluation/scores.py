"""Scores programs and completions of tasks: one `ScoredSample` each, made in one place.

A sample goes the way of training: completion -> program -> verdict and metrics -> reward. "Compiles" means that the
reward gave the compile points, which an empty answer, or one without the row's entry point, does not get although
rustc accepts it; in the same way a program that silences its warnings is not free of them. A sample that the verifier
could not score counts nowhere, except among the failures.
Not here: sampling (`sampling.py`), sums over samples (`summary.py`), files and the command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..completions import completion_text, extract_rust
from ..continuation import build_program
from ..rows import Row, ask_verifier, outcome, score_rows
from ..scoring import RewardBreakdown
from ..tasks.task_set import Task
from ..verifier import Verdict, find_toolchain

DIAGNOSTICS_KEPT = 3  # per sample, in the compiler's own words
UNREADABLE = "a column is of another type than text (or chat messages)"


@dataclass(frozen=True)
class ScoredSample:
    """One completion with what became of it. Without a verdict, `failure` says why and the other fields are `None`.

    Attributes:
        task_id (`str`), sample_index (`int`), completion (`str` or `list[dict]`): What was scored.
        program (`str`): The program that the completion stands for.
        failure (`str`, *optional*): Why there is no score.
        compiles, warning_free (`bool`): The reward gave the points for it.
        clippy_clean (`bool`): Warning-free and without a lint; `None` where clippy did not run.
        tests_passed, tests_total (`int`): Hidden tests.
        test_statuses (`tuple[str, ...]`): How each hidden test ended, as in `Verdict`.
        share_passed (`float`): Share of passed hidden tests, 0..1; `None` for a task without tests.
        passed (`bool`): Compiles, and passes every hidden test of at least one; `None` for a task without tests.
        timed_out (`bool`): The program or a test ran into a limit.
        reward (`float`), components (`dict[str, float]`): The points of `compute_reward`, the total among them.
        error_codes (`tuple[str, ...]`): Codes of its errors, `"syntax"` for those without one.
        first_error (`str`): The first error in one line.
        rendered (`tuple[str, ...]`): Its first diagnostics, in the compiler's own words.
        verdict (`Verdict`): All that `verify` said. Not written to files, so `None` in a sample read from one.
    """

    task_id: str = ""
    sample_index: int = 0
    completion: Any = ""
    program: str = ""
    failure: str | None = None
    compiles: bool | None = None
    warning_free: bool | None = None
    clippy_clean: bool | None = None
    tests_passed: int | None = None
    tests_total: int | None = None
    test_statuses: tuple[str, ...] | None = None
    share_passed: float | None = None
    passed: bool | None = None
    timed_out: bool | None = None
    reward: float | None = None
    components: dict[str, float] | None = None
    error_codes: tuple[str, ...] | None = None
    first_error: str | None = None
    rendered: tuple[str, ...] | None = None
    verdict: Verdict | None = field(default=None, repr=False, compare=False)

    @property
    def outcome(self) -> str:
        """The verdict in a word or two, see `rows.outcome`."""
        breakdown = RewardBreakdown(**self.components) if self.components is not None else None
        return outcome(self.verdict, breakdown)

    def to_json(self) -> dict[str, Any]:
        """Return the sample as it stands in a result file."""
        content = {name: _plain(getattr(self, name)) for name in FILE_FIELDS}
        if content["test_statuses"] is None:  # as in a file of version 0.1.0, which had none
            del content["test_statuses"]
        return content

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "ScoredSample":
        """Return the sample of a row in a result file; keys of other versions are passed over."""
        known = {name: row[name] for name in FILE_FIELDS if name in row}
        for name in ("error_codes", "rendered", "test_statuses"):
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        return cls(**known)


FILE_FIELDS = tuple(item.name for item in fields(ScoredSample) if item.name != "verdict")


def score_programs(
    rows: Sequence[Row | None], *, allow: Sequence[str] = (), clippy: bool = False, jobs: int | None = None
) -> list[ScoredSample]:
    """Score the programs of some rows. Everything that scores samples comes through here.

    Args:
        rows (`Sequence[Row | None]`): What `read_rows` gives; `None` for a row that could not be read.
        allow (`Sequence[str]`, *optional*): Per row, a line to put before the program when it is verified. It is no
            part of the answer: its attributes silence nothing of the answer's own.
        clippy (`bool`, *optional*, defaults to `False`): Whether to run clippy as well.
        jobs (`int`, *optional*): Compilers at a time; defaults to the cores.

    Returns:
        `list[ScoredSample]`: One per row, in order, without id.
    """
    lines = allow or [""] * len(rows)
    verified = [
        None if row is None else row._replace(program=line + row.program) for row, line in zip(rows, lines, strict=True)
    ]
    verdicts = ask_verifier(verified, clippy=clippy, jobs=jobs)
    usable = [None if verdict is None or verdict.failure else verdict for verdict in verdicts]
    breakdowns = score_rows(rows, usable)
    return [
        _scored(row, verdict, breakdown, clippy=clippy)
        for row, verdict, breakdown in zip(rows, verdicts, breakdowns, strict=True)
    ]


def score_samples(tasks: Sequence[Task], samples: Sequence[Mapping[str, Any]], *, style: str) -> list[ScoredSample]:
    """Score completions of tasks.

    Args:
        tasks (`Sequence[Mapping]`): Tasks in our columns.
        samples (`Sequence[Mapping]`): `task_id`, `sample_index` and `completion` (text or chat messages) of each.
        style (`str`): `"prefix"` when the model continued `code_prefix`, `"chat"` when it answered the prompt.

    Returns:
        `list[ScoredSample]`: One per sample, in order.
    """
    by_id = {task["task_id"]: task for task in tasks}
    asked = [by_id[sample["task_id"]] for sample in samples]
    programs = [program_of(sample["completion"], task, style) for sample, task in zip(samples, asked, strict=True)]
    return [
        replace(
            scored,
            task_id=sample["task_id"],
            sample_index=sample["sample_index"],
            completion=sample["completion"],
        )
        for scored, sample in zip(_score_against(asked, programs), samples, strict=True)
    ]


def program_of(completion: Any, task: Task, style: str) -> str:
    """Return the program that a completion of a task stands for, in the given prompt style.

    A task with stop strings (MultiPL-E) has its completions cut before the brace that closes the function; it is put
    back.
    """
    if style == "chat":
        return extract_rust(completion, entry_point=task["entry_point"], tests=task["tests"])
    text = completion_text(completion)
    if task.get("stop"):
        text += "\n}\n"
    return build_program(text, task["code_prefix"], entry_point=task["entry_point"], tests=task["tests"])


def score_references(tasks: Sequence[Task]) -> dict[str, ScoredSample]:
    """Score each task's own reference; tasks without one are not in the result."""
    checked = [task for task in tasks if task["reference"]]
    scored = _score_against(checked, [task["reference"] for task in checked])
    return {
        task["task_id"]: replace(sample, task_id=task["task_id"], completion=task["reference"])
        for task, sample in zip(checked, scored, strict=True)
    }


def broken_tasks(references: Mapping[str, ScoredSample]) -> dict[str, str]:
    """Return the tasks that cannot be passed, with the reason.

    The reference fails its own tests, or they cannot be run.

    Args:
        references (`Mapping`): What `score_references` returned.
    """
    return {name: _why_broken(sample) for name, sample in references.items() if not _is_sound(sample)}


def _is_sound(reference: ScoredSample) -> bool:
    """Whether a reference passes its tests; without tests, whether it compiles."""
    return bool(reference.compiles if reference.passed is None else reference.passed)


def _score_against(tasks: Sequence[Task], programs: Sequence[str]) -> list[ScoredSample]:
    rows = [
        Row(program, program, task["tests"], task["entry_point"], None)
        for task, program in zip(tasks, programs, strict=True)
    ]
    allow = [task.get("allow") or "" for task in tasks]
    return score_programs(rows, allow=allow, clippy=find_toolchain().clippy is not None)


def _scored(
    row: Row | None, verdict: Verdict | None, breakdown: RewardBreakdown | None, *, clippy: bool
) -> ScoredSample:
    """Make the record of one program. The only place where a `ScoredSample` is made from a verdict."""
    if row is None:
        return ScoredSample(failure=UNREADABLE)
    if verdict is None or breakdown is None:
        return ScoredSample(program=row.program, failure=verdict.failure if verdict else UNREADABLE)
    compiles, warning_free = breakdown.compile_success > 0, breakdown.no_warnings > 0
    total = verdict.tests_total
    tested = bool(row.tests and row.tests.strip())
    codes = tuple(error.code or "syntax" for error in verdict.errors)
    diagnostics = (*verdict.errors, *verdict.warnings, *verdict.lints)
    return ScoredSample(
        program=row.program,
        compiles=compiles,
        warning_free=warning_free,
        clippy_clean=warning_free and not verdict.lints if clippy else None,
        tests_passed=verdict.tests_passed,
        tests_total=total,
        test_statuses=verdict.test_statuses,
        share_passed=verdict.tests_passed / max(total, 1) if tested else None,
        passed=compiles and 0 < total == verdict.tests_passed if tested else None,
        timed_out=verdict.timed_out,
        reward=breakdown.total,
        components=asdict(breakdown),
        error_codes=codes,
        first_error=f"{codes[0]}: {verdict.errors[0].message}" if codes else None,
        rendered=tuple(item.rendered for item in diagnostics[:DIAGNOSTICS_KEPT]),
        verdict=verdict,
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _why_broken(sample: ScoredSample) -> str:
    if sample.failure:
        return f"could not be verified: {sample.failure}"
    if sample.first_error:
        return sample.first_error
    if sample.timed_out:
        return "the reference runs into the time limit"
    if not sample.compiles and sample.tests_passed == sample.tests_total:
        return "the reference compiles but does not define the task's entry_point"
    return f"the reference passes {sample.tests_passed} of {sample.tests_total} tests"
