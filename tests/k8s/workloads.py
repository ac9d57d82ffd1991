"""The part of the API that `lookup` asks for workloads: what is there, the test says."""

import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KINDS = {"deployments": "Deployment", "statefulsets": "StatefulSet"}


class Workloads:
    """Serves on loopback until it is closed: `there` are manifests of the namespace `logs`, as the API has them."""

    def __init__(self, there):
        self.there = {(d["kind"], d["metadata"]["name"]): d for d in there if d["kind"] in KINDS.values()}
        workloads = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802, the library's name
                code, answer = workloads.answer(self.path.partition("?")[0])
                self.send_response(code)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.folder = tempfile.TemporaryDirectory()
        self.kubeconfig = Path(self.folder.name) / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.server.server_address[1]}"}}],
            "users": [{"name": "u", "user": {}}],
        }))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def answer(self, path):
        if path == "/apis/apps/v1":
            resources = [{"name": name, "singularName": "", "namespaced": True, "kind": kind, "verbs": ["get"]} for name, kind in KINDS.items()]
            return 200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "apps/v1", "resources": resources}
        *folder, plural, name = path.split("/")
        if "/".join(folder) == "/apis/apps/v1/namespaces/logs" and (found := self.there.get((KINDS.get(plural), name))):
            return 200, found
        return 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404, "message": path}
