"""Strength of hidden tests: outcomes of mutants, kill rates worked out by hand, and commands that go on."""

import json

import pytest

from rust_rewards.__main__ import main
from rust_rewards.exit_codes import DONE, FAILED, UNUSABLE
from rust_rewards.tasks.equivalence import are_equivalent
from rust_rewards.tasks.mutants import mutants_of
from rust_rewards.tasks.stream import TaskLine, fingerprint
from rust_rewards.tasks.strength import StrengthOptions, measure_tasks, outcome_of, summarize
from rust_rewards.tasks.unfinished import Unfinished
from rust_rewards.verifier import Verdict

LARGER = "pub fn larger(a: i32, b: i32) -> i32 {\n    if a > b { a } else { b }\n}\n"
WEAK = {"task_id": "larger", "entry_point": "larger", "reference": LARGER, "tests": "assert_eq!(larger(1, 2), 2);"}
EVERY = StrengthOptions(per_task=None)


def measure(*tasks, options=EVERY):
    return measure_tasks([TaskLine(number, task) for number, task in enumerate(tasks, 1)], options)


def test_a_weak_test_misses_what_it_does_not_look_at():
    [weak] = measure(WEAK)
    # bodies 0, 1, -1 and `a` fail, `b` passes; `<`, the negated and the constant true condition fail, false passes
    assert weak["counts"] == {"caught": 7, "missed": 2}
    assert weak["kill_rate"] == 7 / 9
    assert [(mutant["kind"], mutant["after"]) for mutant in weak["missed"]] == [("body", "{ b }"), ("branch", "false")]
    assert "-    if a > b { a } else { b }\n+    if false { a } else { b }" in weak["missed"][1]["diff"]
    assert weak["by_kind"]["branch"] == {"caught": 1, "missed": 1}


def test_a_second_case_catches_all():
    [strong] = measure(WEAK | {"tests": "assert_eq!(larger(1, 2), 2);\nassert_eq!(larger(5, 3), 5);"})
    assert strong["kill_rate"] == 1.0
    assert strong["missed"] == []


def test_standard_input_is_measured_too():
    program = (
        "use std::io::Read;\nfn main() {\n    let mut s = String::new();\n"
        '    std::io::stdin().read_to_string(&mut s).ok();\n    println!("{}", s.trim().len() + 1);\n}\n'
    )
    cases = json.dumps([{"input": "abc\n", "output": "4\n"}])
    [entry] = measure({"task_id": "length", "entry_point": "main", "reference": program, "tests": cases})
    # caught: the empty body, no reading, no printing, another format, `-`, 2, 0
    assert entry["counts"] == {"caught": 7}


def test_a_mutant_that_never_ends_is_a_timeout_and_counts_as_killed():
    loop = "pub fn up(n: u32) -> u32 {\n    let mut i = 0;\n    while i < n {\n        i += 1;\n    }\n    i\n}\n"
    [entry] = measure({"task_id": "up", "entry_point": "up", "reference": loop, "tests": "assert_eq!(up(3), 3);"})
    assert entry["counts"]["timeout"] >= 1
    killed = entry["counts"]["caught"] + entry["counts"]["timeout"]
    assert entry["kill_rate"] == killed / (killed + entry["counts"].get("missed", 0))


def test_what_does_not_compile_is_unviable_and_counts_nowhere():
    text = "pub fn name(n: u8, s: &str) -> String {\n    show(s, n)\n}\nfn show(s: &str, n: u8) -> String {\n"
    text += '    format!("{s}{n}")\n}\n'
    [entry] = measure(
        {"task_id": "n", "entry_point": "name", "reference": text, "tests": 'assert_eq!(name(1, "a"), "a1");'}
    )
    assert entry["counts"]["unviable"] == 1  # the arguments of `show` are of different types
    assert entry["by_kind"]["arguments"] == {"unviable": 1}
    assert entry["kill_rate"] == 1.0


def test_a_denied_lint_makes_no_mutant_unviable():
    [entry] = measure(WEAK | {"reference": f"#![deny(warnings)]\n{LARGER}"})
    assert entry["counts"] == {"caught": 7, "missed": 2}


PROBLEMS = {
    "there is no reference": {"reference": None},
    "there are no tests": {"tests": ""},
    "the reference does not compile: cannot find value `c` in this scope": {
        "reference": "pub fn larger(a: i32, b: i32) -> i32 { c }"
    },
    "the reference fails its tests: 0 of 1 pass": {"tests": "assert_eq!(larger(1, 2), 1);"},
}


def test_rows_that_cannot_be_measured_say_why_and_stop_no_other():
    entries = measure(*(WEAK | change for change in PROBLEMS.values()), WEAK)
    assert [entry["problem"] for entry in entries] == [*PROBLEMS, None]
    assert [entry["kill_rate"] for entry in entries] == [None] * 4 + [7 / 9]
    total = summarize(entries)
    assert total["kill_rate"] == 7 / 9
    assert total["not_measured"] == {problem.partition(":")[0]: 1 for problem in PROBLEMS}


def test_outcomes_by_verdict():
    passed, failed = ("passed", "passed"), ("passed", "failed")
    assert outcome_of(Verdict(compiles=True, tests_passed=2, tests_total=2, test_statuses=passed)) == "missed"
    assert outcome_of(Verdict(compiles=True, tests_passed=1, tests_total=2, test_statuses=failed)) == "caught"
    late = Verdict(compiles=True, tests_total=2, test_statuses=("failed", "timed out"), timed_out=True)
    assert outcome_of(late) == "caught"
    assert outcome_of(Verdict(compiles=True, test_statuses=("timed out",), timed_out=True)) == "timeout"
    assert outcome_of(Verdict()) == outcome_of(Verdict(compiles=True, test_statuses=("not built",))) == "unviable"
    assert outcome_of(None) == outcome_of(Verdict(failure="no sandbox")) == "unverified"


