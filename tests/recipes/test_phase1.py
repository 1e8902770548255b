"""The whole workflow as its script runs it, on a model that cannot write Rust."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT
from workflow_testbed import TASKS, save_model, write_lines

from rust_rewards.commands.decide import EXIT_CODES
from rust_rewards.evaluation.decision import read_decision

SCRIPT_SECONDS = 500  # nine processes, each of which loads torch; well under a minute on an idle machine


@pytest.mark.slow
def test_script_leads_from_the_selftest_to_a_decision_and_a_page(tmp_path):
    model = save_model(tmp_path / "model")
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    many = [task | {"task_id": f"{task['task_id']}-{number}"} for number in range(6) for task in TASKS]
    for name in ("train", "eval"):
        write_lines(data / f"{name}.jsonl", many)
    environment = {**os.environ, "MODEL": model, "DATA": str(data), "OUTPUT_DIR": str(out), "TOKENS": "16"}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    training = ["--model_name_or_path", model, "--eval_dataset_name", str(data / "eval.jsonl"), "--max_steps", "2"]
    training += ["--num_generations", "2", "--per_device_train_batch_size", "4", "--max_completion_length", "16"]
    command = [str(ROOT / "recipes" / "phase1.sh"), *training]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SCRIPT_SECONDS)
    decision = read_decision(out / "decision.json").decision
    assert done.returncode == EXIT_CODES[decision], done.stderr[-2000:]
    assert decision != "proceed"  # two steps teach nothing
    assert f"Decision: {decision}" in done.stdout
    assert "all 20 pairs differ enough" in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f'<span class="badge {decision}">' in page
    assert len(json.loads((out / "training_history.json").read_text())["steps"]) == 2
    assert "not on this page" not in page  # nothing is missing
