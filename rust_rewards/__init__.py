"""Reward functions that let a language model learn Rust from the compiler itself, for TRL's `GRPOTrainer`.

Read in this order: `completions` (completion -> source), `verifier` (source -> verdict), `ast_metrics` (source ->
metrics), `scoring` (verdict and metrics -> score), `rewards` (what TRL calls). Importing this package starts nothing
and loads neither torch nor trl.
"""

import importlib
from typing import Any

from .ast_metrics import AstMetrics, analyze_ast
from .completions import extract_rust
from .rewards import (
    ast_reward,
    clippy_reward,
    compile_reward,
    format_reward,
    get_rust_reward,
    rust_reward,
    tests_reward,
)
from .scoring import RewardBreakdown, RewardConfig, compute_reward
from .verifier import Diagnostic, Limits, Verdict, verify

__version__ = "0.1.0"

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
    "tests_reward",
    "verify",
]

_JUDGE = {
    "JudgeConfig": "judge.config",
    "get_judge_reward": "judge.reward",
}  # Loaded on first use: the judge brings asyncio along.


def __getattr__(name: str) -> Any:
    if name in _JUDGE:
        return getattr(importlib.import_module(f".{_JUDGE[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
