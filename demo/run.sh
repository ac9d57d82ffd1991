#!/usr/bin/env bash
# Real logs through real Kafka into real Elasticsearch, with a count of each. `make demo` looks for the other
# prerequisites; this needs an nginx besides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin
if ! command -v nginx > /dev/null; then
  printf 'missing, to make demo:\n  apt-get install -y nginx-light\n' >&2
  exit 2
fi
# The same builds as for the tests, so that one serves the other.
cargo build --workspace --bins
exec "${CARGO_TARGET_DIR:-target}/debug/forebay-demo"
