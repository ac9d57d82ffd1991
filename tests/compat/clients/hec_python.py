"""Splunk's event collector by the logging handler `splunk-handler`, which sends its queue as events one behind the other and tries
500, 502, 503 and 504 again."""

import json
import logging

from splunk_handler import SplunkHandler

from compat import Run, say


def ids(payload):
    """The ids of the events in a request."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(payload):
        event, at = decoder.raw_decode(payload, at)
        yield event["event"].split(" ", 1)[0]


def answered(response, *_args, **_kwargs):
    """Only what was answered with success is believed to be delivered."""
    if response.ok and response.json()["code"] == 0:
        body = response.request.body
        run.delivered(ids(body.decode() if isinstance(body, bytes) else body))
    else:
        say(f"{response.status_code}: {response.text}")


run = Run()
handler = SplunkHandler(
    host=run.host,
    port=run.port,
    token=run.token or "none",
    index="compat",
    hostname="compat-1",
    source="/var/log/compat.log",
    protocol="http",
    verify=False,
    flush_interval=0.2,
    force_keep_ahead=True,
    retry_count=20,
    retry_backoff=0.1,
)
# It would print its troubles where ids belong.
handler.write_log = say
handler.session.hooks["response"].append(answered)
logger = logging.getLogger("compat")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(handler)
for one in run.ids():
    logger.info("%s by splunk-handler", one)
handler.close()
