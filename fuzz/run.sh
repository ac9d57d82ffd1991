#!/usr/bin/env bash
# Runs the fuzz targets one after the other: fuzz/run.sh SECONDS [TARGET...]. What they find is in fuzz/artifacts, where the
# command that shows it again is printed.
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
  folders=("fuzz/corpus/$target")
  mkdir -p "${folders[@]}"
  if [ -d "fuzz/seeds/$target" ]; then folders+=("fuzz/seeds/$target"); fi
  echo "== $target"
  cargo +nightly fuzz run "$target" "${folders[@]}" -- "${options[@]}"
done
