"""The comparison and the sweep: what is read from a run, how runs are summed up, which runs there are."""

import json
from pathlib import Path

import compare
import pytest
import sweep
import yaml
from experiments import methods
from experiments.measure import final_scores, measure
from experiments.plan import Plan, Run
from experiments.runs import all_options, carry_out_one, run_program, whole_batch
from experiments.summary import OF_REACHABLE, advantages, crossing, draw_curves, summarize, table_rows
from launch.arguments import RecipeArguments, parse
from maxrl_testbed import tiny_model, tiny_tokenizer
from paths import ROOT
from trl import ModelConfig

from rust_rewards.evaluation.tables import markdown
from trainers import MaxRLConfig

ONE = "pub fn one() -> i32 {\n    1\n}\n"
ONE_TESTS = "assert_eq!(one(), 1);"


def answer(task, program, passed=True, warning_free=True, failure=None):
    return {
        "task_id": task,
        "program": program,
        "passed": passed,
        "warning_free": warning_free,
        "failure": failure,
    }


def result(method, seed, shares, entropy=1.0, step=10, seconds=7.0):
    """A run whose held-out share of solved answers is measured every `step` steps, `seconds` apart."""
    held_out = [{"step": step * i, "seconds": seconds * i, "solved": share} for i, share in enumerate(shares)]
    steps = [{"step": i, "seconds": i * 0.7, "entropy": entropy, "solved": 0.5} for i in (1, 2)]
    final = {"solved": shares[-1], "pass@1": shares[-1], "pass@8": 1.0, "distinct": 2.0, "entropy": entropy}
    return {"method": method, "seed": seed, "steps": steps, "held_out": held_out, "train_seconds": 9.0, **final}


def plan(tmp_path, **options):
    defaults = {
        "config": str(ROOT / "recipes/tiny/maxrl.yaml"),
        "output_dir": tmp_path,
        "steps": 100,
        "eval_every": 5,
        "eval_samples": 2,
        "final_samples": 8,
    }
    return Plan(**{**defaults, **options})


def test_the_example_names_five_samples_and_who_contributes_with_which_weight(capsys):
    assert compare.main(["--example"]) == 0
    rows = {line[:16].strip(): line[16:].split() for line in capsys.readouterr().out.splitlines()}
    # uniform: 5/3 for each of three; with the baseline 5/3 - 1, and -1 for the wrong ones
    assert rows["a struct"][-2:] == ["+1.67", "+0.67"]
    assert rows["syntax error"][1:] == ["no", "-1.38", "+0.00", "+0.00", "+0.00", "-1.00"]
    correct = [rows[name] for name in ("iterator code", "error handling", "a struct")]
    assert [row[1] for row in correct] == ["yes"] * 3
    assert sum(float(row[3]) for row in correct) == pytest.approx(5, abs=0.02)  # exp
    # By hand, GRPO: mean 16.44, Bessel-corrected std 15.17, (28.6 - 16.44) / 15.17 = 0.80
    assert correct[0][2] == "+0.80"


def test_the_log_of_a_run_is_reduced_to_curves_time_and_entropy(tmp_path):
    history = [
        {"step": 0, "eval_rewards/solved_reward/mean": 0.1, "eval_loss": 0.0},
        *({"step": i, "step_time": 2.0, "entropy": i / 10, "rewards/solved_reward/mean": 0.2} for i in range(1, 21)),
        {"step": 20, "eval_rewards/solved_reward/mean": 0.6, "eval_loss": 0.0},
        {"step": 20, "train_runtime": 50.0},
    ]
    found = measure(plan(tmp_path, final_samples=1), history, {"samples": [answer("t", ONE)]})
    assert found["held_out"] == [
        {"step": 0, "seconds": 0.0, "solved": 0.1},
        {"step": 20, "seconds": 40.0, "solved": 0.6},  # evaluations and saving take no training time
    ]
    assert [point["step"] for point in found["steps"]] == list(range(1, 21))
    assert found["train_seconds"] == 40.0
    assert found["entropy"] == pytest.approx((1.9 + 2.0) / 2)  # the last tenth of 20 steps


def held_out_record(step, share):
    return {"step": step, "eval_rewards/solved_reward/mean": share}


