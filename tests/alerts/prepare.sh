#!/usr/bin/env bash
# Lays out Debian's Prometheus, once, in ${FOREBAY_CACHE:-~/.cache/forebay}/alerts, and the servers of an installation. Nothing is installed
# on the system.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
prepare_once "$(prometheus_home)" make_prometheus
for script in kafka/run.sh kafka/tool.sh elasticsearch/run.sh; do "$here/../servers/$script" prepare; done
