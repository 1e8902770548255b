"""Evaluates samples of tasks: checks the tasks, scores the samples, sums them up, and words the result."""

import sys
from collections.abc import Mapping, Sequence

from ..tasks import TaskSet
from .error_codes import named
from .evaluation_result import CheckedTaskSet, EvaluationResult
from .results import environment
from .samples import SampleSet
from .scores import broken_tasks, score_references, score_samples
from .summary import summarize
from .tables import as_text, format_table, label_of

BROKEN_SHOWN = 10  # on stderr; all of them are in the result file
CODES_SHOWN = 8


def evaluate(
    tasks: TaskSet, samples: SampleSet, *, task_set: CheckedTaskSet, ks: Sequence[int], date: str
) -> EvaluationResult:
    """Score samples of tasks and sum them up.

    Args:
        tasks (`TaskSet`): The tasks.
        samples (`SampleSet`): At least one sample of each.
        task_set (`Mapping`): The description of the set, from `choose_tasks`.
        ks (`Sequence[int]`): The k of pass@k.
        date (`str`): When the measurement was begun.

    Raises:
        ToolchainError: When there is no Rust toolchain.
    """
    scored = score_samples(tasks.tasks, samples.samples, style=samples.style)
    return EvaluationResult(
        **samples.source,
        **environment(),
        date=date,
        task_set=task_set,
        **summarize(tasks.tasks, scored, ks),
        samples=tuple(scored),
    )


def choose_tasks(every_task: TaskSet, *, limit: int | None, leave_out_broken: bool) -> tuple[TaskSet, CheckedTaskSet]:
    """Check the tasks' references, and return the tasks to use with a description of the set.

    Args:
        every_task (`TaskSet`): The whole set.
        limit (`int`, *optional*): Use so many of the first tasks only.
        leave_out_broken (`bool`): Whether to leave tasks out whose reference fails its own tests.

    Raises:
        ValueError: When no task is left.
    """
    tasks = every_task.with_tasks(every_task.tasks[:limit])
    references = score_references(tasks.tasks)
    broken = broken_tasks(references)
    report_broken(tasks, broken, left_out=leave_out_broken)
    if leave_out_broken:
        tasks = tasks.with_tasks([task for task in tasks if task["task_id"] not in broken])
    if not len(tasks):
        raise ValueError(f"No task of {every_task.source} is left; every reference fails its own tests.")
    known = [references[task["task_id"]].reward for task in tasks if task["task_id"] in references]
    rewards = [reward for reward in known if reward is not None]
    return tasks, {
        "source": every_task.source,
        "config": every_task.config,
        "count": len(tasks),
        "hash": tasks.hash,
        "broken": broken,
        "left_out": sorted(broken) if leave_out_broken else [],
        "reference_reward": sum(rewards) / len(rewards) if rewards else None,
    }


def check_ks(ks: Sequence[int], fewest: int | None) -> list[int]:
    """Return the k of pass@k in order, without repeats.

    Args:
        ks (`Sequence[int]`): What was asked for.
        fewest (`int`, *optional*): Samples of the task that has fewest; `None` when it is not known yet.

    Raises:
        ValueError: When a k is below 1 or above `fewest`.
    """
    if any(k < 1 for k in ks):
        raise ValueError(f"pass@{min(ks)} means nothing; give k of 1 and above.")
    wrong = [k for k in ks if fewest is not None and k > fewest]
    if wrong:
        raise ValueError(f"pass@{wrong[0]} needs at least {wrong[0]} samples of each task, there are {fewest}.")
    return sorted(set(ks))


def report_broken(tasks: TaskSet, broken: Mapping[str, str], *, left_out: bool) -> None:
    """Tell on stderr which tasks cannot be passed, how many could not be checked, and how many have no prompt."""
    if tasks.without_prompt:
        print(f"{tasks.without_prompt} rows without a prompt are left out.", file=sys.stderr)
    if tasks.renamed:
        print(f"{tasks.renamed} rows have the task_id of an earlier row; they are numbered.", file=sys.stderr)
    untested = sum(task["tests"] is None for task in tasks)
    if untested:
        print(
            f"{untested} of {len(tasks)} tasks have no tests: measured is whether answers compile, and the reward.",
            file=sys.stderr,
        )
    unchecked = sum(not task["reference"] for task in tasks)
    if unchecked:
        print(f"{unchecked} of {len(tasks)} tasks have no reference, so they were not checked.", file=sys.stderr)
    if broken:
        fate = "left out" if left_out else "counted; --leave_out_broken_tasks leaves them out"
        print(f"{len(broken)} of {len(tasks)} tasks fail their own tests ({fate}):", file=sys.stderr)
    for name, reason in list(broken.items())[:BROKEN_SHOWN]:
        print(f"  {name}: {reason}", file=sys.stderr)
    if len(broken) > BROKEN_SHOWN:
        print(f"  ... and {len(broken) - BROKEN_SHOWN} more, named in the result file", file=sys.stderr)


def format_result(result: EvaluationResult) -> str:
    """Return the tables of one evaluation."""
    names = list(result.summary["metrics"])
    parts = [f"{result.model['name']}: {result.task_set['count']} tasks of {result.task_set['source']}"]
    for heading, groups in (
        ("", {"all": result.summary}),
        ("difficulty", result.by_difficulty),
        ("topic", result.by_topic),
    ):
        rows = [[heading, "tasks", "samples", *map(label_of, names)]]
        for group, values in groups.items():
            cells = [as_text(n, values["metrics"][n]) if n in values["metrics"] else "-" for n in names]
            rows.append([group, str(values["tasks"]), str(values["samples"]), *cells])
        parts.append(format_table(rows))
    if result.error_codes:
        told = [f"{named(code)}: {count}" for code, count in list(result.error_codes.items())[:CODES_SHOWN]]
        parts.append(f"Samples with compiler errors: {', '.join(told)}")
    if result.failures:
        parts.append(f"Not verified, counted nowhere: {result.summary['unjudged']} samples {dict(result.failures)}")
    for name, value in (result.text_metrics or {}).items():
        parts.append(f"documentation {name}: {value}")
    return "\n\n".join(parts)
