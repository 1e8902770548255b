"""Strandset: rows of many kinds, of which those become tasks that bring code and tests."""

import re
from collections.abc import Mapping
from typing import Any

from .cells import mapping, structure
from .task_rows import REQUEST, LeftOut, RowReader, entry_point_of, make_task, tests_from_asserts

CATEGORIES = ("code_generation", "test_generation", "bug_detection")
_CODE = ("code", "fixed_code", "completed_code", "code_to_test", "function_code")
_DOC = re.compile(r"^\s*///? ?(.*)$", re.MULTILINE)


def strandset(reader: RowReader) -> dict[str, Any]:
    """A row of Strandset. The code that surrounds it goes into the prompt and before the reference."""
    category = reader.text("task_category").strip()
    if category not in CATEGORIES:
        raise LeftOut("another category", category)
    given = mapping(reader.row.get("input_data"), "input_data")
    answer = mapping(reader.row.get("output_data"), "output_data")
    code = _code(reader, answer, "output_data") if category != "test_generation" else _code(reader, given, "input_data")
    context = reader.unfenced(reader.plain(str(given.get("code_context") or "")))
    reference = f"{context.rstrip()}\n\n{code}" if context.strip() and context.strip() not in code else code
    tests = _tests(reader, answer)
    return make_task(
        task_id=None,
        prompt=_prompt(given, category, code, context),
        tests=tests,
        reference=reference,
        entry_point=entry_point_of(code, tests),
        topic=category,
    )


def _code(reader: RowReader, part: Mapping[str, Any], column: str) -> str:
    found = next((part[name] for name in _CODE if isinstance(part.get(name), str) and part[name].strip()), None)
    if found is None:
        raise LeftOut(f"{column} holds no code")
    return reader.unfenced(reader.plain(found))


def _tests(reader: RowReader, answer: Mapping[str, Any]) -> str:
    own = reader.optional("test")
    if own:
        return reader.unfenced(own)
    cases = answer.get("test_cases") or answer.get("tests")
    if not cases:
        raise LeftOut("nothing in test")
    texts = structure(cases, "test_cases") if not isinstance(cases, str) or cases.startswith("[") else [cases]
    return tests_from_asserts([reader.unfenced(reader.plain(str(text))) for text in texts])


def _prompt(given: Mapping[str, Any], category: str, code: str, context: str) -> str:
    parts = [str(given[name]).strip() for name in ("title", "description") if given.get(name)]
    if category == "bug_detection" and given.get("buggy_code"):
        parts.append(
            f"This program is wrong. Give the corrected one.\n\n```rust\n{str(given['buggy_code']).strip()}\n```"
        )
    signature = given.get("function_signature")
    if category == "test_generation" and not parts:
        parts = [" ".join(_DOC.findall(code)).strip()]
        signature = signature or next((line for line in code.splitlines() if re.search(r"\bfn \w", line)), None)
    if signature:
        parts.append(f"The signature is:\n\n```rust\n{str(signature).strip().rstrip('{').strip()}\n```")
    if context.strip():
        parts.append(
            f"It is used together with this code, which belongs into the answer:\n\n```rust\n{context.strip()}\n```"
        )
    if not any(part.strip() for part in parts):
        raise LeftOut("nothing says what to write")
    return "\n\n".join([*(part for part in parts if part), REQUEST])
