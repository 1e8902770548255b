#!/bin/sh
# What `make demo` runs: measure the embedded model, train it with GRPO on real rustc verdicts, measure it again.
# Needs python and accelerate of the environment on PATH; two CPU cores, a few minutes. Flags go to the training:
#   recipes/demo.sh --max_steps 20
set -eu
cd "$(dirname "$0")/.."
out=outputs/demo
export PYTHONWARNINGS=ignore HF_HUB_DISABLE_PROGRESS_BARS=1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"  # so small a model gains nothing by more

measure() {  # 90 held-out prompts, 4 samples each
    python recipes/evaluate.py --model_name_or_path "$1" --tasks recipes/tiny/eval.jsonl \
        --num_samples 4 --temperature 1.0 --max_new_tokens 48 --batch_size 180 --output_file "$2"
}

rm -rf "$out"  # a demonstration starts from the beginning
echo "1/4  What the embedded model writes before training"
measure recipes/tiny/checkpoint "$out/before.json"

echo "2/4  Training: every answer is compiled and tested"
accelerate launch --quiet --config_file accelerate_configs/cpu.yaml recipes/grpo.py --output_dir "$out" "$@"

echo "3/4  What it writes after training"
measure "$out" "$out/after.json"

echo "4/4  Before and after, on prompts it was not trained on"
python recipes/evaluate.py --compare "$out/before.json" "$out/after.json" --output_dir "$out/comparison"
echo "Curves: $out/rl_training.png   every number: $out/rl_training.log, $out/training_history.json"
