#!/usr/bin/env bash
# Starts a real single-node OpenSearch from Maven Central's jars, in the foreground, on 127.0.0.1.
#   OS_PORT       HTTP port             (default 9201)
#   DATA          data folder, kept     (default: a fresh temp folder, removed at exit)
#   OS_HEAP       heap                  (default 512m)
#   OS_JAVA_OPTS  more JVM flags
#   JDK           a JDK home, >= 21     (default: the newest one beside the default JDK)
# ./run.sh prepare   only resolves and compiles.   Further arguments: setting=value
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"

JDK=$(find_jdk 21)
home=$(servers_home opensearch "$here/pom.xml" "$here/src/Launcher.java")
layout() {
  fetch_jars "$here/pom.xml" "$1/lib"
  "$JDK/bin/javac" --release 21 -nowarn -cp "$1/lib/*" -d "$1/launcher" "$here/src/Launcher.java" >&2
}
prepare_once "$home" layout
if [ "${1:-}" = prepare ]; then exit 0; fi

port=${OS_PORT:-9201}
choose_data
heap=${OS_HEAP:-512m}
# shellcheck disable=SC2086
serve "$JDK/bin/java" "-Xms$heap" "-Xmx$heap" -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError --enable-native-access=ALL-UNNAMED \
  --add-opens java.base/java.nio=ALL-UNNAMED --add-opens java.base/java.lang=ALL-UNNAMED ${OS_JAVA_OPTS:-} \
  -cp "$home/launcher:$home/lib/*" Launcher "$port" "$data" "$@"
