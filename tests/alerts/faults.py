"""What makes alerts fire, in the order in which it is caused.

A fault is caused up to its `yield`, which says why it can't be caused here, if it can't; the rest follows when its alerts fire.
"""

import os
import signal
import socket

from stack import free_port

FAULTS = []


def fault(*alerts):
    """Marks what causes these alerts."""

    def mark(cause):
        cause.alerts = alerts
        FAULTS.append(cause)
        return cause

    return mark


@fault("ForebayDeadLetters")
def malformed_events(stack):
    """A sender declares access logs and sends something else."""
    stack.post("\n".join(f"no access log, line {n}" for n in range(300)), "combined")
    yield


@fault("ForebayCertificateExpires", "ForebayCertificateExpired")
def short_lived_certificate(stack):
    """The certificate is replaced by one for a day."""
    stack.make_certificate(1)
    yield


@fault("ForebayRulesBroken")
def broken_rule(stack):
    """Somebody saves a rule that doesn't compile."""
    (stack.folder / "rules/broken.yaml").write_text("steps:\n  - vrl: .x = (\n")
    yield


@fault("ForebayEventsLostAtTheDoor")
def message_without_its_end(stack):
    """Of a GELF message of two datagrams the second is lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"\x1e\x0f" + b"forebay!" + bytes([0, 2]) + b'{"version":"1.1",', ("127.0.0.1", stack.ports["gelf"]))
    yield


@fault("ForebayDatagramsDropped")
def datagrams_to_a_process_that_stands_still(stack):
    """More datagrams than the receive buffer holds, while nobody takes them out."""
    pid = stack.processes["dev"].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(60_000):
                sender.sendto(b"<13>Nov 22 10:00:00 host app: " + b"x" * 900, ("127.0.0.1", stack.ports["syslog"]))
    finally:
        os.kill(pid, signal.SIGCONT)
    yield


@fault("ForebayDiskFull")
def full_disk(stack):
    """Somebody else fills the disk that dev's data are on."""
    if not stack.has_disk:
        yield "a disk of its own can't be mounted here"
        return
    disk = os.statvfs(stack.folder / "data")
    filled = disk.f_bavail * disk.f_frsize - disk.f_blocks * disk.f_frsize // 20
    with open(stack.folder / "data/filler", "wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, filled)
    yield
    (stack.folder / "data/filler").unlink()


@fault("ForebayTargetShut", "ForebayBacklogOld")
def blocked_index(stack):
    """One index is blocked for writing, while the other is written."""
    stack.store.blocked = "-held-"
    yield
    stack.store.blocked = ""


@fault("ForebayStoreRefuses", "ForebayLagGrowing", "ForebayBacklogNearsRetention")
def cluster_without_master(stack):
    """The search cluster refuses everything."""
    stack.store.refuses = True
    yield
    stack.store.refuses = False


@fault("ForebayNotReady")
def process_without_kafka(stack):
    """A process is started, and Kafka is not where it looks for it."""
    stack.start_indexer("lost", f"127.0.0.1:{free_port()}", free_port())
    yield


@fault("ForebayTenantSilent", "ForebaySourceSilent")
def senders_stop(stack):
    """Nobody sends any more."""
    stack.sends.clear()
    yield


@fault("ForebayTierMissing")
def killed_process(stack):
    """The process of ingest and parser is killed."""
    stack.processes["dev"].kill()
    yield
