"""Models to sample from: padding, stop strings, checkpoints and adapters."""

import json

from workflow_testbed import (
    TASKS,
    fails_with,
    run,
    save_model,
    write_lines,
)

from rust_rewards.evaluation.evaluation_result import read_evaluation
from rust_rewards.evaluation.generators import Sampling, cut_at_stop


def test_samples_of_older_weights_in_the_same_folder_are_refused(tmp_path, capsys):
    folder = save_model(tmp_path / "trained")
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", folder, "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    assert run("evaluate", *argv, "--max_new_tokens", "4") == 0
    assert run("evaluate", *argv, "--max_new_tokens", "4") == 0  # the same weights: the samples serve again
    save_model(tmp_path / "trained", silent=True)
    fails_with(capsys, "other settings (model differ)", *argv, "--max_new_tokens", "4")


def test_weights_that_cannot_be_read_are_one_clear_message(tmp_path, capsys):
    folder = save_model(tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", folder, "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    fails_with(capsys, f"Cannot load the model '{folder}'", *argv)


def test_completion_does_not_depend_on_its_neighbours_padding(generator):
    ids = [generator.tokenizer(text)["input_ids"] for text in ("pub fn a", "pub fn something_longer")]
    greedy = Sampling(temperature=0, max_new_tokens=6)
    together = generator.complete(ids, greedy, 0)
    assert together == [generator.complete([one], greedy, 0)[0] for one in ids]


def test_text_ends_before_the_first_stop_string():
    assert cut_at_stop("    x\n}\n\nfn main() {", ["fn main", "\n}"]) == "    x"
    assert cut_at_stop("    x", ["\n}"]) == "    x"


def test_model_checkpoint_and_lora_adapter_are_all_evaluated(model, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model)
    get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False)).save_pretrained(
        tmp_path / "adapter"
    )
    adapter = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(adapter | {"base_model_name_or_path": model}))
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    completions = {}
    for name in (model, str(tmp_path / "adapter")):
        output = tmp_path / "result.json"
        argv = ["--model_name_or_path", name, "--tasks", tasks, "--output_file", str(output)]
        assert run("evaluate", *argv, "--max_new_tokens", "12", "--num_samples", "2") == 0
        result = read_evaluation(output)
        assert result.sampling["prompt_style"] == "prefix"  # there is no chat template
        assert result.summary["samples"] == 4
        completions[name] = [sample.completion for sample in result.samples]
        output.with_suffix(".samples.jsonl").unlink()
    assert len(set(map(tuple, completions.values()))) == 2  # the adapter was really used


def test_chat_model_gets_the_chat_and_is_asked_for_a_whole_program(tmp_path):
    template = "{% for m in messages %}user: {{ m['content'] }}\n{% endfor %}assistant:"
    chat = save_model(tmp_path / "chat", chat_template=template)
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", chat, "--tasks", tasks, "--output_file", str(tmp_path / "r.json")]
    assert run("evaluate", *argv, "--max_new_tokens", "4") == 0
    assert read_evaluation(tmp_path / "r.json").sampling["prompt_style"] == "chat"


def test_model_that_generates_nothing_overwrites_no_result(tmp_path, capsys):
    silent = save_model(tmp_path / "silent", silent=True)
    output = tmp_path / "result.json"
    output.write_text("an older result")
    tasks = str(write_lines(tmp_path / "tasks.jsonl", TASKS))
    argv = ["--model_name_or_path", silent, "--tasks", tasks, "--output_file", str(output)]
    argv += ["--temperature", "0", "--max_new_tokens", "20"]
    fails_with(capsys, "generated nothing: all 2 completions are empty", *argv)
    assert output.read_text() == "an older result"