def test_a_run_that_was_stopped_is_measured_at_the_same_steps_as_one_that_was_not(tmp_path):
    steps = {i: {"step": i, "step_time": 2.0, "entropy": 0.5} for i in range(1, 7)}
    begun = [held_out_record(0, 0.1), steps[1], steps[2], held_out_record(2, 0.2), steps[3]]
    # transformers evaluates at the start of a resumed run too: after step 3, and again after step 4
    resumed = [held_out_record(3, 0.9), steps[4], held_out_record(4, 0.4), held_out_record(4, 0.8), steps[5], steps[6]]
    unjudged = [held_out_record(6, float("nan"))]  # nobody could judge an answer
    found = measure(
        plan(tmp_path, eval_every=2, final_samples=1), [*begun, *resumed, *unjudged], {"samples": [answer("t", ONE)]}
    )
    assert [(point["step"], point["solved"]) for point in found["held_out"]] == [(0, 0.1), (2, 0.2), (4, 0.4)]


def test_a_run_whose_held_out_answers_nobody_could_judge_has_no_curve(tmp_path):
    with pytest.raises(RuntimeError, match="No held-out answer could be judged"):
        measure(plan(tmp_path), [held_out_record(0, None)], {"samples": []})


def test_final_scores_count_solved_and_distinct_programs_per_task():
    samples = [
        answer("a", "fn a() { 1 }"),
        answer("a", "fn a()   {\n 1 }"),  # the same program in another layout
        answer("a", "fn a() { 2 }", passed=False),
        answer("b", "fn b() { 1 }", warning_free=False),
        answer("b", "fn b() { 1 }"),
        answer("b", "fn b() { 0 + 1 }"),
        answer("b", "", failure="the sandbox died", passed=None, warning_free=None),
    ]
    scores = final_scores(samples, k=3)
    # Each task has three judged answers, two of them solved: pass@3 is 1; 1 and 2 different programs.
    assert scores == {"solved": pytest.approx(4 / 6), "pass@1": pytest.approx(2 / 3), "pass@3": 1.0, "distinct": 1.5}


def test_a_task_with_an_answer_that_nobody_could_judge_is_left_out_of_pass_at_k():
    samples = [answer("a", ONE), answer("a", ONE, passed=False), answer("b", ONE, passed=False)]
    scores = final_scores([*samples, answer("b", "", failure="the sandbox died")], k=2)
    # pass@1: (1/2 + 0) / 2. Of two judged answers only task a has both, one of them solved.
    assert scores == {"solved": pytest.approx(1 / 3), "pass@1": 0.25, "pass@2": 1.0, "distinct": 0.5}


def test_a_run_whose_answers_nobody_could_judge_has_no_scores():
    with pytest.raises(RuntimeError, match="No task has 1 final answers that could be judged"):
        final_scores([answer("a", "", failure="the sandbox died")], k=1)


def test_the_time_to_a_target_is_interpolated_between_measurements():
    curve = result("m", 1, [0.0, 0.4, 0.8])["held_out"]
    assert crossing(curve, 0.6, "step") == pytest.approx(15.0)
    assert crossing(curve, 0.6, "seconds") == pytest.approx(10.5)
    assert crossing(curve, 0.9, "step") is None
    assert crossing(curve, 0.0, "step") is None


def test_methods_are_summed_up_over_their_seeds():
    runs = [result("grpo", 1, [0.0, 0.5, 0.7]), result("maxrl", 1, [0.0, 0.8, 0.8])]
    runs += [result("grpo", 2, [0.0, 0.3, 0.5]), result("maxrl", 2, [0.0, 0.6, 0.8])]
    summary = summarize(runs)
    assert summary["reachable"] == pytest.approx(0.8)  # MaxRL's mean at step 20
    assert summary["reachable_target"] == pytest.approx(0.76)
    grpo, maxrl = summary["methods"]["grpo"], summary["methods"]["maxrl"]
    assert grpo["seeds"] == [1, 2]
    assert grpo["curve"][1] == {"step": 10, "mean": pytest.approx(0.4), "low": 0.3, "high": 0.5}
    # Seed 1 is at 50 % at step 10, seed 2 at step 20: the median is 15. One of two never sees 60 %.
    assert grpo["to"]["50 %"]["step"] == pytest.approx(15.0)
    assert grpo["to"][OF_REACHABLE]["step"] is None
    # 0.76: seed 1 at 9.5, seed 2 four fifths of the way from 10 to 20.
    assert maxrl["to"][OF_REACHABLE]["step"] == pytest.approx((9.5 + 18.0) / 2)
    assert maxrl["final"]["solved"] == {"mean": pytest.approx(0.8), "low": 0.8, "high": 0.8}


