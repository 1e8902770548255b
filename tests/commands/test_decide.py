"""The decision, on measurements whose outcome follows from the documented thresholds."""

import json
import math

import pytest
from workflow_testbed import evaluation, run, steps

from rust_rewards.commands.decide import EXIT_CODES, Thresholds, decide


def verdict_of(result, start):
    return next(check for check in result["checks"] if check["name"].startswith(start))


def test_clear_gain_without_trouble_proceeds():
    # reward: (16 - 10)/(30 - 10) = 0.3 of what was left to gain; pass@1 from 0 to 15 of 20
    result = decide(evaluation(10, 0.0), evaluation(16, 0.75), steps())
    assert result["decision"] == "proceed"
    assert verdict_of(result, "reward gain")["value"] == pytest.approx(0.3)
    assert len(result["next_settings"]) == 1
    assert result["next_settings"][0].startswith("the full run with the same settings")


def test_certain_loss_of_reward_is_reconsidered():
    result = decide(evaluation(16, 0.5), evaluation(10, 0.5), steps())
    assert result["decision"] == "reconsider"
    assert "clearly a loss" in result["reasons"][0]


def test_certain_loss_of_correctness_is_reconsidered_even_when_reward_rose():
    result = decide(evaluation(10, 0.75), evaluation(20, 0.0), steps())
    assert result["decision"] == "reconsider"
    assert result["reasons"][0].startswith("pass@1 gain: -0.750")


def test_small_reward_gain_asks_for_more_training():
    # (11 - 10)/(30 - 10) = 0.05, below 0.1
    result = decide(evaluation(10, 0.0), evaluation(11, 0.75), steps())
    assert result["decision"] == "adjust"
    assert verdict_of(result, "reward gain")["value"] == pytest.approx(0.05)
    assert result["next_settings"] == ["--num_train_epochs, doubled: it gains, but slowly"]


def test_small_gain_of_a_model_that_hardly_moved_asks_for_a_higher_rate():
    still = steps(last={"kl": 0.005, "epoch": 5.0})
    result = decide(evaluation(10, 0.0), evaluation(11, 0.75), still)
    assert result["next_settings"][0].startswith("--learning_rate 2e-05 (was 1e-05)")
    moved = decide(evaluation(10, 0.0), evaluation(11, 0.75), steps(last={"epoch": 5.0}))
    assert moved["next_settings"][0].startswith("--num_train_epochs 10 (was 5)")


def test_uncertain_correctness_asks_for_more_samples():
    # one task of twenty: a resample misses it with probability 0.95^20 = 0.36, so the interval starts at 0
    result = decide(evaluation(10, 0.0), evaluation(16, 0.05), steps())
    assert result["decision"] == "adjust"
    assert verdict_of(result, "pass@1")["verdict"] == "adjust"
    assert "--num_samples 4 (was 1)" in result["next_settings"][0]


def test_compile_rate_stands_in_while_nothing_passes():
    result = decide(evaluation(10, 0.0, compiled=0.1), evaluation(16, 0.0, compiled=0.8), steps())
    assert result["decision"] == "proceed"
    assert verdict_of(result, "compile rate gain")["value"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("late", "check", "advice"),
    [
        ({"kl": 0.9}, "KL", "--learning_rate 5e-06 (was 1e-05)"),
        ({"entropy": 0.05}, "entropy", "--entropy_coef"),
        ({"frac_reward_zero_std": 0.9}, "groups", "harder tasks"),
        (
            {"clipped_ratio": 0.5, "completions/max_length": 128.0},
            "completions",
            "--max_completion_length 256 (was 128)",
        ),
    ],
)
def test_each_trouble_of_training_names_the_next_setting(late, check, advice):
    result = decide(evaluation(10, 0.0), evaluation(16, 0.75), steps(last=late))
    assert result["decision"] == "adjust"
    assert verdict_of(result, check)["verdict"] == "adjust"
    assert advice in " ".join(result["next_settings"])


def test_what_the_run_did_not_record_decides_nothing():
    bare = [{"iteration": 1.0, "avg_reward": 3.0}]
    result = decide(evaluation(10, 0.0), evaluation(16, 0.75), bare)
    assert result["decision"] == "proceed"
    assert verdict_of(result, "KL")["verdict"] == "not measured"


