"""Writes files whole or not at all.

A file is written under a temporary name beside its target and moved there when it is complete, so that an interrupted
command never leaves half a result and never damages an older one.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class OutputError(ValueError):
    """A file cannot be written, or would replace what the command reads."""


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the place of `path` when the block ends without an error.

    Args:
        path (`Path` or `str`): The file to write. Its folder is created when missing.

    Raises:
        OutputError: When the folder cannot be written, or `path` is a folder.
    """
    path = Path(path)
    check_output(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    except OSError as err:
        raise OutputError(f"Cannot write {path}: {err}. Choose an output in a folder you may write to.") from err
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
        OutputError: When writing it would fail or destroy an input.
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"Cannot write {path}: it is a folder. Name a file in it.")
    for read in inputs:
        if read and path.exists() and Path(read).exists() and path.samefile(read):
            raise OutputError(f"The output {path} is also an input ({read}) and would replace it; name another.")


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
