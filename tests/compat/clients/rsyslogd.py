"""Debian's rsyslog as a client: lines go in by a local socket, and its own statistics say when nothing is left to be sent.

It has no word for a single message that was delivered. So its belief is one for all: every message was taken in and has left
its queue, and it has ended in good order. Those that failed are named in its error file.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
global(workDirectory="{folder}" net.enableDNS="off" {globals})
module(load="imptcp")
module(load="impstats" interval="1" format="json" log.syslog="off" log.file="{folder}/stats")
input(type="imptcp" path="{folder}/in")
{config}
"""


def send(run, config, globals_=""):
    """Sends every id as a message of RFC 5424, by the actions of `config`, in which FOLDER is one to write to."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "rsyslog.conf").write_text(CONFIG.format(folder=folder, config=config.replace("FOLDER", folder), globals=globals_))
        root = Path(os.environ["DEBIAN_ROOT"])
        libraries = root / "usr/lib/x86_64-linux-gnu"
        program = [root / "usr/sbin/rsyslogd", "-n", "-f", path / "rsyslog.conf", "-i", path / "pid"]
        rsyslog = subprocess.Popen(
            [*program, "-M", f"{libraries}/rsyslog"],
            env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
            stdout=sys.stderr,
            stderr=sys.stderr,
        )
        try:
            with socket.socket(socket.AF_UNIX) as lines:
                _wait("it listens", lambda: _connects(lines, path / "in"), rsyslog)
                for one in run.ids():
                    time_now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                    lines.sendall(f"<14>1 {time_now} host.example compat - - - {one}\n".encode())
            _wait("all is sent", lambda: _is_sent(path / "stats", run.count), rsyslog, 150)
            rsyslog.terminate()
            if rsyslog.wait(60) == 0:
                failed = (path / "errors").read_text() if (path / "errors").exists() else ""
                failed = set(re.findall(f"{run.prefix}-[0-9]+", failed))
                run.delivered(one for one in (f"{run.prefix}-{n}" for n in range(run.count)) if one not in failed)
        finally:
            rsyslog.kill()
            rsyslog.wait()


def _connects(lines, path):
    """Whether rsyslog takes the connection: it makes the file first, and listens on it a moment later."""
    return lines.connect_ex(str(path)) == 0


def _is_sent(stats, count):
    """Whether the latest figures say that nothing is left."""
    latest = {}
    for line in stats.read_text().splitlines() if stats.exists() else []:
        try:
            figures = json.loads(line[line.index("{") :])
        except ValueError:
            continue
        latest[figures["name"]] = figures
    queue, action = latest.get("main Q", {}), latest.get("out", {})
    return (
        queue.get("enqueued", 0) >= count
        and queue.get("size") == 0
        and action.get("processed", 0) >= count
        and action.get("failed", 0) == 0
    )


def _wait(what, holds, process, seconds=120):
    until = time.monotonic() + seconds
    while not holds():
        if process.poll() is not None or time.monotonic() > until:
            raise TimeoutError(f"waited in vain: {what}")
        time.sleep(0.1)
