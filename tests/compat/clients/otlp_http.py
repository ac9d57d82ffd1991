"""OTLP over HTTP in protobuf with gzip, by the exporter of OpenTelemetry's SDK."""

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

from compat import Run
from otel_sdk import send

run = Run()
headers = {"authorization": f"Bearer {run.token}"}
url = f"http://{run.address}/v1/logs"
send(run, OTLPLogExporter(endpoint=url, headers=headers, timeout=60, compression=Compression.Gzip))
