"""util-linux's `logger`, as scripts call it: lines on its standard input, syslog over TCP."""

import subprocess

from compat import Run

run = Run()
command = ["logger", "--tcp", "--server", run.host, "--port", str(run.port), "--rfc5424", "--octet-count", "--tag", "compat"]
with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as logger:
    for one in run.ids():
        logger.stdin.write(f"{one}\n")
        logger.stdin.flush()
if logger.returncode == 0:
    run.delivered(f"{run.prefix}-{n}" for n in range(run.count))
