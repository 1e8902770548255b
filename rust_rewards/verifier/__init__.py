"""Rust source -> `Verdict`."""

from .engine import verify
from .json_cases import text_of_tests
from .native_build import SandboxError
from .toolchain import Toolchain, ToolchainError, find_toolchain
from .verdict import Diagnostic, Limits, Verdict

__all__ = [
    "Diagnostic",
    "Limits",
    "SandboxError",
    "Toolchain",
    "ToolchainError",
    "Verdict",
    "find_toolchain",
    "text_of_tests",
    "verify",
]