def test_seeds_are_joined_by_step():
    stopped = result("grpo", 2, [0.0, 0.4, 0.6])
    stopped["held_out"].insert(1, {"step": 7, "seconds": 5.0, "solved": 0.9})
    curve = summarize([result("grpo", 1, [0.0, 0.2, 0.4]), stopped])["methods"]["grpo"]["curve"]
    assert [(point["step"], point["mean"]) for point in curve] == [(0, 0.0), (10, pytest.approx(0.3)), (20, 0.5)]


def test_runs_with_different_k_share_the_rates_that_all_have():
    other = {**result("maxrl", 1, [0.0, 0.5]), "pass@7": 1.0}
    del other["pass@8"]
    rows = table_rows(summarize([result("grpo", 1, [0.0, 0.5]), other]), {})
    assert [cell for cell in rows[0] if cell.startswith("pass@")] == ["pass@1"]


def test_the_table_shows_steps_and_seconds_and_a_dash_for_what_was_not_reached():
    rows = table_rows(summarize([result("grpo", 1, [0.0, 0.25, 0.5])]), {"grpo": 1.0})
    assert rows[0] == [
        "method",
        "to 50 %",
        "to 80 %",
        "to 95 %",
        "to 95 % of reachable",
        "pass@1",
        "pass@8",
        "distinct",
        "entropy",
        "GRPO's steps / its own",
    ]
    assert rows[1] == ["grpo", "20 (14)", "-", "-", "19 (13)", "50.0 (50-50)", "100.0 (100-100)", "2.00", "1.00", "1.0"]
    assert markdown(rows).splitlines()[1] == "| --- |" + " ---: |" * 9


