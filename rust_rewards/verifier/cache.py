"""Remembers verdicts: a program is verified once, however many rewards read it and however often a run is repeated.

In memory: the latest `MEMORY_ENTRIES`. On disk, when `RUST_REWARDS_CACHE` names a file: SQLite, which several ranks may
write to at a time; an entry that cannot be read is dropped and verified anew. A verdict is stored under a hash of
everything it depends on; verdicts that depend on the machine's load (a limit of time) stay in memory only, and failures
of the verifier are never stored.
"""

import functools
import hashlib
import json
import logging
import os
import sqlite3
from collections import OrderedDict
from dataclasses import asdict
from typing import Any

from ..locks import ForkSafeLock
from ..sqlite_file import SqliteFile
from .harness import TestResult
from .single import CompileResult
from .verdict import Diagnostic

logger = logging.getLogger(__name__)

MEMORY_ENTRIES = 16_384  # a few KiB each
LONG = 1 << 16  # characters; of a longer text a hash is kept
FORMAT = 3  # raise when the meaning of an entry changes
TABLE = "CREATE TABLE IF NOT EXISTS verdicts (key TEXT PRIMARY KEY, entry TEXT NOT NULL)"
BUSY_SECONDS = 30.0  # how long a rank waits for another one's write
Entry = CompileResult | TestResult


def key_of(*parts: object) -> str:
    """A hash of everything a verdict depends on."""
    short = tuple(_digest(part) if isinstance(part, str) and len(part) > LONG else part for part in parts)
    return hashlib.sha256(repr((FORMAT, short)).encode("utf-8", "surrogatepass")).hexdigest()


@functools.lru_cache(maxsize=8)  # the same large inputs stand beside many programs
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class VerdictCache:
    """A bounded memory of entries, in front of an optional file. Safe to use from several threads and processes."""

    def __init__(self, path: str | None = None, entries: int = MEMORY_ENTRIES):
        self._memory: OrderedDict[str, Entry] = OrderedDict()
        self._entries = entries
        self._path = path
        self._file = SqliteFile(path, TABLE, BUSY_SECONDS) if path else None  # `None` as well once it has failed
        self._lock = ForkSafeLock()

    def get(self, key: str) -> Entry | None:
        """Return the entry, or `None`."""
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
            found = self._read(key)
            if found is not None:
                self._remember(key, found)
            return found

    def put(self, found: dict[str, Entry]) -> None:
        """Store entries; those that name a failure are left out."""
        good = {key: entry for key, entry in found.items() if entry.failure is None}
        with self._lock:
            for key, entry in good.items():
                self._remember(key, entry)
            self._write({key: entry for key, entry in good.items() if not _depends_on_load(entry)})

    def _remember(self, key: str, entry: Entry) -> None:
        self._memory[key] = entry
        self._memory.move_to_end(key)
        while len(self._memory) > self._entries:
            self._memory.popitem(last=False)

    def _read(self, key: str) -> Entry | None:
        if self._file is None:
            return None
        try:
            rows = self._file.read("SELECT entry FROM verdicts WHERE key = ?", (key,))
            try:
                return _decode(rows[0][0]) if rows else None
            except (ValueError, TypeError, KeyError):
                self._file.write("DELETE FROM verdicts WHERE key = ?", [(key,)])
                logger.warning("Dropped an unreadable entry of the verdict cache %s", self._path)
        except sqlite3.Error as err:
            self._give_up(err)
        return None

    def _write(self, found: dict[str, Entry]) -> None:
        if self._file is None or not found:
            return
        rows = [(key, _encode(entry)) for key, entry in found.items()]
        try:
            self._file.write("INSERT OR REPLACE INTO verdicts VALUES (?, ?)", rows)
        except sqlite3.Error as err:
            self._give_up(err)

    def _give_up(self, err: sqlite3.Error) -> None:
        self._file = None
        logger.warning("The verdict cache %s cannot be used (%s); going on without it.", self._path, err)


# What an entry is called on disk. The words outlive the classes' names: files of earlier versions hold them.
KINDS: dict[type, str] = {CompileResult: "Checked", TestResult: "SuiteResult"}


def _depends_on_load(entry: Entry) -> bool:
    return entry.timed_out if isinstance(entry, CompileResult) else "timed out" in entry.statuses


def _encode(entry: Entry) -> str:
    return json.dumps({"kind": KINDS[type(entry)], **asdict(entry)})


def _decode(text: str) -> Entry:
    row: dict[str, Any] = json.loads(text)
    if row.pop("kind") == KINDS[TestResult]:
        return TestResult(tuple(row["statuses"]))
    for name in ("errors", "warnings", "lints"):
        row[name] = tuple(Diagnostic(**item) for item in row[name])
    return CompileResult(**row)


_shared: dict[str, VerdictCache] = {}


def shared_cache() -> VerdictCache:
    """The cache of this process, for the file that `RUST_REWARDS_CACHE` names at the moment (none by default)."""
    path = os.environ.get("RUST_REWARDS_CACHE", "")
    if path not in _shared:
        _shared[path] = VerdictCache(path or None)
    return _shared[path]
