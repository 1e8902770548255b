"""The judge as a reward function: its contract with TRL, what it asks about, its options, its probe, its secrets."""

import asyncio
import functools
import logging
import pickle
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import fields

import pytest
from judge_server import HANG_UP, ScriptedServer, completion, http, scores
from paths import SUPPORT
from trl import TrlParser
from trl.trainer.utils import is_async_callable

from rust_rewards.judge import (
    REASONS,
    JudgeArguments,
    JudgeConfig,
    JudgeError,
    check_judge,
    get_judge_reward,
    in_background,
    with_judge,
)

GOOD = scores()  # (8 + 6 + 4) / 3 / 10 = 0.6
KEY = "sk-never/SEE-this-0123456789"


def fenced(code):
    return f"```rust\n{code}\n```"


def programs(n):
    return [fenced(f"pub fn f{i}() -> i32 {{ {i} }}") for i in range(n)]


def config_for(server, **options):
    return JudgeConfig(server.endpoint, "m", **({"cache_path": None, "only_compiling": False} | options))


def question(body):
    return body["messages"][1]["content"]


def test_strings_and_messages_are_judged_alike_with_the_task_of_their_prompt():
    chat = [{"role": "system", "content": "You know Rust."}, {"role": "user", "content": "Write one()."}]
    code = fenced("pub fn one() -> i32 { 1 }")
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server))
        assert asyncio.run(reward([code], prompts=["Write one()."])) == [0.6]
        messages = [[{"role": "assistant", "content": code}]]
        assert asyncio.run(reward(completions=messages, prompts=[chat], tests=["x"], trainer_state=None)) == [0.6]
    texts = [question(body) for body in server.requests]
    assert all("Task:\nWrite one().\n" in t and "pub fn one() -> i32 { 1 }" in t for t in texts)
    assert "You know Rust." not in texts[1]


def test_a_base_models_continuation_is_judged_with_its_prefix():
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server))
        assert asyncio.run(reward(["    1\n}\n"], code_prefix=["pub fn one() -> i32 {\n"])) == [0.6]
    assert "pub fn one() -> i32 {\n    1\n}\n" in question(server.requests[0])


def test_weights_and_scale_shape_the_reward():
    with ScriptedServer(lambda _: GOOD) as server:
        config = config_for(server, w_quality=3.0, w_correctness=1.0, w_idiomaticity=0.0, weight_scale=2.0)
        # (3 * 8 + 1 * 6) / 4 = 7.5 of 10, times 2
        assert asyncio.run(get_judge_reward(config)(programs(1))) == [1.5]


def test_only_programs_that_compile_are_asked_about():
    broken, prose = fenced("pub fn f() -> i32 { true }"), "I would rather not."
    good = fenced("pub fn f() -> i32 { 1 }")
    metrics, columns = {}, {}
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server, only_compiling=True))
        rewards = asyncio.run(
            reward([broken, good, prose], log_metric=metrics.__setitem__, log_extra=columns.__setitem__)
        )
    assert rewards == [None, 0.6, None]
    assert len(server.requests) == 1
    assert metrics["judge/none/not_compiling"] == metrics["judge/none/no_code"] == pytest.approx(1 / 3)
    assert columns["judge_quality"] == [None, 8.0, None]
    assert columns["judge_rationale"] == ["not_compiling: ", "As scripted.", "no_code: "]


def test_equal_programs_are_asked_about_once_unless_their_tasks_differ():
    one, two = programs(2)
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server))
        assert asyncio.run(reward([one, one, two, one], prompts=["a", "a", "a", "b"])) == [0.6] * 4
    assert len(server.requests) == 3


