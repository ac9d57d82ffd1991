#!/usr/bin/env bash
# Lays out Debian's Prometheus, once, in ${FOREBAY_CACHE:-~/.cache/forebay}/alerts, and the servers of an installation. Nothing is installed
# on the system.
#   prepare.sh [static]   only what runs without servers: Prometheus' promtool, and Kafka's tools
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
prepare_once "$(prometheus_home)" make_prometheus
scripts=(kafka/tool.sh)
[ "${1:-}" = static ] || scripts+=(kafka/run.sh elasticsearch/run.sh)
for script in "${scripts[@]}"; do "$here/../servers/$script" prepare; done
