"""Training with the judge: a few steps of GRPO on a random model, with a scripted server and with a real one.

A word of the policy is a whole Rust function, so that a random model writes programs that compile, unless it writes
one function twice.
"""

import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from judge_server import ScriptedServer, http, scores
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from rust_rewards.judge import JudgeConfig, check_judge, get_judge_reward, in_background
from rust_rewards.rewards import rust_reward, tests_reward

FUNCTIONS = [f"pub fn f{i}(x: i32) -> i32 {{ x + {i} }}" for i in range(30)]
ANSWER = '{"rationale":"Learnt.","quality":8,"correctness":6,"idiomaticity":4}'  # 0.6
TEMPLATE = "{% for m in messages %}{{ m['content'] }} {% endfor %} <answer>"


def make_tokenizer(words):
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<eos>", "<unk>", *words])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>", padding_side="left"
    )


def make_model(tokenizer, positions=64):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=positions, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    return LlamaForCausalLM(config).float()


def train(folder, rewards, *, steps=3, tests=None, batch=8, callbacks=None):
    """Run some steps of GRPO and return the trainer."""
    tokenizer = make_tokenizer(["task", *FUNCTIONS])
    arguments = GRPOConfig(
        str(folder), per_device_train_batch_size=batch, num_generations=batch, max_completion_length=2,
        max_steps=steps, learning_rate=1e-2, logging_steps=1, save_strategy="no", report_to="none", use_cpu=True,
        bf16=False, activation_checkpointing=False, disable_tqdm=True, seed=1,
        multi_objective_aggregation="normalize_then_sum",
    )  # fmt: skip
    row = {"prompt": "task"} if tests is None else {"prompt": "task", "tests": tests}
    trainer = GRPOTrainer(
        model=make_model(tokenizer),
        reward_funcs=rewards,
        args=arguments,
        train_dataset=Dataset.from_list([row] * 8),
        processing_class=tokenizer,
        callbacks=callbacks,
    )
    trainer.train()
    return trainer


def steps_of(trainer):
    return [entry for entry in trainer.state.log_history if "loss" in entry]


@pytest.fixture(scope="module")
def through_an_outage(tmp_path_factory):
    """The trainer after three steps; the judge answers six questions and is down from then on."""
    torch.set_num_threads(1)
    folder, seen = tmp_path_factory.mktemp("outage"), []

    def script(_):
        seen.append(0)
        return scores() if len(seen) <= 6 else http("down", status="503 Down")

    with ScriptedServer(script) as server:
        config = JudgeConfig(server.endpoint, "m", cache_path=str(folder / "c"), retries=0, failures_to_pause=2)
        return train(folder, [in_background(rust_reward), get_judge_reward(config)])


def test_training_goes_on_through_an_outage(through_an_outage):
    logs = steps_of(through_an_outage)
    assert len(logs) == 3
    assert all(math.isfinite(entry["loss"]) for entry in logs)
    assert all(math.isfinite(entry["rewards/rust_reward/mean"]) for entry in logs)


def test_what_was_judged_before_an_outage_and_not_judged_in_it_is_logged(through_an_outage):
    logs = steps_of(through_an_outage)
    assert logs[0]["judge/scored"] > 0
    assert logs[0]["rewards/judge_reward/mean"] == pytest.approx(0.6)
    assert logs[2]["judge/none/paused"] > 0


def test_the_metrics_of_the_judge_are_the_same_in_every_step(through_an_outage):
    first, *others = ({key for key in entry if key.startswith("judge/")} for entry in steps_of(through_an_outage))
    assert first
    assert all(keys == first for keys in others)


def test_the_model_learns_although_the_judge_is_down(through_an_outage):
    before = make_model(make_tokenizer(["task", *FUNCTIONS])).state_dict()
    after = through_an_outage.model.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)


