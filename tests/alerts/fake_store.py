"""As much of a search cluster as an indexer needs: it takes everything."""

import http.server
import json
import threading

GREETING = {"name": "fake", "cluster_name": "fake", "version": {"number": "9.5.3", "build_flavor": "default"}, "tagline": "You Know, for Search"}
ABSENT = {"error": "no such thing", "status": 404}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, GREETING) if self.path == "/" else self.answer(404, ABSENT)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.answer(200, created(body)) if "_bulk" in self.path else self.answer(404, ABSENT)

    do_HEAD, do_PUT = do_GET, do_POST

    def answer(self, status, value):
        body = b"" if self.command == "HEAD" else json.dumps(value).encode()
        self.send_response(status)
        for name, text in (("content-type", "application/json"), ("x-elastic-product", "Elasticsearch"), ("content-length", str(len(body)))):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def created(body):
    """The answer to a bulk request."""
    actions = [json.loads(line)["create"] for line in body.split(b"\n")[0:-1:2]]
    items = [{"create": {"_index": action["_index"], "_id": action["_id"], "status": 201, "result": "created"}} for action in actions]
    return {"errors": False, "took": 1, "items": items}


class FakeStore:
    """Answers on a free port of loopback."""

    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
