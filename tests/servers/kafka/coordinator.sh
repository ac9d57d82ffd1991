#!/usr/bin/env bash
# Runs Kafka's own group coordinator without a broker, from the jars of run.sh: Coordinator.java says how to speak to it.
#   ./coordinator.sh PARTITIONS [key=value ...]   settings of a broker, such as group.consumer.heartbeat.interval.ms=3000
#   ./coordinator.sh prepare                      only resolves and compiles
#   JDK   a JDK home, >= 17   (default: the newest beside the one on the path)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"

jdk=$(find_jdk 17)
jars=$(servers_home kafka "$here/pom.xml")
layout_jars() { fetch_jars "$here/pom.xml" "$1/lib"; }
prepare_once "$jars" layout_jars
home=$(servers_home kafka-coordinator "$here/pom.xml" "$here/Coordinator.java")
layout() { "$jdk/bin/javac" --release 17 -nowarn -d "$1" -cp "$jars/lib/*" "$here/Coordinator.java" >&2; }
prepare_once "$home" layout
if [ "${1:-}" = prepare ]; then exit 0; fi
exec "$jdk/bin/java" -XX:+UseSerialGC -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$home:$jars/lib/*" Coordinator "$@"
