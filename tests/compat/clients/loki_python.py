"""Lines by the logging handler `python-logging-loki`, a request each. It has no retries of its own; its session of `requests` is given
urllib3's."""

import logging

import logging_loki
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from compat import Run, say

run = Run()
handler = logging_loki.LokiHandler(
    url=f"http://{run.address}/loki/api/v1/push",
    tags={"app": "compat", "host": "compat-1"},
    auth=("compat", run.token or "none"),
    version="1",
)
retry = Retry(total=100, backoff_factor=0.1, backoff_max=2, status_forcelist=[429, 503], allowed_methods=None)
handler.emitter.session.mount("http://", HTTPAdapter(max_retries=retry))
failed = []


def failure(record):
    """What the handler calls when it could not deliver, and has closed its session."""
    failed.append(record)
    say(f"given up: {record.getMessage()}")
    handler.emitter.session.mount("http://", HTTPAdapter(max_retries=retry))


handler.handleError = failure
logger = logging.getLogger("compat")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(handler)
for one in run.ids():
    failed.clear()
    logger.info("%s by python-logging-loki", one)
    if not failed:
        run.delivered([one])
