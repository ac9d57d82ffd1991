#!/usr/bin/env bash
# Builds (once) and starts a real single-node Elasticsearch from Maven Central's jars, in the foreground, on 127.0.0.1.
#   ES_PORT       HTTP port                     (default 9200)
#   DATA          data folder, kept             (default: a fresh temp folder, removed at exit)
#   ES_HEAP       heap                          (default 512m)
#   ES_JAVA_OPTS  more JVM flags
#   JDK           a JDK home, >= 21             (default: the newest one beside the default JDK)
# ./run.sh prepare   only resolves and compiles.   Further arguments: -Esetting=value
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"

JDK=$(find_jdk 21)
home=$(servers_home elasticsearch "$here/pom.xml" "$here"/src/*.java "$here"/src/*/*.java)

# Lays the jars out as a distribution: lib/ on the class path, modules/ for the server's own plugin loader.
layout() {
  local home=$1 plugin=modules/transport-netty4 version zstd plat
  fetch_jars "$here/pom.xml" "$home/deps"
  mkdir -p "$home"/{lib,modules/transport-netty4,modules/esshim,plugins,config,launcher,build}
  mv "$home"/deps/netty-* "$home"/deps/transport-netty4-* "$home/$plugin/"
  mv "$home"/deps/*.jar "$home/lib/"
  rmdir "$home/deps"
  # The published plugin jar carries its descriptor. modulename is dropped: the server is on the class path here, not
  # on the module path, so plugins must load as plain class-path plugins too.
  (cd "$home/build" && "$JDK/bin/jar" xf "$home/$plugin"/transport-netty4-*.jar META-INF/es-plugins/transport-netty4/plugin-descriptor.properties)
  grep -v -e '^#' -e '^modulename' "$home/build/META-INF/es-plugins/transport-netty4/plugin-descriptor.properties" \
    > "$home/$plugin/plugin-descriptor.properties"
  version=$(sed -n 's/^elasticsearch.version=//p' "$home/$plugin/plugin-descriptor.properties")
  "$JDK/bin/javac" -nowarn -Xlint:-deprecation -cp "$home/lib/*" -d "$home/launcher" "$here/src/Launcher.java" >&2
  "$JDK/bin/javac" -nowarn -Xlint:-deprecation -cp "$home/lib/*" -d "$home/build" "$here"/src/esshim/*.java >&2
  "$JDK/bin/jar" --create --file "$home/modules/esshim/esshim.jar" -C "$home/build" esshim
  cat > "$home/modules/esshim/plugin-descriptor.properties" <<P
description=GET / and /_data_stream entry points
version=$version
name=esshim
java.version=21
elasticsearch.version=$version
classname=esshim.ShimPlugin
P
  cat > "$home/config/elasticsearch.yml" <<P
cluster.name: forebay-tests
discovery.type: single-node
network.host: 127.0.0.1
transport.port: 0
cluster.routing.allocation.disk.threshold_enabled: false
P
  cat > "$home/config/log4j2.properties" <<'P'
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
P
  # index.codec=best_compression uses zstd through this path; Debian's own libzstd serves. Without it the server still
  # starts, with native calls off.
  case $(uname -m) in x86_64) plat=linux-x64 ;; aarch64) plat=linux-aarch64 ;; *) plat=linux-unknown ;; esac
  # Read to the end: who prints into a pipe that is closed is ended by that, and this script with it.
  zstd=$(ldconfig -p | awk '/libzstd\.so\.1/ && !found {print $NF; found = 1}')
  if [ -n "$zstd" ]; then mkdir -p "$home/lib/platform/$plat"; ln -sf "$zstd" "$home/lib/platform/$plat/libzstd.so"; fi
  rm -rf "$home/build"
}
prepare_once "$home" layout
if [ "${1:-}" = prepare ]; then exit 0; fi

choose_data
heap=${ES_HEAP:-512m}
# shellcheck disable=SC2086
serve "$JDK/bin/java" "-Xms$heap" "-Xmx$heap" -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true -Des.distribution.type=tar -Dfile.encoding=UTF-8 \
  --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  -Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false \
  -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true -Dio.netty.recycler.maxCapacityPerThread=0 \
  -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true \
  ${ES_JAVA_OPTS:-} -Des.path.home="$home" -cp "$home/launcher:$home/lib/*" \
  Launcher "-Ehttp.port=${ES_PORT:-9200}" "-Epath.data=$data" "$@"
