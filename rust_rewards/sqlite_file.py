"""Opens SQLite files that the threads and processes of one machine write at the same time.

WAL mode: what was written survives the end of the process that wrote it, however it ends. The file belongs on a local
disk, because WAL does not work over network file systems.

Not decided here: what to do about a file that cannot be used. Each owner of one has its own rule.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .locks import ForkSafeLock

RETRY_SECONDS = 0.01  # between two tries to switch a file that others are opening
# Connections carried over a fork. Closing one here could take locks and the log away from the process that opened it.
_inherited: list[sqlite3.Connection] = []


class SqliteFile:
    """One file with one connection per process, opened when first needed. Safe to share by threads. Picklable.

    Args:
        path (`str`): The file; it and its folder are made when first needed. `~` is the home folder.
        table (`str`): `CREATE TABLE IF NOT EXISTS ...`, run when the file is opened.
        busy_seconds (`float`): How long to wait for another process's write.
    """

    def __init__(self, path: str, table: str, busy_seconds: float) -> None:
        self._arguments = path, table, busy_seconds
        self._lock = ForkSafeLock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return SqliteFile, self._arguments

    def read(self, query: str, parameters: Sequence[Any]) -> list[Any]:
        """Return the rows that a query finds.

        Raises:
            sqlite3.Error: When the file cannot be used.
        """
        with self._lock:
            return self._connect().execute(query, parameters).fetchall()

    def write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for all rows, as one transaction that is on its way to the disk on return.

        Raises:
            sqlite3.Error: When the file cannot be used; nothing is written then.
        """
        with self._lock, self._connect() as connection:
            connection.executemany(statement, rows)

    def _connect(self) -> sqlite3.Connection:
        if self._connection is not None and self._process == os.getpid():
            return self._connection
        if self._connection is not None:
            _inherited.append(self._connection)
            self._connection = None
        path, table, busy_seconds = self._arguments
        file = Path(path).expanduser()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise sqlite3.OperationalError(str(err)) from err
        connection = sqlite3.connect(file, timeout=busy_seconds, check_same_thread=False)
        _switch_to_wal(connection, busy_seconds)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(table)
        self._connection, self._process = connection, os.getpid()
        return connection


def _switch_to_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch a file to WAL mode. SQLite itself does not wait here for another process that is doing the same."""
    give_up = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(RETRY_SECONDS)
