"""Lumberjack by pylogbeat: a window of 100 events, then the wait for its acknowledgement."""

import time

from pylogbeat import ConnectionException, PyLogBeatClient

from compat import Run, say

run = Run()


def connected():
    return PyLogBeatClient(run.host, run.port, timeout=60)


client = connected()
for batch in run.batches(100):
    events = [{"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "message": f"{one} in a window", "id": one} for one in batch]
    while True:
        try:
            client.send(events)
            break
        except (ConnectionException, OSError) as error:
            say(f"again: {error}")
            client.close()
            time.sleep(0.5)
            client = connected()
    run.delivered(batch)
client.close()
