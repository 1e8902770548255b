# make demo    train the embedded model for a few minutes and show what it learned
# make test    lint, type-check and test; what continuous integration runs
# make bench   measure: each claim of speed in the READMEs comes from here
# make differential    compare 20,000 batched verdicts with one-at-a-time ones (a quarter of an hour)
# make tiny    rebuild the embedded model
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUSTUP := curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default
export PATH := $(CURDIR)/$(BIN):$(PATH):$(HOME)/.cargo/bin
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test lint bench differential tiny install rust clean

demo: install
	recipes/demo.sh

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python -m pytest -m timing

differential: install
	$(BIN)/python tests/support/differential.py --programs 20000 --seed 0

install: rust $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt rust_rewards/version.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# Before anything is downloaded: without a Rust toolchain nothing here can work.
rust:
	@command -v rustc >/dev/null || { echo "No rustc on PATH. Install a Rust toolchain first: $(RUSTUP)" >&2; exit 1; }

tiny: install
	$(BIN)/python recipes/tiny/corpus.py --corpus outputs/tiny-corpus.jsonl
	$(BIN)/accelerate launch recipes/sft.py --config recipes/tiny/sft.yaml
	cp outputs/tiny-sft/model.safetensors outputs/tiny-sft/*config.json outputs/tiny-sft/tokenizer.json recipes/tiny/checkpoint/

clean:
	rm -rf $(VENV) outputs build *.egg-info
