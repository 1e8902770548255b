"""A user's files may be called like ours: what is ours stays ours, and a reward says when it lost its name."""

import os
import subprocess
import sys

import pytest
from paths import RECIPES, ROOT


@pytest.mark.slow
@pytest.mark.parametrize("safe_path", ["", "1"])
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["grpo.py", "--reward_funcs", "nope"], 2, "error: Unknown reward 'nope'."),
        (["grpo.py", "--reward_funcs", "launch.mine"], 2, "Another module called launch was loaded first, "),
        (["sft.py", "--dtype", "nope"], 2, "error: "),
        (["compare.py", "--example"], 0, "MaxRL"),
        (["sweep.py", "--help"], 0, "usage: "),
    ],
)
def test_a_launch_and_an_experiments_of_the_users_own_are_not_ours(tmp_path, safe_path, command, code, said):
    for name in ("launch", "experiments"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the user's module ran')\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONSAFEPATH": safe_path}
    script, *arguments = command
    done = subprocess.run(
        [sys.executable, str(RECIPES / script), *arguments],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "the user's module ran" not in done.stderr
