"""Rust source -> `Verdict`."""

from .interim import verify
from .toolchain import Toolchain, ToolchainError, find_toolchain
from .verdict import Diagnostic, Limits, Verdict

__all__ = ["Diagnostic", "Limits", "Toolchain", "ToolchainError", "Verdict", "find_toolchain", "verify"]
