"""The judge as a reward function: its contract with TRL, its columns, its probe before training, its secrets."""

import asyncio
import logging
import pickle
import ssl
import subprocess
import sys

import pytest
from judge_server import HANG_UP, ScriptedServer, completion, http
from judge_testbed import GOOD, ask, config_for, fenced, programs, question
from trl.trainer.utils import is_async_callable

from rust_rewards.judge import (
    REASONS,
    JudgeArguments,
    JudgeConfig,
    JudgeError,
    check_judge,
    get_judge_reward,
    with_judge,
)

KEY = "sk-never/SEE-this-0123456789"
ABSENT = "http://127.0.0.1:9/v1"


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
    assert "  1| pub fn one() -> i32 {\n  2|     1\n  3| }\n" in question(server.requests[0])


def test_weights_and_scale_shape_the_reward():
    with ScriptedServer(lambda _: GOOD) as server:
        config = config_for(server, w_quality=3.0, w_correctness=1.0, w_idiomaticity=0.0, weight_scale=2.0)
        # (3 * 8 + 1 * 6) / 4 = 7.5 of 10, times 2
        assert asyncio.run(get_judge_reward(config)(programs(1))) == [1.5]


def test_one_string_is_the_prompt_and_the_prefix_of_every_row():
    continuations = ["    1\n}\n", "    2\n}\n"]
    rewards, _, server = ask(lambda _: GOOD, continuations, prompts="Count.", code_prefix="pub fn f() -> i32 {\n")
    assert rewards == [0.6, 0.6]
    assert all("Task:\nCount.\n" in body["messages"][1]["content"] for body in server.requests)


UNREADABLE = {
    "completion": {"completions": [*programs(1), None]},
    "prompt": {"prompts": ["Write f0().", None]},
    "prompt of strings": {"prompts": ["Write f0().", ["Write f1()."]]},
    "prefix": {"code_prefix": [None, float("nan")]},
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_row_is_none_and_leaves_the_others_alone(name):
    rewards, reasons, _ = ask(lambda _: GOOD, **({"completions": programs(2)} | UNREADABLE[name]))
    assert rewards == [0.6, None]
    assert reasons == {"unreadable": 0.5}


@pytest.mark.parametrize("columns", [{"prompts": ["x"]}, {"prompts": 5}, {"code_prefix": []}, {"code_prefix": 0.5}])
def test_a_column_that_does_not_fit_the_completions_is_none_for_all_of_them(columns):
    rewards, reasons, server = ask(lambda _: GOOD, programs(2), **columns)
    assert rewards == [None, None]
    assert reasons == {"unreadable": 1.0}
    assert server.requests == []


def test_every_batch_logs_the_same_metrics_the_empty_one_included():
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server))
        seen = [{}, {}]
        assert asyncio.run(reward([], log_metric=seen[0].__setitem__)) == []
        asyncio.run(reward(programs(2), log_metric=seen[1].__setitem__))
    assert seen[0].keys() == seen[1].keys()
    told = {key.rpartition("/")[2] for key in seen[1] if key.startswith(("judge/none/", "judge/zero/"))}
    assert told == set(REASONS)
    assert seen[1].keys() >= {"judge/scored", "judge/cost_usd"}


def test_trl_sees_it_as_asynchronous():
    assert is_async_callable(get_judge_reward(JudgeConfig(ABSENT, "m")))


def test_it_works_in_one_event_loop_after_another():
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server, concurrency=1))
        for _ in range(2):  # asyncio.run makes a loop and closes it
            assert asyncio.run(reward(programs(3))) == [0.6] * 3


def test_it_survives_pickling_after_use():
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server))
        asyncio.run(reward(programs(1)))
        copy = pickle.loads(pickle.dumps(reward))
        assert copy.__name__ == "judge_reward"
        assert copy.judge.config == reward.judge.config
        assert asyncio.run(copy(programs(1))) == [0.6]


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
    assert 'pip install "rust-rewards[judge]"' in done.stderr


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


# --- beside other rewards ----------------------------------------------------------------------------------------


def constant_reward(completions, **kwargs):
    return [1.0] * len(completions)


def test_without_an_endpoint_rewards_and_weights_stay_as_they_are():
    assert with_judge([constant_reward], [2.0], JudgeArguments()) == ([constant_reward], [2.0])


def test_the_judge_comes_last_with_weight_one_and_the_others_overlap_with_it():
    with ScriptedServer(lambda _: GOOD) as server:
        given = JudgeArguments(judge_endpoint=server.endpoint, judge_model="m")
        rewards, weights = with_judge([constant_reward], [0.5], given)
    assert [reward.__name__ for reward in rewards] == ["constant_reward", "judge_reward"]
    assert all(is_async_callable(reward) for reward in rewards)
    assert weights == [0.5, 1.0]
    assert len(server.requests) == 1


def test_an_absent_judge_stops_training_before_it_starts():
    absent = JudgeArguments(judge_endpoint=ABSENT, judge_model="m")
    with pytest.raises(JudgeError, match=r"Is the server running.*--judge_optional"):
        with_judge([], None, absent)


def test_an_absent_judge_that_is_optional_is_there_and_paused(caplog):
    absent = JudgeArguments(judge_endpoint=ABSENT, judge_model="m", judge_optional=True)
    (reward,), _ = with_judge([], None, absent)
    assert caplog.text.count("is paused") == 1
    metrics = {}
    assert asyncio.run(reward([fenced("pub fn f() {}")], log_metric=metrics.__setitem__)) == [None]
    assert metrics["judge/none/paused"] == 1.0


def test_only_the_first_rank_probes(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with ScriptedServer(lambda _: GOOD) as server:
        with_judge([], None, JudgeArguments(judge_endpoint=server.endpoint, judge_model="m"))
    assert server.requests == []
