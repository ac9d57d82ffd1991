#!/usr/bin/env bash
# Lays out the clients that others wrote, once, in ${FOREBAY_CACHE:-~/.cache/forebay}/compat:
#   prepare.sh python   a virtual environment with clients/requirements.txt
#   prepare.sh test     that, and the collector of OpenTelemetry in Go: what the ordinary tests run
#   prepare.sh all      that, Debian's rsyslog and syslog-ng, and the clients in Go
# Nothing is installed on the system: Debian's packages are unpacked beside the rest, since rsyslog and syslog-ng can't be
# installed together, and a test is not to replace the machine's logger. `apt-get update` has to have run for that.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

prepare_once "$(compat_home python)" make_python
[ "${1:-all}" = python ] && exit 0
if [ "${1:-all}" = test ]; then
  go_client=otel-collector prepare_once "$(compat_home otel-collector)" make_go
  exit 0
fi
prepare_once "$(compat_home debian)" make_debian
for module in "$here"/clients/*/go.mod; do
  name=$(basename "$(dirname "$module")")
  go_client=$name prepare_once "$(compat_home "$name")" make_go
done
