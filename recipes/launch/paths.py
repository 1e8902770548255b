"""Resolves the paths that a recipe names."""

import os
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def find_path(name: str) -> str:
    """Return a path that exists relative to the current folder, else to the repository; else the name as it is."""
    expanded = os.path.expanduser(name)
    if not os.path.exists(expanded) and (REPOSITORY / expanded).exists():
        return str(REPOSITORY / expanded)
    return expanded


def check_writable(folder: str) -> None:
    """Make the output folder and check that files can be written there.

    Raises:
        OSError: When they cannot.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise OSError(
            f"Cannot write to output folder '{folder}': {err.strerror}. Choose another --output_dir."
        ) from err
