"""The command `decide`: its exit code, and one message for each input that cannot be used."""

import json
import math
from pathlib import Path

import pytest
from workflow_testbed import evaluation, run, steps

from rust_rewards.exit_codes import ADJUST, RECONSIDER, UNUSABLE


def test_command_prints_the_reason_and_its_exit_code_is_the_decision(tmp_path, capsys):
    history = {"steps": [{"iteration": s["iteration"], "metrics": s} for s in steps()]}
    paths = {"before": evaluation(16, 0.5).to_json(), "after": evaluation(10, 0.5).to_json(), "history": history}
    for name, content in paths.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    argv = [str(tmp_path / f"{name}.json") for name in paths]
    assert run("decide", *argv, "--output_file", str(tmp_path / "decision.json")) == RECONSIDER
    printed = capsys.readouterr().out
    assert "Decision: reconsider" in printed
    assert "because reward gain" in printed
    assert json.loads((tmp_path / "decision.json").read_text())["decision"] == "reconsider"
    assert run("decide", argv[1], argv[0], argv[2]) == ADJUST  # the other way round the gain in pass@1 is 0


@pytest.fixture
def inputs(tmp_path):
    """Two evaluations and a history in one folder; their paths."""
    for name in ("before", "after"):
        (tmp_path / f"{name}.json").write_text(json.dumps(evaluation(10, 0.5).to_json()))
    (tmp_path / "training_history.json").write_text(json.dumps({"steps": steps()}))
    return [str(tmp_path / name) for name in ("before.json", "after.json", "training_history.json")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No file"),
        ('{"steps": [', "not complete JSON"),
        ("{}", "no training history"),
        ('{"steps": []}', "holds no training step"),
        ('{"steps": [{"avg_reward": 1.0}]}', "holds no training step"),
        ('{"steps": [3]}', "is no list of objects"),
        ('{"log_history": null}', "is no list of objects"),
    ],
)
def test_a_history_that_cannot_be_used_is_one_clear_message(inputs, tmp_path, capsys, content, message):
    history = tmp_path / "history.json"
    if content is not None:
        history.write_text(content)
    assert run("decide", *inputs[:2], history) == UNUSABLE
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_decision_replaces_none_of_its_inputs(inputs, capsys, number):
    before = Path(inputs[number]).read_text()
    assert run("decide", *inputs, "--output_file", inputs[number]) == UNUSABLE
    assert "is also an input" in capsys.readouterr().err
    assert Path(inputs[number]).read_text() == before


WHOLE = evaluation(10, 0.5).to_json()


@pytest.mark.parametrize(
    ("edited", "message"),
    [
        ({key: value for key, value in WHOLE.items() if key not in ("seed", "samples")}, "lacks seed, samples"),
        (WHOLE | {"tasks": WHOLE["tasks"][1:]}, "hold different tasks"),
        (WHOLE | {"seconds": math.nan}, "holds NaN"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_edited_result_is_one_clear_message(inputs, capsys, edited, message):
    Path(inputs[0]).write_text(json.dumps(edited))
    assert run("decide", *inputs) == UNUSABLE
    assert message in capsys.readouterr().err
