"""Published task formats, with real rustc on hand-written rows."""

from rust_rewards.evaluation.scores import broken_tasks, score_references, score_samples
from rust_rewards.tasks.formats import convert_rows


def test_humaneval_x_row_becomes_a_task_its_reference_passes():
    row = {
        "task_id": "Rust/0",
        "prompt": "\n/*\n Doubles a number.\n*/\n",
        "declaration": "\nuse std::collections::HashMap;\nuse rand::Rng;\nuse md5;\n\nfn double(x:i32) -> i32{\n",
        "canonical_solution": "\n    x * 2\n}\n",
        "test": "\n#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn test_double() {\n"
        "        assert_eq!(double(2), 4);\n    }\n}\n",
        "example_test": "None",
    }
    (task,) = convert_rows([row], "file")
    assert task["entry_point"] == "double"
    assert "rand" not in task["code_prefix"]  # no crates beside std
    assert broken_tasks(score_references([task])) == {}
    (sample,) = score_samples(
        [task], [{"task_id": "Rust/0", "sample_index": 0, "completion": "    x + x\n}\n"}], style="prefix"
    )
    assert sample.passed
    assert sample.warning_free  # the unused HashMap of the benchmark is not the answer's


def test_humanevalpack_prompt_already_holds_the_signature():
    row = {
        "task_id": "Rust/1",
        "prompt": "fn main(){\n}\n\nuse regex::Regex;\n\n/*\nTriples.\n*/\nfn triple(x:i32) -> i32{\n",
        "declaration": "\nfn triple(x:i32) -> i32{\n",
        "canonical_solution": "\n    x * 3\n}\n",
        "test": "assert_eq!(triple(2), 6);",
        "entry_point": "triple",
        "signature": "triple(x:i32) -> i32",
    }
    (task,) = convert_rows([row], "file")
    assert task["code_prefix"].count("fn triple") == 1
    assert "fn main" not in task["code_prefix"]
    assert broken_tasks(score_references([task])) == {}
    (named_in_python,) = convert_rows([row | {"entry_point": "triple_it"}], "file")
    assert named_in_python["entry_point"] == "triple"


def test_human_eval_rust_row_becomes_a_task():
    row = {
        "task_id": "HumanEval/2",
        "prompt": "/// Halves.\nfn halve(x: i32) -> i32 {\n",
        "entry_point": "halve",
        "canonical_solution": "    x / 2\n}\n",
        "test": "#[cfg(test)]\nmod tests { use super::*; #[test] fn t() { assert_eq!(halve(4), 2); } }",
    }
    (task,) = convert_rows([row], "file")
    assert broken_tasks(score_references([task])) == {}
    whole = "use std::cmp::max;\n\nfn halve(x: i32) -> i32 {\n    max(x, x) / 2\n}\n"
    (task,) = convert_rows([row | {"canonical_solution": whole}], "file")  # as from version 3 on
    assert broken_tasks(score_references([task])) == {}


def test_multipl_e_row_stops_at_its_stop_tokens_and_has_no_reference():
    row = {
        "name": "HumanEval_53_add",
        "language": "rs",
        "prompt": "/// Add two numbers x and y\nfn add(x: isize, y: isize) -> isize {\n",
        "tests": "}\n\nfn main() {\n    let candidate = add;\n    assert_eq!(candidate(2, 3), 5);\n}\n",
        "stop_tokens": ["\n}"],
    }
    (task,) = convert_rows([row], "file")
    assert (task["stop"], task["reference"], task["entry_point"]) == (["\n}"], None, "add")
    answers = {0: "    x + y", 1: "    x - y"}  # as generated: cut before the closing brace
    samples = [{"task_id": row["name"], "sample_index": i, "completion": text} for i, text in answers.items()]
    assert [s.passed for s in score_samples([task], samples, style="prefix")] == [True, False]
    chat = [sample | {"completion": [{"role": "assistant", "content": sample["completion"]}]} for sample in samples]
    assert [s.passed for s in score_samples([task], chat, style="prefix")] == [True, False]
    (endless,) = convert_rows([row | {"stop_tokens": None}], "file")
    assert endless["stop"] == []
