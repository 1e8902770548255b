"""The plot of a run's log."""

import math

import pytest

from trainers.training_log import write_log
from trainers.training_plot import main, plot_training_log


def test_the_command_draws_the_log_beside_it(tmp_path, capsys):
    write_log([{"step": 1, "reward": 1.0, "reward_std": 0.5}], tmp_path / "rl_training.log")
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / "rl_training.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"Wrote {tmp_path / 'rl_training.png'}\n"


def test_a_missing_log_is_named_in_one_line(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "rl_training.log" in error
    assert error.count("\n") == 1


def test_a_log_without_steps_draws_nothing(tmp_path):
    write_log([], tmp_path / "rl_training.log")
    with pytest.raises(ValueError, match="no training step yet"):
        plot_training_log(tmp_path / "rl_training.log", tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


def test_steps_that_nobody_could_score_leave_a_gap(tmp_path):
    logged = [{"step": step, "reward": reward, "reward_std": 0.0} for step, reward in ((1, 1.0), (2, math.nan))]
    write_log(logged, tmp_path / "rl_training.log")
    plot_training_log(tmp_path / "rl_training.log", tmp_path / "p.png")
    assert (tmp_path / "p.png").stat().st_size > 1000
