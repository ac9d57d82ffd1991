"""What both parts of the test have: processes in a folder, Prometheus, somebody who sends, and the commands that a person types."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Times and sizes of the rules, as they stand there and as they are here. Shares and days of certificates stay.
SHORTENED = (
    (r"\bfor: \w+", "for: 2s"),
    (r"\binterval: 5m", "interval: 1s"),
    (r"\[15m:1m\]", "[10s:1s]"),
    (r"\[(6h|1d)\]", "[40s]"),
    (r"offset 6h", "offset 40s"),
    (r"time\(\) - 21600\b", "time() - 40"),
    (r"\[2h\]", "[60s]"),
    (r"\[75m\]", "[50s]"),
    (r"\[70m\]", "[40s]"),
    (r"\[1h\]", "[30s]"),
    (r"offset 1h", "offset 30s"),
    (r"time\(\) - 3600\b", "time() - 30"),
    (r"time\(\) - 900\b", "time() - 20"),
    (r"time\(\) - 600\b", "time() - 10"),
    (r"\[15m\]", "[20s]"),
    (r"offset 15m", "offset 20s"),
    (r"\[10m\]", "[10s]"),
    (r"offset 10m", "offset 10s"),
    (r"> 10000\b", "> 100"),
    (r"> 60\)", "> 3)"),
    (r"> 600\b", "> 8"),
    (r"> 1800\b", "> 12"),
)
RULE = """
steps:
  - when: .message == "noise"
    drop: {reason: noise}
"""
SAMPLE = """
samples:
  - name: noise is dropped
    event: {format: json, body: '{"message": "noise"}'}
    dropped: noise
"""
PROMETHEUS = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: ["{folder}/alerts/*.yaml"]
scrape_configs:
  - job_name: forebay
    file_sd_configs: [ {{ files: ["{folder}/targets.json"], refresh_interval: 1s }} ]
"""
LISTENERS = """
  listeners:
    secure: {{ protocol: http, address: "127.0.0.1:{secure}", tls: {{ certificate_file: {folder}/tls.pem, key_file: {folder}/tls.key }} }}
    held: {{ protocol: lines, address: "127.0.0.1:{lines}", tenant: held, plain: true }}
    syslog: {{ protocol: syslog, address: "udp://127.0.0.1:{syslog}" }}
    gelf: {{ protocol: gelf, address: "udp://127.0.0.1:{gelf}" }}
"""


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


def get(url, seconds=10):
    """What is there; nothing while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.read().decode()
    except (OSError, http.client.HTTPException):
        return ""


class Stack:
    """A folder in which processes run. Where to send is `ingest_url`, once it is known."""

    # What stands in the place of a runbook's words in capitals, whichever alert it is for, and those of which there is none here.
    words, lacks = {}, ""

    def __init__(self, programs, prometheus, keep=False):
        self.programs, self.prometheus, self.keep = programs.resolve(), prometheus.resolve(), keep
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="forebay-alerts-"))
        self.processes, self.servers, self.targets, self.disks = {}, {}, [], []
        self.ports = {name: free_port() for name in ("secure", "lines", "prometheus")}
        self.ports |= {name: free_port(socket.SOCK_DGRAM) for name in ("syslog", "gelf")}
        self.ingest_url, self.token = "", ""
        self.sends = threading.Event()
        self.ends = threading.Event()
        self.sender = threading.Thread(target=self.send, daemon=True)
        self.make_certificate(365)
        (self.folder / "rules").mkdir()
        (self.folder / "rules/noise.yaml").write_text(RULE)
        (self.folder / "rules/noise.test.yaml").write_text(SAMPLE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.ends.set()
        if self.sender.is_alive():
            self.sender.join()
        self.stop(*self.processes)
        self.stop(*self.servers)
        if kind:
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-20:]))
        for disk in self.disks:
            subprocess.run(["umount", disk], check=False)
        if self.keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # What runs

    def run(self, name, *command):
        self.processes[name] = self.spawn(name, command, {}, subprocess.DEVNULL)

    def spawn(self, name, command, variables, stdin):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FOREBAY_") or key == "FOREBAY_CACHE"}
        with open(self.folder / f"{name}.log", "ab") as log:
            return subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, stdin=stdin, env=environment | variables)

    def died(self, name):
        if self.processes[name].poll() is not None:
            raise RuntimeError(f"{name} has ended")
        return False

    def stop(self, *names):
        """Asks them to end, all at once, and waits until they have."""
        every = [(self.processes if name in self.processes else self.servers).pop(name) for name in names]
        for process in every:
            process.terminate()
        for process in every:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def mount(self, folder, size):
        """A disk of its own for a folder, so that filling it harms nobody; answers whether there may be one."""
        folder.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False)
        if mounted.returncode == 0:
            self.disks.append(folder)
        return mounted.returncode == 0

    def make_certificate(self, days):
        """In place of the one that is there; the key first, as whoever renews does."""
        made = self.folder / "made"
        made.mkdir(exist_ok=True)
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost".split()
        names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-keyout", made / "tls.key", "-out", made / "tls.pem"]
        subprocess.run([*command, *names, "-days", str(days), *files], check=True, capture_output=True)
        for name in ("tls.key", "tls.pem"):
            (made / name).rename(self.folder / name)

    # Who sends

    def start_sending(self):
        self.sends.set()
        self.sender.start()

    def send(self):
        """Two hundred events a second, of two tenants, until the end; nothing while `sends` is not set."""
        number, lines = 0, None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            while not self.ends.wait(0.1):
                if not self.sends.is_set():
                    continue
                number += 1
                events = [{"message": "noise" if n == 0 else f"event {number}-{n}", "n": n} for n in range(18)]
                try:
                    lines = lines or socket.create_connection(("127.0.0.1", self.ports["lines"]), timeout=10)
                    lines.sendall(f"a line {number}\n".encode())
                    datagrams.sendto(f"<13>Nov 22 10:00:00 host app: datagram {number}".encode(), ("127.0.0.1", self.ports["syslog"]))
                    self.post(events)
                except urllib.error.HTTPError:
                    # It is refused, and the others aren't.
                    continue
                except (OSError, http.client.HTTPException):
                    # It is stopped or killed just now.
                    if lines:
                        lines.close()
                    lines = None
        if lines:
            lines.close()

    def post(self, events, form="json"):
        """Sends events, objects or lines."""
        body = "\n".join(event if isinstance(event, str) else json.dumps(event) for event in events)
        content = "application/x-ndjson" if form == "json" else "text/plain"
        request = urllib.request.Request(f"{self.ingest_url}?format={form}", body.encode(), {"content-type": content})
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    # What Prometheus says

    def watch(self, *addresses):
        """Prometheus scrapes these too."""
        self.targets += addresses
        self.tell_targets()

    def forget(self, address):
        self.targets.remove(address)
        self.tell_targets()

    def tell_targets(self):
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
        while (loud := self.firing() & set(names)) and time.monotonic() < until:
            time.sleep(0.3)
        return loud

    # What a person types

    def shell(self, line, seconds=60):
        """Exit code and output of a command."""
        variables = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "NO_COLOR": "1", "CURL_CA_BUNDLE": str(self.folder / "tls.pem"), **self.variables()}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FOREBAY_") or key == "FOREBAY_CACHE"}
        # A group of its own, or what a pipe leaves behind would go on after its time.
        process = subprocess.Popen(
            ["bash", "-c", line],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            env=environment | variables,
            start_new_session=True,
        )
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return 124, f"no answer within {seconds} s"
        return process.returncode, output.decode(errors="replace")

    def variables(self):
        """What stands in the environment of who types."""
        return {}
