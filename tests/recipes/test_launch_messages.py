"""What becomes one line, what keeps its traceback, and what libraries do not get to say."""

import errno
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from launch.messages import clear_errors, training_errors

from rust_rewards.verifier import ToolchainError
from trainers.signal_watch import NothingScoredError


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


# During training


RUN = SimpleNamespace(output_dir="outputs/try")
FULL = [
    OSError(errno.ENOSPC, "No space left on device", "outputs/try/checkpoint-4/optimizer.pt"),
    OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    # What safetensors and torch make of it
    RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    RuntimeError("[enforce fail at inline_container.cc:603] . unexpected pos 64 vs 0"),
    RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed"),
]


@pytest.mark.parametrize("error", FULL, ids=lambda error: str(error)[:30])
def test_a_full_disk_is_one_line_that_says_what_is_lost_and_what_to_do(capsys, error):
    with pytest.raises(SystemExit) as end, training_errors(RUN):
        raise error
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: No space left for outputs/try (")
    assert line.endswith("Make room, then give the same command: it goes on from the last whole checkpoint.")


def test_a_disk_that_is_full_in_earnest_is_told_from_other_errors(capsys):
    with pytest.raises(SystemExit), training_errors(RUN), open("/dev/full", "w") as full:
        full.write("x")
    assert "No space left" in capsys.readouterr().err


def test_a_run_that_nothing_can_score_ends_with_one_line(capsys):
    with pytest.raises(SystemExit) as end, training_errors(RUN):
        raise NothingScoredError("rust_reward returned None")
    assert end.value.code == 1
    assert capsys.readouterr().err == "error: rust_reward returned None\n"


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory"), OSError(errno.EACCES, "Permission denied")])
def test_any_other_error_in_training_keeps_its_traceback(error):
    with pytest.raises(type(error), match=str(error.args[-1])), training_errors(RUN):
        raise error


# Libraries


SPEAKING = """
import warnings
from launch.messages import quiet_libraries
import transformers, logging
quiet_libraries()
warnings.warn_explicit("of transformers", FutureWarning, "t.py", 1, module="transformers.modeling_utils")
warnings.warn_explicit("of peft", DeprecationWarning, "p.py", 1, module="peft")
warnings.warn_explicit("of the user", FutureWarning, "u.py", 1, module="my_rewards")
warnings.warn_explicit("of a namesake", FutureWarning, "u.py", 1, module="torches")
warnings.warn_explicit("that matters", UserWarning, "t.py", 1, module="transformers.trainer")
log = logging.getLogger("transformers.trainer")
log.warning("There were missing keys in the checkpoint model loaded: ['lm_head.weight'].")
log.warning("There were missing keys in the checkpoint model loaded: ['layers.0.weight'].")
from transformers.utils.logging import tqdm
list(tqdm([1, 2], desc="Loading weights"))
"""


def speak(*options):
    path = os.pathsep.join(sys.path)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": ""}
    return subprocess.run(
        [sys.executable, *options, "-c", SPEAKING],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stderr


def test_deprecations_inside_libraries_bars_in_a_file_and_tied_weights_are_not_shown():
    said = speak()
    for hidden in ("of transformers", "of peft", "lm_head", "Loading weights"):
        assert hidden not in said
    for shown in ("of the user", "of a namesake", "that matters", "layers.0.weight"):
        assert shown in said


def test_warnings_that_were_asked_for_are_shown():
    assert "of transformers" in speak("-W", "default")
