"""`python -m rust_rewards <command>`, also installed as `rust-rewards`: finds the command and runs it.

Only the command that is asked for is imported. The exit codes are those of `exit_codes.py`.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from .exit_codes import run_command
from .version import VERSION

COMMANDS = {
    "doctor": "show the toolchain, the confinement and the limits that verdicts come from",
    "score": "score a Rust file, or a JSON Lines file of samples",
    "selftest": "check that the reward tells good answers from bad ones",
    "evaluate": "measure a model, or saved samples, on held-out tasks",
    "generate": "show a model's answers with verdicts and scores",
    "analyze": "show where a model stands beside the references, component by component",
    "compare": "put two evaluations side by side",
    "decide": "say whether a small run earns the full one",
    "report": "put everything a run left behind on one page",
    "tasks": "bring your own tasks: read, check and measure task sets",
    "judge": "try and calibrate the optional model judge",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    parser = argparse.ArgumentParser(
        prog="rust-rewards", description="Rewards for Rust from the compiler: tools for the command line."
    )
    parser.add_argument("--version", action="version", version=f"rust-rewards {VERSION}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    asked = next((word for word in argv if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        command = subparsers.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == asked:
            module = importlib.import_module(f".commands.{name}", __package__)
            command.description = module.__doc__
            module.add_arguments(command)
    args = parser.parse_args(argv)
    return run_command(args.command, lambda: int(module.run(args)))


if __name__ == "__main__":
    sys.exit(main())
