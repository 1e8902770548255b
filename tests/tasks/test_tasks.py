"""The task sets of recipes/data: every row is judged by the verifier, in one batch for each question."""

import json
import re
from collections import Counter

import pytest
from paths import DATA

from rust_rewards import verify
from rust_rewards.syntax.tree import parse_rust
from rust_rewards.tasks.stream import TaskLine
from rust_rewards.tasks.strength import StrengthOptions, measure_tasks, summarize

COLUMNS = ("task_id", "prompt", "code_prefix", "entry_point", "tests", "reference", "difficulty", "topic")
LEVELS = ("easy", "medium", "hard", "expert")
AT_LEAST = {"train": 180, "eval": 60}

IMPORT = re.compile(r"^use std::collections::(\w+|\{[\w, ]+\});\n", re.MULTILINE)

# Equal to everything: what a candidate might return to pass `assert_eq!` without knowing the answer.
ALWAYS_EQUAL = """#[derive(Debug)]
pub struct Anything;
impl<T> PartialEq<T> for Anything {
    fn eq(&self, _: &T) -> bool {
        true
    }
}
"""


def read(name):
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


SETS = {name: read(name) for name in AT_LEAST}
ROWS = [row for rows in SETS.values() for row in rows]
WRONG = {row["task_id"]: row["answers"] for row in read("wrong_answers")}


def judge(rows, programs, **options):
    """Judge one program per row with the row's tests; a verifier that fails is no verdict on the task."""
    tests = [row["tests"] for row in rows]
    names = [row["entry_point"] for row in rows]
    verdicts = verify(programs, tests, entry_points=names, **options)
    broken = [f"{row['task_id']}: {v.failure}" for row, v in zip(rows, verdicts, strict=True) if v.failure]
    assert not broken, "\n".join(broken)
    return verdicts


def passes(verdict):
    return verdict.tests_total > 0 and verdict.tests_passed == verdict.tests_total


def report(problems):
    """Fail with one line (and the first diagnostic) per task that has a problem."""
    assert not problems, "\n".join(f"{task}: {problem}" for task, problem in problems)


def cases(row):
    """Number of tests of a row, in either form."""
    return len(json.loads(row["tests"])) if row["entry_point"] == "main" else row["tests"].count("#[test]")


def words(text):
    """Prompt text without code, case, punctuation and the closing request."""
    prose = re.sub(r"```.*?```|`[^`]*`", " ", text, flags=re.DOTALL)
    return " ".join(re.findall(r"[a-z0-9]+", prose.lower()))


def skeleton(source):
    """Rust tokens without comments, with the program's own names for functions and variables numbered."""
    names: dict[bytes, str] = {}
    tokens = []
    todo = [parse_rust(source.encode()).root_node]
    while todo:
        node = todo.pop()
        if node.type in ("line_comment", "block_comment"):
            continue
        if node.type == "identifier":
            tokens.append(names.setdefault(node.text, f"name{len(names)}"))
        elif node.child_count == 0:
            tokens.append(node.text.decode())
        todo += reversed(node.children)
    return " ".join(tokens)


def with_full_paths(source):
    """Rust source that names collections by their full paths in place of importing them."""
    names = re.findall(r"\w+", " ".join(IMPORT.findall(source)))
    source = IMPORT.sub("", source)
    for name in names:
        source = re.sub(rf"(?<![\w:]){name}\b", f"std::collections::{name}", source)
    return source


@pytest.mark.parametrize("name", AT_LEAST)
def test_there_are_enough_tasks_spread_evenly_over_levels_and_topics(name):
    rows = SETS[name]
    levels = Counter(row["difficulty"] for row in rows)
    topics = Counter(row["topic"] for row in rows)
    assert len(rows) >= AT_LEAST[name]
    assert set(levels) == set(LEVELS)
    assert min(levels.values()) >= 0.2 * len(rows)
    assert len(topics) >= 10
    assert max(topics.values()) <= 0.1 * len(rows)
    assert len({(row["topic"], row["difficulty"]) for row in rows}) == len(topics) * len(LEVELS)


def test_both_sets_have_the_same_topics():
    train, held_out = ({row["topic"] for row in rows} for rows in SETS.values())
    assert train == held_out


def test_every_row_has_exactly_the_columns_and_their_types():
    for row in ROWS:
        assert tuple(row) == COLUMNS, row["task_id"]
        assert [set(message) for message in row["prompt"]] == [{"role", "content"}], row["task_id"]
        assert row["prompt"][0]["role"] == "user"
        texts = [row["prompt"][0]["content"], *(row[column] for column in COLUMNS if column != "prompt")]
        assert all(isinstance(text, str) and text.strip() for text in texts), row["task_id"]
    assert sorted(WRONG) == sorted(row["task_id"] for row in ROWS)


def test_task_ids_are_unique_and_name_their_set_and_topic():
    for name, rows in SETS.items():
        for row in rows:
            assert re.fullmatch(rf"{name}/{row['topic']}/[a-z][a-z0-9_]*", row["task_id"]), row["task_id"]
    assert len({row["task_id"] for row in ROWS}) == len(ROWS)


def test_prompts_name_what_to_write_and_ask_for_one_code_block():
    for row in ROWS:
        text = row["prompt"][0]["content"]
        assert re.search(rf"\b{row['entry_point']}\b", text), row["task_id"]
        assert "```rust" in text, row["task_id"]
        assert re.search(r"standard library|no external crates", text), row["task_id"]


def test_references_continue_their_code_prefix_which_ends_at_an_open_brace():
    for row in ROWS:
        assert row["reference"].startswith(row["code_prefix"]), row["task_id"]
        assert row["code_prefix"].endswith("{\n"), row["task_id"]
        assert "///" in row["code_prefix"], row["task_id"]


