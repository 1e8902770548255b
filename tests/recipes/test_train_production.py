"""`recipes/train_production.sh`: which phases it runs, in which order, and which it passes over."""

import os
import subprocess

from paths import ROOT


def run(tmp_path, **environment):
    script = str(ROOT / "recipes" / "train_production.sh")
    chosen = {"DRY_RUN": "true", "OUTPUT_DIR": str(tmp_path / "out"), **environment}
    return subprocess.run(
        ["bash", script], env={**os.environ, **chosen}, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )


def phases(done):
    """Return `{phase: command}` of a dry run."""
    lines = [line.removeprefix("== ").split(": ", 1) for line in done.stdout.splitlines()]
    return dict(lines)


def test_maxrl_follows_the_supervised_start_by_default(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    found = phases(done)
    assert list(found) == ["sft", "before", "maxrl", "after-maxrl", "comparison-maxrl"]
    assert "--config recipes/qwen2.5-coder-0.5b/maxrl.yaml" in found["maxrl"]
    assert f"--model_name_or_path {tmp_path}/out/sft" in found["maxrl"]
    assert not (tmp_path / "out").exists()  # a dry run writes nothing


def test_grpo_takes_its_place_when_maxrl_is_not_wanted(tmp_path):
    found = phases(run(tmp_path, USE_MAXRL="false", MODEL="smollm2-135m"))
    assert list(found) == ["sft", "before", "grpo", "after-grpo", "comparison-grpo"]
    assert found["grpo"].startswith("launch recipes/grpo.py --config recipes/smollm2-135m/grpo.yaml")


def test_a_given_model_replaces_the_supervised_start(tmp_path):
    found = phases(run(tmp_path, MODEL="tiny", START_MODEL="recipes/tiny/checkpoint"))
    assert next(iter(found)) == "before"
    assert "--model_name_or_path recipes/tiny/checkpoint" in found["maxrl"]


def test_finished_phases_are_passed_over(tmp_path):
    (tmp_path / "out").mkdir()
    for phase in ("sft", "before", "maxrl"):
        (tmp_path / "out" / f"{phase}.done").touch()
    found = phases(run(tmp_path))
    assert [name for name, command in found.items() if command == "done before"] == ["sft", "before", "maxrl"]
    assert found["after-maxrl"].startswith("evaluate ")


def test_a_phase_that_was_done_with_another_command_is_not_called_done(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    command = phases(run(tmp_path, RL_ARGS="--max_steps 20"))["maxrl"]
    (out / "maxrl.done").write_text(f"Wed Nov 25 2026\ncommand: {command}\n")
    assert phases(run(tmp_path, RL_ARGS="--max_steps 20"))["maxrl"] == "done before"
    done = run(tmp_path, RL_ARGS="--max_steps 40")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(
        f"train_production.sh: maxrl was done with another command: {command}. Now asked for: launch"
    )
    assert line.endswith(
        f"--max_steps 40. Give another OUTPUT_DIR, or delete {out}/maxrl.done and what it made, to repeat it."
    )


def test_the_mark_of_a_phase_holds_its_command(tmp_path):
    # A stand-in for Python, so that nothing is trained: every phase succeeds
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    options = {"PYTHON": str(python), "DRY_RUN": "false", "MODEL": "tiny", "START_MODEL": "recipes/tiny/checkpoint"}
    assert run(tmp_path, **options).returncode == 0
    mark = (tmp_path / "out/before.done").read_text().splitlines()
    assert mark[1].startswith("command: evaluate recipes/tiny/checkpoint ")
    again = run(tmp_path, **options)
    assert (again.returncode, again.stdout.count("done before")) == (0, 4)


def test_an_adapter_from_the_supervised_start_is_merged_first(tmp_path):
    (tmp_path / "out" / "sft").mkdir(parents=True)
    (tmp_path / "out" / "sft" / "adapter_config.json").write_text("{}")
    found = phases(run(tmp_path))
    assert list(found)[:3] == ["sft", "merge", "before"]
    assert f"--model_name_or_path {tmp_path}/out/merged" in found["maxrl"]


def test_further_arguments_reach_the_recipes(tmp_path):
    found = phases(run(tmp_path, RL_ARGS="--max_steps 20 --learning_rate 1e-6", SFT_ARGS="--num_train_epochs 1"))
    assert found["maxrl"].endswith("--max_steps 20 --learning_rate 1e-6")
    assert found["sft"].endswith("--num_train_epochs 1")


def test_bad_input_is_one_line(tmp_path):
    for environment, message in [
        ({"USE_MAXRL": "yes"}, "USE_MAXRL is 'yes'; give true (MaxRL) or false (GRPO)."),
        ({"MODEL": "gpt-9"}, "No file recipes/gpt-9/maxrl.yaml. There are: recipes/"),
        ({"ACCELERATE_CONFIG": "no.yaml"}, "No file no.yaml."),
    ]:
        done = run(tmp_path, **environment)
        assert done.returncode == 2
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
