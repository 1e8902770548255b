"""Scores completions of tasks and sums them up: one record per sample, one summary per task, group and set.

A sample goes the way of training: completion -> program -> verdict and AST metrics -> reward, through
`rust_rewards`. "Compiles" means that the reward gave the compile points, which an empty answer, or one
without the row's entry point, does not get although rustc accepts it; in the same way a program that silences
its warnings is not free of them. A sample that the verifier could not judge counts nowhere, except among the
failures. Not here: sampling (`sampling.py`), files and the command line (`evaluate.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

SHOWN = 3  # diagnostics kept per sample, in the compiler's own words


def score_samples(
    tasks: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]], *, style: str
) -> list[dict[str, Any]]:
    """Judge completions.

    Args:
        tasks (`Sequence[Mapping]`): Tasks in our columns.
        samples (`Sequence[Mapping]`): Rows with `task_id`, `sample_index` and `completion` (text or chat
            messages).
        style (`str`): `"prefix"` when the model continued `code_prefix`, `"chat"` when it answered the
            prompt.

    Returns:
        `list[dict]`: The samples in order, each with its program, verdict, reward and components. `failure`
            holds the
        reason when the verifier could not judge; the verdict's fields are then `None`.
    """
    by_id = {task["task_id"]: task for task in tasks}
    programs = [program_of(sample["completion"], by_id[sample["task_id"]], style) for sample in samples]
    rows = score_programs(programs, [by_id[sample["task_id"]] for sample in samples])
    return [
        {
            "task_id": sample["task_id"],
            "sample_index": sample["sample_index"],
            "completion": sample["completion"],
            **row,
        }
        for sample, row in zip(samples, rows, strict=True)
    ]


def program_of(completion: Any, task: Mapping[str, Any], style: str) -> str:
    """Return the program that a completion of a task stands for, in the given prompt style.

    A task with stop strings (MultiPL-E) has its completions cut before the brace that closes the function; it is put
    back.
    """
    from ..completions import completion_text, extract_rust
    from ..continuation import build_program

    if style == "chat":
        return extract_rust(completion)
    text = completion_text(completion)
    return build_program(text + "\n}\n" if task.get("stop") else text, task["code_prefix"])


def score_programs(programs: Sequence[str], tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Judge programs, each against its own task.

    Args:
        programs (`Sequence[str]`): Rust sources.
        tasks (`Sequence[Mapping]`): As many tasks; `tests`, `entry_point`, `allow` are used.

    Returns:
        `list[dict]`: The record of each program, in order.
    """
    from ..verifier import find_toolchain, verify

    clippy = find_toolchain().clippy is not None
    verdicts = verify(
        [task.get("allow", "") + program for program, task in zip(programs, tasks, strict=True)],
        [task["tests"] for task in tasks],
        entry_points=[task["entry_point"] for task in tasks],
        clippy=clippy,
    )
    return [
        _record(program, task, verdict, clippy)
        for program, task, verdict in zip(programs, tasks, verdicts, strict=True)
    ]


def _record(program: str, task: Mapping[str, Any], verdict: Any, clippy: bool) -> dict[str, Any]:
    from ..ast_metrics import analyze_ast
    from ..scoring import RewardConfig, compute_reward

    if verdict.failure is not None:
        return {"program": program, "failure": verdict.failure, **dict.fromkeys(JUDGED)}
    metrics = analyze_ast(program, entry_point=task["entry_point"])
    breakdown = compute_reward(verdict, metrics, RewardConfig())
    compiles = breakdown.compile_success > 0
    total = verdict.tests_total
    codes = [error.code or "syntax" for error in verdict.errors]
    return {
        "program": program,
        "failure": None,
        "compiles": compiles,
        "warning_free": breakdown.no_warnings > 0,
        "clippy_clean": breakdown.no_warnings > 0 and not verdict.lints if clippy else None,
        "tests_passed": verdict.tests_passed,
        "tests_total": total,
        "share_passed": verdict.tests_passed / total if total else 0.0,
        "passed": compiles and total > 0 and verdict.tests_passed == total,
        "timed_out": verdict.timed_out,
        "reward": breakdown.total,
        "components": asdict(breakdown),
        "error_codes": codes,
        "first_error": f"{codes[0]}: {verdict.errors[0].message}" if codes else None,
        "rendered": [item.rendered for item in (*verdict.errors, *verdict.warnings, *verdict.lints)][:SHOWN],
    }


JUDGED = (
    "compiles",
    "warning_free",
    "clippy_clean",
    "tests_passed",
    "tests_total",
    "share_passed",
    "passed",
    "timed_out",
    "reward",
    "components",
    "error_codes",
    "first_error",
    "rendered",
)


def format_components(components: Mapping[str, float]) -> str:
    """Return the components that gave or cost points, `"compile_success +10.0, ..."`."""
    return ", ".join(f"{name} {value:+.1f}" for name, value in components.items() if value and name != "total")


def score_references(tasks: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Judge each task's own reference; tasks without one are not in the result."""
    checked = [task for task in tasks if task["reference"]]
    records = score_programs([task["reference"] for task in checked], checked)
    return {task["task_id"]: record for task, record in zip(checked, records, strict=True)}


def broken_tasks(references: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the tasks that nobody can pass, with the reason: the reference fails its own tests, or they cannot
    be judged.

    Args:
        references (`Mapping`): What `score_references` returned.
    """
    return {name: _why_broken(record) for name, record in references.items() if not record["passed"]}


def _why_broken(record: Mapping[str, Any]) -> str:
    if record["failure"]:
        return f"could not be judged: {record['failure']}"
    if record["first_error"]:
        return str(record["first_error"])
    if record["timed_out"]:
        return "the reference runs into the time limit"
    if 0 < record["tests_total"] == record["tests_passed"]:
        return "the reference passes its tests but does not define the task's entry_point"
    return f"the reference passes {record['tests_passed']} of {record['tests_total']} tests"
