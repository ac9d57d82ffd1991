"""NDJSON to /v1/ingest by `requests`, with urllib3's own retries: it heeds Retry-After, and 503 as well as 429."""

import json

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from compat import Run, say

run = Run()
retry = Retry(total=100, backoff_factor=0.1, backoff_max=2, status_forcelist=[429, 503], allowed_methods=None)
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=retry))
session.headers["Authorization"] = f"Bearer {run.token}"
for batch in run.batches(100):
    body = "".join(json.dumps({"id": one, "message": "by requests"}) + "\n" for one in batch)
    # What is sent again has the same ids.
    url = f"http://{run.address}/v1/ingest?id_field=id"
    try:
        answer = session.post(url, data=body, headers={"Content-Type": "application/x-ndjson"}, timeout=60)
    except requests.RequestException as error:
        say(f"given up: {error}")
        continue
    if answer.status_code == 200 and answer.json()["rejected"] == 0:
        run.delivered(batch)
    else:
        say(f"{answer.status_code}: {answer.text}")
