"""One SQLite file for the threads and processes of a machine: each process has its own connection."""

import multiprocessing
import pickle
import sqlite3
import threading

import pytest

from rust_rewards.sqlite_file import SqliteFile

TABLE = "CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
INSERT = "INSERT INTO numbers VALUES (?, ?)"
ALL = "SELECT number, name FROM numbers ORDER BY number"


def numbers(path):
    return SqliteFile(str(path), TABLE, busy_seconds=5.0)


def test_what_was_written_is_read_by_others(tmp_path):
    numbers(tmp_path / "file").write(INSERT, [(1, "one"), (2, "two")])
    assert numbers(tmp_path / "file").read(ALL, ()) == [(1, "one"), (2, "two")]


def test_a_write_that_fails_writes_none_of_its_rows(tmp_path):
    file = numbers(tmp_path / "file")
    with pytest.raises(sqlite3.IntegrityError):
        file.write(INSERT, [(1, "one"), (1, "again")])
    assert file.read(ALL, ()) == []


def test_threads_share_one_connection(tmp_path):
    file = numbers(tmp_path / "file")
    threads = [threading.Thread(target=file.write, args=(INSERT, [(i, "x")])) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.read(ALL, ())) == 8


def write_in_child(file):
    connection = file._connection
    file.write(INSERT, [(2, "child")])
    assert file._connection is not connection
    connection.total_changes  # noqa: B018  # a closed connection would raise


def test_a_fork_opens_the_file_anew_and_leaves_the_connection_it_inherited_open(tmp_path):
    file = numbers(tmp_path / "file")
    file.write(INSERT, [(1, "parent")])
    child = multiprocessing.get_context("fork").Process(target=write_in_child, args=(file,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    file.write(INSERT, [(3, "parent")])
    assert file.read(ALL, ()) == [(1, "parent"), (2, "child"), (3, "parent")]


def test_a_copy_for_another_process_opens_the_file_itself(tmp_path):
    file = numbers(tmp_path / "deep" / "folder" / "file")
    file.write(INSERT, [(1, "one")])
    assert pickle.loads(pickle.dumps(file)).read(ALL, ()) == [(1, "one")]


def test_a_folder_that_cannot_be_made_is_an_error_of_sqlite(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(sqlite3.Error, match="File exists"):
        numbers(tmp_path / "file" / "below").read(ALL, ())


def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        numbers(path).write(INSERT, [(1, "one")])
    assert path.read_bytes() == b"not a database" * 100


def open_and_write(path, number, start):
    start.wait()
    numbers(path).write(INSERT, [(number, "x")])


def test_processes_that_open_a_new_file_at_once_wait_for_each_other(tmp_path):
    context = multiprocessing.get_context("fork")
    for attempt in range(20):  # without waiting, about one opening in ten failed
        path, start = tmp_path / f"file-{attempt}", context.Barrier(4)
        writers = [context.Process(target=open_and_write, args=(path, number, start)) for number in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        assert [writer.exitcode for writer in writers] == [0] * 4
        assert len(numbers(path).read(ALL, ())) == 4


def test_a_file_that_stays_locked_is_an_error_after_the_time_to_wait(tmp_path):
    holder = sqlite3.connect(tmp_path / "file", isolation_level=None)
    holder.execute("CREATE TABLE other (n)")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        SqliteFile(str(tmp_path / "file"), TABLE, busy_seconds=0.1).read(ALL, ())
    holder.close()