def test_the_cache_serves_the_next_run_and_knows_the_question(tmp_path):
    cache, metrics = str(tmp_path / "answers"), {}
    with ScriptedServer(lambda _: GOOD) as server:

        def rewarded(**options):
            reward = get_judge_reward(config_for(server, cache_path=cache, **options))
            return asyncio.run(reward(programs(3), log_metric=metrics.__setitem__))

        assert rewarded() == rewarded() == [0.6] * 3
        assert (len(server.requests), metrics["judge/cached"]) == (3, 1.0)
        assert rewarded(weight_scale=10.0) == [6.0] * 3  # weights are no part of the question
        assert len(server.requests) == 3
        rewarded(prompt_template="Mark this: {code}")
        rewarded(strip_comments=True)
        assert len(server.requests) == 9


def test_a_program_beyond_the_length_limit_is_not_judged_by_half():
    long = fenced("pub fn f() {}\n" + "// x\n" * 100)
    with ScriptedServer(lambda _: GOOD) as server:
        metrics = {}
        reward = get_judge_reward(config_for(server, max_chars=400))
        assert asyncio.run(reward([long], log_metric=metrics.__setitem__)) == [None]
    assert metrics["judge/none/too_long"] == 1.0
    assert server.requests == []


def test_every_batch_logs_the_same_metrics_the_empty_one_included():
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server))
        seen = [{}, {}]
        assert asyncio.run(reward([], log_metric=seen[0].__setitem__)) == []
        asyncio.run(reward(programs(2), log_metric=seen[1].__setitem__))
    assert seen[0].keys() == seen[1].keys()
    assert seen[1].keys() >= {f"judge/none/{reason}" for reason in REASONS} | {"judge/scored", "judge/cost_usd"}


def test_trl_sees_it_as_asynchronous_and_it_survives_pickling_and_other_event_loops():
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server, concurrency=1))
        assert is_async_callable(reward)
        for _ in range(2):  # asyncio.run makes a loop and closes it
            assert asyncio.run(reward(programs(3))) == [0.6] * 3
        copy = pickle.loads(pickle.dumps(reward))
        assert copy.__name__ == "judge_reward"
        assert copy.judge.config == reward.judge.config
        assert asyncio.run(copy(programs(1))) == [0.6]


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


# --- overlap -----------------------------------------------------------------------------------------------------


def slow_reward(completions, log=None, **kwargs):
    time.sleep(0.2)
    if log is not None:
        log.append(threading.current_thread().name)
    return [1.0] * len(completions)


@pytest.mark.timing
def test_a_synchronous_reward_overlaps_with_the_judge_in_the_background():
    async def step(rewards, log):
        return await asyncio.gather(*(reward(completions=programs(1), log=log) for reward in rewards))

    with ScriptedServer(lambda _: [0.6, GOOD]) as server:
        judge = get_judge_reward(config_for(server))
        asyncio.run(judge(programs(1)))  # imports
        background, log = in_background(slow_reward), []
        assert background.__name__ == "slow_reward"
        began = time.perf_counter()
        assert asyncio.run(step([background, background, judge], log)) == [[1.0], [1.0], [0.6]]
        seconds = time.perf_counter() - began
    assert seconds < 0.9  # the slower of 2 * 0.2 s and 0.6 s, and not 1.0 s
    assert len(set(log)) == 1  # one after another, in one thread


def test_in_background_leaves_asynchronous_rewards_and_models_alone():
    judge = get_judge_reward(JudgeConfig("http://127.0.0.1:9/v1", "m"))
    partial = in_background(functools.partial(slow_reward, log=None))
    assert in_background(judge) is judge
    assert in_background("org/reward-model") == "org/reward-model"
    assert in_background(partial) is partial
    assert partial.__name__ == "slow_reward"
    assert pickle.loads(pickle.dumps(in_background(slow_reward))).__name__ == "slow_reward"


# --- the key -----------------------------------------------------------------------------------------------------


