#!/usr/bin/env bash
# Starts a real single-node Apache Kafka (KRaft) from Maven Central's jars, in the foreground, on 127.0.0.1.
#   KAFKA_PORT             client port                 (default 9092)
#   KAFKA_CONTROLLER_PORT  the controller's            (default: the client port + 1)
#   KAFKA_LISTENERS        more client ports, for clients that come through a proxy: words of NAME=PORT:ADVERTISED
#   KAFKA_LOG_DIR          where topics are kept       (default: in the data folder)
#   DATA                   data folder, kept           (default: a fresh temp folder, removed at exit)
#   KAFKA_HEAP             heap                        (default 512m)
#   KAFKA_JAVA_OPTS        more JVM flags
#   JDK                    a JDK home, >= 17           (default: the one on the path)
# ./run.sh prepare   only resolves.   Further arguments: key=value lines for server.properties
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"

java=${JDK:+$JDK/bin/}java
home=$(servers_home kafka "$here/pom.xml")
layout() { fetch_jars "$here/pom.xml" "$1/lib"; }
prepare_once "$home" layout
if [ "${1:-}" = prepare ]; then exit 0; fi

port=${KAFKA_PORT:-9092}
controller=${KAFKA_CONTROLLER_PORT:-$((port + 1))}
choose_data
conf=$data/server.properties
logs=${KAFKA_LOG_DIR:-$data/log}
listeners=PLAINTEXT://127.0.0.1:$port advertised=PLAINTEXT://127.0.0.1:$port protocols=PLAINTEXT:PLAINTEXT
for word in ${KAFKA_LISTENERS:-}; do
  name=${word%%=*} ports=${word#*=}
  listeners+=,$name://127.0.0.1:${ports%%:*}
  advertised+=,$name://127.0.0.1:${ports#*:}
  protocols+=,$name:PLAINTEXT
done
cat > "$conf" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=$listeners,CONTROLLER://127.0.0.1:$controller
advertised.listeners=$advertised
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,$protocols
log.dirs=$logs
num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
P
printf '%s\n' "$@" >> "$conf"
if [ ! -f "$logs/meta.properties" ]; then
  # Any 16 bytes in base64url are a cluster id; the same one in every test is as good as a random one.
  "$java" -XX:TieredStopAtLevel=1 -cp "$home/lib/*" kafka.tools.StorageTool format -t Zm9yZWJheS10ZXN0cy0wMQ -c "$conf" >&2
fi
heap=${KAFKA_HEAP:-512m}
# shellcheck disable=SC2086
serve "$java" "-Xms$heap" "-Xmx$heap" -XX:+ExitOnOutOfMemoryError ${KAFKA_JAVA_OPTS:-} -cp "$home/lib/*" kafka.Kafka "$conf"
