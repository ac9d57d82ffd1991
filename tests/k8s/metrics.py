"""The external metrics API, as an adapter serves it: one metric, whose value the test says."""

import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

GROUP = "external.metrics.k8s.io"


class Adapter:
    """Serves on loopback until it is closed."""

    def __init__(self, folder, metric, value):
        self.metric, self.value = metric, value
        adapter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802, the library's name
                answer = adapter.answer(self.path.partition("?")[0])
                self.send_response(200 if answer else 404)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer or {}).encode())

            def log_message(self, *_):
                pass

        certificate, key = Path(folder) / "tls.crt", Path(folder) / "tls.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path):
        root = f"/apis/{GROUP}/v1beta1"
        if path == root:
            kind = {"name": self.metric, "singularName": "", "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/v1beta1", "resources": [kind]}
        if path.startswith(f"{root}/namespaces/") and path.endswith(f"/{self.metric}"):
            item = {"metricName": self.metric, "metricLabels": {}, "timestamp": "2026-01-01T00:00:00Z", "value": str(self.value)}
            return {"kind": "ExternalMetricValueList", "apiVersion": f"{GROUP}/v1beta1", "metadata": {}, "items": [item]}
        return None

    def manifests(self):
        """What leads the API server here. The name of an external Service is the one way out of a cluster without a network."""
        port = self.server.server_address[1]
        service = {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "adapter", "namespace": "default"},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
        }
        api = {
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": f"v1beta1.{GROUP}"},
            "spec": {
                "group": GROUP, "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
                "insecureSkipTLSVerify": True, "service": {"name": "adapter", "namespace": "default", "port": port},
            },
        }
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": [service, api]})
