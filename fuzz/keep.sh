#!/usr/bin/env bash
# Keeps of what a search has found (fuzz/corpus) the few inputs that reach all the code that all of them reach, for the ordinary tests and
# for the next search: fuzz/keep.sh TARGET...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for target in "${@:?which targets}"; do
  kept=$(mktemp -d)
  # By the code that is reached and not by how often, or ten times as many are kept.
  cargo +nightly fuzz run --sanitizer none "$target" "$kept" "fuzz/corpus/$target" -- \
    -set_cover_merge=1 -use_counters=0 -max_len=4096
  find "$kept" -type f -size -257c -exec sh -c 'base64 --wrap=0 "$1"; echo' - {} \; |
    LC_ALL=C sort >"tests/corpus/inputs/$target.base64"
  rm -r "$kept"
done
