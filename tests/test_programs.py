"""The programs beside the tests start by themselves, from any folder: benchmarks and the differential run."""

import os
import subprocess
import sys

import pytest
from paths import TESTS


@pytest.mark.parametrize("program", ["run", "endurance", "combinations", "running_on", "../support/differential"])
def test_a_program_beside_the_tests_starts_without_pytests_paths(program, tmp_path):
    command = [sys.executable, str(TESTS / "benchmarks" / f"{program}.py"), "--help"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
