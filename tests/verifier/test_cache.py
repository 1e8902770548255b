import multiprocessing
import sqlite3

from rust_rewards.verifier import verify
from rust_rewards.verifier.cache import VerdictCache, key_of
from rust_rewards.verifier.harness import TestResult
from rust_rewards.verifier.single import CompileResult
from rust_rewards.verifier.verdict import Diagnostic

CHECKED = CompileResult(True, False, (Diagnostic("error", "E0308", "mismatched", 1, 2, "text"),), seconds=0.5)


def test_memory_forgets_the_least_recently_used():
    cache = VerdictCache(entries=2)
    cache.put({"a": CHECKED, "b": CHECKED})
    cache.get("a")
    cache.put({"c": CHECKED})
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (CHECKED, None, CHECKED)


def test_failures_are_never_stored():
    cache = VerdictCache()
    cache.put({"a": CompileResult(failure="broke"), "b": TestResult((), "broke")})
    assert cache.get("a") is cache.get("b") is None


def test_the_file_keeps_verdicts_but_not_those_that_depend_on_load(tmp_path):
    path = str(tmp_path / "verdicts.db")
    VerdictCache(path).put({"a": CHECKED, "b": TestResult(("passed", "failed")), "c": TestResult(("timed out",))})
    again = VerdictCache(path)
    assert (again.get("a"), again.get("b"), again.get("c")) == (CHECKED, TestResult(("passed", "failed")), None)


def test_a_corrupt_entry_is_dropped(tmp_path):
    path = str(tmp_path / "verdicts.db")
    VerdictCache(path).put({"a": CHECKED, "b": CHECKED})
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE verdicts SET entry = '{\"kind\": \"Chec' WHERE key = 'a'")
    again = VerdictCache(path)
    assert (again.get("a"), again.get("b")) == (None, CHECKED)
    assert sqlite3.connect(path).execute("SELECT count(*) FROM verdicts").fetchone() == (1,)


def test_a_file_that_is_no_database_costs_only_the_cache(tmp_path):
    path = tmp_path / "verdicts.db"
    path.write_text("not a database" * 100)
    cache = VerdictCache(str(path))
    cache.put({"a": CHECKED})
    assert cache.get("a") == CHECKED


def write_many(path, start):
    cache = VerdictCache(path)
    for number in range(start, start + 50):
        cache.put({str(number): CHECKED})


def test_several_processes_write_one_file(tmp_path):
    path = str(tmp_path / "verdicts.db")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(path, start)) for start in (0, 25, 50)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert all(VerdictCache(path).get(str(number)) == CHECKED for number in range(100))


def test_a_key_depends_on_every_part():
    parts = [("check", "a", True), ("check", "a", False), ("check", "b", True), ("tests", "a", True)]
    assert len({key_of(*part) for part in parts}) == len(parts)


def test_a_program_is_compiled_once_whatever_is_asked_of_it(monkeypatch, tmp_path):
    monkeypatch.setenv("RUST_REWARDS_CACHE", str(tmp_path / "verdicts.db"))
    source = "pub fn remembered() -> u8 { 1 }"
    first = verify([source], clippy=True)[0]
    second = verify([source])[0]
    assert (first.seconds, first.compiles) == (second.seconds, second.compiles)
