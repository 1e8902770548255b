"""Finds what the documents show: their blocks, and the commands in them, in `--help` texts and in recipes' headers."""

import ast
import re
import shlex
from pathlib import Path

from paths import ROOT

FOLDERS = ("rust_rewards", "trainers", "recipes", "accelerate_configs", "tests")
READMES = sorted(
    [ROOT / "README.md", *(path for folder in FOLDERS for path in (ROOT / folder).rglob("README.md"))], key=str
)
DOCUMENTS = [*READMES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
FILES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
FILES += [path for path in ROOT.iterdir() if path.is_file()]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# First words of commands that are not ours, or that train or install
OTHER_COMMANDS = ("pip", "curl", "trl")
COMMAND_WORDS = ("rust-rewards", "python", "accelerate", "torchrun", "pytest", "make", *OTHER_COMMANDS)
COMMAND = re.compile(rf"(?:[A-Z_]+=\S+ )*(?:{'|'.join(COMMAND_WORDS)}) \S")
WITH_EXAMPLES = [*(ROOT / "rust_rewards/commands").glob("*.py"), *(ROOT / "trainers").glob("*.py")]
WITH_EXAMPLES += [path for path in FILES if path.is_relative_to(ROOT / "recipes") and path.suffix in (".py", ".yaml")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """Return a document without its blocks of code."""
    return FENCE.sub("", text_of(path))


def blocks(path: Path, language: str) -> list[str]:
    return [code for kind, code in FENCE.findall(text_of(path)) if kind == language]


def commands(path: Path) -> list[list[str]]:
    """Return the words of every command that a document shows, in blocks and in the text."""
    lines = [line for code in blocks(path, "bash") for line in code.replace("\\\n", " ").splitlines()]
    lines += [span for span in SPAN.findall(prose(path)) if COMMAND.match(span)]
    split = [shlex.split(line, comments=True) for line in lines]
    return [without_environment(words) for words in split if words]


def help_commands(path: Path) -> list[list[str]]:
    """Return the words of every command in the examples of a `--help` text or in the header of a recipe."""
    text = text_of(path)
    if path.suffix == ".yaml":
        text = "\n".join(line.removeprefix("#") for line in text.splitlines() if line.startswith("#"))
    else:
        strings = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
        text = "\n".join(string for string in strings if isinstance(string, str) and "\n" in string)
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.startswith("  ")]
    shown = [shlex.split(re.split(r"  +[(#]", line)[0]) for line in lines if COMMAND.match(line) and "..." not in line]
    return [without_environment(words) for words in shown]


def without_environment(words: list[str]) -> list[str]:
    while re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    return words


SHOWN = [(path, words) for path in DOCUMENTS for words in commands(path)]
SHOWN += [(path, words) for path in sorted(WITH_EXAMPLES) for words in help_commands(path)]
