"""Finds the Rust toolchain once per process: rustc, clippy-driver and rustdoc behind rustup's shims, and their version.

The tools are called where they lie in the toolchain (rustup's shim costs 8 ms a call). Nothing is looked up on import.
"""

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_RUSTC = (1, 77)  # our helpers need string literals for C. Tried: 1.85 (Debian's), 1.95 and nightly 1.97
LINKERS = ("cc", "gcc", "clang")
SANDBOX_PATH = "/usr/bin:/bin"
SYSTEM_BINARIES = (Path("/usr/bin"), Path("/bin"))
INSTALL_LINE = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default"
PROBE_SECONDS = 60  # rustup may unpack or rewrite a toolchain on first use; a hung shim must not hang a training run


class ToolchainError(RuntimeError):
    """No usable Rust toolchain, or a tool of it is missing."""


@dataclass(frozen=True)
class Toolchain:
    """Where a Rust toolchain lies and what it is. `clippy` and `rustdoc` are `None` when not installed."""

    sysroot: Path
    rustc: Path
    clippy: Path | None
    rustdoc: Path | None
    version: str
    host: str

    @property
    def target_folder(self) -> Path:
        """Where the standard library and the bundled linker of the host lie."""
        return self.sysroot / "lib" / "rustlib" / self.host

    @functools.cached_property
    def own_linker_flags(self) -> tuple[str, ...]:
        """The flag that lets us choose the linker, where this rustc takes it: older ones refuse it, and so do hosts on
        which it is not stable."""
        flag = "-Clinker-features=-lld"
        done = subprocess.run(
            [str(self.rustc), flag, "--print=sysroot"], capture_output=True, timeout=PROBE_SECONDS, check=False
        )
        return (flag,) if done.returncode == 0 and done.stdout else ()

    @functools.cached_property
    def linker(self) -> Path | None:
        """The C compiler to link with, when it lies where the sandbox does not look; `None` when it does not."""
        found = next(filter(None, map(shutil.which, LINKERS)), None)
        if found is None or Path(found).parent in SYSTEM_BINARIES or shutil.which("cc", path=SANDBOX_PATH):
            return None
        return Path(found).absolute()

    def require_clippy(self) -> Path:
        """Return clippy-driver's path, or raise `ToolchainError` with the line that installs it."""
        if self.clippy is None:
            raise ToolchainError(
                f"Lints need clippy-driver, which toolchain {self.version} lacks. {self.clippy_advice}"
            )
        return self.clippy

    @property
    def clippy_advice(self) -> str:
        """The line that installs clippy: rustup's own, or for any other toolchain where to look."""
        if "toolchains" in self.sysroot.parts:
            return "Run: rustup component add clippy"
        return (
            f"It is not rustup's ({self.sysroot}): install your distribution's package, rust-clippy for Debian's rustc."
        )


def find_toolchain(name: str | None = None) -> Toolchain:
    """Find rustc and its companions.

    Args:
        name (`str`, *optional*): A rustup toolchain such as `"nightly"`; defaults to the `RUST_REWARDS_TOOLCHAIN`
            environment variable, then to whatever `rustc` on PATH is.

    Raises:
        ToolchainError: When there is no rustc, or it does not answer.
    """
    return _find(name or os.environ.get("RUST_REWARDS_TOOLCHAIN") or None)


@functools.cache
def _find(name: str | None) -> Toolchain:
    home = home_folder()
    shim = shutil.which("rustc") or (shutil.which("rustc", path=str(home / ".cargo" / "bin")) if home else None)
    if shim is None:
        raise ToolchainError(f"No rustc on PATH. Rewards need a Rust toolchain; install one with: {INSTALL_LINE}")
    select = [f"+{name}"] if name else []
    sysroot = Path(_ask([shim, *select, "--print", "sysroot"], name))
    exe = sysroot / "bin" / "rustc"
    rustc = exe if exe.exists() else Path(shim)
    fields = dict(line.split(": ", 1) for line in _ask([str(rustc), "-vV"], name).splitlines() if ": " in line)
    release = fields.get("release", "unknown")
    numbers = re.match(r"(\d+)\.(\d+)", release)
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST_RUSTC:
        raise ToolchainError(
            f"rustc {release} in {sysroot} is too old; the oldest that works is {'.'.join(map(str, OLDEST_RUSTC))}. "
            f"Run: rustup update stable, or without rustup: {INSTALL_LINE}"
        )
    return Toolchain(
        sysroot=sysroot,
        rustc=rustc,
        clippy=_companion(sysroot, "clippy-driver"),
        rustdoc=_companion(sysroot, "rustdoc"),
        version=f"{release} ({fields.get('commit-hash', 'unknown')[:9]})",
        host=fields.get("host", "unknown"),
    )


def home_folder() -> Path | None:
    """The user's home; `None` for a user that has neither HOME nor an entry in passwd, as in some containers."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None


def _companion(sysroot: Path, tool: str) -> Path | None:
    path = sysroot / "bin" / tool
    return path if path.exists() else None


def _ask(argv: list[str], name: str | None) -> str:
    wanted = f"toolchain {name!r}" if name else "the default toolchain"
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise ToolchainError(f"rustc of {wanted} did not answer: {err}. Try: rustup default stable") from err
    if done.returncode != 0 or not done.stdout.strip():  # an ignored SIGCHLD makes every exit code 0
        detail = done.stderr.strip().splitlines()[:1] or ["no message"]
        raise ToolchainError(
            f"rustc of {wanted} failed: {detail[0]}. Installed toolchains: `rustup toolchain list`; "
            f"to install one: `rustup toolchain install {name or 'stable'}`"
        )
    return done.stdout.strip()
