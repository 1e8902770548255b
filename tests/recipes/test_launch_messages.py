"""What becomes one line, and what keeps its traceback."""

import pytest
from launch.messages import clear_errors

from rust_rewards.verifier import ToolchainError


@pytest.mark.parametrize("error", [ValueError, OSError, ImportError, ToolchainError])
def test_a_mistake_in_the_input_ends_with_two_and_one_line(capsys, error):
    with pytest.raises(SystemExit) as end, clear_errors():
        raise error("what is wrong")
    assert end.value.code == 2
    assert capsys.readouterr().err == "error: what is wrong\n"


def test_a_message_of_several_lines_becomes_one(capsys):
    with pytest.raises(SystemExit), clear_errors():
        raise OSError("cannot connect\n  to the hub")
    assert capsys.readouterr().err == "error: cannot connect to the hub\n"


@pytest.mark.parametrize("error", [RuntimeError, TypeError, KeyError])
def test_an_error_of_ours_keeps_its_traceback(error):
    with pytest.raises(error), clear_errors():
        raise error("a bug")


def test_around_a_trainer_only_what_is_named_becomes_one_line():
    with pytest.raises(OSError, match="the disk is full"), clear_errors(ValueError, ImportError):
        raise OSError("the disk is full")
