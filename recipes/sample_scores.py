"""Scores completions of tasks and sums them up: one record per sample, one summary per task, group and set.

A sample goes the way of training: completion -> program -> verdict and AST metrics -> reward, through
`rust_rewards`. "Compiles" means that the reward gave the compile points, which an empty answer, or one
without the row's entry point, does not get although rustc accepts it; in the same way a program that silences
its warnings is not free of them. A sample that the verifier could not judge counts nowhere, except among the
failures. Not here: sampling (`sampling.py`), files and the command line (`evaluate.py`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from estimates import pass_at_k

LEVELS = ("easy", "medium", "hard", "expert")  # the order in which difficulties are shown
SHOWN = 3  # diagnostics kept per sample, in the compiler's own words
RATES = {
    "compile_rate": "compiles",
    "warning_free_rate": "warning_free",
    "clippy_clean_rate": "clippy_clean",
    "tests_passed": "share_passed",
    "mean_reward": "reward",
}


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
    from rust_rewards.completions import completion_text, extract_rust
    from rust_rewards.continuation import build_program

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
    from rust_rewards.verifier import find_toolchain, verify

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
    from rust_rewards.ast_metrics import analyze_ast
    from rust_rewards.scoring import RewardConfig, compute_reward

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


def summarize(
    tasks: Sequence[Mapping[str, Any]], scored: Sequence[Mapping[str, Any]], ks: Sequence[int]
) -> dict[str, Any]:
    """Sum up scored samples per task, difficulty, topic and over all.

    Every figure of a group is the mean over its tasks of the mean over the task's samples.

    Args:
        tasks (`Sequence[Mapping]`): The tasks.
        scored (`Sequence[Mapping]`): What `score_samples` returned.
        ks (`Sequence[int]`): The k of pass@k; those above a task's judged samples are left out for that task.

    Returns:
        `dict`: `summary`, `by_difficulty`, `by_topic`, `tasks`, `error_codes`, `failures`.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {task["task_id"]: [] for task in tasks}
    for sample in scored:
        groups[sample["task_id"]].append(sample)
    summaries = [_task_summary(task, groups[task["task_id"]], ks) for task in tasks]
    return {
        "summary": _mean_of(summaries),
        "by_difficulty": _grouped(summaries, "difficulty"),
        "by_topic": _grouped(summaries, "topic"),
        "tasks": summaries,
        "error_codes": error_counts(scored),
        "failures": dict(Counter(s["failure"] for s in scored if s["failure"] is not None)),
    }


def error_counts(scored: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many samples show each compiler error code, most frequent first; `"syntax"` are those without
    one."""
    counts = Counter(code for sample in scored for code in set(sample["error_codes"] or ()))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def component_averages(scored: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean points of each component over judged samples; empty without any."""
    judged = [sample["components"] for sample in scored if sample["components"] is not None]
    names = [name for name in (judged[0] if judged else {}) if name != "total"]
    return {name: sum(components[name] for components in judged) / len(judged) for name in names}


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


def _task_summary(task: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], ks: Sequence[int]) -> dict[str, Any]:
    judged = [sample for sample in samples if sample["failure"] is None]
    correct = sum(bool(sample["passed"]) for sample in judged)
    values: dict[str, float | None] = {
        f"pass@{k}": pass_at_k(len(judged), correct, k) if k <= len(judged) else None for k in ks
    }
    for name, field in RATES.items():
        known = [float(sample[field]) for sample in judged if sample[field] is not None]
        values[name] = sum(known) / len(known) if known else None
    about = {"task_id": task["task_id"], "difficulty": task["difficulty"], "topic": task["topic"]}
    return {
        **about,
        "samples": len(judged),
        "unjudged": len(samples) - len(judged),
        "correct": correct,
        "values": values,
    }


def _grouped(summaries: Sequence[Mapping[str, Any]], column: str) -> dict[str, Any]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for task in summaries:
        groups.setdefault("none" if task[column] is None else str(task[column]), []).append(task)
    in_order = sorted(groups, key=lambda name: (LEVELS.index(name) if name in LEVELS else len(LEVELS), name))
    return {name: _mean_of(groups[name]) for name in in_order}


def _mean_of(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for task in summaries for name in task["values"]))
    metrics = {}
    for name in names:
        known = [task["values"][name] for task in summaries if task["values"][name] is not None]
        if known:
            metrics[name] = sum(known) / len(known)
    counts = {key: sum(task[key] for task in summaries) for key in ("samples", "unjudged")}
    return {"tasks": len(summaries), **counts, "metrics": metrics}
