"""What a server can do wrong, done over loopback: every failure is a counted `None`, and the batch goes on."""

import asyncio
import gc
import gzip
import time
import tracemalloc

import pytest
from judge_server import HANG_UP, ScriptedServer, completion, http, scores

from rust_rewards.judge import REASONS, JudgeConfig, get_judge_reward

GOOD = scores()  # 0.6


def program(i: int = 0) -> str:
    return f"```rust\npub fn f{i}() -> i32 {{ {i} }}\n```"


def ask(script, completions=None, prompts=None, code_prefix=None, **options):
    """Return the rewards, the metrics and the server for one batch."""
    settings = {"cache_path": None, "only_compiling": False, "retries": 0, "deadline": 20.0} | options
    metrics = {}
    with ScriptedServer(script) as server:
        reward = get_judge_reward(JudgeConfig(server.endpoint, "m", **settings))
        columns = {"prompts": prompts, "code_prefix": code_prefix}
        rewards = asyncio.run(reward(completions or [program()], **columns, log_metric=metrics.__setitem__))
    reasons = {r: metrics[f"judge/none/{r}"] for r in REASONS}
    assert sum(reasons.values()) + metrics["judge/scored"] == pytest.approx(1.0)
    return rewards, {r: share for r, share in reasons.items() if share}, server