class StepTimer(TrainerCallback):
    """Keeps the seconds of each step; the first, with its imports, is left out."""

    def __init__(self):
        self.seconds, self._began = [], 0.0

    def on_step_begin(self, args, state, control, **kwargs):
        self._began = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        self.seconds.append(time.perf_counter() - self._began)

    def fastest(self):
        return min(self.seconds[1:])


# A hidden test that takes a while, and has a name of its own in each run: no verdict comes from a cache.
SLOW_TEST = """#[cfg(test)] mod tests {
    #[test] fn NAME() { std::thread::sleep(std::time::Duration::from_millis(200)); }
}"""


@pytest.mark.slow
@pytest.mark.timing
def test_a_step_with_the_judge_takes_as_long_as_the_slower_of_judge_and_verifier(tmp_path):
    def seconds(name, *kinds):
        timer = StepTimer()
        with ScriptedServer(lambda _: [0.75, scores()]) as server:
            config = JudgeConfig(server.endpoint, "m", cache_path=None, concurrency=4)  # 8 programs: 1.5 s
            known = {"judge": get_judge_reward(config), "verifier": in_background(tests_reward)}
            tests = SLOW_TEST.replace("NAME", name)
            train(tmp_path / name, [known[kind] for kind in kinds], steps=5, tests=tests, callbacks=[timer])
        return timer.fastest()

    def overlaps(attempt):
        judge, verifier = seconds(f"judge_{attempt}", "judge"), seconds(f"verifier_{attempt}", "verifier")
        both = seconds(f"both_{attempt}", "verifier", "judge")
        print(f"judge {judge:.2f} s, verifier {verifier:.2f} s, both {both:.2f} s")
        return both <= 1.1 * max(judge, verifier)

    assert overlaps(1) or overlaps(2)  # twice, since a busy machine may slow down one of the three


def learnt_judge(folder):
    """Save a small model that has learnt to end every conversation with one answer, and to stop."""
    tokenizer = make_tokenizer(["<answer>", ANSWER])
    tokenizer.chat_template = TEMPLATE
    model = make_model(tokenizer, positions=2048)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    asked, answer = tokenizer.convert_tokens_to_ids(["<answer>", ANSWER])
    for step in range(60):
        ids = torch.tensor([[2] * (1 + 40 * (step % 10)) + [asked, answer, 1]])
        labels = torch.full_like(ids, -100)
        labels[:, -2:] = ids[:, -2:]
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def real_server(tmp_path_factory):
    """`transformers serve` with that model on a free port of the loopback."""
    folder = tmp_path_factory.mktemp("judge-model")
    torch.set_num_threads(1)
    learnt_judge(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [Path(sys.executable).with_name("transformers"), "serve", folder, "--host", "127.0.0.1"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*serve, "--port", str(port), "--device", "cpu"],
            stdout=log,
            stderr=log,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        )
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}/health", server, folder / "log")
            yield f"http://127.0.0.1:{port}/v1", str(folder)
        finally:
            server.terminate()
            server.wait(20)


def wait_until_healthy(url, server, log):
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                assert json.load(response)["status"] == "ok"
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no server after a minute: {log.read_text()}")


@pytest.mark.slow
def test_training_with_a_real_server_through_the_real_client(real_server, tmp_path, caplog):
    endpoint, model = real_server
    config = JudgeConfig(
        endpoint, model, cache_path=str(tmp_path / "c"), max_tokens=8, input_price=1.0, output_price=1.0
    )
    check_judge(config)
    assert "not in the form asked for" not in caplog.text
    trainer = train(tmp_path, [in_background(rust_reward), get_judge_reward(config)])
    logs = steps_of(trainer)
    assert len(logs) == 3
    for entry in logs:
        worth_asking = 1 - entry["judge/zero/not_compiling"] - entry["judge/zero/no_code"]
        assert entry["rewards/judge_reward/mean"] == pytest.approx(0.6 * worth_asking)  # the others earn 0
        assert entry["judge/scored"] == pytest.approx(worth_asking)
        assert math.isfinite(entry["loss"])
    assert logs[-1]["judge/cost_usd"] > 0  # the server reports its tokens