def test_thresholds_are_inclusive_and_can_be_set():
    at_the_limit = steps(last={"kl": 0.5, "frac_reward_zero_std": 0.6, "clipped_ratio": 0.25})
    sides = evaluation(10, 0.0), evaluation(16, 0.75)
    assert decide(*sides, at_the_limit)["decision"] == "proceed"
    assert decide(*sides, at_the_limit, Thresholds(max_kl=0.4))["decision"] == "adjust"


def test_command_prints_the_reason_and_its_exit_code_is_the_decision(tmp_path, capsys):
    history = {"steps": [{"iteration": s["iteration"], "metrics": s} for s in steps()]}
    paths = {"before": evaluation(16, 0.5).to_json(), "after": evaluation(10, 0.5).to_json(), "history": history}
    for name, content in paths.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    argv = [str(tmp_path / f"{name}.json") for name in paths]
    assert run("decide", *argv, "--output_file", str(tmp_path / "decision.json")) == EXIT_CODES["reconsider"] == 20
    printed = capsys.readouterr().out
    assert "Decision: reconsider" in printed
    assert "because reward gain" in printed
    assert json.loads((tmp_path / "decision.json").read_text())["decision"] == "reconsider"
    assert run("decide", argv[1], argv[0], argv[2]) == 10  # the other way round the gain in pass@1 is 0


def test_missing_half_written_or_empty_history_is_one_clear_message(tmp_path, capsys):
    for name in ("before", "after"):
        (tmp_path / f"{name}.json").write_text(json.dumps(evaluation(10, 0.5).to_json()))
    history = tmp_path / "history.json"
    argv = [str(tmp_path / "before.json"), str(tmp_path / "after.json"), str(history)]
    for content, message in ((None, "No file"), ('{"steps": [', "not complete JSON"), ("{}", "no training history")):
        if content is not None:
            history.write_text(content)
        assert run("decide", *argv) == 2
        assert message in capsys.readouterr().err
    for content in ('{"steps": []}', '{"steps": [{"avg_reward": 1.0}]}'):
        history.write_text(content)
        assert run("decide", *argv) == 2
        assert "holds no training step" in capsys.readouterr().err
    for content in ('{"steps": [3]}', '{"log_history": null}'):
        history.write_text(content)
        assert run("decide", *argv) == 2
        assert "is no list of objects" in capsys.readouterr().err


def test_a_decision_replaces_none_of_its_inputs(tmp_path, capsys):
    for name in ("before", "after"):
        (tmp_path / f"{name}.json").write_text(json.dumps(evaluation(10, 0.5).to_json()))
    (tmp_path / "training_history.json").write_text(json.dumps({"steps": steps()}))
    before, after, history = (tmp_path / name for name in ("before.json", "after.json", "training_history.json"))
    for target in (before, after, history):
        assert run("decide", str(before), str(after), str(tmp_path), "--output_file", str(target)) == 2
        assert "is also an input" in capsys.readouterr().err
    assert json.loads(before.read_text())["kind"].endswith("evaluation")


def test_edited_results_are_one_clear_message(tmp_path, capsys):
    whole = evaluation(10, 0.5).to_json()
    (tmp_path / "after.json").write_text(json.dumps(whole))
    argv = [str(tmp_path / "before.json"), str(tmp_path / "after.json"), str(tmp_path)]
    edited = {
        "lacks seed, samples": {key: value for key, value in whole.items() if key not in ("seed", "samples")},
        "hold different tasks": whole | {"tasks": whole["tasks"][1:]},
        "holds NaN": whole | {"seconds": math.nan},
    }
    (tmp_path / "training_history.json").write_text(json.dumps({"steps": steps()}))
    for message, content in edited.items():
        (tmp_path / "before.json").write_text(json.dumps(content))
        assert run("decide", *argv) == 2
        assert message in capsys.readouterr().err


def test_tasks_already_at_the_reference_ask_for_harder_ones():
    result = decide(evaluation(30, 0.5), evaluation(30, 0.75), steps())
    assert verdict_of(result, "reward gain")["verdict"] == "adjust"
    assert any("harder tasks" in setting for setting in result["next_settings"])
