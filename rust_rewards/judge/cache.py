"""Keeps the answers of the judge on disk, so that nothing is asked, or paid for, twice.

Any number of processes of one machine may read and write at once; every machine of a cluster has its own file.
Answers are kept as the judge gave them, and read anew each time.

A cache that cannot be used (full disk, broken file, no permission) is a warning and a miss, never an error:
the judge is then asked again. Nothing is ever removed; an answer takes about half a kilobyte, and the file
may be deleted between runs.
"""

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

from ..sqlite_file import SqliteFile

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
        self._file = SqliteFile(path, TABLE, BUSY_SECONDS)
        self._told = False

    def lookup(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the answers that are known, by key."""
        wanted = list(keys)
        found: dict[str, str] = {}
        try:
            for start in range(0, len(wanted), LOOKUP_CHUNK):
                chunk = wanted[start : start + LOOKUP_CHUNK]
                marks = ",".join("?" * len(chunk))
                found.update(self._file.read(f"SELECT key, answer FROM answers WHERE key IN ({marks})", chunk))
        except sqlite3.Error as err:
            self._tell(err)
        return found

    def store(self, key: str, answer: str) -> None:
        """Keep one answer. The first answer to a question stays, so that all ranks go by the same."""
        try:
            self._file.write("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", [(key, answer, time.time())])
        except sqlite3.Error as err:
            self._tell(err)

    def _tell(self, err: sqlite3.Error) -> None:
        if not self._told:
            logger.warning("The judge's cache %s cannot be used (%s); answers are asked for again.", self.path, err)
        self._told = True
