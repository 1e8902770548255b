"""Keeps the answers of the judge on disk, so that nothing is asked, or paid for, twice.

SQLite in WAL mode: any number of processes of one machine may read and write at once, and what was written
survives the end of the process that wrote it, however it ends. The file belongs on a local disk: WAL does not
work over network file systems, so every machine of a cluster has its own. Answers are kept as the judge gave
them, and read anew each time.

A cache that cannot be used (full disk, broken file, no permission) is a warning and a miss, never an error:
the judge is then asked again. Nothing is ever removed; an answer takes about half a kilobyte, and the file
may be deleted between runs.
"""

import hashlib
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BUSY_SECONDS = 5.0  # wait for another process's write; one takes well under a millisecond
LOOKUP_CHUNK = 500  # keys in one query; SQLite allows 999 in old builds
TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, asked REAL NOT NULL)"

logger = logging.getLogger(__name__)


def cache_key(*parts: Any) -> str:
    """Return a key of 64 characters for the given JSON-able parts: equal keys for equal parts only."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class JudgeCache:
    """A map from keys to answers in one file, shared by threads and processes. Picklable.

    Args:
        path (`str`): The file; it and its folder are made when first needed. `~` is the home folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._told = False

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self._reset()

    def lookup(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the answers that are known, by key."""
        wanted = list(keys)
        found: dict[str, str] = {}
        try:
            with self._lock:
                connection = self._connect()
                for start in range(0, len(wanted), LOOKUP_CHUNK):
                    chunk = wanted[start : start + LOOKUP_CHUNK]
                    marks = ",".join("?" * len(chunk))
                    query = f"SELECT key, answer FROM answers WHERE key IN ({marks})"
                    found.update(connection.execute(query, chunk))
        except (sqlite3.Error, OSError) as err:
            self._tell(err)
        return found

    def store(self, key: str, answer: str) -> None:
        """Keep one answer. The first answer to a question stays, so that all ranks go by the same."""
        try:
            with self._lock:
                self._connect().execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, answer, time.time()))
        except (sqlite3.Error, OSError) as err:
            self._tell(err)

    def _connect(self) -> sqlite3.Connection:
        """Open the file once per process: a connection must not be carried over a fork."""
        if self._connection is None or self._process != os.getpid():
            file = Path(self.path).expanduser()
            file.parent.mkdir(parents=True, exist_ok=True)
            # In autocommit mode every store is on its way to the disk when it returns.
            connection = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(TABLE)
            self._connection, self._process = connection, os.getpid()
        return self._connection

    def _tell(self, err: Exception) -> None:
        if not self._told:
            logger.warning("The judge's cache %s cannot be used (%s); answers are asked for again.", self.path, err)
        self._told = True