ANSWERS = {
    "refused": completion(None, refusal="I cannot judge this."),
    "refused by a filter": completion("", finish="content_filter"),
    "truncated": completion('{"rationale": "Well', finish="length"),
    "unparsable text": completion("I like it. 9/10!"),
    "unparsable strings": scores("8", "6", "4"),
    "unparsable null": scores(None),
    "unparsable list": scores([8]),
    "out_of_range above": scores(11),
    "out_of_range below": scores(-3),
    "malformed HTML": http("<html><body>Welcome to nginx</body></html>", kind="text/html"),
    "malformed nothing": http(""),
    "malformed truncated JSON": http('{"choices": [{"message": {"content": "{'),
    "malformed nesting": http("[" * 200_000),
    "malformed no choices": http('{"choices": []}'),
    "malformed types": http('{"choices": 7}'),
    "malformed message": http('{"choices": [{"message": "hello"}]}'),
    "malformed content": completion(["parts"]),
    "malformed array": http("[1, 2]"),
    "server_error": http("boom", status="500 Internal Server Error"),
    "server_error page": http("<h1>Bad gateway</h1>" * 10_000, status="502 Bad Gateway", kind="text/html"),
    "rate_limited": http("{}", status="429 Too Many Requests"),
    "rejected 403": http("{}", status="403 Forbidden"),
    "rejected redirect": http("", status="307 Temporary Redirect", headers="Location: http://127.0.0.1:9/\r\n"),
    "connection": [HANG_UP],
    "connection in the middle": [GOOD[:-20], HANG_UP],
    "connection garbage": [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 0.1, HANG_UP],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_useless_response_is_none_and_counted_by_its_reason(name):
    rewards, reasons, _ = ask(lambda _: ANSWERS[name])
    assert rewards == [None]
    assert reasons == {name.split()[0]: 1.0}


UNREADABLE = {
    "completion": {"completions": [program(), None]},
    "prompt": {"prompts": ["Write f0().", None]},
    "prompt of strings": {"prompts": ["Write f0().", ["Write f1()."]]},
    "prefix": {"code_prefix": [None, float("nan")]},
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_row_is_none_and_leaves_the_others_alone(name):
    rewards, reasons, _ = ask(lambda _: GOOD, **({"completions": [program(0), program(1)]} | UNREADABLE[name]))
    assert rewards == [0.6, None]
    assert reasons == {"unreadable": 0.5}


@pytest.mark.parametrize("columns", [{"prompts": ["x"]}, {"prompts": 5}, {"code_prefix": []}, {"code_prefix": 0.5}])
def test_a_column_that_does_not_fit_the_completions_is_none_for_all_of_them(columns):
    rewards, reasons, server = ask(lambda _: GOOD, [program(0), program(1)], **columns)
    assert rewards == [None, None]
    assert reasons == {"unreadable": 1.0}
    assert server.requests == []


def test_one_string_is_the_prompt_and_the_prefix_of_every_row():
    continuations = ["    1\n}\n", "    2\n}\n"]
    rewards, _, server = ask(lambda _: GOOD, continuations, prompts="Count.", code_prefix="pub fn f() -> i32 {\n")
    assert rewards == [0.6, 0.6]
    assert all("Task:\nCount.\n" in body["messages"][1]["content"] for body in server.requests)


def test_a_sandbox_that_does_not_work_is_none_and_counted(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", "firejail")
    rewards, reasons, server = ask(lambda _: GOOD, only_compiling=True)
    assert rewards == [None]
    assert reasons == {"verifier": 1.0}
    assert server.requests == []


def test_one_bad_answer_leaves_the_others_of_its_batch_alone():
    def script(body):
        return http("oops", status="500 Oops") if "f1()" in body["messages"][1]["content"] else GOOD

    rewards, reasons, _ = ask(script, [program(i) for i in range(4)])
    assert rewards == [0.6, None, 0.6, 0.6]
    assert reasons == {"server_error": 0.25}


@pytest.mark.parametrize("status", ["200 OK", "500 Oops"])
def test_a_body_of_fifty_megabytes_is_dropped_and_not_held(status):
    megabyte = b" " * (1 << 20)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {50 << 20}\r\n\r\n".encode()
    ask(lambda _: GOOD)  # what is loaded once is not counted
    gc.collect()
    tracemalloc.start()
    try:
        rewards, reasons, _ = ask(lambda _: [head, *[megabyte] * 50])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rewards == [None]
    assert reasons == {"oversize" if status.startswith("200") else "server_error": 1.0}
    assert peak < 12 << 20  # bytes; a few of the server's own megabytes are in it


def test_a_small_body_that_unpacks_to_fifty_megabytes_is_dropped():
    bomb = gzip.compress(b" " * (50 << 20))  # 50 kB
    _, reasons, _ = ask(lambda _: http(bomb, headers="Content-Encoding: gzip\r\n"))
    assert reasons == {"oversize": 1.0}


def test_a_server_that_drips_is_cut_off_at_the_request_timeout():
    began = time.monotonic()
    _, reasons, _ = ask(lambda _: [GOOD[:60], *[0.1, b" "] * 300], request_timeout=0.8)
    assert reasons == {"timeout": 1.0}
    assert time.monotonic() - began < 5


def test_the_deadline_ends_a_batch_and_keeps_what_has_arrived():
    def script(body):
        return GOOD if "f0()" in body["messages"][1]["content"] else [30, GOOD]

    began = time.monotonic()
    rewards, reasons, _ = ask(script, [program(i) for i in range(4)], deadline=1.0)
    assert rewards == [0.6, None, None, None]
    assert reasons == {"deadline": 0.75}
    assert time.monotonic() - began < 6


def test_retry_after_is_respected():
    times = []

    def script(_):
        times.append(time.monotonic())
        return GOOD if len(times) > 1 else http("{}", status="429 Slow down", headers="Retry-After: 2\r\n")

    rewards, _, _ = ask(script, retries=1)
    assert rewards == [0.6]
    assert times[1] - times[0] >= 2.0


def test_retry_after_beyond_the_deadline_is_not_waited_for():
    began = time.monotonic()
    script = lambda _: http("{}", status="429 Slow down", headers="Retry-After: 600\r\n")  # noqa: E731
    _, reasons, server = ask(script, retries=3)
    assert reasons == {"rate_limited": 1.0}
    assert len(server.requests) == 1
    assert time.monotonic() - began < 5


def test_a_passing_fault_is_tried_again_and_a_lasting_one_not_for_ever():
    rewards, _, server = ask(sequence([[HANG_UP], http("x", status="503 Busy"), GOOD]), retries=2)
    assert rewards == [0.6]
    assert len(server.requests) == 3
    _, reasons, server = ask(lambda _: [HANG_UP], retries=1)
    assert reasons == {"connection": 1.0}
    assert len(server.requests) == 2


def sequence(replies):
    """Return a script that gives these replies, and the last for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def test_a_server_without_response_format_is_asked_without_it_from_then_on():
    def script(body):
        refused = http('{"error": "unknown field response_format"}', status="400 Bad Request")
        return refused if "response_format" in body else GOOD

    rewards, _, server = ask(script, [program(i) for i in range(5)], concurrency=1)
    assert rewards == [0.6] * 5
    assert ["response_format" in body for body in server.requests] == [True] + [False] * 5


def test_a_server_with_response_format_gets_the_strict_schema():
    _, _, server = ask(lambda _: GOOD)
    sent = server.requests[0]
    assert sent["temperature"] == 0.0
    assert sent["max_tokens"] == 256
    schema = sent["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert set(schema["schema"]["required"]) == {"rationale", "quality", "correctness", "idiomaticity"}


def test_an_outage_pauses_the_judge_says_so_once_and_ends_by_itself(caplog):
    down, asked, seen = True, 0, []

    def script(_):
        nonlocal asked
        asked += 1
        return http("x", status="500 Down") if down else GOOD

    async def training(reward):
        nonlocal down
        for step in range(6):
            down = step < 3
            if step in (2, 4):
                await asyncio.sleep(1.1)  # the pause is over: one trial; it fails in step 2, and the pause doubles
            if step == 4:
                await asyncio.sleep(1.1)
            before = asked
            rewards = await reward([program(10 * step + i) for i in range(10)])
            seen.append((sum(r is not None for r in rewards), asked - before))

    with ScriptedServer(script) as server:
        config = JudgeConfig(
            server.endpoint, "m", cache_path=None, only_compiling=False, retries=0, concurrency=1,
            failures_to_pause=3, pause_seconds=1.0,
        )  # fmt: skip
        asyncio.run(training(get_judge_reward(config)))
    # Until the server is known, a 500 may mean that it does not know response_format: two requests per failure.
    assert seen == [(0, 6), (0, 0), (0, 2), (0, 0), (10, 10), (10, 10)]
    assert caplog.text.count("is paused") == 1
    assert caplog.text.count("answers again") == 1


def test_the_budget_of_requests_is_kept_with_retries_and_said_once(caplog):
    rewards, reasons, server = ask(lambda _: GOOD, [program(i) for i in range(10)], max_requests=4)
    assert sum(r == 0.6 for r in rewards) == 4
    assert reasons == {"budget": 0.6}
    assert len(server.requests) == 4
    assert caplog.text.count("budget is used up") == 1


def test_the_budget_of_cost_is_kept_from_the_reported_usage():
    # 100 tokens at 10 and 20 at 100 USD per million: 0.003 USD each, so 0.01 USD pays for three; a fourth could cost
    # more than what is left, since the worst case is booked first.
    options = {"max_cost": 0.05, "input_price": 10.0, "output_price": 100.0, "concurrency": 1}
    rewards, reasons, server = ask(lambda _: GOOD, [program(i) for i in range(20)], **options)
    spent = 0.003 * len(server.requests)
    assert reasons.keys() == {"budget"}
    assert 0 < spent <= 0.05
    assert 0.05 - spent < 0.003 + 256 * 100 / 1e6 + 3000 * 10 / 1e6  # stopped only when a worst case did not fit
    assert sum(r is not None for r in rewards) == len(server.requests)


def test_an_unusable_key_is_not_sent_and_not_shown(monkeypatch, caplog):
    monkeypatch.setenv("JUDGE_API_KEY", "sk-two\nlines")
    columns = {}
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(JudgeConfig(server.endpoint, "m", cache_path=None, only_compiling=False))
        assert asyncio.run(reward([program()], log_extra=columns.__setitem__)) == [None]
        assert server.requests == []
    assert columns["judge_rationale"][0].startswith("rejected: The value of JUDGE_API_KEY")
    assert "sk-two" not in str(columns) + caplog.text
