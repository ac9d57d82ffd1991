"""OTLP over gRPC, by the exporter of OpenTelemetry's SDK."""

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

from compat import Run
from otel_sdk import send

run = Run()
headers = (("authorization", f"Bearer {run.token}"),)
send(run, OTLPLogExporter(endpoint=f"http://{run.address}", insecure=True, headers=headers, timeout=60))
