"""Audits of task sets: each planted fault is found, and no sound row is accused."""

import base64
import json
import re
from xml.etree import ElementTree

import pytest

from rust_rewards.__main__ import main
from rust_rewards.exit_codes import DONE, UNUSABLE
from rust_rewards.tasks import load_tasks
from rust_rewards.tasks.audit import audit_file, audit_text
from rust_rewards.tasks.audit_runs import RunOptions
from rust_rewards.tasks.audit_texts import EvaluationSet, TextAudit
from rust_rewards.tasks.faults import FAULTS, Fault, grade
from rust_rewards.tasks.likeness import pieces, resemblance, skeleton, sketch
from rust_rewards.tasks.stream import TaskLine, fingerprint
from rust_rewards.tasks.unfinished import Unfinished


def task(name, text, reference, tests, **more):
    return {"task_id": name, "prompt": text, "reference": reference, "tests": tests, "entry_point": name} | more


def sound(number):
    """A task without any fault; no two are alike."""
    name = f"mix{number}"
    reference = f"pub fn {name}(a: i64, b: i64) -> i64 {{\n    a * {number + 2} - b + {number}\n}}\n"
    cases = [(5, 3), (0, 1), (-4, 9)]
    tests = "".join(f"assert_eq!({name}({a}, {b}), {a * (number + 2) - b + number});\n" for a, b in cases)
    text = f"Write `{name}`: multiply a by {number + 2}, subtract b, add {number}. Case {number * 7919} of our set."
    return task(name, text, reference, tests)


# Depends on where the process happens to lie in memory: about one run in two
NOW_AND_THEN = """pub fn now_and_then() -> bool {
    let here = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map(|d| d.subsec_nanos());
    here.map(|n| (n / 1000) % 2 == 0).unwrap_or(false)
}
"""
HELD_OUT = load_tasks("eval")[0]
LEAKED = "    let wide = a.wrapping_mul(13);\n    wide.wrapping_sub(b)\n"
PLANTED = {
    "unreadable": "{broken",
    "no_prompt": sound(1) | {"prompt": " "},
    "no_tests": sound(2) | {"tests": ""},
    "does_not_compile": sound(3) | {"reference": "pub fn mix3(a: i64, b: i64) -> i64 { a + c }"},
    "fails": sound(4) | {"tests": "assert_eq!(mix4(1, 1), 9);\nassert_eq!(mix4(1, 1), 10);"},
    "never_called": sound(5) | {"tests": "assert_eq!(1 + 1, 2);"},
    "no_reference": sound(6) | {"reference": None},
    "passes_without_work": sound(7) | {"tests": "let _: i64 = mix7(5, 3);\nassert!(mix7(1, 1) < 1000);"},
    "weak_tests": task(
        "grades",
        "Grade a score in the usual five steps, from one for less than twenty to five from eighty on.",
        "pub fn grades(n: u32) -> u32 {\n    if n > 79 {\n        5\n    } else if n > 59 {\n        4\n"
        "    } else if n > 39 {\n        3\n    } else if n > 19 {\n        2\n    } else {\n        1\n    }\n}\n",
        "assert_eq!(grades(95), 5);",  # the other steps are not looked at
    ),
    "duplicate_code": sound(20)
    | {
        "task_id": "copy",
        "entry_point": "copied",
        "prompt": "Something else altogether is asked for in this place.",
        "reference": "/// Copied.\npub fn copied(x: i64, y: i64) -> i64 { x * 22 - y + 20 }\n",
        "tests": sound(20)["tests"].replace("mix20", "copied"),
    },
    "duplicate_prompt": sound(8) | {"prompt": sound(21)["prompt"].upper() + "!!"},
    "overlap_prompt": sound(9) | {"prompt": f"Please help. {HELD_OUT['prompt'][0]['content']} Thanks."},
    "overlap_code": sound(10)
    | {
        "reference": HELD_OUT["reference"],
        "tests": HELD_OUT["tests"],
        "entry_point": HELD_OUT["entry_point"],
    },
    "leaks": sound(11)
    | {
        "prompt": f"Write `f11`: it is\n```rust\n{LEAKED}```",
        "entry_point": "f11",
        "reference": f"pub fn f11(a: i64, b: i64) -> i64 {{\n{LEAKED}}}\n",
        "tests": "assert_eq!(f11(5, 3), 62);\nassert_eq!(f11(0, 1), -1);",
    },
    "near_duplicate": sound(12) | {"prompt": " ".join(f"word{n}" for n in range(100)) + " end"},
    "warns": sound(13) | {"reference": sound(13)["reference"].replace("{\n", "{\n    let unused = 1;\n", 1)},
    "flaky": task("now_and_then", "Tell whether the clock is even.", NOW_AND_THEN, "assert!(now_and_then());"),
}
LONG = sound(22) | {"prompt": " ".join(f"word{n}" for n in range(100)) + " stop"}
SOUND = [sound(20), sound(21), LONG, *(sound(number) for number in range(30, 40))]
# What comes along: a reference in the evaluation set was copied whole, tests that call nothing pass without work, ...
BESIDE = {
    "never_called": {"passes_without_work", "weak_tests"},
    "passes_without_work": {"weak_tests"},
    "flaky": {"fails", "passes_without_work", "weak_tests"},
}


