"""Debian's syslog-ng: syslog over TCP as RFC 6587 frames it. Its belief is its own statistics': all written, none queued."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compat import Run

CONFIG = """@version: 3.38
options {{ stats-level(1); use-dns(no); keep-hostname(yes); time-reopen(1); }};
source lines {{ unix-stream("{folder}/in" flags(syslog-protocol) max-connections(4)); }};
destination forebay {{ syslog("{host}" port({port}) transport("tcp")); }};
log {{ source(lines); destination(forebay); flags(flow-control); }};
"""


def wait(what, holds, process, seconds=120):
    until = time.monotonic() + seconds
    while not holds():
        if process.poll() is not None or time.monotonic() > until:
            raise TimeoutError(f"waited in vain: {what}")
        time.sleep(0.2)


run = Run()
root = Path(os.environ["DEBIAN_ROOT"])
libraries = [root / "usr/lib/syslog-ng", root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu"]
environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder)
    (path / "conf").write_text(CONFIG.format(folder=folder, host=run.host, port=run.port))
    program = [root / "usr/sbin/syslog-ng", "--foreground", "--no-caps", "--stderr", "-f", path / "conf"]
    files = {"persist-file": "persist", "control": "control", "pidfile": "pid"}
    options = [f"--{name}={path / file}" for name, file in files.items()]
    options.append(f"--module-path={root}/usr/lib/syslog-ng/3.38")
    syslog_ng = subprocess.Popen([*program, *options], env=environment, stdout=sys.stderr, stderr=sys.stderr)

    def figures(what):
        ask = [root / "usr/sbin/syslog-ng-ctl", "stats", f"--control={path / 'control'}"]
        answer = subprocess.run(ask, env=environment, capture_output=True, text=True, check=False).stdout
        lines = [line.split(";") for line in answer.splitlines()]
        return sum(int(line[5]) for line in lines if line[0].startswith("dst.") and line[4] == what)

    try:
        with socket.socket(socket.AF_UNIX) as lines:
            # It makes the socket's file first, and listens on it a moment later.
            wait("it listens", lambda: lines.connect_ex(str(path / "in")) == 0, syslog_ng)
            for one in run.ids():
                now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                lines.sendall(f"<14>1 {now} host.example compat - - - {one}\n".encode())
        wait("all is written", lambda: figures("written") >= run.count and figures("queued") == 0, syslog_ng, 150)
        if figures("dropped") == 0:
            run.delivered(f"{run.prefix}-{n}" for n in range(run.count))
    finally:
        syslog_ng.terminate()
        try:
            syslog_ng.wait(30)
        except subprocess.TimeoutExpired:
            syslog_ng.kill()
