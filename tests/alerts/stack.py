"""What the test runs: `forebay dev`, an indexer beside it, Prometheus, and somebody who sends."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from fake_store import FakeStore

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Times and sizes of the rules, as they stand there and as they are here. Shares and days of certificates stay.
SHORTENED = (
    (r"\bfor: \w+", "for: 2s"),
    (r"\binterval: 5m", "interval: 1s"),
    (r"\[15m:1m\]", "[10s:1s]"),
    (r"\[(6h|1d)\]", "[40s]"),
    (r"offset 6h", "offset 40s"),
    (r"\[1h\]", "[30s]"),
    (r"offset 1h", "offset 30s"),
    (r"\[15m\]", "[20s]"),
    (r"offset 15m", "offset 20s"),
    (r"\[10m\]", "[10s]"),
    (r"offset 10m", "offset 10s"),
    (r"> 10000\b", "> 100"),
    (r"> 60\)", "> 3)"),
    (r"> 600\b", "> 8"),
    (r"> 1800\b", "> 12"),
)
CONFIG = """
kafka:
  topics: {{ retention: 2m }}
telemetry:
  tenant_groups: {{ held: gold }}
ingest:
  listeners:
    secure: {{ protocol: http, address: "127.0.0.1:{secure}", tls: {{ certificate_file: {folder}/tls.pem, key_file: {folder}/tls.key }} }}
    held: {{ protocol: lines, address: "127.0.0.1:{lines}", tenant: held, plain: true }}
    syslog: {{ protocol: syslog, address: "udp://127.0.0.1:{syslog}" }}
    gelf: {{ protocol: gelf, address: "udp://127.0.0.1:{gelf}" }}
parser:
  rules: {{ folder: {folder}/rules, check_every: 1s }}
"""
INDEXER = """
kafka:
  bootstrap_servers: {kafka}
search: {{ url: "{store}" }}
indexer: {{ group: beside, max_in_flight: 4MiB, bulk_bytes: 256KiB }}
telemetry: {{ listen: {{ indexer: "127.0.0.1:{metrics}" }} }}
"""
RULE = """
steps:
  - when: .message == "noise"
    drop: {reason: noise}
"""
PROMETHEUS = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: ["{folder}/alerts/*.yaml"]
scrape_configs:
  - job_name: forebay
    file_sd_configs: [ {{ files: ["{folder}/targets.json"], refresh_interval: 1s }} ]
"""
DISK = 512 << 20