def write(path, rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    source = write(folder / "tasks.jsonl", [*SOUND, *PLANTED.values()])
    argv = ["tasks", "audit", source, "--output_dir", str(folder / "out"), "--against", "eval", "--mutants", "20"]
    assert main(argv) == DONE
    return folder / "out"


def found(folder):
    tasks = json.loads((folder / "audit.json").read_text())["tasks"]
    return [{fault["name"] for fault in entry["faults"]} for entry in tasks]


def test_every_planted_fault_is_found_and_no_sound_row_is_accused(audited):
    names = found(audited)
    assert names[: len(SOUND)] == [set()] * len(SOUND)
    for name, having in zip(PLANTED, names[len(SOUND) :], strict=True):
        if name == "flaky" and name not in having:
            continue  # three runs in a row may come out alike; see below
        assert name in having
        assert having - {name} <= BESIDE.get(name, set()), name


def test_what_a_fault_is_about_is_told(audited):
    tasks = json.loads((audited / "audit.json").read_text())["tasks"]
    steady = [entry for entry in tasks if entry["task_id"] not in ("now_and_then", "mix5")]
    details = {fault["name"]: fault["detail"] for entry in steady for fault in entry["faults"]}
    assert details["does_not_compile"] == "cannot find value `c` in this scope"
    assert details["fails"] == "1 of 2 tests: failed"
    assert details["duplicate_code"] == "mix20 (row 1)"
    assert details["duplicate_prompt"] == "mix21 (row 2)"
    assert details["overlap_prompt"] == details["overlap_code"] == HELD_OUT["task_id"]
    assert details["passes_without_work"].startswith("mix7 {")


def test_the_copies_hold_the_rows_that_were_read_and_those_that_are_good(audited):
    annotated, kept = (
        [json.loads(line) for line in (audited / name).open()] for name in ("annotated.jsonl", "kept.jsonl")
    )
    assert len(annotated) == len(SOUND) + len(PLANTED) - 1  # the broken line is in audit.json only
    assert {row["audit_grade"] for row in annotated} == {"good", "weak", "broken"}
    assert annotated[0] == SOUND[0] | {"audit_grade": "good", "audit_faults": [], "kill_rate": 1.0}
    assert kept[: len(SOUND)] == SOUND
    assert [row["task_id"] for row in kept[len(SOUND) :] if row["task_id"] != "now_and_then"] == ["mix12", "mix13"]


def test_the_page_shows_faults_strength_and_diffs_and_fetches_nothing(audited):
    text = (audited / "audit.html").read_text()
    assert "What is broken" in text
    assert "strength: share of mutants caught" in text
    assert "cannot find value `c` in this scope" in text
    assert "+++ mutant" in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert 'name="viewport"' in text
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
    drawn = [ElementTree.fromstring(base64.b64decode(picture)) for picture in pictures]
    assert len(drawn) == 3  # faults, strength, time; no row has a pass rate
    labels = [part.text for part in drawn[0].iter("{http://www.w3.org/2000/svg}text")]
    assert "never called" in labels


def test_a_reference_that_passes_now_and_then_is_flaky(tmp_path):
    row = PLANTED["flaky"]  # the same program would run once for all
    rows = [row | {"task_id": f"t{n}", "reference": f"{NOW_AND_THEN}// {n}\n"} for n in range(12)]
    result = audit_file(write(tmp_path / "t.jsonl", rows), tmp_path / "out", RunOptions(mutants=0))
    assert result["faults"]["flaky"] >= 3  # each differs in three of four audits
    names = [{fault["name"] for fault in entry["faults"]} for entry in result["tasks"]]
    assert not [having for having in names if {"flaky", "fails"} <= having]


def test_the_shipped_tasks_have_no_fault_in_their_text():
    against = EvaluationSet(load_tasks("eval"))
    texts = TextAudit(against)
    accused = {row["task_id"]: texts.faults(TaskLine(n, row)) for n, row in enumerate(load_tasks("train"))}
    assert {name: faults for name, faults in accused.items() if faults} == {}


def test_a_renamed_copy_of_the_evaluation_set_is_named():
    row = load_tasks("eval")[5]
    renamed = row | {"task_id": "mine", "prompt": [{"role": "user", "content": "Quite another text."}]}
    against = EvaluationSet(load_tasks("eval"))
    assert TextAudit(against).faults(TaskLine(1, renamed)) == [Fault("overlap_code", row["task_id"])]


def test_how_all_prompts_of_a_set_ask_is_no_overlap():
    asking = "Answer with the whole program in one Rust code block and use nothing but the standard library please."
    of_set = [{"task_id": f"e{n}", "prompt": f"Compute thing number {n} of the list. {asking}"} for n in range(3)]
    against = EvaluationSet(of_set)
    assert against.faults(f"Do something that no other task asks for. {asking}", None) == []
    assert against.faults(f"Compute thing number 1 of the list. {asking}", None) == [Fault("overlap_prompt", "e1")]


@pytest.mark.parametrize(
    ("tests", "reference", "called"),
    [
        ("assert_eq!(double(1), 2);", "pub fn double(x: u8) -> u8 { x * 2 }", True),
        ("assert_eq!(twice(1), 2);", "pub fn twice(x: u8) -> u8 { double(x) } fn double(x: u8) -> u8 { x * 2 }", True),
        ("assert_eq!(other(1), 2);", "pub fn other(x: u8) -> u8 { x } pub fn double(x: u8) -> u8 { x * 2 }", False),
        ("// double\nassert_eq!(1, 1);", "pub fn double(x: u8) -> u8 { x * 2 }", False),
        ("Dot.show();", "pub struct Dot;\nimpl Dot {\n    pub fn show(&self) { double() }\n}\nfn double() {}", True),
    ],
)
def test_tests_call_the_entry_point_by_name_or_by_what_uses_it(tests, reference, called):
    row = task("double", "Double a number.", reference, tests)
    assert (Fault("never_called", "double") in TextAudit().faults(TaskLine(1, row))) == (not called)


def test_grades_are_those_of_the_worst_fault():
    assert {grade([Fault(name)]) for name in FAULTS} == {"good", "weak", "broken"}
    assert grade([Fault("near_duplicate"), Fault("weak_tests"), Fault("fails")]) == "broken"


def test_skeletons_see_through_names_and_no_further():
    one = "fn f(a: &[i32]) -> i32 { let mut s = 0; for x in a { s += x; } s }"
    renamed = "// sum\nfn total(v: &[i32]) -> i32 {\n let mut sum = 0; for i in v { sum += i; } sum }"
    assert skeleton(one) == skeleton(renamed)
    for old, new in (("+=", "-="), ("0", "1"), ("i32", "i64"), ("s += x", "s += a")):
        assert skeleton(one) != skeleton(one.replace(old, new))


def test_resemblance_estimates_what_prompts_have_in_common():
    text = [f"w{n}" for n in range(400)]
    other = [*text[:200], *(f"v{n}" for n in range(200))]
    first, second = (sketch(pieces(" ".join(words))) for words in (text, other))
    assert resemblance(first, first) == 1.0
    assert 0.1 < resemblance(first, second) < 0.6  # a third of all pieces: 193 of 593


def test_an_interrupted_audit_goes_on_and_knows_what_came_before(tmp_path):
    rows = [sound(1), sound(2), sound(1) | {"task_id": "again"}]
    source = write(tmp_path / "t.jsonl", rows)
    options = RunOptions(mutants=0)
    whole = audit_file(source, tmp_path / "whole", options)
    settings = {"source": fingerprint(source), "against": None, "mutants": 0, "at_least": 0.5, "seed": 0}
    done = Unfinished(tmp_path / "out" / "audit.json", settings)
    done_before = zip(rows[:2], whole["tasks"], strict=False)
    done.append([{"task": row, "audit": entry} for row, entry in done_before], taken=2, state={})
    result = audit_file(source, tmp_path / "out", options)
    assert [entry["grade"] for entry in result["tasks"]] == ["good", "good", "weak"]
    assert [fault["name"] for fault in result["tasks"][2]["faults"]] == ["duplicate_prompt", "duplicate_code"]
    assert "1 good" not in audit_text(result)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["annotated.jsonl", "audit.json", "kept.jsonl"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["no.jsonl"], "does not exist"),
        (["t.jsonl", "--mutants", "-1"], "mutants is -1"),
        (["t.jsonl", "--at_least", "2"], "at_least is 2.0"),
        (["t.jsonl", "--against", "none.jsonl"], "does not exist"),
        (["out/kept.jsonl", "--output_dir", "out"], "is also an input"),
    ],
)
def test_what_cannot_be_audited_is_one_line(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    for name in ("t.jsonl", "out/kept.jsonl"):
        write(tmp_path / name, [sound(1)])
    assert main(["tasks", "audit", *argv]) == UNUSABLE
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
