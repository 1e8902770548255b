"""Resolves paths that a recipe names."""

import os
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def find_path(name: str) -> str:
    """Resolve a path that a recipe names: relative to the current folder, else to the repository."""
    expanded = os.path.expanduser(name)
    if not os.path.exists(expanded) and (REPOSITORY / expanded).exists():
        return str(REPOSITORY / expanded)
    return expanded


def check_writable(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise OSError(
            f"Cannot write to output folder '{folder}': {err.strerror}. Choose another --output_dir."
        ) from err
