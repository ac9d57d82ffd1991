#!/usr/bin/env bash
# client.sh NAME ADDRESS TOKEN COUNT PREFIX   runs one client: a file or folder in clients/
# client.sh --debian-version PACKAGE          says which version of a package was unpacked
# client.sh --collector                       says where the collector of OpenTelemetry lies
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
if [ "$1" = --debian-version ]; then
  # Those that every Debian has are not unpacked.
  grep -oP "^$2 \K.*" "$(compat_home debian)/versions" || dpkg-query -W -f '${source:Upstream-Version}\n' "$2"
  exit
fi
if [ "$1" = --collector ]; then
  echo "$(compat_home otel-collector)/otel-collector"
  exit
fi
name=$1
shift

debian=$(compat_home debian)
export DEBIAN_ROOT=$debian/root
otel_collector=$(compat_home otel-collector)/otel-collector
export OTEL_COLLECTOR=$otel_collector
if [ -f "$here/clients/$name/go.mod" ]; then
  exec "$(compat_home "$name")/$name" "$@"
elif [ -f "$here/clients/$name.sh" ]; then
  exec bash "$here/clients/$name.sh" "$@"
fi
exec "$(compat_home python)/bin/python" "$here/clients/$name.py" "$@"
