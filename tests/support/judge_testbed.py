"""Asks a judge about small programs: what the tests of `rust_rewards/judge` share."""

import asyncio

import pytest
from judge_server import ScriptedServer, scores

from rust_rewards.judge import REASONS, JudgeConfig, get_judge_reward

GOOD = scores()  # (8 + 6 + 4) / 3 / 10 = 0.6


def fenced(code):
    return f"```rust\n{code}\n```"


def programs(n):
    """Return `n` completions with different programs; the body of the function `f{i}` is `i`."""
    return [fenced(f"pub fn f{i}() -> i32 {{ {i} }}") for i in range(n)]


def config_for(server, **options):
    return JudgeConfig(server.endpoint, "m", **({"cache_path": None, "only_compiling": False} | options))


def question(body):
    return body["messages"][1]["content"]


def ask(script, completions=None, prompts=None, code_prefix=None, **options):
    """Return the rewards, the metrics and the server for one batch."""
    settings = {"cache_path": None, "only_compiling": False, "retries": 0, "deadline": 20.0} | options
    metrics = {}
    with ScriptedServer(script) as server:
        reward = get_judge_reward(JudgeConfig(server.endpoint, "m", **settings))
        columns = {"prompts": prompts, "code_prefix": code_prefix}
        rewards = asyncio.run(reward(completions or programs(1), **columns, log_metric=metrics.__setitem__))
    told = ("judge/none/", "judge/zero/")
    reasons = {r: sum(metrics.get(f"{kind}{r}", 0.0) for kind in told) for r in REASONS}
    assert sum(reasons.values()) + metrics["judge/scored"] == pytest.approx(1.0)
    return rewards, {r: share for r, share in reasons.items() if share}, server