def test_references_do_not_panic_on_purpose():
    for row in ROWS:
        panics = r"\.unwrap\(\)|\.expect\(\"|\b(panic|todo|unimplemented|unreachable)!|\bunsafe\b"
        assert not re.search(panics, row["reference"]), row["task_id"]


def test_every_row_has_three_to_eight_tests():
    assert all(3 <= cases(row) <= (8 if row["entry_point"] == "main" else 6) for row in ROWS)


def test_tests_pin_the_signature_of_every_plain_function():
    functions = [row for row in ROWS if re.search(rf"pub fn {row['entry_point']}(<'[a-z, ']*>)?\(", row["reference"])]
    plain = [row for row in functions if "impl " not in row["code_prefix"].split("pub fn ")[-1]]
    assert len(plain) > 100
    unpinned = [row for row in plain if not re.search(rf"const _: .* = {row['entry_point']};", flat(row["tests"]))]
    report([(row["task_id"], "no `const _: fn(...) = name;`") for row in unpinned])


def flat(source):
    return re.sub(r"\s+", " ", source)


def test_no_evaluation_task_repeats_a_training_one():
    measures = {
        "prompt": lambda row: words(row["prompt"][0]["content"]),
        "entry point": lambda row: row["entry_point"],
        "reference": lambda row: skeleton(row["reference"]),
    }
    for what, measure in measures.items():
        known = {measure(row): row["task_id"] for row in SETS["train"]}
        known.pop("main", None)  # whole programs all start there
        keys = {row["task_id"]: measure(row) for row in SETS["eval"]}
        repeats = [(task, f"same {what} as {known[key]}") for task, key in keys.items() if key in known]
        report(repeats)


def test_a_renamed_copy_of_a_function_counts_as_a_repeat():
    one = "/// Adds.\npub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
    other = "pub fn plus(x: i32, y: i32) -> i32 { x + y } // sum"
    assert skeleton(one) == skeleton(other)
    assert skeleton(one) != skeleton(other.replace("+", "-"))


def test_every_reference_compiles_without_warning_or_lint_and_passes_its_tests():
    problems = []
    verdicts = judge(ROWS, [row["reference"] for row in ROWS], clippy=True)
    for row, verdict in zip(ROWS, verdicts, strict=True):
        found = verdict.errors + verdict.warnings + verdict.lints
        if found:
            problems.append((row["task_id"], found[0].rendered))
        elif not verdict.compiles or verdict.tests_total != cases(row) or not passes(verdict):
            problems.append((row["task_id"], f"{verdict.tests_passed} of {cases(row)} tests pass"))
    report(problems)


def test_the_tests_import_what_they_name_and_do_not_rely_on_the_answers_imports():
    rows = [row for row in ROWS if IMPORT.search(row["reference"])]
    assert len(rows) >= 10
    problems = []
    for row, verdict in zip(rows, judge(rows, [with_full_paths(row["reference"]) for row in rows]), strict=True):
        if not verdict.compiles:
            problems.append((row["task_id"], verdict.errors[0].rendered))
        elif not passes(verdict):
            problems.append((row["task_id"], f"with full paths {verdict.test_statuses}"))
    report(problems)


def test_the_empty_body_never_passes():
    verdicts = judge(ROWS, [row["code_prefix"] + "}\n" for row in ROWS])
    report([(row["task_id"], "the empty body passes") for row, v in zip(ROWS, verdicts, strict=True) if passes(v)])


def test_every_task_has_two_wrong_answers_that_compile_and_fail():
    pairs = [(row, answer) for row in ROWS for answer in WRONG[row["task_id"]]]
    assert all(len({*WRONG[row["task_id"]], row["reference"]}) >= 3 for row in ROWS)
    problems = []
    verdicts = judge([row for row, _ in pairs], [answer for _, answer in pairs])
    for (row, answer), verdict in zip(pairs, verdicts, strict=True):
        number = WRONG[row["task_id"]].index(answer)
        if not verdict.compiles:
            problems.append((row["task_id"], f"wrong answer {number} does not compile: {verdict.errors[0].rendered}"))
        elif passes(verdict):
            problems.append((row["task_id"], f"wrong answer {number} passes all tests"))
    report(problems)


def test_a_return_type_that_equals_everything_never_passes():
    returning = re.compile(r"(pub fn (\w+)(?:<[^>]*>)?\(.*\)) -> [^{]*\{\n\Z", re.DOTALL)
    rows = [row for row in ROWS if (m := returning.search(row["code_prefix"])) and m.group(2) == row["entry_point"]]
    assert len(rows) > 150
    programs = [ALWAYS_EQUAL + returning.sub(r"\1 -> Anything { Anything }", row["code_prefix"]) for row in rows]
    verdicts = judge(rows, programs)
    assert sum(verdict.compiles for verdict in verdicts) > 150  # the trick itself is sound Rust
    report([(row["task_id"], "always-equal passes") for row, v in zip(rows, verdicts, strict=True) if passes(v)])


@pytest.mark.slow
def test_the_tests_catch_nearly_every_mutant_of_the_references():
    lines = [TaskLine(number, row) for number, row in enumerate(ROWS, 1)]
    entries = measure_tasks(lines, StrengthOptions(per_task=4))
    found = summarize(entries)
    assert found["not_measured"] == {}
    assert sum(found["counts"][name] for name in ("caught", "timeout", "missed")) > 800
    weak = [f"{entry['task_id']}: {m['before']} -> {m['after']}" for entry in entries for m in entry["missed"]]
    assert found["kill_rate"] >= 0.95, "\n".join(weak)
