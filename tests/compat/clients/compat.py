"""What the clients in Python share: their arguments, their pace, and what they tell the harness.

A client is called with ADDRESS TOKEN COUNT PREFIX and sends events that have the ids PREFIX-0 to PREFIX-(COUNT-1) in them. It
prints an id on a line of its own once it believes that this event is delivered, and exits with 0 when it has tried everything.
FOREBAY_COMPAT_SECONDS spreads the events over so many seconds. The second half waits for the file FOREBAY_COMPAT_OUTAGE, which is made once
Kafka is gone, so that the outage falls among them however fast or slow a client is.
"""

import os
import sys
import threading
import time


class Run:
    """What the harness asks for."""

    def __init__(self, argv=None):
        address, self.token, count, self.prefix = (argv or sys.argv)[1:5]
        self.address = address
        host, _, port = address.rpartition(":")
        self.host, self.port = host, int(port or 0)
        self.count = int(count)
        self.seconds = float(os.environ.get("FOREBAY_COMPAT_SECONDS", "0"))
        self.outage = os.environ.get("FOREBAY_COMPAT_OUTAGE")
        self._said = threading.Lock()

    def ids(self):
        """All ids, each when it is its turn."""
        started = time.monotonic()
        for n in range(self.count):
            if n == self.count // 2 and self.outage:
                while not os.path.exists(self.outage):
                    time.sleep(0.05)
                started = time.monotonic() - self.seconds * n / self.count
            left = started + self.seconds * n / self.count - time.monotonic()
            if left > 0:
                time.sleep(left)
            yield f"{self.prefix}-{n}"

    def batches(self, size):
        """The same in lists of `size`."""
        batch = []
        for one in self.ids():
            batch.append(one)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch

    def delivered(self, ids):
        """Tells the harness that these are believed to be delivered."""
        with self._said:
            sys.stdout.write("".join(f"{one}\n" for one in ids))
            sys.stdout.flush()


def say(text):
    """For who looks why a client failed."""
    print(text, file=sys.stderr, flush=True)