def test_the_key_is_in_no_file_log_line_exception_or_pickle(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    told = f"Incorrect API key provided: {KEY}. " * 100
    escaped = KEY.replace("/", "\\/")
    replies = [
        http(told, status="401 Unauthorized"),
        http(told, status="429 Slow down"),
        http(told, status="500 Oops"),
        http(told),
        http('{"choices": [{"message": {"content": "' + escaped + '"}}]}'),
        completion(f'{{"rationale": "{KEY}", "quality": 8, "correctness": 6, "idiomaticity": 4}}'),
        completion(None, refusal=f"{KEY} is no reason"),
        [HANG_UP],
        GOOD,
    ]
    columns, told_errors = [], []
    for reply in replies:
        with ScriptedServer(lambda _, reply=reply: reply) as server:
            config = config_for(server, api_key_env="MY_KEY", cache_path=str(tmp_path / "answers"), retries=1)
            reward = get_judge_reward(config)
            asyncio.run(reward(programs(2), log_extra=lambda name, values: columns.append((name, values))))
            try:
                check_judge(config)
            except JudgeError as err:
                told_errors.append(err)
            assert all(f"Bearer {KEY}" in head for head in server.headers)  # it was sent
        kept = pickle.dumps(reward) + pickle.dumps(config) + pickle.dumps(told_errors)
        assert KEY.encode() not in kept
        assert KEY not in repr(config) + repr(vars(reward.judge.client))
    assert len(told_errors) >= 5
    for err in told_errors:
        while err is not None:
            assert KEY not in str(err) + repr(err)
            err = err.__cause__ or err.__context__
    assert KEY not in caplog.text + str(columns)
    for file in tmp_path.rglob("*"):
        assert KEY.encode() not in file.read_bytes()


def test_a_key_given_as_the_variables_name_is_refused_without_repeating_it():
    with pytest.raises(ValueError, match="name of an environment variable") as caught:
        JudgeConfig("http://localhost/v1", "m", api_key_env=KEY)
    assert KEY not in str(caught.value)
    with pytest.raises(ValueError, match="plain base URL") as caught:
        JudgeConfig(f"http://user:{KEY}@localhost/v1", "m")
    assert "SEE-this" not in str(caught.value)


# --- before training ---------------------------------------------------------------------------------------------


def test_a_judge_that_works_passes_with_one_request():
    with ScriptedServer(lambda _: GOOD) as server:
        check_judge(config_for(server))
    assert len(server.requests) == 1


def test_a_judge_that_answers_in_another_form_is_a_warning(caplog):
    with ScriptedServer(lambda _: completion("What a nice program!")) as server:
        check_judge(config_for(server))
    assert "not in the form asked for" in caplog.text


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (http('{"error": "bad key"}', status="401 Unauthorized"), ["HTTP 401", "bad key", "JUDGE_API_KEY", "not set"]),
        (http('{"error": "no such model"}', status="404 Not Found"), ["HTTP 404", "'m'", "/v1"]),
        ([HANG_UP], ["Is the server running"]),
    ],
)
def test_what_is_wrong_is_said_in_one_message_with_what_to_do(monkeypatch, reply, says):
    monkeypatch.delenv("JUDGE_API_KEY", raising=False)
    with ScriptedServer(lambda _: reply) as server, pytest.raises(JudgeError) as caught:
        check_judge(config_for(server))
    for part in [*says, server.endpoint]:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(JudgeError, match=r"http://127\.0\.0\.1:9/v1 cannot be used.*Is the server running"):
        check_judge(JudgeConfig("http://127.0.0.1:9/v1", "m"))


def test_a_certificate_nobody_signed_is_named(tmp_path):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with ScriptedServer(lambda _: GOOD, tls) as server, pytest.raises(JudgeError, match=r"certificate.*SSL_CERT_FILE"):
        check_judge(config_for(server))


# --- options -----------------------------------------------------------------------------------------------------


def parse(*options):
    return TrlParser((JudgeArguments,)).parse_args_and_config(list(options))[0]


def test_every_setting_is_an_option_with_the_same_default_and_a_help_text():
    options = {f.name: f for f in fields(JudgeArguments)}
    for setting in fields(JudgeConfig):
        option = options.pop(f"judge_{setting.name}")
        assert len(option.metadata["help"]) > 20
        if setting.name not in ("endpoint", "model"):
            assert option.default == setting.default
    assert list(options) == ["judge_optional"]


