"""Programs and their tasks, settled one by one: what is asked about, what is not, and how long a batch may take."""

import asyncio

import pytest
from judge_server import ScriptedServer, completion, http, scores
from judge_testbed import GOOD, ask, config_for, fenced, programs

from rust_rewards.judge import get_judge_reward, in_background
from rust_rewards.rewards import get_rust_reward
from rust_rewards.verifier import Limits


def test_only_programs_that_compile_are_asked_about():
    broken, prose = fenced("pub fn f() -> i32 { true }"), "I would rather not."
    good = fenced("pub fn f() -> i32 { 1 }")
    metrics, columns = {}, {}
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server, only_compiling=True))
        rewards = asyncio.run(
            reward([broken, good, prose], log_metric=metrics.__setitem__, log_extra=columns.__setitem__)
        )
    assert rewards == [0.0, 0.6, 0.0]
    assert len(server.requests) == 1
    assert metrics["judge/zero/not_compiling"] == metrics["judge/zero/no_code"] == pytest.approx(1 / 3)
    assert columns["judge_quality"] == [None, 8.0, None]
    assert columns["judge_rationale"] == ["not_compiling: ", "As scripted.", "no_code: "]


def test_equal_programs_are_asked_about_once_unless_their_tasks_differ():
    one, two = programs(2)
    with ScriptedServer(lambda _: GOOD) as server:
        reward = get_judge_reward(config_for(server))
        assert asyncio.run(reward([one, one, two, one], prompts=["a", "a", "a", "b"])) == [0.6] * 4
    assert len(server.requests) == 3


def test_a_program_beyond_the_length_limit_is_not_judged_by_half():
    long = fenced("pub fn f() {}\n" + "// x\n" * 100)
    with ScriptedServer(lambda _: GOOD) as server:
        metrics = {}
        reward = get_judge_reward(config_for(server, max_chars=400))
        assert asyncio.run(reward([long], log_metric=metrics.__setitem__)) == [0.0]
    assert metrics["judge/zero/too_long"] == 1.0
    assert server.requests == []


def test_a_program_is_as_long_as_it_is_shown():
    unseen = fenced("pub fn f() {}\n// " + "\u200b" * 100)  # eight characters each, written out
    rewards, reasons, server = ask(lambda _: GOOD, [unseen], max_chars=400)
    assert rewards == [0.0]
    assert reasons == {"too_long": 1.0}
    assert server.requests == []


def test_a_task_beyond_the_length_limit_is_nobody_s_fault():
    rewards, reasons, _ = ask(lambda _: GOOD, prompts="Count. " * 100, max_chars=400)
    assert rewards == [None]
    assert reasons == {"long_task": 1.0}


EVASIONS = {
    "refused": completion(None, refusal="I cannot judge this."),
    "truncated": completion('{"rationale": "Well', finish="length"),
    "unparsable": completion("Here are two."),
    "out_of_range": scores(11, 11, 11),
    "not_taken": http('{"error": "too many tokens"}', status="400 Bad Request"),
    "not_taken 413": http("{}", status="413 Payload Too Large"),
    "not_taken 422": http("{}", status="422 Unprocessable Entity"),
}


def evades(body):
    return "f1()" in body["messages"][1]["content"]


@pytest.mark.parametrize("name", EVASIONS)
def test_a_program_that_the_judge_cannot_score_earns_nothing_by_it(name):
    metrics = {}
    with ScriptedServer(lambda body: EVASIONS[name] if evades(body) else GOOD) as server:
        reward = get_judge_reward(config_for(server, failures_to_pause=1, retries=0))
        assert asyncio.run(reward(programs(1))) == [0.6]  # the judge is known to answer
        rewards = asyncio.run(reward(programs(3), log_metric=metrics.__setitem__))
    assert rewards == [0.6, 0.0, 0.6]  # and nobody else is paused for it
    assert metrics[f"judge/zero/{name.split()[0]}"] == pytest.approx(1 / 3)
    assert sum(map(evades, server.requests)) == 2  # asked again before it is blamed


