#!/bin/sh
# The workflow around a small run, from "is the reward any good?" to "is the full run worth it?", ending in one page.
#
#   recipes/phase1.sh                                    # embedded model, two CPU cores
#   CONFIG=recipes/smollm2-135m/grpo_phase1.yaml MODEL=outputs/smollm2-135m-sft DATA=recipes/data TOKENS=128 \
#       recipes/phase1.sh                                # a real model, after its supervised start
#
# Flags go to the training. Started again, it goes on where it stopped. The exit code is the decision's:
# 0 proceed, 10 adjust, 20 reconsider.
set -eu
cd "$(dirname "$0")/.."
config=${CONFIG:-recipes/tiny/grpo_phase1.yaml}
model=${MODEL:-recipes/tiny/checkpoint}
data=${DATA:-recipes/tiny}
tokens=${TOKENS:-48}
out=${OUTPUT_DIR:-outputs/phase1}
export PYTHONWARNINGS=ignore HF_HUB_DISABLE_PROGRESS_BARS=1
mkdir -p "$out"
cp "$config" "$out/"
awk 'NR % 3 == 1' "$data/train.jsonl" > "$out/phase1-tasks.jsonl"

measure() {
    python recipes/evaluate.py --model_name_or_path "$1" --tasks "$data/eval.jsonl" \
        --num_samples 4 --temperature 1.0 --max_new_tokens "$tokens" --batch_size 120 --output_file "$2"
}

echo "1/7  Is the reward any good?"
python -m rust_rewards selftest
echo "2/7  Where does the model stand?"
python recipes/analyze_rewards.py --model_name_or_path "$model" --tasks "$data/train.jsonl" --num_samples 100 \
    --temperature 1.0 --max_new_tokens "$tokens" --batch_size 100 --output_dir "$out"
echo "3/7  Held-out tasks, before"
measure "$model" "$out/before.json"
echo "4/7  The small run"
accelerate launch --quiet --config_file accelerate_configs/cpu.yaml recipes/grpo.py --config "$config" \
    --dataset_name "$out/phase1-tasks.jsonl" --output_dir "$out" "$@"
python -m trainers.training_log "$out"
echo "5/7  Held-out tasks, after"
measure "$out" "$out/after.json"
python recipes/evaluate.py --compare "$out/before.json" "$out/after.json" --output_dir "$out"
echo "6/7  Decision"
python recipes/decide.py "$out/before.json" "$out/after.json" "$out" --output_file "$out/decision.json" || decided=$?
case ${decided:=0} in
    0 | 10 | 20) ;;
    *) exit "$decided" ;;
esac
echo "7/7  Everything on one page: $out/report.html"
python recipes/report.py "$out"
exit "$decided"
