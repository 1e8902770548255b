"""RustEvo2: tasks around changes of the standard library's API, and of crates, which are left out."""

import re
from typing import Any

from .task_rows import REQUEST, LeftOut, RowReader, entry_point_of, make_task, prefix_of

_TEST = re.compile(r"#\[\s*test\s*\]")


def rustevo(reader: RowReader) -> dict[str, Any]:
    """A row of RustEvo2. Its test program may hold the reference once more; that copy goes."""
    code, tests = reader.code("code"), reader.code("test_program")
    crate = reader.optional("crate")
    if crate and crate not in ("std", "core", "alloc", "rust"):
        raise LeftOut("the reference needs crates", crate)
    if code.strip() in tests:
        tests = tests.replace(code.strip(), "")
    if not _TEST.search(tests) and "fn main" not in tests:
        raise LeftOut("the test program holds no test")
    signature = reader.text("function_signature").strip().rstrip("{").strip()
    query = reader.text("query").strip()
    entry_point = entry_point_of(code, f"{tests}\n{signature.removeprefix('pub ')}")
    return make_task(
        task_id=reader.optional("task_idx"),
        code_prefix=prefix_of(code, entry_point, query),
        prompt=f"{query}\n\nThe signature is:\n\n```rust\n{signature}\n```\n\n{REQUEST}",
        tests=tests.strip() + "\n",
        reference=code,
        entry_point=entry_point,
        topic=reader.optional("change_type"),
    )
