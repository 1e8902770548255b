"""Answers on disk: shared by processes, safe from a kill, and never a reason to stop."""

import asyncio
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from judge_server import ScriptedServer, scores

from rust_rewards.judge import JudgeConfig, get_judge_reward
from rust_rewards.judge.cache import JudgeCache, cache_key

WRITER = """
import sys
from rust_rewards.judge import JudgeConfig, get_judge_reward
from rust_rewards.judge.cache import JudgeCache
cache, me = JudgeCache(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for i in range(300):
    cache.store(f"shared-{i}", f"{me} {i}")
    cache.store(f"{me}-{i}", "own")
    assert cache.lookup([f"shared-{i}", f"{me}-{i}"])[f"{me}-{i}"] == "own"
"""
RUN = """
import asyncio, sys
from rust_rewards.judge import JudgeConfig, get_judge_reward
reward = get_judge_reward(JudgeConfig(sys.argv[1], "m", cache_path=sys.argv[2], concurrency=1, only_compiling=False))
programs = [f"```rust\\npub fn f{i}() {{}}\\n```" for i in range(8)]
print(asyncio.run(reward(programs)))
"""


def test_keys_differ_when_the_parts_do():
    assert cache_key("a", "bc") != cache_key("ab", "c")
    assert cache_key("a", 0.0) != cache_key("a", 0.5)
    assert cache_key("a", 1) == cache_key("a", 1)


def test_two_processes_write_at_once_and_nothing_is_lost_or_torn(tmp_path):
    path = tmp_path / "answers.sqlite3"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for writer in writers:
        writer.stdout.readline()
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM answers").fetchone() == (900,)
    answers = JudgeCache(str(path)).lookup(f"shared-{i}" for i in range(300))
    assert all(answers[f"shared-{i}"] in (f"a {i}", f"b {i}") for i in range(300))


def test_the_first_answer_stays(tmp_path):
    cache = JudgeCache(str(tmp_path / "c"))
    cache.store("k", "first")
    cache.store("k", "second")
    assert cache.lookup(["k", "other"]) == {"k": "first"}


def test_a_killed_run_keeps_every_answer_it_paid_for(tmp_path):
    path = str(tmp_path / "answers.sqlite3")
    served = []

    def script(body):
        served.append(body)
        return scores() if len(served) != 5 else [60, scores()]  # the fifth never arrives

    with ScriptedServer(script) as server:
        run = subprocess.Popen([sys.executable, "-c", RUN, server.endpoint, path], stdout=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(served) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=10)
        assert run.returncode == -signal.SIGKILL
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT count(*) FROM answers").fetchone() == (4,)

        config = JudgeConfig(server.endpoint, "m", cache_path=path, only_compiling=False)
        again = asyncio.run(get_judge_reward(config)([f"```rust\npub fn f{i}() {{}}\n```" for i in range(8)]))
    assert again == [0.6] * 8
    assert len(served) == 5 + 4  # the four answers that were paid for are not asked for again


def test_a_broken_file_is_a_warning_and_a_miss(tmp_path, caplog):
    path = tmp_path / "broken"
    path.write_bytes(b"this is no database" * 100)
    cache = JudgeCache(str(path))
    cache.store("k", "v")
    assert cache.lookup(["k"]) == {}
    assert len(caplog.records) == 1
    assert path.read_bytes().startswith(b"this is no database")


def test_a_folder_that_cannot_be_made_is_a_warning_and_a_miss(tmp_path, caplog):
    (tmp_path / "file").touch()
    assert JudgeCache(str(tmp_path / "file" / "c")).lookup(["k"]) == {}
    assert "cannot be used" in caplog.text


def test_a_copy_for_another_process_opens_the_file_anew(tmp_path):
    cache = JudgeCache(str(tmp_path / "deep" / "c"))
    cache.store("k", "v")
    copy = pickle.loads(pickle.dumps(cache))
    assert copy.lookup(["k"]) == {"k": "v"}
    assert Path(copy.path).exists()
