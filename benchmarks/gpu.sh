#!/usr/bin/env bash
# Everything to know about a machine with one NVIDIA GPU, in less than 8 minutes: speeds, then checks.
#
#   benchmarks/gpu.sh OUT            # on the GPU; OUT is a folder to make
#   benchmarks/gpu.sh OUT cpu        # a rehearsal of all parts on a CPU: smaller sizes, and five times the time
#
# PYTHON names the interpreter with TensorFlow (default python3), PEERS the one with PyTorch and JoeyNMT (default
# PYTHON). DATA names a folder with the files of `zoo data multi30k`: then its recipe is trained for EPOCHS (default 13)
# in the time that is left, or alone with ONLY=multi30k. Each part has a limit: a process takes about 20 seconds before
# its first step on the GPU. Its output is in OUT/PART.txt, its standard error in OUT/PART.log,
# and its exit status in OUT/parts.txt. No part stops the others; all end after SECONDS_IN_ALL (default 470). ONLY names
# the parts to run, "checks loops" for example (default: all).
set -uo pipefail
out=${1:?usage: benchmarks/gpu.sh OUT [cpu]} device=${2:-gpu}
python=${PYTHON:-python3} peers=${PEERS:-${PYTHON:-python3}}
mkdir -p "$out" && out=$(cd "$out" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
if [ "$device" = cpu ]; then
  slower=5 batches=(--batches 2) small=(--batch-size 2) large=(--batch-size 4) rounds=(--rounds 1) lengths=(10)
else
  slower=1 batches=(--batches 12) small=(--batch-size 64) large=(--batch-size 256) rounds=(--rounds 3) lengths=(100 400)
fi
end=$(($(date +%s) + slower * ${SECONDS_IN_ALL:-470}))

left() { echo $((end - $(date +%s))); }

part() {  # part NAME SECONDS COMMAND...: run a part for at most SECONDS, or as long as is left
  local name=$1 seconds=$(($2 * slower)) began status
  shift 2
  [[ -n ${ONLY:-} && " $ONLY " != *" $name "* ]] && return
  (($(left) < seconds)) && seconds=$(left)
  if ((seconds < 10)); then
    echo "$name: skipped, no time is left" | tee -a "$out/parts.txt"
    return
  fi
  began=$(date +%s)
  timeout --kill-after=5 "$seconds" "$@" >"$out/$name.txt" 2>"$out/$name.log"
  status=$?
  echo "$name: exit status $status, $(($(date +%s) - began)) of $seconds s" | tee -a "$out/parts.txt"
}

environment() {
  date
  git rev-parse HEAD
  nvidia-smi
  "$1" - <<'PY'
import importlib.metadata as metadata
import platform

print("Python", platform.python_version())
for name in ("tensorflow", "keras", "numpy", "torch", "joeynmt"):
    try:
        print(name, metadata.version(name))
    except metadata.PackageNotFoundError:
        print(name, "is not installed")
import tensorflow as tf

for gpu in tf.config.list_physical_devices("GPU"):
    print(gpu.name, tf.config.experimental.get_device_details(gpu))
print("TensorFlow was built with", dict(tf.sysconfig.get_build_info()))
PY
}
export -f environment

speeds() {  # speeds NAME SECONDS ARGUMENTS...: a table of training speeds
  local name=$1 seconds=$2 limit=$(($2 * slower))
  shift 2
  (($(left) < limit)) && limit=$(left)
  part "$name" "$seconds" "$python" -m benchmarks.training --device "$device" --peers "$peers" \
    --limit $((limit - 15)) --rounds 1 --json "$out/$name.json" "$@"
}

rm -f "$out/parts.txt"
part environment 40 bash -c 'environment "$1"' bash "$python"
speeds training-256 190 "${batches[@]}" "${large[@]}" --against "zoo, bfloat16" --rows \
  "zoo, bfloat16" "joeynmt, bfloat16" "keras, bfloat16" "joeynmt, similar lengths, bfloat16" \
  "keras, similar lengths, bfloat16" "torch, similar lengths, bfloat16" "zoo"
speeds training-64 110 "${batches[@]}" "${small[@]}" --against "zoo, bfloat16" --rows \
  "zoo, bfloat16" "joeynmt, bfloat16" "keras, bfloat16" "torch, similar lengths, bfloat16"
part xla 150 "$python" -m benchmarks.xla --device "$device" "${large[@]}" --limit $((slower * 40)) \
  --json "$out/xla.json"
part checks 240 "$python" -m benchmarks.gpu_check --device "$device" --out "$out/checks"
part loops 40 "$python" -m benchmarks.loops --device "$device" --precision mixed_bfloat16 --cells gru \
  "${rounds[@]}" --json "$out/loops.json"
part fit 60 "$python" -m benchmarks.library_fit --device "$device" "${rounds[@]}" "${batches[@]}"
part memory 60 "$python" -m benchmarks.memory --device "$device" --model bahdanau_seq2seq --steps "${lengths[@]}" \
  --json "$out/memory.json"
if [ -n "${DATA:-}" ]; then
  part multi30k 450 "$python" -m zoo train --recipe multi30k-fr-en.bahdanau_seq2seq --epochs "${EPOCHS:-13}" --force \
    --train "$DATA/train.fr.gz,$DATA/train.en.gz" --valid "$DATA/val.fr.gz,$DATA/val.en.gz" --out "$out/multi30k"
fi
cat "$out"/{training-256,training-64,xla,checks,loops,fit,memory}.txt 2>/dev/null
