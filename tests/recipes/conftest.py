"""A training script on bad input, inside this process: what fails, fails before anything is trained."""

import runpy
import sys

import pytest
from paths import RECIPES


@pytest.fixture
def refuse(tmp_path, monkeypatch, capsys):
    """Run the recipe on bad input; return its one line of error."""

    def run(*arguments):
        arguments = [str(argument) for argument in arguments]
        if "--output_dir" not in arguments:
            arguments += ["--output_dir", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", ["grpo.py", *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(RECIPES / "grpo.py"), run_name="__main__")
        assert end.value.code == 2
        error = capsys.readouterr().err.strip()
        assert error.startswith("error: ")
        assert len(error.splitlines()) == 1
        return error

    monkeypatch.chdir(tmp_path)
    return run
