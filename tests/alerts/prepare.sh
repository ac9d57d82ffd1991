#!/usr/bin/env bash
# Lays out Debian's Prometheus, once, in ${FOREBAY_CACHE:-~/.cache/forebay}/alerts. Nothing is installed on the system.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
prepare_once "$(prometheus_home)" make_prometheus
