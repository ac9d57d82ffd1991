"""Events to /events by Mozilla's `mozdef-client`, a request each, with the key in `X-Log-Key`. Its session of `requests` is given
urllib3's retries. Its own hook is written for another library's sessions and fails on these, so it is taken off."""

import requests
from mozdef_client.error import MozDefError
from mozdef_client.event import MozDefEvent
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from compat import Run, say

run = Run()
retry = Retry(total=100, backoff_factor=0.1, backoff_max=2, status_forcelist=[429, 503], allowed_methods=None)
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=retry))
session.headers["X-Log-Key"] = run.token or "none"
for one in run.ids():
    event = MozDefEvent(f"http://{run.address}/events")
    event._httpsession = session
    event.summary = f"{one} by mozdef-client"
    event.tags = ["compat", "python"]
    event.details = {"sourceipaddress": "192.0.2.1", "n": 1}
    try:
        event.send()
        run.delivered([one])
    except (MozDefError, requests.RequestException) as error:
        say(f"given up: {error}")
