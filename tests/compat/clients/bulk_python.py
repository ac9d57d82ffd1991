"""_bulk by Elasticsearch's own client and its helper `streaming_bulk`, which says of each document what became of it."""

import logging
import time

from elasticsearch import ApiError, Elasticsearch, TransportError
from elasticsearch.helpers import streaming_bulk

from compat import Run, say

logging.getLogger("elastic_transport").setLevel(logging.ERROR)

run = Run()
# The client asks for the product before it sends, and tries 429, 502, 503 and 504 again.
client = Elasticsearch(
    f"http://{run.address}",
    api_key=("compat", run.token) if run.token else None,
    http_compress=True,
    max_retries=20,
    retry_on_timeout=True,
    request_timeout=60,
)
say(f"{client.info()['version']['number']} of {client.info()['cluster_name']}")
for batch in run.batches(100):
    documents = [{"_op_type": "create", "_index": "compat", "_id": one, "message": "by elasticsearch"} for one in batch]
    left = {one["_id"]: one for one in documents}
    for attempt in range(20):
        try:
            for done, item in streaming_bulk(client, list(left.values()), max_retries=20, raise_on_error=False):
                (outcome,) = item.values()
                if done:
                    run.delivered([outcome["_id"]])
                    del left[outcome["_id"]]
                else:
                    say(f"refused: {outcome}")
            break
        except (ApiError, TransportError) as error:
            # What is sent again has the same ids.
            say(f"again: {error}")
            time.sleep(1)
    if left:
        say(f"given up: {len(left)}")
