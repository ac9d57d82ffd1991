"""graypy's handler for GELF over TCP. GELF has no answers: what was written to the socket is delivered, for all that it knows."""

import logging

import graypy

from compat import Run, say


class Handler(graypy.GELFTCPHandler):
    """Notes what went wrong, which logging would only print."""

    failed = False

    def handleError(self, record):
        self.failed = True
        super().handleError(record)


run = Run()
handler = Handler(run.host, run.port)
logger = logging.getLogger("compat")
logger.setLevel(logging.INFO)
logger.addHandler(handler)
for one in run.ids():
    handler.failed = False
    logger.info(one)
    # The socket is given up when a write fails.
    if handler.failed or handler.sock is None:
        say(f"not sent: {one}")
    else:
        run.delivered([one])
handler.close()
