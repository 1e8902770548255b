"""Models that cannot be loaded are named before anything is."""

import pytest


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "Model folder './model' does not exist"),
        ([], "Model folder './model' holds no config.json"),
        (["config.json"], "Model folder './model' holds no weights (*.safetensors or *.bin)"),
        (
            ["adapter_config.json", "adapter_model.safetensors"],
            "holds an adapter (LoRA), no whole model: merge it first",
        ),
    ],
)
def test_a_folder_that_holds_no_whole_model_is_named(refuse, tmp_path, files, message):
    if files is not None:
        (tmp_path / "model").mkdir()
        for name in files:
            (tmp_path / "model" / name).write_text("{}")
    common = ["--bf16", "false", "--dataset_name", "recipes/tiny/train.jsonl"]
    assert message in refuse("--model_name_or_path", "./model", *common)
