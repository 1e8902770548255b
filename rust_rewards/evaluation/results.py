"""Reads the JSON files that the workflow's commands hand to each other.

Every file says in `"kind"` what it is, and reading checks that: each message names the file, what was expected and what
to do. Not here: writing them (`whole_files`), and what the results mean.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import Field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypedDict, TypeVar

from ..verifier import find_toolchain
from ..version import VERSION
from .json_shape import shape_problem

EVALUATION = "rust-rewards evaluation"
COMPARISON = "rust-rewards comparison"
ANALYSIS = "rust-rewards reward analysis"
DECISION = "rust-rewards decision"
TRAINING_RUN = "rust-rewards training run"
WRITTEN_BY = {
    EVALUATION: "rust-rewards evaluate",
    COMPARISON: "rust-rewards compare",
    ANALYSIS: "rust-rewards analyze",
    DECISION: "rust-rewards decide",
    TRAINING_RUN: "recipes/grpo.py, maxrl.py or sft.py",
}
PACKAGES = ("torch", "transformers", "trl", "peft", "tree-sitter", "tree-sitter-rust", "vllm")


class Toolchain(TypedDict):
    """The Rust toolchain of a result: version and host of rustc, and whether clippy is there."""

    rustc: str
    host: str
    clippy: bool


class Machine(TypedDict):
    """The machine of a result."""

    platform: str
    processors: int | None


class ResultFileError(ValueError):
    """A result file is missing, half-written or of another kind."""


class FromFile(Protocol):
    """A dataclass that is made from the content of a file; fields without a default must be in it."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return what the file holds."""
        ...


Result = TypeVar("Result", bound=FromFile)


def read_result(path: Path | str, kind: str, result: type[Result]) -> Result:
    """Read a file written by one of the workflow's commands.

    Args:
        path (`Path` or `str`): The file.
        kind (`str`): One of `WRITTEN_BY`.
        result (`type`): The dataclass that it becomes.

    Raises:
        ResultFileError: When the file is missing, is no complete JSON, holds NaN, is of another kind, or one of its
            parts is missing or of another type.
    """
    content = read_json(path, made_by=WRITTEN_BY[kind], allow_nan=False)
    found = content.get("kind") if isinstance(content, dict) else None
    if found != kind:
        what = f"a file of kind {found!r}" if found else "not a result file of this project"
        raise ResultFileError(f"{path} is {what}; expected what `{WRITTEN_BY[kind]}` writes.")
    problem = shape_problem(content, result)
    if problem:
        raise ResultFileError(f"{path} was edited: {problem}. Write it again with `{WRITTEN_BY[kind]}`.")
    return result.from_json(content)


def read_json(path: Path | str, made_by: str, *, allow_nan: bool = True) -> Any:
    """Read any JSON file, with one clear message when it is missing or cut short.

    Args:
        path (`Path` or `str`): The file.
        made_by (`str`): The command that writes such files, for the message.
        allow_nan (`bool`, *optional*, defaults to `True`): Whether it may hold NaN and infinities, which are no JSON
            but are what a trainer logs.

    Raises:
        ResultFileError: When the file is missing or is no complete JSON.
    """

    def no_nan(constant: str) -> float:
        raise ResultFileError(f"{path} holds {constant} in place of a number; write it again with `{made_by}`.")

    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=None if allow_nan else no_nan)
    except FileNotFoundError as err:
        raise ResultFileError(f"No file {path}. Write it first with `{made_by}`.") from err
    except (OSError, UnicodeDecodeError) as err:
        raise ResultFileError(f"Cannot read {path}: {err}. Expected what `{made_by}` writes.") from err
    except json.JSONDecodeError as err:
        raise ResultFileError(
            f"{path} is not complete JSON (line {err.lineno}: {err.msg}); it was cut short or edited. "
            f"Write it again with `{made_by}`."
        ) from err


def environment() -> dict[str, Any]:
    """Return the versions a result depends on: Python, machine, Rust toolchain, installed packages.

    Raises:
        ToolchainError: When there is no usable rustc.
    """
    toolchain = find_toolchain()
    versions = {"rust-rewards": VERSION}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return {
        "toolchain": {
            "rustc": toolchain.version,
            "host": toolchain.host,
            "clippy": toolchain.clippy is not None,
        },
        "packages": {"python": platform.python_version(), **versions},
        "machine": {"platform": platform.platform(), "processors": os.cpu_count()},
    }
