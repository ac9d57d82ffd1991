"""The tiers as the processes that ship, on a real Kafka and a real Elasticsearch, with one settings file."""

import contextlib
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import urllib.request

from stack import LISTENERS, ROOT, Stack, eventually, free_port, get

CONFIG = """
kafka:
  bootstrap_servers: 127.0.0.1:{kafka}
  topics: {{ partitions: 2, replication: 1, retention: 1h }}
search: {{ url: "http://127.0.0.1:{search}", request_timeout: 10s }}
telemetry:
  listen: {{ ingest: "127.0.0.1:{ingest}", parser: "127.0.0.1:{parser}", indexer: "127.0.0.1:{indexer}" }}
parser:
  lanes: 1
  rules: {{ folder: {folder}/rules, check_every: 50ms }}
indexer: {{ max_in_flight: 4MiB, bulk_bytes: 256KiB, retry_max: 2s }}
ingest:
  access_file: {folder}/access.yaml
  listen: 127.0.0.1:{http}""" + LISTENERS
# Who sends without showing anything; commands add to it.
ACCESS = """credentials:
- {name: syslog, tenant: devices, listener: syslog}
- {name: gelf, tenant: devices, listener: gelf}
"""
TIERS = ("ingest", "parser", "indexer")
# Kafka looks for what retention has over every second, and has few partitions of its own.
KAFKA = (
    "log.retention.check.interval.ms=1000",
    "log.initial.task.delay.ms=1000",
    "offsets.topic.num.partitions=1",
    "transaction.state.log.num.partitions=1",
)
# Kafka's disk: what is to fill it is sent through ingest.
DISK = 128 << 20
# What the scripts of Kafka's distribution run.
TOOLS = {
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-log-dirs.sh": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}


class Kubelet:
    """Tells of the volume that Kafka is on as a node's kubelet does, which asks the file system too."""

    def __init__(self, folder):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                disk = os.statvfs(folder)
                labels = '{namespace="logs",persistentvolumeclaim="data-kafka-0"}'
                lines = [
                    f"kubelet_volume_stats_available_bytes{labels} {disk.f_bavail * disk.f_frsize}",
                    f"kubelet_volume_stats_capacity_bytes{labels} {disk.f_blocks * disk.f_frsize}",
                ]
                body = "\n".join([*lines, ""]).encode()
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                # Prometheus waits for a second only.
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Installation(Stack):
    def __init__(self, *words):
        super().__init__(*words)
        self.ports |= {name: free_port() for name in ("http", "kafka", "controller", "search", *TIERS)}
        self.config = self.folder / "forebay.yaml"
        self.kafka = f"127.0.0.1:{self.ports['kafka']}"
        self.search = f"http://127.0.0.1:{self.ports['search']}"
        self.ingest_url = f"http://127.0.0.1:{self.ports['http']}/v1/ingest"
        self.has_disk, self.operator = False, ""
        self.words = {"KAFKA": self.kafka, "SEARCH": self.search, "INGEST": f"localhost:{self.ports['secure']}"}

    def __exit__(self, *words):
        # What stands still doesn't end.
        for name in self.servers:
            with contextlib.suppress(OSError, ValueError):
                os.kill(self.pid_of_server(name), signal.SIGCONT)
        super().__exit__(*words)

    def variables(self):
        return {"FOREBAY_CONFIG": str(self.config), "FOREBAY_TOKEN": self.operator}

    # What runs

    def start(self):
        """Everything, until Prometheus has seen all of it."""
        disk = self.folder / "disk"
        self.has_disk = self.mount(disk, DISK)
        self.kubelet = Kubelet(disk)
        self.make_tools()
        self.start_server("kafka", KAFKA, KAFKA_PORT=self.ports["kafka"], KAFKA_CONTROLLER_PORT=self.ports["controller"], KAFKA_LOG_DIR=disk / "kafka")
        self.start_server("elasticsearch", (), ES_PORT=self.ports["search"])
        eventually("Kafka answers", lambda: self.serves("kafka"), 180)
        eventually("Elasticsearch answers", lambda: self.serves("elasticsearch") and '"status":"' in get(f"{self.search}/_cluster/health"), 180)
        self.config.write_text(CONFIG.format(folder=self.folder, **self.ports))
        (self.folder / "access.yaml").write_text(ACCESS)
        self.must("forebay bootstrap")
        self.operator = self.make_token("--tenant default --name operator --role admin --may-choose '*'")
        self.token = self.make_token("--tenant default --name shipper")
        for name in TIERS:
            self.start_tier(name)
        self.watch(*(self.metrics(name) for name in TIERS), self.kubelet.address)
        self.start_prometheus()
        self.start_sending()

    def make_tools(self):
        folder = self.folder / "bin"
        folder.mkdir()
        (folder / "forebay").symlink_to(self.programs / "forebay")
        for name, tool in TOOLS.items():
            script = folder / name
            script.write_text(f'#!/bin/sh\nexec {ROOT / "tests/servers/kafka/tool.sh"} {tool} "$@"\n')
            script.chmod(0o755)

    def start_server(self, name, words, **variables):
        """By its script, which removes the folder and ends the server when this process is gone."""
        folder = self.folder / name
        folder.mkdir()
        prefix = "KAFKA" if name == "kafka" else "ES"
        told = {"DATA": folder / "data", "PID_FILE": folder / "pid", "SUPERVISED": folder, f"{prefix}_JAVA_OPTS": "-XX:TieredStopAtLevel=1"}
        variables = {key: str(value) for key, value in (told | variables).items()}
        self.servers[name] = self.spawn(name, [ROOT / f"tests/servers/{name}/run.sh", *words], variables, subprocess.PIPE)

    def serves(self, name):
        """Whether its port is open."""
        if self.servers[name].poll() is not None:
            raise RuntimeError(f"{name} has ended")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports["kafka" if name == "kafka" else "search"])) == 0

    def pid_of_server(self, name):
        return int((self.folder / name / "pid").read_text())

    def metrics(self, tier):
        """Where a tier serves its metrics."""
        return f"127.0.0.1:{self.ports[tier]}"

    def start_tier(self, name):
        """Until it is ready."""
        self.run(name, self.programs / f"forebay-{name}", "--config", self.config)
        url = f"http://{self.metrics(name)}/readyz"
        eventually(f"{name} is ready", lambda: self.died(name) or get(url), 90)

    # What is asked and done

    def must(self, line):
        """The output of a command, which has to work."""
        code, output = self.shell(line)
        if code != 0:
            raise RuntimeError(f"`{line}` ends with {code}: {output}")
        return output

    def make_token(self, words):
        """Makes a credential, and answers its token."""
        return next(word for word in self.must(f"forebay token create {words}").split() if word.startswith("fbt_"))

    def set_topic(self, topic, setting):
        self.must(f"kafka-configs.sh --bootstrap-server {self.kafka} --alter --entity-type topics --entity-name {topic} --add-config {setting}")

    def elastic(self, path, body=None):
        """What Elasticsearch answers; with a body it is a PUT."""
        request = urllib.request.Request(f"{self.search}/{path}", method="GET" if body is None else "PUT")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def documents(self, query):
        """How many documents a search finds."""
        self.elastic("forebay-*/_refresh")
        return self.elastic(f"forebay-*/_count?q={query}")["count"]

    def index_of(self, tenant):
        """Today's index of a tenant, once it is there."""

        def found():
            return next((name for name in sorted(self.elastic("_all/_settings")) if f"-{tenant}-" in name), None)

        return eventually(f"an index of {tenant}", found)

    def lag_by_tool(self, group):
        """What Kafka's own tool says of a group, by topic and partition."""
        table = self.must(f"kafka-consumer-groups.sh --bootstrap-server {self.kafka} --describe --group {group}")
        # GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...
        rows = [line.split() for line in table.splitlines()]
        return {(row[1], row[2]): int(row[5]) for row in rows if row[:1] == [group]}

    def lag_by_metric(self, topic):
        """The same, as Prometheus has it of one topic."""
        result = self.query(f'forebay_consumer_lag{{topic="{topic}"}}')
        return {(series["metric"]["topic"], series["metric"]["partition"]): int(series["value"][1]) for series in result}
