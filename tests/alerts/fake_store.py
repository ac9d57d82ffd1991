"""As much of a search cluster as an indexer needs; it refuses when it is told to."""

import http.server
import json
import threading

GREETING = {"name": "fake", "cluster_name": "fake", "version": {"number": "9.5.3", "build_flavor": "default"}, "tagline": "You Know, for Search"}
BLOCKED = {"type": "cluster_block_exception", "reason": "index blocked by: [FORBIDDEN/8/index write (api)];"}


class FakeStore:
    """Answers on a free port of loopback. `refuses` refuses everything with 503, `blocked` documents for indices with that in
    their names."""

    def __init__(self):
        self.refuses, self.blocked = False, ""
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.answer(503 if store.refuses else 200, GREETING) if self.path == "/" else self.answer(404, {"error": "no such thing", "status": 404})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                self.answer(*store.bulk(body)) if "_bulk" in self.path else self.answer(404, {"error": "no such thing", "status": 404})

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

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def bulk(self, body):
        if self.refuses:
            return 503, {"error": {"type": "cluster_block_exception", "reason": "blocked by: [SERVICE_UNAVAILABLE/2/no master];"}, "status": 503}
        items = []
        for line in body.split(b"\n")[0:-1:2]:
            action = json.loads(line)["create"]
            item = {"_index": action["_index"], "_id": action["_id"]}
            refused = self.blocked and self.blocked in action["_index"]
            items.append({"create": {**item, "status": 403, "error": BLOCKED} if refused else {**item, "status": 201, "result": "created"}})
        return 200, {"errors": any("error" in item["create"] for item in items), "took": 1, "items": items}

    def stop(self):
        self.server.shutdown()
