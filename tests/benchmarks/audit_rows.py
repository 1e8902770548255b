"""Audits synthetic rows with planted faults: what is found, who is accused wrongly, time, and peak memory.

    python tests/benchmarks/audit_rows.py --rows 20000

Every twentieth row has one fault, in turn; the others are sound. A `rustc --test` for each row is timed beside it.
"""

import argparse
import json
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rust_rewards.tasks.audit import audit_file
from rust_rewards.tasks.audit_runs import RunOptions

EVERY = 20
ALONE = 20  # rows that are timed with a compiler each


def sound(number: int) -> dict:
    """Return a task without any fault; no two are alike."""
    name = f"mix{number}"
    body = (
        f"    let wide = a.wrapping_mul({number + 2});\n    if b > {number} {{ wide - b }} else {{ wide + {number} }}\n"
    )
    value = lambda a, b: a * (number + 2) - b if b > number else a * (number + 2) + number  # noqa: E731
    cases = [(5, 3), (0, number), (-4, number + 1), (7, number + 9)]
    return {
        "task_id": name,
        "prompt": f"Task {number * 7919} of our set, {name}: multiply by {number + 2}, compare with {number}.",
        "entry_point": name,
        "reference": f"pub fn {name}(a: i64, b: i64) -> i64 {{\n{body}}}\n",
        "tests": "".join(f"assert_eq!({name}({a}, {b}), {value(a, b)});\n" for a, b in cases),
    }


def planted(number: int, kind: str) -> dict | str:
    """Return a task with one fault."""
    task, before = sound(number), sound(number - 1)
    name = task["task_id"]
    return {
        "unreadable": "{broken",
        "no_prompt": task | {"prompt": ""},
        "no_tests": task | {"tests": "assert!("},
        "does_not_compile": task | {"reference": task["reference"].replace("wide -", "narrow -")},
        "fails": task | {"tests": task["tests"] + f"assert_eq!({name}(0, 0), -1);\n"},
        "never_called": task | {"tests": "assert_eq!(1 + 1, 2);"},
        "no_reference": task | {"reference": None},
        "passes_without_work": task | {"tests": f"let _: i64 = {name}(5, 3);\nassert!({name}(1, 1) < i64::MAX);"},
        "duplicate_code": task | {key: before[key] for key in ("reference", "tests", "entry_point")},
        "duplicate_prompt": task | {"prompt": before["prompt"].upper()},
        "leaks": task | {"prompt": f"Write {name}:\n{task['reference']}"},
        "warns": task | {"reference": task["reference"].replace("{\n", "{\n    let unused = 1;\n", 1)},
    }[kind]


KINDS = (
    *("unreadable", "no_prompt", "no_tests", "does_not_compile", "fails", "never_called", "no_reference"),
    *("passes_without_work", "duplicate_code", "duplicate_prompt", "leaks", "warns"),
)
BESIDE = {"never_called": {"passes_without_work", "weak_tests"}, "passes_without_work": {"weak_tests"}}


def rows(number: int) -> Iterator[tuple[str | None, dict | str]]:
    """Yield the fault of each row, `None` for a sound one, and the row."""
    for place in range(1, number + 1):
        kind = KINDS[place // EVERY % len(KINDS)] if place % EVERY == 0 else None
        yield kind, sound(place) if kind is None else planted(place, kind)


def main() -> None:
    """Audit, compare with what was planted, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--mutants", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = []
        with (folder / "tasks.jsonl").open("w") as file:
            for kind, row in rows(args.rows):
                kinds.append(kind)
                file.write((row if isinstance(row, str) else json.dumps(row)) + "\n")
        started = time.monotonic()
        result = audit_file(str(folder / "tasks.jsonl"), folder / "out", RunOptions(mutants=args.mutants))
        seconds = time.monotonic() - started
    missed, accused = Counter(), Counter()
    for kind, task in zip(kinds, result["tasks"], strict=True):
        having = {fault["name"] for fault in task["faults"]}
        if kind is not None and kind not in having:
            missed[kind] += 1
        for extra in having - {kind} - BESIDE.get(kind, set()):
            accused[extra] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alone = one_compiler_each()
    number = sum(kind is not None for kind in kinds)
    print(f"{args.rows} rows, {number} planted; missed {dict(missed)}, accused {dict(accused)}")
    print(f"{seconds:.0f} s, {1000 * seconds / args.rows:.0f} ms per row; peak memory {peak:.0f} MiB")
    print(f"one rustc --test and run of the reference alone: {1000 * alone:.0f} ms per row")


def one_compiler_each() -> float:
    """Return the seconds that a row takes when its reference is compiled and run with a compiler of its own."""
    with tempfile.TemporaryDirectory() as name:
        started = time.monotonic()
        for number in range(ALONE):
            task = sound(number)
            text = f"{task['reference']}\n#[test]\nfn test() {{\n{task['tests']}}}\n"
            command = ["rustc", "--test", "--edition=2021", "-o", f"{name}/t", "-"]
            subprocess.run(command, input=text, text=True, check=True, capture_output=True)
            subprocess.run([f"{name}/t"], check=True, capture_output=True)
        return (time.monotonic() - started) / ALONE


if __name__ == "__main__":
    main()
