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
CONDA_LINKER = "{machine}-conda-linux-gnu-cc"  # conda's has a long name and no short one
LINKER_ADVICE = "Install a C compiler to link with: Debian's package gcc, conda's gxx_linux-64, or clang."
LINKER_QUESTIONS = ("-print-sysroot", "-print-search-dirs", "-print-prog-name=ld", "-print-prog-name=as")
STORES = (Path("/nix/store"), Path("/gnu/store"))  # where everything names everything else by its full path
SANDBOX_PATH = "/usr/bin:/bin"
# What the sandbox shows of the system, and what of it is never a reason to show more
SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/bin", "/lib", "/lib32", "/lib64", "/bin")
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
            [str(self.rustc), flag, "--print=sysroot"], capture_output=True, timeout=PROBE_SECONDS, check=False, cwd="/"
        )
        return (flag,) if done.returncode == 0 and done.stdout else ()

    @functools.cached_property
    def linker(self) -> Path | None:
        """The C compiler to link with, when it is not the one that rustc finds by itself in the sandbox, the system's
        `cc`; `None` when it is, or there is none (`has_linker` tells)."""
        if shutil.which("cc", path=SANDBOX_PATH):
            return None
        names = (*LINKERS, CONDA_LINKER.format(machine=self.host.partition("-")[0]))
        places = (SANDBOX_PATH, None)  # the system's first: the sandbox shows it anyway
        found = next(filter(None, (shutil.which(name, path=place) for place in places for name in names)), None)
        return Path(found).absolute() if found else None

    @property
    def has_linker(self) -> bool:
        """Whether there is anything to link with."""
        return self.linker is not None or shutil.which("cc", path=SANDBOX_PATH) is not None

    @functools.cached_property
    def linker_paths(self) -> tuple[str, ...]:
        """What a linker that is not the system's needs to see: itself, and the folders that it says it searches; never
        the folder it lies in, which may be somebody's home."""
        if self.linker is None:
            return ()
        paths = {self.linker, self.linker.resolve()}
        for question in LINKER_QUESTIONS:
            paths |= _paths_in(_answer([str(self.linker), question]))
        paths |= {store for store in STORES if any(path.is_relative_to(store) for path in paths)}
        too_much = {Path("/"), Path("/usr"), *_homes()}
        hidden = {path for path in paths - too_much if not any(map(path.is_relative_to, SYSTEM))}
        return tuple(sorted(str(path) for path in hidden if path.exists()))

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


def _answer(argv: list[str]) -> str:
    """What a C compiler says, empty where it does not understand."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _paths_in(said: str) -> set[Path]:
    """The absolute paths in what a C compiler says of where it looks: `libraries: =/a/lib:/b/lib`, or a line each."""
    lists = [line.partition("=")[2] if ": =" in line else line.partition(": ")[2] or line for line in said.splitlines()]
    return {Path(os.path.normpath(path)) for part in lists for path in part.split(":") if path.startswith("/")}


def _homes() -> set[Path]:
    """Folders that are nobody's compiler: the user's home and all above it."""
    home = home_folder()
    return {home, *home.parents} if home else set()


def _companion(sysroot: Path, tool: str) -> Path | None:
    path = sysroot / "bin" / tool
    return path if path.exists() else None


def _ask(argv: list[str], name: str | None) -> str:
    wanted = f"toolchain {name!r}" if name else "the default toolchain"
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False, stdin=subprocess.DEVNULL, cwd="/"
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
