"""Audits a task set: everything that makes a task unfit to reward, row by row, and what is left when such rows go.

Rows are read one by one, so a set larger than memory can be audited; programs go through the verifier in batches. An
interrupted audit goes on where it stopped. Not here: what a fault is (`faults.py`), how one shows in the text
(`audit_texts.py`) or when running (`audit_runs.py`), and the page (`evaluation.audit_page`).
"""

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..progress import Progress
from ..whole_files import replacing, write_json
from .audit_runs import RunOptions, run_audit
from .audit_texts import EvaluationSet, TextAudit
from .faults import FAULTS, GRADES, KEPT, Fault, grade
from .reader import load_tasks
from .stream import TaskLine, fingerprint, in_chunks, stream_tasks
from .unfinished import Unfinished

AUDIT = "rust-rewards task audit"
CHUNK_TASKS = 128
RESULT, ANNOTATED, FILTERED = "audit.json", "annotated.jsonl", "kept.jsonl"


def audit_file(
    source: str, folder: Path, options: RunOptions = RunOptions(), *, against: str | None = None, keep: str = "good"
) -> dict[str, Any]:
    """Audit a task set; write `audit.json`, the rows with what was found (`annotated.jsonl`), and those that are fit
    (`kept.jsonl`) into a folder.

    Args:
        source (`str`): A task set, as in `load_tasks`.
        folder (`Path`): Where the files go; created when missing.
        options (`RunOptions`, *optional*): What is run.
        against (`str`, *optional*): An evaluation set that no task may be of.
        keep (`str`, *optional*, defaults to `"good"`): `"good"`, or `"usable"`, which keeps weak tasks as well.

    Returns:
        `dict`: What was written to `audit.json`: `rows`, `grades`, `faults` (rows by fault), `kept`, and `tasks`, one
            entry per row: `line`, `task_id`, `grade`, `faults`, `seconds`, `kill_rate`, `pass_rate`.

    Raises:
        ValueError: When there is no such set, or the folder holds an audit begun with other options.
        ToolchainError: When there is no Rust toolchain.
    """
    settings = {
        "source": fingerprint(source),
        "against": fingerprint(against) if against else None,
        "mutants": options.mutants,
        "at_least": options.at_least,
        "seed": options.seed,
    }
    done = Unfinished(folder / RESULT, settings)
    texts = TextAudit(EvaluationSet(load_tasks(against)) if against else None)
    progress = Progress(sum(1 for _ in stream_tasks(source)), done.taken)
    lines = stream_tasks(source)
    for line in itertools.islice(lines, done.taken):
        texts.faults(line)  # what comes may be a copy of it
    for chunk in in_chunks(lines, CHUNK_TASKS):
        done.append(_audit_tasks(chunk, texts, options), taken=len(chunk), state={})
        progress.report(len(chunk))
    write_rows(folder / ANNOTATED, (_annotated(row) for row in done.rows() if row["task"] is not None))
    write_rows(folder / FILTERED, (row["task"] for row in done.rows() if row["audit"]["grade"] in KEPT[keep]))
    tasks = [row["audit"] for row in done.rows()]
    kept = sum(task["grade"] in KEPT[keep] for task in tasks)
    result = {"kind": AUDIT, "source": source, "settings": settings, "keep": keep, "kept": kept, **summarize(tasks)}
    write_json(folder / RESULT, result)
    done.discard()
    return result


def summarize(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums over the entries of an audit, and the entries."""
    grades = Counter(task["grade"] for task in tasks)
    faults = Counter(fault["name"] for task in tasks for fault in task["faults"])
    return {
        "rows": len(tasks),
        "grades": {name: grades[name] for name in GRADES},
        "faults": {name: faults[name] for name in FAULTS if faults[name]},
        "tasks": list(tasks),
    }


def audit_text(result: Mapping[str, Any]) -> str:
    """Return an audit in a few lines: grades, faults with the first rows that have them, what was kept."""
    grades = ", ".join(f"{number} {name}" for name, number in result["grades"].items())
    lines = [f"{result['source']}: {result['rows']} tasks: {grades}", f"kept ({result['keep']}): {result['kept']}"]
    for name, number in sorted(result["faults"].items(), key=lambda item: -item[1]):
        having = [task for task in result["tasks"] if any(fault["name"] == name for fault in task["faults"])]
        shown = ", ".join(str(task["task_id"] or f"row {task['line']}") for task in having[:3])
        more = ", ..." if number > 3 else ""
        lines.append(f"{number:>7}  {FAULTS[name].severity:<7} {name}: {FAULTS[name].meaning}: {shown}{more}")
    return "\n".join(lines)


def write_rows(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    """Write JSON Lines, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", errors="replace") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _audit_tasks(lines: Sequence[TaskLine], texts: TextAudit, options: RunOptions) -> list[dict[str, Any]]:
    found = [texts.faults(line) for line in lines]
    return [
        {"task": line.task, "audit": _entry(line, [*faults, *ran.faults], ran.seconds, ran.strength)}
        for line, faults, ran in zip(lines, found, run_audit(lines, options), strict=True)
    ]


def _entry(
    line: TaskLine, faults: Sequence[Fault], seconds: float | None, strength: Mapping[str, Any] | None
) -> dict[str, Any]:
    task = line.task or {}
    pass_rate = task.get("pass_rate")
    return {
        "line": line.number,
        "task_id": task.get("task_id"),
        "grade": grade(faults),
        "faults": [fault._asdict() for fault in faults],
        "seconds": None if seconds is None else round(seconds, 4),
        "kill_rate": strength["kill_rate"] if strength else None,
        "missed": strength["missed"] if strength else [],
        "pass_rate": pass_rate if isinstance(pass_rate, int | float) else None,
    }


def _annotated(row: Mapping[str, Any]) -> dict[str, Any]:
    audit = row["audit"]
    found = {"audit_grade": audit["grade"], "audit_faults": [fault["name"] for fault in audit["faults"]]}
    return {**row["task"], **found, "kill_rate": audit["kill_rate"]}
