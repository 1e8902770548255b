"""Any other set: the user says which column is which, and what kind of tests it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...suggestions import unknown_name
from .cells import text_list
from .stdin_cases import cases_of, stdin_task
from .task_rows import REQUEST, RowReader, entry_point_of, make_task, prefix_of, tests_from_asserts

KINDS = ("asserts", "rust", "stdin")
PARTS = ("prompt", "tests", "reference", "entry_point", "task_id", "difficulty", "topic", "code_prefix")


@dataclass(frozen=True)
class Mapped:
    """A converter made from a mapping.

    Args:
        columns (`Mapping[str, str]`): The source's column for each of `PARTS`; `prompt` and `tests` are needed.
        kind (`str`): `"asserts"` (a list of assertions), `"rust"` (test code) or `"stdin"` (cases).

    Raises:
        ValueError: When a part or kind is not known, or one is missing.
    """

    columns: Mapping[str, str]
    kind: str

    def __post_init__(self) -> None:
        for part in self.columns:
            if part not in PARTS:
                raise ValueError(unknown_name("part of a task", part, PARTS, ", each as part=column"))
        missing = [part for part in ("prompt", "tests") if part not in self.columns]
        if missing:
            raise ValueError(
                f"--map lacks {' and '.join(missing)}; give for example --map prompt=question tests=asserts."
            )
        if self.kind not in KINDS:
            raise ValueError(unknown_name("kind of tests", self.kind, KINDS))

    def __call__(self, reader: RowReader) -> dict[str, Any]:
        """Return the task of a row."""
        names = self.columns
        rest = {part: reader.optional(names.get(part)) for part in ("task_id", "difficulty", "topic", "code_prefix")}
        prompt = reader.text(names["prompt"])
        reference = reader.code(names["reference"]) if "reference" in names else None
        if self.kind == "stdin":
            cases = cases_of(reader.row.get(names["tests"]), names["tests"])
            return stdin_task(reader, prompt, cases, reference=reference, **rest)
        if self.kind == "asserts":
            tests = tests_from_asserts(
                [reader.plain(text) for text in text_list(reader.row.get(names["tests"]), names["tests"])]
            )
        else:
            tests = reader.code(names["tests"])
        entry_point = reader.optional(names.get("entry_point"))
        if entry_point is None and reference is not None:
            entry_point = entry_point_of(reference, tests)
        if rest["code_prefix"] is None and reference is not None and entry_point is not None:
            rest["code_prefix"] = prefix_of(reference, entry_point, prompt)
        return make_task(
            prompt=f"{prompt.rstrip()}\n\n{REQUEST}", tests=tests, reference=reference, entry_point=entry_point, **rest
        )


def read_mapping(words: list[str]) -> dict[str, str]:
    """Return the mapping of words such as `prompt=question`.

    Raises:
        ValueError: When a word is none.
    """
    pairs = [word.partition("=") for word in words]
    for word, (part, _, column) in zip(words, pairs, strict=True):
        if not part or not column:
            raise ValueError(f"--map takes part=column, such as prompt=question; got {word!r}.")
    return {part: column for part, _, column in pairs}
