#!/usr/bin/env bash
# Builds what the bench measures as it ships, and runs the bench: load/run.sh [ARGUMENT...], by default all hops.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --bin forebay-ingest --bin forebay-parser --bin forebay-indexer --bin forebay-load
exec "${CARGO_TARGET_DIR:-target}/release/forebay-load" "${@:-all}"
