"""Runs one process through the launcher: feeds its input, collects its outputs, ends it with everything it started.

What is known about its end comes over a pipe from the launcher (`native/launch.rs`), which no program can write:
whether the confinement stood before anything was run, and the exit code. The kernel would not tell the exit code to a
verifier that ignores SIGCHLD, or in which somebody else reaps.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

CHUNK = 1 << 16
KILLED = 128 + signal.SIGKILL
Reader = Callable[[bytes], None]  # of what a process writes, block by block
GRACE_SECONDS = 6.0  # the launcher's patience with processes that it has killed, and a little more


@dataclass(frozen=True)
class Finished:
    """How a process ended. `returncode` is 128 + N after signal N; `truncated` when output was dropped; `confined` when
    the confinement stood before the first command ran; `spoke` when there was anything on standard output."""

    returncode: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    truncated: bool
    seconds: float
    confined: bool
    spoke: bool


def run_process(
    argv: list[str],
    *,
    launcher: str,
    folder: str,
    environment: Mapping[str, str],
    data: Sequence[bytes | bytearray],
    wall_seconds: float,
    output_bytes: int,
    read: Reader | None = None,
) -> Finished:
    """Start `argv` in `folder`, feed it `data` piece by piece, keep `output_bytes` of each output, and end it at the
    wall limit. With `read`, standard output goes there as it comes, and nothing of it is kept."""
    start = time.monotonic()
    report, reported = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                [launcher, "--launch", str(reported), str(os.getpid()), *argv],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(reported,),
            )
        finally:
            os.close(reported)
        return _follow(process, report, start + wall_seconds, data, output_bytes, read)
    finally:
        os.close(report)


def _follow(
    process: "subprocess.Popen[bytes]",
    report: int,
    deadline: float,
    data: Sequence[bytes | bytearray],
    output_bytes: int,
    read: Reader | None,
) -> Finished:
    start = time.monotonic()
    try:
        with Pipes(process, data, output_bytes, read) as pipes:
            timed_out = not pipes.run_dry(deadline)
        if not timed_out:
            timed_out = not _has_ended(process, max(0.1, deadline - time.monotonic()))
    finally:
        _end(process)
    lines = _said(report).split()
    return Finished(
        int(lines[lines.index("ended") + 1]) if "ended" in lines else KILLED,
        bytes(pipes.stdout),
        bytes(pipes.stderr),
        timed_out,
        pipes.truncated,
        time.monotonic() - start,
        "ready" in lines,
        pipes.spoke,
    )


def _said(report: int) -> str:
    """What the launcher and `confine --ready` have written, now that both have gone."""
    os.set_blocking(report, False)
    try:
        return os.read(report, CHUNK).decode("ascii", "replace")
    except BlockingIOError:
        return ""  # somebody still holds the other end: nothing was said


class Pipes:
    """The three pipes of a running process: what is still to be fed to it, and what it has said so far."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        data: Sequence[bytes | bytearray],
        output_bytes: int,
        read: Reader | None = None,
    ):
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self.stdout, self.stderr = bytearray(), bytearray()
        self.truncated = self.spoke = False
        self._read = read
        self._rest = [memoryview(part) for part in reversed(data) if part]  # the last one is next
        self._output_bytes = output_bytes
        self._selector = selectors.DefaultSelector()
        os.set_blocking(process.stdin.fileno(), False)
        self._selector.register(process.stdin, selectors.EVENT_WRITE)
        self._selector.register(process.stdout, selectors.EVENT_READ, self.stdout)
        self._selector.register(process.stderr, selectors.EVENT_READ, self.stderr)

    def __enter__(self) -> "Pipes":
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    def run_dry(self, deadline: float) -> bool:
        """Feed and drain until every pipe is closed; False when the deadline (`time.monotonic`) comes first."""
        while self._selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in self._selector.select(left):
                pipe = key.fileobj
                assert not isinstance(pipe, int)
                if key.data is None:
                    self.feed(pipe)  # type: ignore[arg-type]
                else:
                    self.drain(pipe, key.data)  # type: ignore[arg-type]
        return True

    def feed(self, pipe: IO[bytes]) -> None:
        """Write what the pipe takes, and close it when all is written or its reader has gone."""
        try:
            while self._rest:
                self._rest[-1] = self._rest[-1][os.write(pipe.fileno(), self._rest[-1][:CHUNK]) :]
                if not self._rest[-1]:
                    self._rest.pop()
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._rest = []
        if not self._rest:
            self._selector.unregister(pipe)
            pipe.close()

    def drain(self, pipe: IO[bytes], kept: bytearray) -> None:
        """Read what the pipe holds and keep as much of it as there is room for."""
        block = os.read(pipe.fileno(), CHUNK)
        if not block:
            self._selector.unregister(pipe)
            return
        if kept is self.stdout:
            self.spoke = True
            if self._read is not None:
                self._read(block)
                return
        room = max(0, self._output_bytes - len(kept))
        kept.extend(block[:room])
        if len(block) > room:
            self.truncated = True


def _has_ended(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Have the launcher end and reap all it started, or, where it does not, kill it: its end takes the rest along."""
    process.terminate()
    if not _has_ended(process, GRACE_SECONDS):
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe and not pipe.closed:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
