"""Sets whose tests are a list of assertions: rlvr-code-data-Rust and rust-17000."""

from typing import Any

from .cells import text_list
from .task_rows import REQUEST, RowReader, entry_point_of, make_task, prefix_of, tests_from_asserts


def convert_asserts(
    reader: RowReader, *, prompt: str, tests: str, reference: str, task_id: str = "id"
) -> dict[str, Any]:
    """Return the task of a row whose columns have these names: one test per assertion; the entry point is what the
    assertions call."""
    code = reader.code(reference)
    module = tests_from_asserts([reader.plain(text) for text in text_list(reader.row.get(tests), tests)])
    text, entry_point = reader.text(prompt).rstrip(), entry_point_of(code, module)
    return make_task(
        task_id=reader.optional(task_id),
        prompt=f"{text}\n\n{REQUEST}",
        code_prefix=prefix_of(code, entry_point, text),
        tests=module,
        reference=code,
        entry_point=entry_point,
    )


def rlvr(reader: RowReader) -> dict[str, Any]:
    """A row of rlvr-code-data-Rust: assertions as a list, as JSON, or as what Python prints of one."""
    return convert_asserts(
        reader, prompt="translated_problem", tests="translated_test_cases", reference="translated_solution"
    )


def rust_17000(reader: RowReader) -> dict[str, Any]:
    """A row of rust-17000."""
    return convert_asserts(
        reader, prompt="rust_prompt", tests="rust_test_list", reference="rust_code", task_id="task_id"
    )
