#!/usr/bin/env bash
# The whole way in one command: supervised start, evaluation, reinforcement learning, evaluation, comparison.
#
#   recipes/train_production.sh                                              # Qwen2.5-Coder-0.5B, one GPU
#   MODEL=smollm2-135m ACCELERATE_CONFIG=accelerate_configs/cpu.yaml recipes/train_production.sh
#   MODEL=tiny START_MODEL=recipes/tiny/checkpoint ACCELERATE_CONFIG=accelerate_configs/cpu.yaml \
#       recipes/train_production.sh                                          # no supervised start
#   USE_MAXRL=false recipes/train_production.sh                              # GRPO instead of MaxRL
#   DRY_RUN=true recipes/train_production.sh                                 # print the commands, run nothing
#
# Environment (defaults in brackets):
#   MODEL              folder of recipes/ with sft.yaml, maxrl.yaml and grpo.yaml [qwen2.5-coder-0.5b]
#   RECIPE_DIR         the same, anywhere [recipes/$MODEL]
#   USE_MAXRL          true: MaxRL, false: GRPO [true]
#   START_MODEL        begin reinforcement learning from this model, without a supervised start [none]
#   OUTPUT_DIR         everything is written here [outputs/production-$MODEL]
#   ACCELERATE_CONFIG  how to launch [accelerate_configs/single_gpu.yaml]
#   EVAL_SAMPLES       samples per held-out task; pass@1 and pass@EVAL_SAMPLES are measured [8]
#   SFT_ARGS, RL_ARGS  further arguments of the recipes, separated by spaces [none]
#   PYTHON             [python]
#
# A finished phase leaves OUTPUT_DIR/<phase>.done, with its command, and is passed over next time; given another command
# (RL_ARGS, say) the script stops. An interrupted phase goes on from its last checkpoint. To repeat a phase, delete its
# mark and its folder. The marks are named after the method, so USE_MAXRL=false in the same OUTPUT_DIR reuses the
# supervised start.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

MODEL=${MODEL:-qwen2.5-coder-0.5b}
RECIPE_DIR=${RECIPE_DIR:-recipes/$MODEL}
USE_MAXRL=${USE_MAXRL:-true}
START_MODEL=${START_MODEL:-}
OUTPUT_DIR=${OUTPUT_DIR:-outputs/production-$MODEL}
ACCELERATE_CONFIG=${ACCELERATE_CONFIG:-accelerate_configs/single_gpu.yaml}
EVAL_SAMPLES=${EVAL_SAMPLES:-8}
DRY_RUN=${DRY_RUN:-false}
PYTHON=${PYTHON:-python}
read -r -a SFT_EXTRA <<<"${SFT_ARGS:-}"
read -r -a RL_EXTRA <<<"${RL_ARGS:-}"

fail() {
    echo "train_production.sh: $*" >&2
    exit 2
}

case $USE_MAXRL in
    true) METHOD=maxrl ;;
    false) METHOD=grpo ;;
    *) fail "USE_MAXRL is '$USE_MAXRL'; give true (MaxRL) or false (GRPO)." ;;
esac
for needed in "$RECIPE_DIR/$METHOD.yaml" "$ACCELERATE_CONFIG"; do
    [[ -f $needed ]] || fail "No file $needed. There are: $(echo recipes/*/"$METHOD.yaml" accelerate_configs/*.yaml)"
done
[[ -n $START_MODEL || -f $RECIPE_DIR/sft.yaml ]] || fail "No file $RECIPE_DIR/sft.yaml; give START_MODEL to do without."

# Prints the value of a key of the method's recipe, or the default.
setting() {
    local value
    value=$(sed -n "s/^$1: *\([^ #]*\).*/\1/p" "$RECIPE_DIR/$METHOD.yaml")
    echo "${value:-$2}"
}

# Runs a command as a phase, once.
phase() {
    local name=$1 before
    shift
    if [[ -f $OUTPUT_DIR/$name.done ]]; then
        before=$(sed -n 's/^command: //p' "$OUTPUT_DIR/$name.done")  # version 0.1.0 wrote the date alone
        if [[ -n $before && $before != "$*" ]]; then
            fail "$name was done with another command: $before. Now asked for: $*." \
                "Give another OUTPUT_DIR, or delete $OUTPUT_DIR/$name.done and what it made, to repeat it."
        fi
        echo "== $name: done before"
        return
    fi
    echo "== $name: $*"
    [[ $DRY_RUN == true ]] && return
    "$@"
    printf '%s\ncommand: %s\n' "$(date)" "$*" >"$OUTPUT_DIR/$name.done"
}

launch() {
    "$PYTHON" -m accelerate.commands.launch --quiet --config_file "$ACCELERATE_CONFIG" "$@"
}

# Reinforcement learning trains all weights, so an adapter from the supervised start becomes part of its model.
merge_adapter() {
    "$PYTHON" - "$1" "$2" <<'PYTHON_CODE'
import sys

from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

source, target = sys.argv[1:]
AutoPeftModelForCausalLM.from_pretrained(source).merge_and_unload().save_pretrained(target)
AutoTokenizer.from_pretrained(source).save_pretrained(target)
PYTHON_CODE
}

evaluate() {
    "$PYTHON" recipes/evaluate.py --model_name_or_path "$1" --output_file "$2" \
        --tasks "$(setting eval_dataset_name recipes/data/eval.jsonl)" \
        --num_samples "$EVAL_SAMPLES" --max_new_tokens "$(setting max_completion_length 512)"
}

[[ $DRY_RUN == true ]] || mkdir -p "$OUTPUT_DIR"
if [[ -z $START_MODEL ]]; then
    phase sft launch recipes/sft.py --config "$RECIPE_DIR/sft.yaml" --output_dir "$OUTPUT_DIR/sft" "${SFT_EXTRA[@]}"
    START_MODEL=$OUTPUT_DIR/sft
    if [[ -f $OUTPUT_DIR/sft/adapter_config.json ]]; then
        phase merge merge_adapter "$OUTPUT_DIR/sft" "$OUTPUT_DIR/merged"
        START_MODEL=$OUTPUT_DIR/merged
    fi
fi
phase before evaluate "$START_MODEL" "$OUTPUT_DIR/before.json"
phase "$METHOD" launch "recipes/$METHOD.py" --config "$RECIPE_DIR/$METHOD.yaml" \
    --model_name_or_path "$START_MODEL" --output_dir "$OUTPUT_DIR/$METHOD" "${RL_EXTRA[@]}"
phase "after-$METHOD" evaluate "$OUTPUT_DIR/$METHOD" "$OUTPUT_DIR/after-$METHOD.json"
phase "comparison-$METHOD" "$PYTHON" recipes/evaluate.py \
    --compare "$OUTPUT_DIR/before.json" "$OUTPUT_DIR/after-$METHOD.json" --output_dir "$OUTPUT_DIR/comparison-$METHOD"
[[ $DRY_RUN == true ]] || echo "== All phases are done; the results are in $OUTPUT_DIR."
