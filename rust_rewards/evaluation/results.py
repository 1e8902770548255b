"""Reads and writes the JSON files that the workflow's commands hand to each other.

Every file is written under a temporary name beside its target and moved there when it is complete, so that an
interrupted command never leaves half a result and never damages an older one. Every file says in `"kind"`
what it is, and reading checks that: each message names the file, what was expected and what to do.
Not here: what the results mean.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from ..verifier import find_toolchain
from ..version import VERSION

EVALUATION = "rust-rewards evaluation"
COMPARISON = "rust-rewards comparison"
ANALYSIS = "rust-rewards reward analysis"
DECISION = "rust-rewards decision"
WRITTEN_BY = {
    EVALUATION: "rust-rewards evaluate",
    COMPARISON: "rust-rewards compare",
    ANALYSIS: "rust-rewards analyze",
    DECISION: "rust-rewards decide",
}
PACKAGES = ("torch", "transformers", "trl", "peft", "tree-sitter", "tree-sitter-rust", "vllm")


class ResultFileError(ValueError):
    """A result file is missing, half-written or of another kind."""


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the place of `path` when the block ends without an error.

    Args:
        path (`Path` or `str`): The file to write. Its folder is created when missing.

    Raises:
        ResultFileError: When the folder cannot be written, or `path` is a folder.
    """
    path = Path(path)
    check_output(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    except OSError as err:
        raise ResultFileError(f"Cannot write {path}: {err}. Choose an output in a folder you may write to.") from err
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_output(path: Path | str, *inputs: Path | str | None) -> None:
    """Refuse an output that is a folder or one of the command's inputs; call it before any work.

    Args:
        path (`Path` or `str`): The file to be written.
        *inputs (`Path`, `str` or `None`): What the command reads; those that do not exist are no danger.

    Raises:
        ResultFileError: When writing it would fail or destroy an input.
    """
    path = Path(path)
    if path.is_dir():
        raise ResultFileError(f"Cannot write {path}: it is a folder. Name a file in it.")
    for read in inputs:
        if read and path.exists() and Path(read).exists() and path.samefile(read):
            raise ResultFileError(f"The output {path} is also an input ({read}) and would replace it; name another.")


def write_json(path: Path | str, content: Mapping[str, Any]) -> None:
    """Write `content` as indented JSON, whole or not at all.

    Args:
        path (`Path` or `str`): The file to write or replace.
        content (`Mapping[str, Any]`): What to write; NaN is refused because it is no JSON.
    """
    with replacing(path) as temporary:
        text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all. What UTF-8 cannot hold (lone surrogates) becomes `?`."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "replace"))


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
        kind (`str`): One of `EVALUATION`, `ANALYSIS`, `DECISION`.
        result (`type`): The dataclass that it becomes.

    Raises:
        ResultFileError: When the file is missing, is no complete JSON, holds NaN, is of another kind or lacks a part.
    """
    content = read_json(path, made_by=WRITTEN_BY[kind], allow_nan=False)
    found = content.get("kind") if isinstance(content, dict) else None
    if found != kind:
        what = f"a file of kind {found!r}" if found else "not a result file of this project"
        raise ResultFileError(f"{path} is {what}; expected what `{WRITTEN_BY[kind]}` writes.")
    missing = [name for name in required_fields(result) if name not in content]
    if missing:
        raise ResultFileError(
            f"{path} lacks {', '.join(missing)}; it was edited. Write it again with `{WRITTEN_BY[kind]}`."
        )
    return result.from_json(content)


def required_fields(result: type[FromFile]) -> list[str]:
    """Return the names of a dataclass's fields without a default."""
    return [item.name for item in fields(result) if item.default is MISSING and item.default_factory is MISSING]


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
