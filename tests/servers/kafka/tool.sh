#!/usr/bin/env bash
# Runs one of Kafka's own command line tools, from Maven Central's jars:
#   ./tool.sh org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --bootstrap-server HOST:PORT --describe --group GROUP
#   ./tool.sh prepare   only resolves
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"

home=$(servers_home kafka-tools "$here/tools.xml")
layout() { fetch_jars "$here/tools.xml" "$1/lib"; }
prepare_once "$home" layout
if [ "${1:-}" = prepare ]; then exit 0; fi
# Some tools are a part of the broker, whose jars are another set.
case ${1:-} in kafka.*) "$here/run.sh" prepare; home=$(servers_home kafka "$here/pom.xml") ;; esac
exec "${JDK:+$JDK/bin/}java" -XX:TieredStopAtLevel=1 -cp "$home/lib/*" "$@"
