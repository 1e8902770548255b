"""One table of exit codes: what becomes of each error."""

import re

import pytest

from rust_rewards import exit_codes
from rust_rewards.exit_codes import DONE, FAILED, INTERRUPTED, UNUSABLE, RunFailedError, run_command
from rust_rewards.verifier import SandboxError, ToolchainError


def raising(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize("code", [DONE, FAILED, 10, 20])
def test_the_code_of_a_command_is_passed_on(code):
    assert run_command("any", lambda: code) == code


@pytest.mark.parametrize("kind", [ToolchainError, SandboxError, ValueError, OSError, ImportError])
def test_what_the_user_can_mend_is_one_line(kind, capsys):
    assert run_command("any", raising(kind("give another"))) == UNUSABLE
    assert capsys.readouterr().err == "error: give another\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("row 3:\n  is no text\n"), "row 3: is no text"),
        (OSError(2, "No such file or directory", "a.yaml"), "'a.yaml': No such file or directory"),
        (ImportError(), "ImportError"),
    ],
)
def test_a_message_of_several_lines_a_systems_error_and_none_are_one_line(error, line, capsys):
    assert run_command("any", raising(error)) == UNUSABLE
    assert capsys.readouterr().err == f"error: {line}\n"


def test_a_run_that_failed_is_no_wrong_input(capsys):
    assert run_command("any", raising(RunFailedError("see train.txt"))) == FAILED
    assert capsys.readouterr().err == "error: see train.txt\n"


def test_an_interrupted_command_says_so(capsys):
    assert run_command("evaluate", raising(KeyboardInterrupt())) == INTERRUPTED
    assert capsys.readouterr().err == "evaluate: interrupted\n"


def test_an_error_of_our_own_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_command("any", lambda: 1 // 0)


def test_the_table_names_every_code():
    table = dict(re.findall(r"^\| (\d+) \| `(\w+)` \|", exit_codes.__doc__, re.MULTILINE))
    defined = {str(value): name for name, value in vars(exit_codes).items() if name.isupper() and type(value) is int}
    assert table == defined
