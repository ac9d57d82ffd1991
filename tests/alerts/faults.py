"""What makes alerts fire, in the order in which it is caused.

A fault is caused up to its `yield`, which says what the words in capitals of the runbooks stand for; or, as a text, why the fault can't be
caused here. Then its alerts fire, and their runbooks have to say all that stands beside the alert's name (regular expressions): that
leads to the cause. What follows the `yield` is the remedy, by the runbook where it has one as a command; the alerts end by it.
"""

import base64
import os
import signal
import socket
import threading
import time

from stack import eventually, free_port
from walk import follow

# Of an installation, and of `forebay dev`.
FAULTS, DEV_FAULTS = [], []
HOUR = 3_600_000


def fault(among=FAULTS, begins=None, seconds=150, **clues):
    """Marks what causes these alerts. `begins` is called before all faults, for what takes long."""

    def mark(cause):
        cause.begins, cause.seconds, cause.clues = begins, seconds, clues
        among.append(cause)
        return cause

    return mark


@fault(among=DEV_FAULTS, ForebayDiskFull=(r'"folder": "[^"]*"[^\n]*\} 0\.0',))
def full_disk(stack):
    """Somebody else fills the disk that the data of `forebay dev` are on."""
    if not stack.has_disk:
        yield "a disk of its own can't be mounted here"
        return
    disk = os.statvfs(stack.data)
    filled = disk.f_bavail * disk.f_frsize - disk.f_blocks * disk.f_frsize // 20
    with open(stack.data / "filler", "wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, filled)
    yield {}
    (stack.data / "filler").unlink()


A_DAY_LEFT = r'tls\.pem", "instance": "[^"]*"\} [01]\b'


@fault(ForebayCertificateExpires=(A_DAY_LEFT, "notAfter="), ForebayCertificateExpired=(A_DAY_LEFT, "notAfter="))
def short_lived_certificate(stack):
    """The certificate is replaced by one for a day."""
    stack.make_certificate(1)
    yield {"FILE": stack.folder / "tls.pem"}
    stack.make_certificate(365)


@fault(ForebayEventsLostAtTheDoor=('"gelf", "reason": "incomplete"',))
def message_without_its_end(stack):
    """Of a GELF message of two datagrams the second is lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"\x1e\x0f" + b"forebay!" + bytes([0, 2]) + b'{"version":"1.1",', ("127.0.0.1", stack.ports["gelf"]))
    yield {}


@fault(ForebayDatagramsDropped=('"protocol": "syslog", "reason": "receive_buffer_full"',))
def datagrams_to_a_process_that_stands_still(stack):
    """More datagrams than the receive buffer holds, while nobody takes them out."""
    pid = stack.processes["ingest"].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(60_000):
                sender.sendto(b"<13>Nov 22 10:00:00 host app: " + b"x" * 900, ("127.0.0.1", stack.ports["syslog"]))
    finally:
        os.kill(pid, signal.SIGCONT)
    yield {}


@fault(ForebayDeadLetters=("format_mismatch: not in the format combined", "no access log, line"))
def malformed_events(stack):
    """A sender declares access logs and sends something else."""
    stack.post([f"no access log, line {n}" for n in range(300)], "combined")

    def letter():
        code, listed = stack.shell("forebay dlq list --limit 1")
        # The first column is the place; a heading has no colon.
        return code == 0 and next((words[0] for words in map(str.split, listed.splitlines()) if words and ":" in words[0]), None)

    yield {"TENANT": "default", "PARTITION:OFFSET": eventually("a dead letter", letter)}


@fault(ForebayTargetShut=(r'"index\.blocks\.write" : "true"', "FORBIDDEN/8/index write"), ForebayBacklogOld=('"target": "forebay-held-',))
def blocked_index(stack):
    """One index is blocked for writing by hand, while the others are written."""
    index = stack.index_of("held")
    stack.elastic(f"{index}/_settings", {"index.blocks.write": True})
    yield {"TARGET": index, "LOG": stack.folder / "indexer.log"}
    stack.elastic(f"{index}/_settings", {"index.blocks.write": None})


def lag_is_that_of_kafkas_own_tool(stack):
    """With nothing on its way, and records that wait: metric and tool say the same."""
    stack.sends.clear()

    def same():
        tool = {key: lag for key, lag in stack.lag_by_tool("forebay-indexer").items() if key[0] == "forebay.events"}
        metric = stack.lag_by_metric("forebay.events")
        return sum(metric.values()) > 0 and metric == tool and metric

    print(f"lag: metric and kafka-consumer-groups.sh say the same: {sorted(eventually('the same lag', same).items())}")
    stack.sends.set()


@fault(
    ForebayStoreRefuses=("search", "timeout|timed out|no answer|in time"),
    ForebayLagGrowing=('"stage": "indexer"', r"forebay\.events"),
    ForebayBacklogNearsRetention=(r"retention\.ms: 60000, wanted 3600000",),
)
def cluster_that_hangs(stack):
    """The search cluster stands still; and somebody has told Kafka to keep documents for a minute."""
    stack.set_topic("forebay.events", "retention.ms=60000")
    pid = stack.pid_of_server("elasticsearch")
    os.kill(pid, signal.SIGSTOP)
    yield {"HOST:PORT": stack.metrics("indexer"), "TOPIC": "forebay.events"}
    lag_is_that_of_kafkas_own_tool(stack)
    # First things first: time is won while the cluster is still away.
    follow(stack, "backlog-nears-retention.md", "kafka-configs.sh", TOPIC="forebay.events")
    if stack.await_quiet({"ForebayBacklogNearsRetention"}, 120):
        raise RuntimeError("a longer retention doesn't end ForebayBacklogNearsRetention")
    os.kill(pid, signal.SIGCONT)
    stack.set_topic("forebay.events", f"retention.ms={HOUR}")


def rewrite_rules(stack):
    """Something rewrites the rules all the time, and the audit topic takes no records: somebody has told it that they are too large."""
    stack.set_topic("forebay.audit", "max.message.bytes=100")
    stack.rewriting = threading.Event()
    stack.rewriting.set()

    def rewrite():
        number = 0
        while stack.rewriting.is_set() and not stack.ends.wait(0.13):
            number += 1
            fresh = stack.folder / "fresh"
            fresh.write_text(f'steps:\n  - when: .message == "no {number}"\n    drop: {{reason: rewritten}}\n')
            fresh.rename(stack.folder / "rules/rewritten.yaml")

    stack.rewriter = threading.Thread(target=rewrite, daemon=True)
    stack.rewriter.start()


@fault(begins=rewrite_rules, seconds=400, ForebayAuditRecordsLost=(r"max\.message\.bytes: 100, wanted \d+", "error=the record is too large for kafka"))
def audit_topic_that_refuses(stack):
    """More changes of rules than a service keeps while the audit topic takes no record."""
    yield {"LOG": stack.folder / "parser.log"}
    stack.rewriting.clear()
    stack.rewriter.join()
    follow(stack, "audit-records-lost.md", "kafka-configs.sh", BYTES=8_455_168)
    # A record tells of those that there aren't.
    eventually("a record of the gap", lambda: "audit.lost" in stack.must("forebay audit show --action audit.lost"), 150)
    verified = stack.must("forebay audit verify")
    print(f"audit: {verified.strip().splitlines()[0]}")


@fault(ForebayRulesBroken=(r"broken\.yaml",))
def broken_rule(stack):
    """Somebody saves a rule that doesn't compile."""
    (stack.folder / "rules/broken.yaml").write_text("steps:\n  - vrl: .x = (\n")
    yield {}
    (stack.folder / "rules/broken.yaml").unlink()


@fault(
    ForebayLedgerOutOfBalance=(
        # Between ingest and parser, and no position was reset.
        r'total\{stage="parser"\}\[6h\]\)\)\n\{\} [1-9]\d{3}\b',
        r"forebay_consumer_offset_resets_total > 0\n\(nothing\)",
    )
)
def skipped_records(stack):
    """Somebody sets the parser's group to the end of its topic, while events wait that no parser has read."""
    stack.stop("parser")
    for n in range(20):
        stack.post([{"message": f"skipped {n}-{m}"} for m in range(100)])
    group = f"kafka-consumer-groups.sh --bootstrap-server {stack.kafka} --group forebay-parser --topic forebay.raw"
    eventually("the group is empty", lambda: "has no active members" in stack.shell(f"{group.split(' --topic')[0]} --describe")[1], 90)
    # What waits is no loss, though no parser says that it waits.
    loud = stack.firing() & {"ForebayLedgerOutOfBalance"}
    stack.must(f"{group} --reset-offsets --to-latest --execute")
    stack.start_tier("parser")
    if loud:
        raise RuntimeError("ForebayLedgerOutOfBalance fires for what waits")
    yield {"TENANT": "default"}
    stack.stop("parser")
    eventually("the group is empty", lambda: "has no active members" in stack.shell(f"{group.split(' --topic')[0]} --describe")[1], 90)
    before = stack.documents("message:skipped")
    follow(stack, "ledger-out-of-balance.md", "kafka-consumer-groups.sh --bootstrap-server KAFKA --group forebay-parser --topic forebay.raw --reset-offsets")
    stack.start_tier("parser")
    eventually("all that was skipped is indexed", lambda: stack.documents("message:skipped") == 2_000, 120)
    print(f"skipped_records: of 2000 skipped events {before} were indexed before the remedy, all after it, each once")


@fault(ForebayRecordsDeleted=(r"retention\.ms: 1000, wanted 3600000", "a position is not in its topic any more|Notice|was gone from its topic"))
def records_deleted_unread(stack):
    """Kafka keeps events for a second, and no parser is there."""
    stack.stop("parser")
    stack.post([{"message": f"deleted {n}"} for n in range(50)])
    # What is written all the time is not deleted: Kafka goes by the newest record of a segment.
    stack.sends.clear()
    stack.set_topic("forebay.raw", "retention.ms=1000")
    eventually("records are deleted unread", lambda: "were deleted before group" in stack.shell("forebay status")[1], 90)
    stack.start_tier("parser")
    stack.sends.set()
    yield {"TOPIC": "forebay.raw", "LOG": stack.folder / "parser.log"}
    follow(stack, "records-deleted.md", "kafka-configs.sh", TOPIC="forebay.raw", MILLISECONDS=HOUR)


@fault(ForebayNotReady=("not reachable", "127.0.0.1:"))
def process_without_kafka(stack):
    """A process is started, and Kafka is not where it looks for it."""
    nobody, metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    config = stack.folder / "lost.yaml"
    text = stack.config.read_text().replace(stack.kafka, nobody).replace(stack.metrics("indexer"), metrics)
    config.write_text(text.replace("indexer: { max_in_flight", "indexer: { group: lost, max_in_flight"))
    stack.run("lost", stack.programs / "forebay-indexer", "--config", config)
    stack.watch(metrics)
    yield {"HOST:PORT": metrics}
    stack.stop("lost")
    stack.forget(metrics)


@fault(
    ForebayTenantSilent=(r'"tenant": "default"\} [1-9]\d', r'"status": "403"\} [1-9]', r"shipper .* disabled"),
    ForebaySourceSilent=(r'"source": "http", "tenant": "default"\} [1-9]\d', r'"status": "403"\} [1-9]'),
)
def revoked_credential(stack):
    """Somebody revokes the credential of a shipper that is in use."""
    stack.must("forebay token revoke shipper")
    yield {"TENANT": "default"}
    told = follow(stack, "silence.md", "curl -sv", TOKEN=stack.token)
    if " 403" not in told:
        raise RuntimeError(f"silence.md: the revoked token isn't refused: {told}")
    stack.token = stack.make_token("--tenant default --name shipper-2")
    eventually("the new token is let in", lambda: " 200" in stack.shell(f"curl -sv {stack.ingest_url} -H 'Authorization: Bearer {stack.token}' -d '{{\"message\":\"test\"}}'")[1])


@fault(ForebayKafkaDiskFull=('data-kafka-0"} 0\\.[01]', r'"forebay\.raw-\d","size":\d{8,9}\b'))
def filled_volume(stack):
    """Somebody sends far more than the disk is made for; what is sent is dropped by a rule, and stays in the topic."""
    if not stack.has_disk:
        yield "a disk of its own can't be mounted here"
        return
    disk = stack.folder / "disk"

    def left():
        size = os.statvfs(disk)
        return size.f_bavail / size.f_blocks

    while left() > 0.12:
        body = [{"message": "noise", "padding": base64.b64encode(os.urandom(48 << 10)).decode()} for _ in range(8)]
        try:
            stack.post(body)
        except OSError:
            # It is put off for a moment.
            time.sleep(0.2)
    yield {}
    # Volumes can be enlarged; here the size of a tmpfs.
    stack.must(f"mount -o remount,size={512 << 20} {disk}")


@fault(ForebayTierMissing=(r'"instance": "[^"]*"[^\n]*\} 0', "the indexer takes nothing|is a indexer running|can't be reached|doesn't answer|refused"))
def killed_process(stack):
    """The only indexer is killed."""
    stack.processes["indexer"].kill()
    stack.stop("indexer")
    yield {}
    stack.start_tier("indexer")