def test_the_plot_is_written(tmp_path):
    runs = [result("grpo", 1, [0.0, 0.5]), result("grpo", 2, [0.1, 0.7]), result("maxrl", 1, [0.0, 0.9])]
    draw_curves(runs, summarize(runs), tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_every_method_is_accepted_by_the_configuration_and_the_schedules_fit_the_run(tmp_path):
    methods = compare.methods(1000)
    assert methods["hybrid"]["grpo_warmup_steps"] == 200
    assert methods["grpo"]["grpo_warmup_steps"] == 1000  # never leaves GRPO
    of_recipe = RecipeArguments.__dataclass_fields__
    for options in methods.values():
        chosen = {**plan(tmp_path).base(), **options, "use_cpu": True, "output_dir": str(tmp_path)}
        RecipeArguments(**{key: value for key, value in chosen.items() if key in of_recipe})
        MaxRLConfig(**{key: value for key, value in chosen.items() if key in MaxRLConfig.__dataclass_fields__})
        assert options.keys() <= of_recipe.keys() | MaxRLConfig.__dataclass_fields__.keys()


def test_the_defaults_that_make_a_method_are_those_of_the_classes():
    fields = {**RecipeArguments.__dataclass_fields__, **MaxRLConfig.__dataclass_fields__}
    assert {key: fields[key].default for key in methods.DEFAULTS} == methods.DEFAULTS


@pytest.mark.parametrize("recipe", ["tiny/maxrl_paper", "qwen2.5-coder-0.5b/maxrl_adaptive", "tiny/maxrl"])
def test_a_method_is_the_same_over_every_recipe(tmp_path, recipe):
    base = plan(tmp_path, config=str(ROOT / f"recipes/{recipe}.yaml")).base() | {"curriculum": recipe != "tiny/maxrl"}
    for options in compare.methods(100).values():
        chosen = {**base, **compare.over_recipe(options, base)}
        assert {
            key: chosen.get(key, default) for key, default in methods.DEFAULTS.items()
        } == methods.DEFAULTS | options
        # The recipe of the long runs that are kept sets nothing else, so their settings stay as they are.
        assert recipe != "tiny/maxrl" or compare.over_recipe(options, base) == options


def test_grpo_in_a_sweep_takes_no_schedule_from_the_recipe():
    base = {"maxrl_schedule": "adaptive", "switch_min_steps": 20, "curriculum": True}
    chosen = sweep.settings(base, {"threshold": [20.0], "samples": [], "temperature": []}, grid=False, steps=50)
    assert chosen["GRPO samples=8"] == {
        "maxrl_schedule": "warmup",
        "grpo_warmup_steps": 50,
        "switch_min_steps": 10,
        "num_generations": 8,
    }


def test_the_options_of_a_run_measure_every_method_alike(tmp_path):
    options = all_options(plan(tmp_path), Run("grpo", 7, compare.methods(100)["grpo"]))
    assert options["reward_funcs"] == ["rust", "tests", "rust_rewards.rewards.solved_reward"]
    assert options["reward_weights"] == [1.0, 10.0, 0.0]  # measured, not trained on
    assert (options["seed"], options["max_steps"], options["logging_steps"]) == (7, 100, 1)
    tasks = len((ROOT / "recipes/tiny/eval.jsonl").read_text().splitlines())
    assert (2 * tasks) % options["per_device_eval_batch_size"] == 0
    assert options["per_device_eval_batch_size"] <= 256


@pytest.mark.parametrize(("tasks", "samples", "batch"), [(90, 4, 180), (7, 2, 14), (257, 1, 1), (28, 8, 224)])
def test_evaluation_batches_are_equal_so_that_their_mean_is_the_mean(tasks, samples, batch):
    assert whole_batch(tasks, samples) == batch


def test_the_sweep_varies_one_factor_at_a_time_and_runs_grpo_for_every_number_of_samples():
    values = {"threshold": [15.0, 20.0], "samples": [4, 16], "temperature": [2.0]}
    chosen = sweep.settings({"num_generations": 8}, values, grid=False, steps=50)
    assert list(chosen) == [
        "threshold=15",
        "threshold=20",
        "samples=4",
        "samples=16",
        "temperature=2",
        "GRPO samples=4",
        "GRPO samples=16",
        "GRPO samples=8",
    ]
    assert chosen["samples=16"] == {"num_generations": 16}
    assert chosen["GRPO samples=4"]["num_generations"] == 4
    assert chosen["GRPO samples=4"]["grpo_warmup_steps"] == 50


def test_the_grid_has_every_combination():
    values = {"threshold": [15.0, 20.0], "samples": [4, 16], "temperature": []}
    chosen = sweep.settings({}, values, grid=True, steps=50)
    assert [name for name in chosen if not name.startswith("GRPO")] == [
        "threshold=15 samples=4",
        "threshold=15 samples=16",
        "threshold=20 samples=4",
        "threshold=20 samples=16",
    ]


def test_the_advantage_is_the_ratio_of_steps_to_grpo_with_as_many_samples():
    runs = [
        result("samples=4", 1, [0.0, 0.9, 0.9]),
        result("threshold=20", 1, [0.0, 0.1, 0.2]),
        result("GRPO samples=4", 1, [0.0, 0.45, 0.9]),
        result("GRPO samples=8", 1, [0.0, 0.9, 0.9]),
    ]
    chosen = sweep.settings({}, {"threshold": [20.0], "samples": [4], "temperature": []}, grid=False, steps=1)
    rivals = sweep.rivals({}, chosen)
    assert rivals == {"threshold=20": "GRPO samples=8", "samples=4": "GRPO samples=4"}
    # The target is 0.855: MaxRL at step 9.5, GRPO at step 19. The other setting never gets there.
    assert advantages(summarize(runs), rivals) == {"threshold=20": None, "samples=4": pytest.approx(2.0)}


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (compare, ["--seeds", "1", "1"], "names a seed twice"),
        (compare, ["--steps", "0"], "--steps is 0; it must be at least 1"),
        (compare, ["--config", "no.yaml"], "No recipe no.yaml"),
        (compare, ["--learning_rates", "1e-4", "3e-4", "--tuning_seed", "2"], "--tuning_seed 2 is one of --seeds"),
        (sweep, ["--samples", "5"], "5 samples per prompt do not divide the 64 completions"),
        (sweep, ["--thresholds", "--samples", "--temperatures"], "Nothing to vary"),
    ],
)
def test_input_that_cannot_be_used_ends_with_one_line(tmp_path, capsys, command, arguments, message):
    assert command.main(["--output_dir", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("", "must contain a YAML mapping (key: value), it is empty"),
        ("- a\n", "it holds a list"),
        ("a: [1\n", "is not YAML: while parsing"),
        ("seed: 1\n", "The recipe names no tasks"),
        ("dataset_name: my/hub-tasks\n", "'my/hub-tasks' are no file here"),
        ("dataset_name: TESTLESS\n", "1 of the 2 held-out tasks in TESTLESS have no tests"),
        ("dataset_name: EMPTY\n", "EMPTY holds no tasks"),
    ],
)
@pytest.mark.parametrize("command", [compare, sweep])
def test_a_recipe_that_cannot_be_compared_is_told_before_anything_is_trained(
    tmp_path, capsys, command, recipe, message
):
    (tmp_path / "tasks.jsonl").write_text('{"prompt": "p", "tests": "assert!(true);"}\n{"prompt": "q"}\n')
    (tmp_path / "empty.jsonl").write_text("\n")
    for word, file in (("TESTLESS", "tasks.jsonl"), ("EMPTY", "empty.jsonl")):
        recipe, message = (text.replace(word, str(tmp_path / file)) for text in (recipe, message))
    (tmp_path / "base.yaml").write_text(recipe)
    assert command.main(["--output_dir", str(tmp_path / "out"), "--config", str(tmp_path / "base.yaml")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture
def tiny_plan(tmp_path):
    """A plan for the few-thousand-parameter model on four tasks it cannot solve."""
    tiny_model().save_pretrained(tmp_path / "model")
    tiny_tokenizer().save_pretrained(tmp_path / "model")
    columns = {"entry_point": "one", "tests": ONE_TESTS, "reference": ONE, "difficulty": 1, "topic": "numbers"}
    rows = [{"task_id": f"t{i}", "prompt": p, "code_prefix": p, **columns} for i, p in enumerate(["p q", "q p"])]
    (tmp_path / "tasks.jsonl").write_text("\n".join(map(json.dumps, rows)))
    recipe = {
        "output_dir": "unused",
        "model_name_or_path": str(tmp_path / "model"),
        "dataset_name": str(tmp_path / "tasks.jsonl"),
        "reward_funcs": ["rust", "tests"],
        "num_generations": 4,
        "per_device_train_batch_size": 8,
        "max_completion_length": 6,
        "bf16": False,
        "use_cpu": True,
        "activation_checkpointing": False,
        "report_to": "none",
    }
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(recipe))
    sizes = {"steps": 2, "eval_every": 2, "final_samples": 2}
    return plan(tmp_path / "out", config=str(tmp_path / "base.yaml"), **sizes)


@pytest.mark.slow
def test_a_run_is_trained_evaluated_measured_and_kept(tiny_plan):
    run = Run("grpo", 1, compare.methods(2)["grpo"])
    first = carry_out_one(tiny_plan, run)
    assert [point["step"] for point in first["held_out"]] == [0, 2]
    assert [point["step"] for point in first["steps"]] == [1, 2]
    assert (first["solved"], first["pass@2"], first["distinct"]) == (0.0, 0.0, 0.0)
    assert first["train_seconds"] > 0

    # Started again it trains nothing: the model could not even be loaded.
    (Path(tiny_plan.base()["model_name_or_path"]) / "model.safetensors").unlink()
    assert carry_out_one(tiny_plan, run) == first
    with pytest.raises(ValueError, match="begun with other settings"):
        carry_out_one(tiny_plan, Run("grpo", 1, {**run.options, "learning_rate": 1.0}))


def test_a_program_that_fails_is_reported_with_its_last_lines(tmp_path):
    program = tmp_path / "recipe.py"
    program.write_text("import sys\nfor i in range(40):\n    print('line', i)\nsys.exit('error: no such model')\n")
    with pytest.raises(RuntimeError) as failure:
        run_program([str(program)], tmp_path / "log.txt")
    told = str(failure.value).splitlines()
    assert told[0] == f"recipe.py ended with status 1, see {tmp_path}/log.txt:"
    assert told[-1].strip() == "error: no such model"
    assert len(told) == 1 + 15


def test_the_flags_of_a_run_are_understood_by_the_recipe(tmp_path):
    from experiments.runs import as_flags

    options = all_options(plan(tmp_path), Run("hybrid", 3, compare.methods(100)["hybrid"]))
    argv = ["--config", str(ROOT / "recipes/tiny/maxrl.yaml"), *as_flags(options), "--use_cpu"]
    script, training, _ = parse((RecipeArguments, MaxRLConfig, ModelConfig), default_config="unused", argv=argv)
    assert script.reward_funcs == options["reward_funcs"]
    assert (training.maxrl_schedule, training.grpo_warmup_steps) == ("warmup", 20)
    assert training.eval_on_start
    assert training.disable_tqdm