def free_port(kind=socket.SOCK_STREAM):
    """One that nobody has at the moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, condition, seconds=60):
    """What a condition answers, once that is something."""
    until = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return answer


class Stack:
    def __init__(self, programs, prometheus, keep=False):
        self.programs, self.prometheus, self.keep = programs.resolve(), prometheus.resolve(), keep
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="forebay-alerts-"))
        self.store = FakeStore()
        self.processes, self.targets, self.has_disk = {}, [], False
        self.ports = {name: free_port() for name in ("secure", "lines", "prometheus", "metrics")}
        self.ports |= {name: free_port(socket.SOCK_DGRAM) for name in ("syslog", "gelf")}
        self.sends = threading.Event()
        self.ends = threading.Event()
        self.sender = threading.Thread(target=self.send, daemon=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.ends.set()
        if self.sender.is_alive():
            self.sender.join()
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.store.stop()
        if kind:
            for log in self.folder.glob("*.log"):
                print(f"--- {log.name}\n" + "\n".join(log.read_text().splitlines()[-20:]))
        if self.has_disk:
            subprocess.run(["umount", self.folder / "data"], check=False)
        if self.keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # What runs

    def start(self):
        """Everything, until Prometheus has seen all of it."""
        self.make_certificate(365)
        (self.folder / "rules").mkdir()
        (self.folder / "rules/noise.yaml").write_text(RULE)
        data = self.folder / "data"
        data.mkdir()
        # A disk of its own, so that filling it harms nobody.
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", data], capture_output=True, check=False)
        self.has_disk = mounted.returncode == 0
        config = self.folder / "dev.yaml"
        config.write_text(CONFIG.format(folder=self.folder, **self.ports))
        self.run("dev", self.programs / "forebay", "--config", config, "--data", data, "dev", "--port", "0")
        eventually("forebay dev runs", lambda: (data / "dev.json").exists() or self.died("dev"))
        self.dev = json.loads((data / "dev.json").read_text())
        self.start_indexer("beside", self.dev["kafka"], self.ports["metrics"])
        self.watch(self.dev["metrics"])
        self.start_prometheus()
        self.sends.set()
        self.sender.start()

    def run(self, name, *command):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FOREBAY_")}
        with open(self.folder / f"{name}.log", "wb") as log:
            self.processes[name] = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def died(self, name):
        if self.processes[name].poll() is not None:
            raise RuntimeError(f"{name} has ended")
        return False

    def start_indexer(self, name, kafka, metrics):
        config = self.folder / f"{name}.yaml"
        config.write_text(INDEXER.format(kafka=kafka, store=self.store.url, metrics=metrics))
        self.run(name, self.programs / "forebay-indexer", "--config", config)
        self.watch(f"127.0.0.1:{metrics}")

    def watch(self, address):
        """Prometheus scrapes this too."""
        self.targets.append(address)
        fresh = self.folder / "targets.new"
        fresh.write_text(json.dumps([{"targets": self.targets}]))
        fresh.rename(self.folder / "targets.json")

    def start_prometheus(self):
        alerts = self.folder / "alerts"
        alerts.mkdir()
        for path in (ROOT / "helm/forebay/alerts").glob("*.yaml"):
            text = path.read_text()
            for pattern, short in SHORTENED:
                text = re.sub(pattern, short, text)
            (alerts / path.name).write_text(text)
        config = self.folder / "prometheus.yaml"
        config.write_text(PROMETHEUS.format(folder=self.folder))
        self.url = f"http://127.0.0.1:{self.ports['prometheus']}"
        self.run(
            "prometheus",
            self.prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        )

        def seen():
            for name in self.processes:
                self.died(name)
            try:
                return len(self.query("up == 1")) == len(self.targets)
            except OSError:
                return False

        eventually("Prometheus scrapes all", seen)

    def make_certificate(self, days):
        """In place of the one that is there; the key first, as whoever renews does."""
        made = self.folder / "made"
        made.mkdir(exist_ok=True)
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost".split()
        subprocess.run([*command, "-days", str(days), "-keyout", made / "tls.key", "-out", made / "tls.pem"], check=True, capture_output=True)
        for name in ("tls.key", "tls.pem"):
            (made / name).rename(self.folder / name)

    # Who sends

    def send(self):
        """Two hundred events a second, of two tenants, until the end; nothing while `sends` is not set."""
        number = 0
        with socket.create_connection(("127.0.0.1", self.ports["lines"])) as lines, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            while not self.ends.wait(0.1):
                if not self.sends.is_set():
                    continue
                number += 1
                events = [{"message": "noise" if n == 0 else f"event {number}-{n}", "n": n} for n in range(18)]
                try:
                    self.post("\n".join(map(json.dumps, events)), "json")
                    lines.sendall(f"a line {number}\n".encode())
                    datagrams.sendto(f"<13>Nov 22 10:00:00 host app: datagram {number}".encode(), ("127.0.0.1", self.ports["syslog"]))
                except OSError:
                    # It is stopped or killed just now.
                    continue

    def post(self, body, form):
        url = f"{self.dev['ingest_url']}?format={form}"
        request = urllib.request.Request(url, body.encode(), {"content-type": "application/x-ndjson" if form == "json" else "text/plain"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    # What Prometheus says

    def ask(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def rules(self):
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def alerts(self):
        return self.ask("alerts")["alerts"]

    def firing(self):
        """The names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in self.alerts() if alert["state"] == "firing"}

    def await_alerts(self, names, seconds):
        """Those of the names that don't fire within this time."""
        missing, until = set(names), time.monotonic() + seconds
        while (missing := missing - self.firing()) and time.monotonic() < until:
            time.sleep(0.3)
        return missing

    def await_quiet(self, names, seconds):
        """Those of the names that go on firing for this time."""
        until = time.monotonic() + seconds
        while (loud := self.firing() & names) and time.monotonic() < until:
            time.sleep(0.3)
        return loud
