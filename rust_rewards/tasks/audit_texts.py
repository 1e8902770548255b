"""Finds the faults of tasks that show without running anything: copies, overlap with an evaluation set, leaks, tests
that never name the entry point. Rows come one after the other; of those before, only hashes are kept."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..ast_metrics import live_items
from ..completions import defined_names
from ..syntax.lexer import blank
from ..verifier.hidden_tests import HiddenTestsError, read_hidden_tests
from .faults import Fault
from .likeness import pieces, resemblance, skeleton, sketch, stable_hash, words
from .stream import TaskLine

NEARLY = 0.8  # resemblance of prompts from which on they are nearly the same
INDEXED = 4  # hashes of a sketch under which it is looked up
OVERLAP_PIECE = 10  # words
OVERLAP_SHARE = 0.5  # of an evaluation prompt's own pieces
OVERLAP_PIECES = 5
LEAKED_CHARS = 25  # of a reference's lines; less may be an example
_NOT_TELLING = re.compile(r"^(?:use |pub |fn |#|//|[{}()\];,]*$)")


def prompt_text(task: Mapping[str, Any]) -> str:
    """Return the prompt of a task as text."""
    prompt = task.get("prompt")
    if isinstance(prompt, list):
        return "\n\n".join(str(message.get("content") or "") for message in prompt)
    return str(prompt or "")


class EvaluationSet:
    """What an evaluation set says, to find it in other sets.

    Args:
        tasks (`Iterable[Mapping]`): Its tasks.
    """

    def __init__(self, tasks: Iterable[Mapping[str, Any]]) -> None:
        self.prompts: dict[int, str] = {}
        self.codes: dict[int, str] = {}
        found: dict[str, set[int]] = {}
        for task in tasks:
            name, text = task["task_id"], prompt_text(task)
            self.prompts[stable_hash(" ".join(words(text)))] = name
            found[name] = pieces(text, OVERLAP_PIECE)
            if task.get("reference"):
                self.codes[stable_hash(skeleton(task["reference"]))] = name
        counts = Counter(piece for some in found.values() for piece in some)
        self.own: dict[int, str] = {}  # what only one task says; the rest is how all of them ask
        for name, some in found.items():
            self.own |= {piece: name for piece in some if counts[piece] == 1}
        self.sizes = Counter(self.own.values())

    def faults(self, text: str, code: int | None) -> list[Fault]:
        """Return which task of the evaluation set a prompt or a program is."""
        found = []
        name = self.prompts.get(stable_hash(" ".join(words(text)))) or self._said(text)
        if name:
            found.append(Fault("overlap_prompt", name))
        if code is not None and code in self.codes:
            found.append(Fault("overlap_code", self.codes[code]))
        return found

    def _said(self, text: str) -> str | None:
        said = Counter(self.own[piece] for piece in pieces(text, OVERLAP_PIECE) if piece in self.own)
        for name, number in said.most_common(1):
            if number >= OVERLAP_PIECES and number >= OVERLAP_SHARE * self.sizes[name]:
                return name
        return None


class TextAudit:
    """Looks at tasks one after the other.

    Args:
        against (`EvaluationSet`, *optional*): The set that no task may be of.
    """

    def __init__(self, against: EvaluationSet | None = None) -> None:
        self.against = against
        self.prompts: dict[int, str] = {}
        self.codes: dict[int, str] = {}
        self.sketches: dict[int, list[tuple[tuple[int, ...], str]]] = defaultdict(list)

    def faults(self, line: TaskLine) -> list[Fault]:
        """Return the faults of the next task."""
        task = line.task
        if task is None:
            return [Fault("unreadable", line.problem or "")]
        text, reference = prompt_text(task), task.get("reference") or ""
        found = _own_faults(task, text, reference)
        code = stable_hash(skeleton(reference)) if reference.strip() else None
        name = f"{task['task_id']} (row {line.number})"
        if text.strip():
            found += self._prompt_faults(text, name)
        if code is not None:
            first = self.codes.setdefault(code, name)
            found += [Fault("duplicate_code", first)] if first != name else []
        return found + (self.against.faults(text, code) if self.against else [])

    def _prompt_faults(self, text: str, name: str) -> list[Fault]:
        first = self.prompts.setdefault(stable_hash(" ".join(words(text))), name)
        if first != name:
            return [Fault("duplicate_prompt", first)]
        own = sketch(pieces(text))
        for value in own[:INDEXED]:
            for other, other_name in self.sketches[value]:
                if resemblance(own, other) >= NEARLY:
                    return [Fault("near_duplicate", other_name)]
        for value in own[:INDEXED]:
            self.sketches[value].append((own, name))
        return []


def _own_faults(task: Mapping[str, Any], text: str, reference: str) -> list[Fault]:
    found = []
    if not text.strip():
        found.append(Fault("no_prompt"))
    tests = task.get("tests") or ""
    try:
        runs_main = read_hidden_tests(tests).runs_main if tests.strip() else True
    except HiddenTestsError as err:
        return [*found, Fault("no_tests", str(err)[:200])]
    if not tests.strip():
        found.append(Fault("no_tests"))
    entry_point = task.get("entry_point")
    if entry_point and not runs_main and not _reaches(tests, entry_point, reference):
        found.append(Fault("never_called", entry_point))
    if _leaks(text, reference):
        found.append(Fault("leaks"))
    return found


def _reaches(tests: str, entry_point: str, reference: str) -> bool:
    """Whether tests name the entry point, or something of the reference that uses it."""
    last = re.split(r"::|\.", entry_point)[-1]
    named = set(re.findall(r"\w+", blank(tests).code))
    if last in named:
        return True
    source = reference.encode("utf-8", "replace")
    users = named & defined_names(reference)
    return any(last.encode() in {item.name for item in live_items(source, name)} for name in users)


def _leaks(prompt: str, reference: str) -> bool:
    """Whether a prompt holds every line of the reference that says something."""
    lines = [" ".join(line.split()) for line in reference.splitlines()]
    telling = [line for line in lines if not _NOT_TELLING.match(line)]
    if sum(map(len, telling)) < LEAKED_CHARS:
        return False
    held = {" ".join(line.split()) for line in prompt.splitlines()}
    return all(line in held for line in telling)
