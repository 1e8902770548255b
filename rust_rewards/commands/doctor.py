"""`python -m rust_rewards doctor`: shows what this machine offers, what is missing, and how to get it.

Exit status: 0 when a trial program is verified; 1 when the trial fails; 2 without a usable toolchain or confinement.
"""

import argparse
import importlib.metadata
import os
import platform
import tempfile
from dataclasses import fields

from ..exit_codes import DONE, FAILED
from ..extras import PACKAGES, install_line, missing_packages
from ..verifier import Limits, Toolchain, find_toolchain, verify
from ..verifier.engine import default_jobs
from ..verifier.native_build import cache_folder, cache_refusals
from ..verifier.sandbox import Confinement, find_confinement, scratch_folder
from ..verifier.toolchain import LINKER_ADVICE, OLDEST_RUSTC
from ..version import VERSION

CORE = ("tree-sitter", "tree-sitter-rust")
COVERS = {
    "bubblewrap": "own user, process, network, IPC and mount namespaces; system calls filtered (seccomp); host files "
    "out of reach; private folder in memory; memory, time, processes, output and file size limited",
    "landlock": "host files out of reach (Landlock); network, other processes and new processes refused (seccomp); no "
    "capabilities; memory, time, output and file size limited; the number of threads only by memory",
    "none": "nothing but limits of memory, time, output and file size, and system calls of the network (seccomp): "
    "model-written programs can read and write all that you can",
}
BETTER = {
    "bubblewrap": "",
    "landlock": "install bubblewrap (`pip install rust-rewards[sandbox]`, or your distribution's package bubblewrap) "
    "and allow unprivileged user namespaces (in Docker: a seccomp profile that permits them)",
    "none": "unset RUST_REWARDS_SANDBOX",
}
TRIAL = ("pub fn one() -> u8 { 1 }", "assert_eq!(one(), 1);")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: doctor looks at everything."""


def run(args: argparse.Namespace) -> int:
    """Print what was found; return 1 when a trial program does not get its verdict.

    Raises:
        ToolchainError: When there is no usable Rust toolchain.
        SandboxError: When no confinement works here.
    """
    _show("python", f"{platform.python_version()} on {platform.system()} {platform.release()} {platform.machine()}")
    _show("rust-rewards", f"{VERSION} with {', '.join(f'{name} {_version(name)}' for name in CORE)}")
    for extra in PACKAGES:
        _show(f"  {extra}", _extra(extra))
    _show_toolchain(find_toolchain())
    _show_confinement(find_confinement())
    _show_limits()
    program, tests = TRIAL
    verdict = verify([program], [tests])[0]
    works = verdict.failure is None and verdict.tests_passed == 1
    if not works:
        _show("trial", f"FAILED: {verdict}")
        return FAILED
    _show("trial", "one program compiled, tested and passed")
    return DONE


def _show(name: str, text: str) -> None:
    print(f"{name:<16} {text}")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _extra(extra: str) -> str:
    """The packages of an extra with their versions, and how to get those that are missing."""
    missing = missing_packages(extra)
    there = ", ".join(f"{name} {_version(name)}" for name in PACKAGES[extra] if name not in missing)
    if not missing:
        return there
    advice = f"missing {', '.join(missing)}. Run: {install_line(extra)}"
    return f"{there}; {advice}" if there else advice


def _show_toolchain(toolchain: Toolchain) -> None:
    _show("rustc", f"{toolchain.version} for {toolchain.host}, in {toolchain.sysroot}")
    _show("  oldest", f"{'.'.join(map(str, OLDEST_RUSTC))} and newer can be used")
    missing = f"missing: hidden tests cannot be built. {LINKER_ADVICE}"
    _show("linker", str(toolchain.linker or "the system's cc") if toolchain.has_linker else missing)
    _show("clippy", str(toolchain.clippy or f"missing. {toolchain.clippy_advice}"))
    _show("rustdoc", str(toolchain.rustdoc or "missing"))


def _show_confinement(confinement: Confinement) -> None:
    _show("confinement", confinement.kind)
    _show("  covers", COVERS[confinement.kind])
    for refused in confinement.refused:
        _show("  not", refused)
    if BETTER[confinement.kind]:
        _show("  for a better", BETTER[confinement.kind])


def _show_limits() -> None:
    limits = Limits()
    _show("limits", ", ".join(f"{field.name} {getattr(limits, field.name):g}" for field in fields(limits)))
    _show("compilers", f"{default_jobs()} at a time (cores over LOCAL_WORLD_SIZE)")
    _show("verdict cache", os.environ.get("RUST_REWARDS_CACHE") or "in memory; set RUST_REWARDS_CACHE=FILE to keep it")
    _show("helpers", str(cache_folder()))
    for refused in cache_refusals:
        _show("  not", refused)
    _show("scratch", scratch_folder())
    if scratch_folder() != tempfile.gettempdir():
        _show("  not", f"{tempfile.gettempdir()}: programs cannot be run there (noexec)")
