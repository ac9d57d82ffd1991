"""The collector of the OpenTelemetry project, between the SDK for Python and Forebay.

Its exporter has no queue here, so that its receiver answers when the exporter has delivered: what the SDK is told is what the
collector believes. Retries are the collector's own.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

from compat import Run
from otel_sdk import send

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}
exporters:
  otlp:
    endpoint: "{address}"
    tls: {{insecure: true}}
    headers: {{authorization: "Bearer {token}"}}
    timeout: 30s
    sending_queue: {{enabled: false}}
    retry_on_failure: {{enabled: true, initial_interval: 200ms, max_interval: 2s, max_elapsed_time: 120s}}
service:
  pipelines: {{logs: {{receivers: [otlp], exporters: [otlp]}}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_it_listens(port, collector):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert collector.poll() is None, "the collector has ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the collector doesn't listen")


run = Run()
port = free_port()
with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
    config.write(CONFIG.format(port=port, address=run.address, token=run.token))
    config.flush()
    collector = subprocess.Popen(
        [os.environ["OTEL_COLLECTOR"], "--config", f"file:{config.name}"], stdout=sys.stderr, stderr=sys.stderr
    )
    try:
        until_it_listens(port, collector)
        send(run, OTLPLogExporter(endpoint=f"http://127.0.0.1:{port}/v1/logs", timeout=150))
    finally:
        collector.terminate()
        try:
            collector.wait(30)
        except subprocess.TimeoutExpired:
            collector.kill()
