"""MaxRL for TRL: `MaxRLTrainer`, its configuration and its objective.

Names are loaded on first use, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainers.maxrl_config import MaxRLConfig
    from trainers.maxrl_trainer import MaxRLTrainer
    from trainers.objectives import maxrl_advantages

__all__ = ["MaxRLConfig", "MaxRLTrainer", "maxrl_advantages"]

_MODULES = {
    "MaxRLConfig": "trainers.maxrl_config",
    "MaxRLTrainer": "trainers.maxrl_trainer",
    "maxrl_advantages": "trainers.objectives",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as err:
        missing = str(err.name).partition(".")[0]
        raise ImportError(f'{name} needs {missing} (not installed). Run: pip install "rust-rewards[train]"') from err
