"""Defines the exit codes of every command and recipe, and turns what can go wrong into one line.

| code | name | meaning |
| ---: | --- | --- |
| 0 | `DONE` | done |
| 1 | `FAILED` | done, and the answer is no (`selftest`, `doctor`, `judge --calibrate`), or a run failed |
| 2 | `UNUSABLE` | cannot be used: options, input files, a missing toolchain, sandbox or package |
| 10 | `ADJUST` | `decide`: change a setting before the full run |
| 20 | `RECONSIDER` | `decide`: no full run |
| 130 | `INTERRUPTED` | stopped by Ctrl-C; a process that signal N ended has 128 + N, as in every shell |

`argparse` ends with 2 for wrong options on its own.
Not here: errors of our own code. They keep their traceback, and Python ends with 1.
"""

import os
import sys
from collections.abc import Callable

from .verifier import SandboxError, ToolchainError

DONE = 0
FAILED = 1
UNUSABLE = 2
ADJUST = 10
RECONSIDER = 20
INTERRUPTED = 130

# What the user can mend; it becomes one line. All other errors keep their traceback.
USER_ERRORS = (ToolchainError, SandboxError, ValueError, OSError, ImportError)


class RunFailedError(RuntimeError):
    """A run that a command started did not come to its end, although everything it was given could be used."""


def one_line(err: BaseException) -> str:
    """Return an error's message in one line: a file's name before the system's words, the kind where there are none.

    >>> one_line(OSError("cannot connect\\n  to the hub")), one_line(ImportError())
    ('cannot connect to the hub', 'ImportError')
    >>> one_line(IsADirectoryError(21, "Is a directory", "outputs"))
    "'outputs': Is a directory"
    """
    if isinstance(err, OSError) and err.filename is not None and err.strerror:
        return f"{err.filename!r}: {err.strerror}"
    return " ".join(str(err).split()) or type(err).__name__


def run_command(name: str, function: Callable[[], int]) -> int:
    """Run a command and return its exit code; an error the user can mend becomes one line on stderr.

    Args:
        name (`str`): The command's name, for messages.
        function (`Callable`): Does the work and returns an exit code.

    Example:
    ```python
    >>> run_command("decide", lambda: ADJUST)
    10

    ```
    """
    try:
        return function()
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except RunFailedError as err:
        print(f"error: {err}", file=sys.stderr, flush=True)
        return FAILED
    except USER_ERRORS as err:
        print(f"error: {one_line(err)}", file=sys.stderr, flush=True)
        return UNUSABLE
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr, flush=True)
        return INTERRUPTED
