"""Fluentd's logger for Python. It asks for no acknowledgements: what the system took is what it believes delivered."""

import time

from fluent import sender

from compat import Run, say

run = Run()
logger = sender.FluentSender("compat", host=run.host, port=run.port, timeout=60, nanosecond_precision=True, bufmax=64 << 20)
waiting = []
for one in run.ids():
    waiting.append(one)
    # What could not be sent is kept, and goes with the next.
    if logger.emit("python", {"id": one, "message": f"{one} through fluent-logger"}):
        run.delivered(waiting)
        waiting = []
    else:
        say(f"kept: {logger.last_error}")
        logger.clear_last_error()
        time.sleep(0.1)
logger.close()
