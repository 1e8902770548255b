"""Requests: how many, how long, how often again, and within which budget. The server is real, over loopback."""

import asyncio
import subprocess
import sys
import time

import pytest
from judge_server import HANG_UP, ScriptedServer, http
from judge_testbed import GOOD, ask, config_for, programs
from paths import SUPPORT

from rust_rewards.judge import JudgeConfig, get_judge_reward


@pytest.mark.timing
def test_256_completions_of_300_ms_take_at_most_half_as_long_again_as_the_ideal():
    server = subprocess.Popen(
        [sys.executable, SUPPORT / "judge_server.py", "0.3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        endpoint = server.stdout.readline().strip()
        config = JudgeConfig(endpoint, "m", cache_path=None, only_compiling=False, concurrency=16)
        reward = get_judge_reward(config)
        asyncio.run(reward(programs(1)))  # imports
        fastest = min(timed(reward, programs(256)) for _ in range(2))  # apart from its neighbours
    finally:
        server.communicate("")
    assert fastest <= 1.5 * 256 / 16 * 0.3  # 7.2 s


def timed(reward, completions):
    """Return the seconds that a batch takes, all of it scored."""
    began = time.perf_counter()
    assert asyncio.run(reward(completions)) == [0.6] * len(completions)
    return time.perf_counter() - began


def test_no_more_requests_at_a_time_than_allowed():
    with ScriptedServer(lambda _: [0.05, GOOD]) as server:
        asyncio.run(get_judge_reward(config_for(server, concurrency=3))(programs(12)))
    assert server.most_at_once == 3


def test_a_server_that_drips_is_cut_off_at_the_request_timeout():
    _, reasons, _ = ask(lambda _: [GOOD[:60], *[0.1, b" "] * 300], request_timeout=0.8)
    assert reasons == {"timeout": 1.0}  # and not "deadline", which comes after 20 s


def test_retry_after_is_respected():
    times = []

    def script(_):
        times.append(time.monotonic())
        return GOOD if len(times) > 1 else http("{}", status="429 Slow down", headers="Retry-After: 2\r\n")

    rewards, _, _ = ask(script, retries=1)
    assert rewards == [0.6]
    assert times[1] - times[0] >= 2.0


def test_retry_after_beyond_the_deadline_is_not_waited_for():
    slow_down = http("{}", status="429 Slow down", headers="Retry-After: 600\r\n")
    _, reasons, server = ask(lambda _: slow_down, retries=3)
    assert reasons == {"rate_limited": 1.0}  # and not "deadline"
    assert len(server.requests) == 1


def test_a_passing_fault_is_tried_again():
    rewards, _, server = ask(sequence([[HANG_UP], http("x", status="503 Busy"), GOOD]), retries=2)
    assert rewards == [0.6]
    assert len(server.requests) == 3


def test_a_lasting_fault_is_not_tried_for_ever():
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

    rewards, _, server = ask(script, programs(5), concurrency=1)
    assert rewards == [0.6] * 5
    assert ["response_format" in body for body in server.requests] == [True] + [False] * 5


def test_temperature_and_longest_answer_are_sent():
    _, _, server = ask(lambda _: GOOD, temperature=0.5, max_tokens=100)
    assert server.requests[0]["temperature"] == 0.5
    assert server.requests[0]["max_tokens"] == 100


def test_a_server_with_response_format_gets_the_strict_schema():
    _, _, server = ask(lambda _: GOOD)
    schema = server.requests[0]["response_format"]["json_schema"]
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
            rewards = await reward(programs(60)[10 * step : 10 * step + 10])
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
    rewards, reasons, server = ask(lambda _: GOOD, programs(10), max_requests=4)
    assert sum(r == 0.6 for r in rewards) == 4
    assert reasons == {"budget": 0.6}
    assert len(server.requests) == 4
    assert caplog.text.count("budget is used up") == 1


def test_the_budget_of_cost_is_kept_from_the_reported_usage():
    # 100 tokens at 10 and 20 at 100 USD per million: 0.003 USD each, so 0.01 USD pays for three; a fourth could cost
    # more than what is left, since the worst case is booked first.
    options = {"max_cost": 0.05, "input_price": 10.0, "output_price": 100.0, "concurrency": 1}
    rewards, reasons, server = ask(lambda _: GOOD, programs(20), **options)
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
        assert asyncio.run(reward(programs(1), log_extra=columns.__setitem__)) == [None]
        assert server.requests == []
    assert columns["judge_rationale"][0].startswith("rejected: The value of JUDGE_API_KEY")
    assert "sk-two" not in str(columns) + caplog.text
