"""Compiles the verifier's Rust helpers once per toolchain and keeps them in the user's cache folder."""

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .toolchain import Toolchain

NATIVE = Path(__file__).parent / "native"
BUILD_SECONDS = 120  # the helpers compile in about a second; a loaded machine may take a while


class SandboxError(RuntimeError):
    """No confinement works here, or one stopped working."""


def build_native(name: str, toolchain: Toolchain, *flags: str) -> Path:
    """Compile `native/<name>.rs` once per toolchain and source text into the user's cache folder, and return its path.

    Several processes may do so at the same time: each builds in a folder of its own and moves the result into place.
    """
    text = _native_text()
    key = hashlib.sha256(text + repr((toolchain.version, str(toolchain.sysroot))).encode()).hexdigest()[:16]
    target = cache_folder() / key / (f"lib{name}.rlib" if "--crate-type=rlib" in flags else name)
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(prefix="rust-rewards-build-") as folder:
        built = Path(folder) / target.name
        argv = [str(toolchain.rustc), "--edition=2021", "-Copt-level=2", "-Cstrip=debuginfo", *flags]
        argv += ["--cap-lints=allow", "-o", str(built), str(NATIVE / f"{name}.rs")]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as err:
            raise SandboxError(f"Could not compile the verifier's helper {name}: {err}") from err
        if done.returncode != 0:
            raise SandboxError(f"Could not compile the verifier's helper {name}: {done.stderr.strip()[:500]}")
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_suffix(f".{os.getpid()}.tmp")
        shutil.copy2(built, half)
        os.replace(half, target)
    return target


@functools.cache
def _native_text() -> bytes:
    """The helpers' sources as this process found them: an upgrade in place must not change them half-way."""
    return b"".join(path.read_bytes() for path in sorted(NATIVE.glob("*.rs")))


def cache_folder() -> Path:
    """Return the folder of compiled helpers: in `$XDG_CACHE_HOME`, in `~/.cache`, or a temporary folder."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rust-rewards"
    try:
        base.mkdir(parents=True, exist_ok=True)
        usable = os.access(base, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        base = Path(tempfile.gettempdir()) / f"rust-rewards-cache-{os.getuid()}"
        base.mkdir(mode=0o700, exist_ok=True)
    return base
