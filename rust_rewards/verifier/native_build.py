"""Compiles the verifier's Rust helpers once per toolchain and keeps them in the user's cache folder."""

import atexit
import functools
import hashlib
import logging
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from .toolchain import LINKER_ADVICE, Toolchain, home_folder

logger = logging.getLogger(__name__)

NATIVE = Path(__file__).parent / "native"
cache_refusals: list[str] = []  # folders that were not taken, and why, for `doctor`
BUILD_SECONDS = 120  # the helpers compile in about a second; a loaded machine may take a while


class SandboxError(RuntimeError):
    """No confinement works here, or one stopped working."""


def build_native(name: str, toolchain: Toolchain, *flags: str) -> Path:
    """Compile `native/<name>.rs` once per toolchain and source text into the user's cache folder, and return its path.

    Several processes may do so at the same time: each builds in a folder of its own and moves the result into place.
    """
    text = _native_text()
    key = hashlib.sha256(text + repr((toolchain.version, str(toolchain.sysroot))).encode()).hexdigest()[:16]
    kinds = {"--crate-type=rlib": f"lib{name}.rlib", "--crate-type=proc-macro": f"lib{name}.so"}
    target = cache_folder() / key / next((kinds[flag] for flag in flags if flag in kinds), name)
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(prefix="rust-rewards-build-") as folder:
        built = Path(folder) / target.name
        argv = [str(toolchain.rustc), "--edition=2021", "-Copt-level=2", "-Cstrip=debuginfo", *flags]
        if toolchain.linker is not None:
            argv.append(f"-Clinker={toolchain.linker}")
        argv += ["--cap-lints=allow", "-o", str(built), str(NATIVE / f"{name}.rs")]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False, cwd=folder)
        except (OSError, subprocess.TimeoutExpired) as err:
            raise SandboxError(f"Could not compile the verifier's helper {name}: {err}") from err
        if done.returncode != 0 or not built.exists():
            advice = "" if toolchain.has_linker else f" {LINKER_ADVICE}"
            raise SandboxError(f"Could not compile the verifier's helper {name}: {done.stderr.strip()[:500]}{advice}")
        half = target.with_suffix(f".{os.getpid()}.tmp")
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(built, half)
            os.replace(half, target)
        except OSError as err:
            raise SandboxError(f"Could not keep the verifier's helper {name} in {target.parent}: {err}") from err
    return target


@functools.cache
def _native_text() -> bytes:
    """The helpers' sources as this process found them: an upgrade in place must not change them half-way."""
    return b"".join(path.read_bytes() for path in sorted(NATIVE.glob("*.rs")))


def cache_folder() -> Path:
    """Return the folder of compiled helpers: in the user's cache folder, or a temporary one of the user's, or, where
    neither is ours alone, one of this process. What lies there is run outside of any confinement."""
    return _cache_folder(_cache_home(), tempfile.gettempdir())


@functools.cache
def _cache_folder(home: Path | None, temporary: str) -> Path:
    wanted = [Path(temporary) / f"rust-rewards-cache-{os.geteuid()}"]
    if home is not None:
        wanted.insert(0, home / "rust-rewards")
    for folder in wanted:
        refused = _refused(folder)
        if refused is None:
            return folder
        cache_refusals.append(f"{folder}: {refused}")
        logger.info("Helpers are not kept in %s", cache_refusals[-1])
    own = tempfile.mkdtemp(prefix="rust-rewards-cache-")
    if forbids_programs(own):
        os.rmdir(own)
        raise SandboxError(
            f"There is no folder for the verifier's helpers ({'; '.join(cache_refusals)}). Set XDG_CACHE_HOME to "
            "a folder of yours where programs may be run."
        )
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return Path(own)


def forbids_programs(folder: str | Path) -> bool:
    """Whether a folder lies on a file system from which no program can be run (mounted noexec)."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_NOEXEC)
    except OSError:
        return False


def _cache_home() -> Path | None:
    """The user's cache folder; a relative XDG_CACHE_HOME is ignored, as its specification says."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named
    home = home_folder()
    return home / ".cache" if home else None


def _refused(folder: Path) -> str | None:
    """Make `folder` where it is missing; return why it is not ours alone, `None` when it is."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found, above = folder.lstat(), folder.parent.stat()
    except OSError as err:
        return str(err)
    if not stat.S_ISDIR(found.st_mode):
        return "it is a link"
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write it; run: chmod go-w {folder}"
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        return f"others can replace it; run: chmod o-w {folder.parent}"
    if forbids_programs(folder):
        return "programs cannot be run there (noexec); set XDG_CACHE_HOME to a folder where they can"
    return None if os.access(folder, os.W_OK | os.X_OK) else "it cannot be written"