def test_yaml_and_flags_reach_the_configuration(tmp_path):
    (tmp_path / "x.yaml").write_text("judge_endpoint: http://127.0.0.1:9/v1\njudge_model: qwen3-coder\n")
    given = parse("--config", str(tmp_path / "x.yaml"), "--judge_concurrency", "3", "--judge_optional")
    (reward,), weights = with_judge([], None, given)
    assert (reward.judge.config.model, reward.judge.config.concurrency, weights) == ("qwen3-coder", 3, None)


def test_without_judge_options_there_is_no_judge():
    assert with_judge([slow_reward], [2.0], parse()) == ([slow_reward], [2.0])


def test_judge_options_without_an_endpoint_stop_before_training_unless_optional():
    with pytest.raises(ValueError, match="No --judge_endpoint, but --judge_model given"):
        with_judge([], None, parse("--judge_model", "m"))
    assert with_judge([], None, parse("--judge_model", "m", "--judge_optional")) == ([], None)


def test_the_judge_comes_last_with_weight_one_and_the_others_overlap_with_it():
    with ScriptedServer(lambda _: GOOD) as server:
        given = parse("--judge_endpoint", server.endpoint, "--judge_model", "m")
        rewards, weights = with_judge([slow_reward], [0.5], given)
    assert [reward.__name__ for reward in rewards] == ["slow_reward", "judge_reward"]
    assert all(is_async_callable(reward) for reward in rewards)
    assert weights == [0.5, 1.0]
    assert len(server.requests) == 1


def test_an_absent_judge_stops_training_before_it_starts_unless_optional(caplog):
    absent = ("--judge_endpoint", "http://127.0.0.1:9/v1", "--judge_model", "m")
    with pytest.raises(JudgeError, match=r"Is the server running.*--judge_optional"):
        with_judge([], None, parse(*absent))
    (reward,), _ = with_judge([], None, parse(*absent, "--judge_optional"))
    assert caplog.text.count("is paused") == 1
    metrics = {}
    assert asyncio.run(reward([fenced("pub fn f() {}")], log_metric=metrics.__setitem__)) == [None]
    assert metrics["judge/none/paused"] == 1.0


def test_only_the_first_rank_probes(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with ScriptedServer(lambda _: GOOD) as server:
        with_judge([], None, parse("--judge_endpoint", server.endpoint, "--judge_model", "m"))
    assert server.requests == []


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("endpoint", "", "no endpoint"),
        ("endpoint", "localhost:8000", "must look like http"),
        ("endpoint", "ftp://localhost", "must look like http"),
        ("model", "", "no model"),
        ("prompt_template", "Judge!", r"\{code\}"),
        ("concurrency", 0, "above 0"),
        ("concurrency", 1.5, "whole number"),
        ("request_timeout", float("nan"), "above 0"),
        ("retries", -1, "at least 0"),
        ("max_requests", True, "whole number"),
        ("max_cost", 1.0, "both prices are 0"),
        ("w_quality", "1", "number"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(setting, value, says):
    with pytest.raises(ValueError, match=says):
        JudgeConfig(**({"endpoint": "http://localhost:8000/v1", "model": "m"} | {setting: value}))


def test_weights_must_not_all_be_zero():
    with pytest.raises(ValueError, match="all 0"):
        JudgeConfig("http://localhost/v1", "m", w_quality=0, w_correctness=0, w_idiomaticity=0)


def test_importing_the_judge_loads_neither_openai_nor_torch():
    code = "import sys, rust_rewards.judge; print({'openai', 'torch', 'trl', 'httpx2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_missing_openai_package_is_said_when_the_reward_is_made():
    code = (
        "import sys; sys.modules['openai'] = None\n"
        "from rust_rewards.judge import JudgeConfig, get_judge_reward\n"
        "get_judge_reward(JudgeConfig('http://localhost/v1', 'm'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'rust-rewards[judge]'" in done.stderr