CLAMP = "pub fn clamp(v: i32) -> u8 {\n    if v < 0 { 0 } else if v > 100 { 100 } else { v as u8 }\n}\n"


def test_what_the_optimiser_makes_the_same_code_of_is_equivalent():
    made = {(m.before, m.after): m for m in mutants_of(CLAMP)}
    asked = [("v > 100", "v >= 100"), ("v > 100", "v < 100"), ("v < 0", "false")]
    assert are_equivalent([made[change] for change in asked]) == [True, False, False]


@pytest.mark.parametrize(
    "source",
    [
        "pub fn f<T: PartialOrd>(a: T, b: T) -> bool {\n    a < b\n}\n",  # generic: no code of it alone
        "pub fn f(a: impl Into<i32>) -> bool {\n    a.into() < 3\n}\n",
        "pub fn f(a: u8) -> u8 {\n    a + 1\n}\n",  # overflow panics, and so does the mutant's, elsewhere
        "pub fn f(n: i32) -> impl Iterator<Item = i32> {\n    (0..n).map(|x| x + 1)\n}\n",
        "pub fn f(n: i32) -> impl Fn(i32) -> i32 {\n    move |x| x + n\n}\n",
        "pub async fn f(n: i32) -> bool {\n    n < 3\n}\n",
        "pub struct P<T>(T);\nimpl<T> P<T> {\n    pub fn f(&self, n: u8) -> bool {\n        n < 3\n    }\n}\n",
        "const N: i32 = 1;\npub fn f() -> i32 {\n    N\n}\n",
    ],
)
def test_what_differs_or_cannot_be_told_is_not_equivalent(source):
    made = [mutant for mutant in mutants_of(source) if mutant.kind in ("comparison", "operator", "constant")]
    assert made
    assert are_equivalent(made) == [False] * len(made)


def test_equivalent_mutants_are_kept_apart():
    tests = "assert_eq!(clamp(-1), 0);\n" + "".join(f"assert_eq!(clamp({v}), {v});\n" for v in (0, 1, 2, 99, 100))
    [entry] = measure(
        {"task_id": "c", "entry_point": "clamp", "reference": CLAMP, "tests": tests + "assert_eq!(clamp(356), 100);"}
    )
    assert entry["counts"]["equivalent"] >= 1
    assert ("v > 100", "v >= 100") not in [(m["before"], m["after"]) for m in entry["missed"]]


def write_tasks(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def test_the_command_writes_the_result_and_shows_what_was_missed(tmp_path, capsys):
    source = write_tasks(tmp_path / "t.jsonl", WEAK, "{broken", WEAK | {"task_id": "bare", "reference": None})
    out = tmp_path / "new" / "s.json"
    assert main(["tasks", "strength", source, "--out", str(out), "--per_task", "0"]) == DONE
    printed = capsys.readouterr().out
    assert "3 tasks, 1 with a kill rate" in printed
    assert "kill rate 77.8%: 7 caught, 2 missed" in printed
    assert "+    if false { a } else { b }" in printed
    result = json.loads(out.read_text())
    assert result["counts"] == {"caught": 7, "timeout": 0, "missed": 2, "equivalent": 0, "unviable": 0, "unverified": 0}
    assert result["not_measured"] == {"the row cannot be read": 1, "there is no reference": 1}
    assert [task["line"] for task in result["tasks"]] == [1, 2, 3]
    assert [path.name for path in out.parent.iterdir()] == ["s.json"]


def test_the_command_can_demand_a_kill_rate(tmp_path):
    source, out = write_tasks(tmp_path / "t.jsonl", WEAK), str(tmp_path / "s.json")
    argv = ["tasks", "strength", source, "--out", out, "--per_task", "0", "--show", "0"]
    assert main([*argv, "--at_least", "0.7"]) == DONE
    assert main([*argv, "--at_least", "0.8"]) == FAILED


def test_an_interrupted_command_goes_on_where_it_stopped(tmp_path):
    source, out = write_tasks(tmp_path / "t.jsonl", WEAK, WEAK | {"task_id": "second"}), tmp_path / "s.json"
    settings = {"source": fingerprint(source), "per_task": 30, "seed": 0}
    [first] = measure(WEAK | {"task_id": "done before"})
    Unfinished(out, settings).append([first], taken=1, state={})
    assert main(["tasks", "strength", source, "--out", str(out)]) == DONE
    assert [task["task_id"] for task in json.loads(out.read_text())["tasks"]] == ["done before", "second"]


def test_what_was_begun_with_other_options_is_not_gone_on_with(tmp_path, capsys):
    source, out = write_tasks(tmp_path / "t.jsonl", WEAK), tmp_path / "s.json"
    Unfinished(out, {"source": fingerprint(source), "per_task": 30, "seed": 1}).append([], taken=1, state={})
    assert main(["tasks", "strength", source, "--out", str(out)]) == UNUSABLE
    assert "was begun with other input or options" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["no.jsonl"], "does not exist"),
        (["train", "--per_task", "-1"], "per_task is -1"),
        (["t.jsonl", "--out", "t.jsonl"], "is also an input"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    write_tasks(tmp_path / "t.jsonl", WEAK)
    assert main(["tasks", "strength", *argv]) == UNUSABLE
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
