"""`python -m rust_rewards <command>`: finds the command, runs it, and turns what can go wrong into one line.

Exit status: what the command returns; 2 for wrong options; 1 for an error such as a missing file or
toolchain; 130 after Ctrl-C. Only the command that is asked for is imported.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from .verifier import SandboxError, ToolchainError

COMMANDS = ("doctor", "judge", "score", "selftest")
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = argparse.ArgumentParser(
        prog="python -m rust_rewards", description="Rewards for Rust from the compiler: tools for the command line."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    present = [name for name in COMMANDS if importlib.util.find_spec(_module_name(name))]
    modules = {}
    for name in argv[:1] if argv[:1] and argv[0] in present else present:
        modules[name] = _load(name)
        modules[name].add_arguments(
            subparsers.add_parser(name, help=modules[name].HELP, description=modules[name].HELP)
        )
    args = parser.parse_args(argv)
    try:
        return int(modules[args.command].run(args))
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ToolchainError, SandboxError, OSError, ValueError, ImportError) as err:
        print(f"error: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _module_name(command: str) -> str:
    return f"rust_rewards.commands.{command}"


def _load(command: str) -> ModuleType:
    return importlib.import_module(_module_name(command))


if __name__ == "__main__":
    sys.exit(main())
