"""Forebay's WebSocket, by the library `websockets`: batches under numbers, sent again until they are acknowledged."""

import json
import time
from contextlib import ExitStack

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from compat import Run, say

run = Run()
url = f"ws://{run.address}/v1/stream?stream={run.prefix}"
headers = {"Authorization": f"Bearer {run.token}"}
open_batches = {}  # number -> ids, in the order in which they were sent
socket, opened = None, ExitStack()


def message(number, ids):
    lines = [json.dumps({"seq": number, "key": f"{ids[0]}-batch"})] + [json.dumps({"message": one}) for one in ids]
    return "\n".join(lines)


def connected():
    """A connection on which everything that is open has been sent again."""
    global socket, window
    deadline = time.monotonic() + 120
    while socket is None:
        try:
            opened.close()
            socket = opened.enter_context(connect(url, additional_headers=headers))
            window = json.loads(socket.recv(timeout=30))["window"]
            for number, ids in list(open_batches.items()):
                socket.send(message(number, ids))
        except (OSError, TimeoutError, WebSocketException) as error:
            socket = None
            if time.monotonic() > deadline:
                raise
            say(f"again: {error}")
            time.sleep(0.5)
    return socket


def answer():
    """Takes one answer, and sends again what was put off."""
    global socket
    try:
        said = json.loads(connected().recv(timeout=120))
        if "ack" in said:
            ids = open_batches.pop(said["ack"])
            refused = {error["line"] - 1 for error in said["errors"]}
            run.delivered(one for n, one in enumerate(ids) if n not in refused)
        elif "retry_after_ms" in said:
            time.sleep(said["retry_after_ms"] / 1000)
            connected().send(message(said["nack"], open_batches[said["nack"]]))
        else:
            raise SystemExit(f"refused for good: {said}")
    except (OSError, TimeoutError, WebSocketException) as error:
        say(f"connection lost: {error}")
        socket = None


connected()
for number, ids in enumerate(run.batches(100)):
    while len(open_batches) >= window:
        answer()
    open_batches[number] = ids
    try:
        connected().send(message(number, ids)) if socket is not None else connected()
    except (OSError, WebSocketException) as error:
        say(f"connection lost: {error}")
        socket = None
while open_batches:
    answer()
opened.close()
