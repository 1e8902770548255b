"""The command `tasks convert`: whole or not at all, with counts of what was taken, repaired and left out."""

import json

import pytest
from sample_rows import write

from rust_rewards.__main__ import main
from rust_rewards.exit_codes import DONE, UNUSABLE
from rust_rewards.tasks import load_task_set
from rust_rewards.tasks.convert import ConvertOptions, convert_source
from rust_rewards.tasks.convert.conversion import CHUNK_ROWS, Conversion
from rust_rewards.tasks.convert.mapped import Mapped

DOUBLE = "pub fn double(x: i32) -> i32 {\n    x * 2\n}\n"


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def row(number, **changes):
    columns = {
        "rust_prompt": f"Double, {number}.",
        "rust_code": DOUBLE,
        "rust_test_list": [f"assert_eq!(double({number}), {2 * number});"],
    }
    return columns | changes


def test_rows_are_converted_counted_and_told(tmp_path, capsys):
    bad = [row(1, rust_code=""), "{broken", row(2, rust_test_list="['assert double(2) == 4']"), row(3, rust_code=None)]
    source = write(tmp_path / "rows.jsonl", [row(0), *bad, row(4, rust_code=f"```rust\n{DOUBLE}```", license="MIT")])
    out, report = tmp_path / "tasks.jsonl", tmp_path / "report.json"
    assert main(["tasks", "convert", str(source), "--to", str(out), "--report", str(report)]) == DONE
    tasks = read(out)
    assert [task["task_id"] for task in tasks] == ["rows/1", "rows/6"]
    assert [task["licence"] for task in tasks] == ["not stated", "MIT"]
    assert [task["origin"] for task in tasks] == ["rows.jsonl, row 1", "rows.jsonl, row 6"]
    assert tasks[1]["reference"] == DOUBLE
    counts = json.loads(report.read_text())
    assert (counts["rows"], counts["taken"], counts["repaired"]) == (6, 2, {"fences removed": 1})
    assert {reason: (found["rows"], found["first"]) for reason, found in counts["left_out"].items()} == {
        "nothing in rust_code": (2, ["2", "5"]),
        "not JSON": (1, ["3"]),
        "the tests are Python": (1, ["4"]),
    }
    printed = capsys.readouterr().out
    assert "2 of 6 rows became tasks" in printed
    assert "2 left out: nothing in rust_code; rows 2, 5" in printed
    assert "1 left out: the tests are Python (assert double(2) == 4); rows 4" in printed
    assert len(load_task_set(str(out))) == 2


def test_other_formats_are_mapped(tmp_path):
    source = tmp_path / "mine.csv"
    cells = '"Double it.","[""assert_eq!(double(1), 2);""]","fn double(x: i32) -> i32 { x * 2 }",easy'
    source.write_text(f"question,checks,answer,level\n{cells}\n")
    out = tmp_path / "tasks.jsonl"
    words = ["prompt=question", "tests=checks", "reference=answer", "difficulty=level"]
    argv = [
        "tasks",
        "convert",
        str(source),
        "--to",
        str(out),
        "--kind",
        "asserts",
        "--licence",
        "mine",
        "--map",
        *words,
    ]
    assert main(argv) == DONE
    [task] = read(out)
    assert (task["entry_point"], task["difficulty"], task["licence"]) == ("double", "easy", "mine")
    assert task["tests"].count("#[test]") == 1


@pytest.mark.parametrize(
    ("kind", "tests", "expected"),
    [
        ("rust", "assert_eq!(double(1), 2);", "assert_eq!(double(1), 2);"),
        ("stdin", '[{"input": "1", "output": "2"}]', '[{"input": "1", "output": "2"}]'),
        ("stdin", {"inputs": ["1"], "outputs": ["2"]}, '[{"input": "1", "output": "2"}]'),
    ],
)
def test_tests_of_a_mapping_are_of_three_kinds(tmp_path, kind, tests, expected):
    source = write(tmp_path / "a.jsonl", [{"q": "Double.", "t": tests}])
    convert_source(
        str(source), tmp_path / "o.jsonl", ConvertOptions(mapped=Mapped({"prompt": "q", "tests": "t"}, kind))
    )
    [task] = read(tmp_path / "o.jsonl")
    assert (task["tests"], task["reference"]) == (expected, None)


def test_ids_are_made_unique(tmp_path):
    rows = [row(n, task_id=name) for n, name in enumerate(["a", "a", "b", 7, 7])]
    convert_source(str(write(tmp_path / "a.jsonl", rows)), tmp_path / "o.jsonl")
    assert [task["task_id"] for task in read(tmp_path / "o.jsonl")] == ["a", "a#2", "b", "7", "7#5"]


def test_an_interrupted_conversion_goes_on_behind_what_is_done(tmp_path):
    rows = [row(n, task_id=f"t{n % 500}") for n in range(CHUNK_ROWS + 300)]
    whole, out = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    source = write(tmp_path / "a.jsonl", rows)
    counts = convert_source(str(source), whole)
    # the same as far as a command that ended behind its first chunk gets
    source.write_text("".join(json.dumps(r) + "\n" for r in rows))
    first = "".join(whole.read_text().splitlines(keepends=True)[:CHUNK_ROWS])
    begun = Conversion(rows=CHUNK_ROWS, taken=CHUNK_ROWS)
    settings = {
        **vars(ConvertOptions()),
        "source": str(source),
        "size": source.stat().st_size,
        "format": "rust-17000",
    }
    (tmp_path / ".out.jsonl.rows").write_text(first + '{"task_id": "half')
    note = {"settings": settings, "taken": CHUNK_ROWS, "size": len(first.encode()), "state": begun.to_json()}
    (tmp_path / ".out.jsonl.note").write_text(json.dumps(note))
    assert convert_source(str(source), out) == counts
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "out.jsonl", "whole.jsonl"]


BAD = {
    "which is no known format": (['{"a": 1, "b": 2}'], []),
    "holds no row that can be read": (["{broken", "[1]"], []),
    "Nothing of": ([row(0, rust_code="")], []),
    "Unknown part of a task 'promt'. Did you mean 'prompt'?": ([row(0)], ["--kind", "rust", "--map", "promt=a"]),
    "--map lacks tests": ([row(0)], ["--kind", "rust", "--map", "prompt=a"]),
    "--map takes part=column": ([row(0)], ["--kind", "rust", "--map", "prompt"]),
    "--map and --kind belong together": ([row(0)], ["--kind", "rust"]),
    "Give --preset or --map, not both": (
        [row(0)],
        ["--preset", "apps", "--kind", "rust", "--map", "prompt=a", "tests=b"],
    ),
    "max_cases is 0": ([row(0)], ["--max_cases", "0"]),
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_converted_is_an_error_and_writes_nothing(tmp_path, capsys, message):
    rows, options = BAD[message]
    source, out = write(tmp_path / "a.jsonl", rows), tmp_path / "o.jsonl"
    out.write_text("as before\n")
    assert main(["tasks", "convert", str(source), "--to", str(out), *options]) == UNUSABLE
    assert message in capsys.readouterr().err
    assert out.read_text() == "as before\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "o.jsonl"]


def test_an_output_never_replaces_its_source(tmp_path, capsys):
    source = write(tmp_path / "a.jsonl", [row(0)])
    assert main(["tasks", "convert", str(source), "--to", str(source)]) == UNUSABLE
    assert "is also an input" in capsys.readouterr().err
    assert len(read(source)) == 1