def test_a_second_answer_that_can_be_read_counts():
    asked = []

    def script(body):
        asked.append(body["messages"][1]["content"])
        return completion("Well.") if len(asked) == 1 else GOOD

    rewards, _, _ = ask(script)
    assert rewards == [0.6]
    assert asked[0] != asked[1]  # another marker: not the same question, and not the same answer


def test_a_judge_that_answers_nobody_blames_nobody():
    rewards, reasons, _ = ask(lambda _: completion("Lovely code!"), programs(4))
    assert rewards == [None] * 4
    assert reasons == {"unparsable": 1.0}


def test_a_row_that_the_verifier_failed_for_has_no_judgement_either():
    completions = [fenced("pub fn add(a: i32, b: i32) -> i32 { a + b } // judged"), fenced("pub fn broken( {")]
    tests = ["assert_eq!(add(1, 2), 3);"] * 2
    late = in_background(get_rust_reward(limits=Limits(deadline_seconds=1e-6)))

    async def score(reward):
        columns = {"completions": completions, "tests": tests}
        judged, rust = await asyncio.gather(reward(**columns), late(**columns))  # as TRL does
        return judged, rust

    with ScriptedServer(lambda _: GOOD) as server:
        judged, rust = asyncio.run(score(get_judge_reward(config_for(server, only_compiling=True))))
    assert judged == [None, 0.0]
    assert rust == [None, 0.0]


def cached_reward(server, path, **options):
    """Reward three programs as a run of its own would that keeps its answers in this file."""
    return asyncio.run(get_judge_reward(config_for(server, cache_path=str(path), **options))(programs(3)))


def test_the_cache_serves_the_next_run(tmp_path):
    metrics = {}
    with ScriptedServer(lambda _: GOOD) as server:
        assert cached_reward(server, tmp_path / "c") == [0.6] * 3
        again = get_judge_reward(config_for(server, cache_path=str(tmp_path / "c")))
        assert asyncio.run(again(programs(3), log_metric=metrics.__setitem__)) == [0.6] * 3
    assert len(server.requests) == 3
    assert metrics["judge/cached"] == 1.0


def test_weights_are_no_part_of_the_cached_question(tmp_path):
    with ScriptedServer(lambda _: GOOD) as server:
        cached_reward(server, tmp_path / "c")
        assert cached_reward(server, tmp_path / "c", weight_scale=10.0) == [6.0] * 3
    assert len(server.requests) == 3


@pytest.mark.parametrize("changed", [{"prompt_template": "Mark this: {code}"}, {"strip_comments": True}])
def test_another_question_is_not_answered_from_the_cache(tmp_path, changed):
    with ScriptedServer(lambda _: GOOD) as server:
        cached_reward(server, tmp_path / "c")
        cached_reward(server, tmp_path / "c", **changed)
    assert len(server.requests) == 6


def test_a_sandbox_that_does_not_work_is_none_and_counted(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", "firejail")
    rewards, reasons, server = ask(lambda _: GOOD, only_compiling=True)
    assert rewards == [None]
    assert reasons == {"verifier": 1.0}
    assert server.requests == []


def test_one_bad_answer_leaves_the_others_of_its_batch_alone():
    def script(body):
        return http("oops", status="500 Oops") if "f1()" in body["messages"][1]["content"] else GOOD

    rewards, reasons, _ = ask(script, programs(4))
    assert rewards == [0.6, None, 0.6, 0.6]
    assert reasons == {"server_error": 0.25}


def test_the_deadline_ends_a_batch_and_keeps_what_has_arrived():
    def script(body):
        return GOOD if "f0()" in body["messages"][1]["content"] else [30, GOOD]

    rewards, reasons, _ = ask(script, programs(4), deadline=1.0)
    assert rewards == [0.6, None, None, None]
    assert reasons == {"deadline": 0.75}  # had it waited for them, there would be scores, or "timeout"
