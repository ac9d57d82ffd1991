#!/usr/bin/env bash
# Builds the tiers as they ship, and starts and ends them under load: tests/chaos/scale.sh [ARGUMENT...]; --help says which.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo build --release --bin forebay-ingest --bin forebay-parser --bin forebay-indexer --bin forebay-scale
exec "${CARGO_TARGET_DIR:-target}/release/forebay-scale" "$@"
