#!/bin/sh
# Makes models/hermes-nano from nothing: data, vocabulary, training, evaluation, model card. Each step leaves its result in
# the run folder; what is there is not made again, so an interrupted run goes on with the same command.
#   recipes/nano/make.sh [RUN_FOLDER]     default: runs/nano; a finished model is copied to models/hermes-nano
set -eu
cd "$(dirname "$0")/../.."
hermes=${HERMES:-build/cpu-release/hermes}
run=${1:-runs/nano}
mkdir -p "$run"
# What made the model: told apart from what was edited since the last commit. An interrupted run keeps what it began with;
# with other code, begin anew in another folder.
[ -f "$run/commit" ] || git describe --always --dirty --abbrev=12 --exclude '*' > "$run/commit" 2>/dev/null ||
  echo unknown > "$run/commit"

echo '== 1/4 data'
"$hermes" synth recipes/nano/data.json --out "$run/data" > "$run/synth.txt"
tail -n 1 "$run/synth.txt"

echo '== 2/4 vocabulary'
if [ ! -f "$run/tokenizer.json" ]; then
  "$hermes" train-tokenizer "$run/data/train.jsonl.zst" --chat-template recipes/nano/chat_template.jinja \
    --split words --vocab-size 1024 --bos '<|begin_of_text|>' \
    --special '<|begin_of_text|>' --special '<|end_of_text|>' --special '<|finetune_right_pad_id|>' \
    --special '<|start_header_id|>' --special '<|end_header_id|>' --special '<|eom_id|>' --special '<|eot_id|>' \
    --special '<|python_tag|>' --shown '<think>' --shown '</think>' --shown '<tools>' --shown '</tools>' \
    --shown '<tool_call>' --shown '</tool_call>' --shown '<tool_response>' --shown '</tool_response>' \
    -o "$run/tokenizer.json"
fi

echo '== 3/4 training'
resume=
[ -d "$run/sft/checkpoints" ] && resume=--resume
sed "s#runs/nano/#$run/#g" recipes/nano/train.json > "$run/train.json"
"$hermes" train "$run/train.json" $resume
[ -d "$run/sft/model" ] || exit 1  # interrupted: the same command goes on

echo '== 4/4 evaluation'
"$hermes" eval "$run/sft/model" nano --data "$run/data/test.jsonl.zst" --json --failures "$run/failures.jsonl" > "$run/eval.json"
python3 tools/nano_card.py "$run" models/hermes-nano
