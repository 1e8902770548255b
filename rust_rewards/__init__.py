"""Reward functions that let a language model learn Rust from the compiler itself, for TRL's `GRPOTrainer`.

Read in this order, the way a completion goes: `completions` and `continuation` (completion -> program),
`verifier` (program -> verdict), `ast_metrics` (program -> metrics), `scoring` (verdict and metrics -> score),
`rows` (all of this for a batch and its dataset columns), `rewards` (what TRL calls). Beside them stand
`syntax` (reads Rust text for the others), `judge` (the optional model judge), `tasks`, `evaluation` and
`commands` (`python -m rust_rewards`).

Importing this package touches no disk, network, GPU or rustc, and loads neither torch nor trl. The names of
the judge are loaded when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .ast_metrics import AstMetrics, analyze_ast
from .completions import extract_rust
from .rewards import (
    ast_reward,
    clippy_reward,
    compile_reward,
    format_reward,
    get_rust_reward,
    rust_reward,
    solved_reward,
    tests_reward,
)
from .scoring import RewardBreakdown, RewardConfig, compute_reward
from .verifier import Diagnostic, Limits, Verdict, verify
from .version import VERSION

if TYPE_CHECKING:
    from .judge.config import JudgeConfig
    from .judge.reward import get_judge_reward

__version__ = VERSION

__all__ = [
    "AstMetrics",
    "Diagnostic",
    "JudgeConfig",
    "Limits",
    "RewardBreakdown",
    "RewardConfig",
    "Verdict",
    "analyze_ast",
    "ast_reward",
    "clippy_reward",
    "compile_reward",
    "compute_reward",
    "extract_rust",
    "format_reward",
    "get_judge_reward",
    "get_rust_reward",
    "rust_reward",
    "solved_reward",
    "tests_reward",
    "verify",
]

# Loaded on first use: the judge brings asyncio along, which the other rewards do not need.
_LOADED_ON_USE = {"JudgeConfig": "judge.config", "get_judge_reward": "judge.reward"}


def __getattr__(name: str) -> Any:
    if name in _LOADED_ON_USE:
        return getattr(importlib.import_module(f".{_LOADED_ON_USE[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
