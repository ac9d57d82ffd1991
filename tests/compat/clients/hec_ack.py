"""Splunk's event collector with acknowledgements, as its documentation has it: requests on a channel, then questions for the
numbers they were answered with. By `requests`, since no client in Python's registry that is kept up does it."""

import json
import uuid

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from compat import Run, say

run = Run()
retry = Retry(total=100, backoff_factor=0.1, backoff_max=2, status_forcelist=[503], allowed_methods=None)
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=retry))
session.headers["Authorization"] = f"Splunk {run.token}"
session.headers["X-Splunk-Request-Channel"] = str(uuid.uuid4())
base = f"http://{run.address}/services/collector"
for batch in run.batches(100):
    body = "".join(json.dumps({"event": {"id": one, "message": "with acks"}, "sourcetype": "_json"}) for one in batch)
    try:
        sent = session.post(f"{base}/event", data=body, timeout=60).json()
        if sent["code"] != 0:
            say(f"refused: {sent}")
            continue
        acks = session.post(f"{base}/ack", json={"acks": [sent["ackId"]]}, timeout=60).json()["acks"]
    except requests.RequestException as error:
        say(f"given up: {error}")
        continue
    if acks.get(str(sent["ackId"])):
        run.delivered(batch)
    else:
        say(f"not acknowledged: {sent['ackId']}")
