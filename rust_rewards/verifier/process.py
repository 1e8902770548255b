"""Runs one process: feeds its input, drains its outputs, and ends it with everything it started."""

import os
import selectors
import signal
import subprocess
import time

from .toolchain import find_toolchain

CHUNK = 1 << 16


def _environment(folder: str) -> dict[str, str]:
    """All that a confined command gets to know: where the linker is, where to write, and rustc's libraries."""
    toolchain = find_toolchain()
    libraries = f"{toolchain.sysroot}/lib:{toolchain.target_folder / 'lib'}"
    return {
        "PATH": "/usr/bin:/bin",
        "TMPDIR": ".",
        "HOME": ".",
        "LC_ALL": "C",
        "RUSTC_ICE": "0",
        "LD_LIBRARY_PATH": libraries,
    }


def pump(
    argv: list[str], folder: str, data: bytes, wall_seconds: float, output_bytes: int
) -> tuple[int, tuple[bytes, bytes], bool, bool]:
    """Start `argv`, feed `data`, drain both outputs (keeping `output_bytes` of each), and end it at the wall limit."""
    deadline = time.monotonic() + wall_seconds
    process = subprocess.Popen(
        argv,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    kept: tuple[bytearray, bytearray] = (bytearray(), bytearray())
    truncated = timed_out = False
    try:
        with selectors.DefaultSelector() as selector:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
            selector.register(process.stdout, selectors.EVENT_READ, kept[0])
            selector.register(process.stderr, selectors.EVENT_READ, kept[1])
            rest = memoryview(data)
            while selector.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    timed_out = True
                    break
                for key, _ in selector.select(left):
                    if key.fileobj is process.stdin:
                        rest = _feed(process.stdin.fileno(), rest)
                        if not rest:
                            selector.unregister(process.stdin)
                            process.stdin.close()
                        continue
                    block = os.read(key.fd, CHUNK)
                    if not block:
                        selector.unregister(key.fileobj)
                    room = output_bytes - len(key.data)
                    key.data.extend(block[: max(0, room)])
                    truncated = truncated or len(block) > room
        if not timed_out:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                timed_out = True
    finally:
        _end(process)
    return process.returncode, (bytes(kept[0]), bytes(kept[1])), timed_out, truncated


def _feed(fd: int, rest: memoryview) -> memoryview:
    """Write what the pipe takes; an empty result means done, also when the reader is gone."""
    try:
        return rest[os.write(fd, rest[:CHUNK]) :] if rest else rest
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the whole process group (bubblewrap's end takes its namespace along), reap, close the pipes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe and not pipe.closed:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
