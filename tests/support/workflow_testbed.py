"""Two tasks, answers whose worth is known, and models of a few thousand parameters, for the tests of the workflow."""

import json

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from rust_rewards.__main__ import main
from rust_rewards.commands.histories import from_steps
from rust_rewards.evaluation.evaluation_result import EvaluationResult
from rust_rewards.evaluation.scores import ScoredSample


def task(task_id, prefix, body, tests, difficulty=1, topic="arithmetic"):
    entry_point = prefix.split("fn ")[1].split("(")[0]
    return {
        "task_id": task_id,
        "prompt": [{"role": "user", "content": f"Write `{entry_point}`."}],
        "code_prefix": prefix,
        "entry_point": entry_point,
        "tests": tests,
        "reference": prefix + body,
        "difficulty": difficulty,
        "topic": topic,
    }


DOUBLE = task("double", "pub fn double(x: i32) -> i32 {\n", "    x * 2\n}\n", "assert_eq!(double(4), 8);")
LARGER = task(
    "larger",
    "/// Returns the larger number.\npub fn larger(a: i32, b: i32) -> i32 {\n",
    "    a.max(b)\n}\n",
    "#[cfg(test)]\nmod tests {\n    use super::*;\n"
    "    #[test]\n    fn first() {\n        assert_eq!(larger(3, 1), 3);\n    }\n"
    "    #[test]\n    fn second() {\n        assert_eq!(larger(1, 3), 3);\n    }\n}\n",
    difficulty=2,
    topic="comparison",
)
TASKS = [DOUBLE, LARGER]
BROKEN = DOUBLE | {"task_id": "broken", "reference": DOUBLE["reference"].replace("x * 2", "x * 3")}

# Completions of the code prefixes, by what becomes of them
RIGHT = {"double": "    x * 2\n}\n", "larger": "    if a > b { a } else { b }\n}\n"}
WRONG = {"double": "    x + 1\n}\n", "larger": "    let _ = b;\n    a\n}\n"}  # the second passes one test of two
REJECTED = {"double": '    "x"\n}\n', "larger": '    "x"\n}\n'}


def run(command, *options):
    """Run one of `rust-rewards`' commands and return its exit code."""
    return main([command, *map(str, options)])


def fails_with(capsys, message, *argv):
    assert run("evaluate", *argv) == 2
    assert message in capsys.readouterr().err


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_samples(path, completions, style="prefix"):
    """Write a samples file; `completions` is a list of dicts from task to completion, one per sample index."""
    rows = [{"task_id": name, "completion": text} for sample in completions for name, text in sample.items()]
    return write_lines(path, [{"settings": {"sampling": {"prompt_style": style}}}, *rows])


def evaluate_samples(tmp_path, name, completions, *options):
    """Evaluate completions on `TASKS` and return the result file's path."""
    tasks = write_lines(tmp_path / "tasks.jsonl", TASKS)
    samples = write_samples(tmp_path / f"{name}.samples.jsonl", completions)
    output = tmp_path / f"{name}.json"
    argv = ["--samples", str(samples), "--tasks", str(tasks), "--output_file", str(output), *options]
    assert run("evaluate", *argv) == 0
    return output


HEALTHY = {"kl": 0.05, "entropy": 1.0, "frac_reward_zero_std": 0.2, "clipped_ratio": 0.0, "learning_rate": 1e-5}


def evaluation(reward, solved, compiled=None, tasks=20, reference=30.0, name="m", date="today"):
    """Return an evaluation in which every task has the same values, except that a share of them is solved."""
    rows = []
    for number in range(tasks):
        passed = float(number < solved * tasks)
        values = {"pass@1": passed, "compile_rate": compiled if compiled is not None else passed, "mean_reward": reward}
        rows.append({"task_id": f"t{number}", "samples": 1, "values": values})
    samples = [
        ScoredSample(
            task_id=row["task_id"],
            program="fn a() {}",
            compiles=True,
            passed=bool(row["values"]["pass@1"]),
            tests_passed=0,
            tests_total=1,
            reward=reward,
        )
        for row in rows
    ]
    return EvaluationResult(
        model={"name": name},
        seed=0,
        sampling={"temperature": 1.0},
        toolchain={"rustc": "1.95.0", "host": "x86_64-unknown-linux-gnu", "clippy": True},
        packages={},
        machine={"platform": "Linux", "processors": 2},
        date=date,
        task_set={
            "hash": "h",
            "source": "s",
            "count": tasks,
            "broken": {},
            "left_out": [],
            "reference_reward": reference,
        },
        summary={"tasks": tasks, "samples": tasks, "unjudged": 0, "metrics": rows[0]["values"]},
        by_difficulty={},
        by_topic={},
        tasks=rows,
        error_codes={},
        failures={},
        samples=tuple(samples),
    )


def steps(first=None, last=None, count=8):
    """Return a history whose values go from `first` to `last` in the middle of the run."""
    first, last = HEALTHY | (first or {}), HEALTHY | (last or {})
    return [{"iteration": float(i), **(first if i <= count // 2 else last)} for i in range(1, count + 1)]


def history(first=None, last=None, count=8):
    """Return the same as a decision and a page read it."""
    return from_steps(steps(first, last, count))


def save_model(folder, silent=False, chat_template=None):
    """Save a random character model; a silent one has all weights 0 and, sampled greedily, ends at once."""
    torch.manual_seed(0)
    vocabulary = {"<eos>": 0, "<pad>": 1, **{char: i for i, char in enumerate(map(chr, range(32, 127)), 2)}}
    vocabulary["Ċ"] = len(vocabulary)  # the byte-level alphabet's newline
    vocabulary["Ġ"] = len(vocabulary)  # and its space
    words = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<eos>", pad_token="<pad>")
    tokenizer.chat_template = chat_template
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=0,
        pad_token_id=1,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    if silent:
        for parameter in model.parameters():
            torch.nn.init.zeros_(parameter)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
