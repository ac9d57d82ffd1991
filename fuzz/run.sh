#!/usr/bin/env bash
# Runs the fuzz targets one after the other: fuzz/run.sh SECONDS [TARGET...]. A search begins with the seeds and with what earlier ones
# have left in tests/corpus/inputs. What it finds is in fuzz/artifacts, where the command that shows it again is printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:?how many seconds for each target}
shift
targets=("$@")
if [ "${#targets[@]}" = 0 ]; then mapfile -t targets < <(cargo +nightly fuzz list); fi
for target in "${targets[@]}"; do
  # A single input that takes 20 s, or more memory than that, is a finding.
  options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1)
  if [ -f "fuzz/dictionaries/$target.dict" ]; then options+=("-dict=fuzz/dictionaries/$target.dict"); fi
  corpus=fuzz/corpus/$target
  mkdir -p "$corpus"
  number=0
  while IFS= read -r line; do
    base64 --decode <<<"$line" >"$corpus/kept-$number"
    number=$((number + 1))
  done <"tests/corpus/inputs/$target.base64"
  echo "== $target"
  # Our code has no unsafe in it: the address sanitizer would look after libraries only, and slow the search down.
  cargo +nightly fuzz run --sanitizer none "$target" "$corpus" "fuzz/seeds/$target" -- "${options[@]}"
done
