"""What Forebay's dashboards show. `generate.py` writes them to the chart."""

from grafana import Dashboard, grown, quantile, rate, variable
from tellers import HOME, TIERS, or_nought, there

LAG = "sum by (topic) (forebay_consumer_lag)"
AGE = "max by (topic) (forebay_consumer_oldest_record_age_seconds)"
LEFT = "min by (topic) (forebay_consumer_retention_left_seconds)"
# A time, and its seconds.
HOUR = ("1h", "3600")
RANGE = ("$__range", "$__range_s")
# What every process of a namespace may tell, of ours alone.
OURS = "and on (namespace, instance) forebay_build_info"


def bucketed(share, stage, by=""):
    """Age of events when a stage was done with them."""
    labels = f"le, {by}" if by else "le"
    inside = f'rate(forebay_event_latency_seconds_bucket{{stage="{stage}", {HOME}}}[$__rate_interval])'
    return f"histogram_quantile({share}, sum by ({labels}) ({inside}))"


def outcome(name):
    """The counter of an outcome of events that this region accepted."""
    return f"forebay_events_{name}_total{{{HOME}}}"


def ledger():
    """Events acknowledged or replayed since the beginning of the range, less all that have an outcome. Replays come seldom and many at once,
    so that their first count is most of them."""

    def total(metric):
        return f"(sum(increase({metric}[$__range])) or vector(0))"

    plus = " + ".join(total(f"forebay_events_{name}_total") for name in ("accepted", "split"))
    plus += f" + ({grown(outcome('replayed'), *RANGE)} or vector(0))"
    return plus + "".join(f" - {total(outcome(name))}" for name in ("indexed", "duplicate", "dead_lettered", "dropped"))


def overview():
    board = Dashboard("overview", "overview", "Is anything lost, where is it stuck, how late is it.")
    board.counts(
        "Tiers scraped",
        *((f"{there(tier)} or vector(0)", tier) for tier in TIERS),
        bad_to=1,
        about="How many processes of each tier answer. Without one of a tier, what only that tier knows has no value here: \"No data\" is not nought.",
    )
    board.stat("Accepted", rate("forebay_events_accepted_total", quiet=False), "eps", nought=True)
    board.stat("Indexed", rate(outcome("indexed"), quiet=False), "eps", nought=True)
    board.stat("Waiting in Kafka", "sum(forebay_consumer_lag)", about="Records that no consumer has committed.", nought=True)
    board.stat("Oldest waits", "max(forebay_consumer_oldest_record_age_seconds)", "s", bad_from=600, nought=True)
    board.stat(
        "Retention left",
        "min(forebay_consumer_retention_left_seconds / (forebay_consumer_retention_left_seconds + forebay_consumer_oldest_record_age_seconds))",
        "percentunit",
        bad_to=0.5,
        about="Of the topic's retention, for the oldest record without an outcome. At nought Kafka deletes it.",
    )
    board.stat("Received to indexed, p99", bucketed(0.99, "indexer"), "s", bad_from=60)
    board.stat("Dead letters in an hour", grown("forebay_events_dead_lettered_total", *HOUR), bad_from=1, nought=True)
    board.stat("Parts not ready", "count(forebay_component_ready == 0)", bad_from=1, nought=True)
    board.row("Nothing lost")
    board.graph(
        "Events by outcome",
        (rate("forebay_events_accepted_total"), "accepted"),
        (rate(outcome("indexed")), "indexed"),
        (rate(outcome("duplicate")), "duplicate"),
        (rate(outcome("dead_lettered")), "dead-lettered"),
        (rate(outcome("dropped")), "dropped by a rule"),
        unit="eps",
        width=12,
    )
    board.stat(
        "Without an outcome",
        ledger(),
        width=6,
        about="The ledger over the range shown: accepted + split + replayed - indexed - duplicate - dead-lettered - dropped. It is what is on its way; once nothing waits it is near nought. Counters of processes that came or went within the range are missing a little.",
    )
    board.stat(
        "Records deleted unread",
        grown("forebay_consumer_offset_resets_total", *RANGE),
        width=3,
        bad_from=1,
        nought=True,
        about="Times that a consumer's position was gone: retention was faster, or the topic was made anew.",
    )
    board.stat("Lost at the door", grown("forebay_ingest_lost_events_total", *RANGE), width=3, bad_from=1, nought=True)
    board.row("Where it is stuck")
    board.graph("Records waiting, by topic", (LAG, "{{topic}}"))
    board.graph("Age of the oldest, by topic", (AGE, "{{topic}}"), unit="s")
    board.graph(
        "Blocked, by stage",
        ("sum by (stage) (rate(forebay_backpressure_seconds_total[$__rate_interval]))", "{{stage}}"),
        about="Seconds in a second for which a stage took nothing since what follows it couldn't take more; several workers add up.",
    )
    board.graph("In flight, by stage", ("sum by (stage) (forebay_in_flight_bytes)", "{{stage}}"), unit="bytes")
    board.table("Parts of processes", "min by (instance, component) (forebay_component_ready)", about="1 is ready; `/readyz` of the process says why one is not.")
    board.graph("Retries, by stage", (rate("forebay_retries_total", "stage"), "{{stage}}"))
    board.row("How late")
    board.graph(
        "Received to indexed",
        (bucketed(0.5, "indexer"), "p50"),
        (bucketed(0.9, "indexer"), "p90"),
        (bucketed(0.99, "indexer"), "p99"),
        unit="s",
        width=12,
        about="A search finds a document at the index's next refresh after that.",
    )
    board.graph("Received to indexed, p99 by group", (bucketed(0.99, "indexer", "group"), "{{group}}"), unit="s", width=12)
    board.row("Processes")
    board.graph("CPU", (f"rate(process_cpu_seconds_total[$__rate_interval]) {OURS}", "{{instance}}"), about="Cores.")
    board.graph("Memory", (f"process_resident_memory_bytes {OURS}", "{{instance}}"), unit="bytes")
    board.graph(
        "Open files",
        (f"process_open_fds / process_max_fds {OURS}", "{{instance}}"),
        unit="percentunit",
    )
    board.table("Versions", "count by (version, instance) (forebay_build_info)")
    return board


def ingest():
    board = Dashboard("ingest", "ingest", "What comes in, by whom it is refused, and what it waits for.")
    board.row("Events")
    board.graph("Events in and acknowledged", ('sum(rate(forebay_records_received_total{stage="ingest"}[$__rate_interval]))', "received"), ('sum(rate(forebay_records_emitted_total{stage="ingest"}[$__rate_interval]))', "acknowledged by Kafka"), unit="eps")
    board.graph("Bytes", (rate("forebay_ingest_body_bytes_total"), "as sent"), (rate("forebay_ingest_event_bytes_total"), "events, decompressed"), unit="Bps")
    board.graph("Batches by protocol", (rate("forebay_ingest_batches_total", "protocol"), "{{protocol}}"), unit="reqps", about="Requests, frames or windows.")
    board.graph("Requests by status", (rate("forebay_ingest_requests_total", "status"), "{{status}}"), unit="reqps")
    board.graph("Time of a request", (quantile(0.5, "forebay_ingest_request_seconds"), "p50"), (quantile(0.99, "forebay_ingest_request_seconds"), "p99"), unit="s")
    board.graph("Waiting for Kafka's acknowledgement", (quantile(0.5, "forebay_ingest_ack_seconds"), "p50"), (quantile(0.99, "forebay_ingest_ack_seconds"), "p99"), unit="s")
    board.row("Refused and lost")
    board.graph("Batches refused", (rate('forebay_ingest_batches_total{outcome!="accepted"}', "protocol, outcome"), "{{protocol}} {{outcome}}"), unit="reqps")
    board.graph("Put off, to be sent again", (rate("forebay_ingest_put_off_requests_total", "reason"), "{{reason}}"), unit="reqps", about="429 and 503.")
    board.graph("Over a quota", (rate("forebay_ingest_over_quota_total", "tenant, quota"), "{{tenant}} {{quota}}"), unit="reqps")
    board.graph("Events refused by themselves", (rate("forebay_ingest_rejected_events_total", "reason"), "{{reason}}"), unit="eps")
    board.graph("Events lost", (rate("forebay_ingest_lost_events_total", "protocol, reason"), "{{protocol}} {{reason}}"), unit="eps", about="Of protocols without acknowledgements. `receive_buffer_full`: the kernel dropped datagrams.")
    board.graph("Events cut", (rate("forebay_ingest_cut_events_total", "protocol"), "{{protocol}}"), unit="eps", about="Larger than `ingest.max_event`.")
    board.row("Room")
    board.graph("Memory of requests", ("sum(forebay_ingest_in_flight_bytes)", "held"), unit="bytes")
    board.graph("Waiting for Kafka", ("sum(forebay_ingest_backlog_bytes)", "waiting"), ("sum(forebay_ingest_backlog_limit_bytes)", "limit"), unit="bytes")
    board.graph("Connections", ("sum(forebay_ingest_connections)", "open"), (rate("forebay_ingest_refused_connections_total", "listener, reason"), "refused: {{listener}} {{reason}}"))
    board.graph("Blocked", ('sum(rate(forebay_backpressure_seconds_total{stage="ingest"}[$__rate_interval]))', "seconds in a second"))
    board.row("Files")
    board.graph("Certificates", ("min by (instance, file) (forebay_certificate_expiry_seconds)", "{{instance}} {{file}}"), unit="s", about="How long they are valid.")
    board.graph("Files read again", (rate("forebay_ingest_access_reloads_total", "outcome"), "access file: {{outcome}}"), (rate("forebay_tls_reloads_total", "file, outcome"), "{{file}}: {{outcome}}"))
    board.graph("Audit records lost", (rate("forebay_audit_records_lost_total"), "records"), about="Of all tiers: Kafka was away for too long.")
    return board


def parser():
    board = Dashboard("parser", "parser", "From raw events to documents: speed, lag, formats, rules.")
    stage = '{stage="parser"}'
    board.row("Flow")
    board.graph("Records in and out", (rate(f"forebay_records_received_total{stage}"), "in"), (rate(f"forebay_records_emitted_total{stage}"), "out"), unit="eps")
    board.graph("Bytes in", (rate(f"forebay_received_bytes_total{stage}"), "bytes"), unit="Bps")
    board.graph("Events by format", (rate("forebay_parser_events_total", "format"), "{{format}}"), unit="eps")
    board.graph("Received to parsed", (bucketed(0.5, "parser"), "p50"), (bucketed(0.99, "parser"), "p99"), unit="s")
    board.graph("Lag, by partition", ("sum by (topic, partition) (forebay_consumer_lag)", "{{topic}} {{partition}}"), about="Of all topics that are read.")
    board.graph("Age of the oldest, by topic", (AGE, "{{topic}}"), unit="s")
    board.row("Time")
    board.graph("Time of a batch", (quantile(0.5, "forebay_parser_batch_seconds"), "p50"), (quantile(0.99, "forebay_parser_batch_seconds"), "p99"), unit="s")
    board.graph(
        "Time of an event",
        (f"sum(rate(forebay_parser_batch_seconds_sum[$__rate_interval])) / sum(rate(forebay_records_received_total{stage}[$__rate_interval]))", "convert and hand to the producer"),
        unit="s",
    )
    board.graph("Lanes at work", ("sum(rate(forebay_parser_batch_seconds_sum[$__rate_interval]))", "of all processes"), about="Seconds of work in a second: how many lanes' worth.")
    board.graph("Blocked", (rate(f"forebay_backpressure_seconds_total{stage}"), "seconds in a second"))
    board.graph("In flight", (f"sum(forebay_in_flight_bytes{stage})", "bytes"), unit="bytes")
    board.graph("Retries", (rate(f"forebay_retries_total{stage}"), "batches"), (rate(f"forebay_receipts_abandoned_total{stage}"), "batches given up, read again"))
    board.row("Events that are odd")
    board.graph("Unparsed, by reason", (rate("forebay_parser_unparsed_total", "reason"), "{{reason}}"), unit="eps")
    board.graph("Times that were absurd", (rate("forebay_parser_timestamps_clamped_total", "tenant"), "{{tenant}}"), unit="eps", about="The time of receipt took their place.")
    board.graph("Dropped by rules", (rate("forebay_events_dropped_total", "reason"), "{{reason}}"), unit="eps")
    board.row("Rules")
    board.stat("Rules broken", "max(forebay_rules_broken)", bad_from=1, about="1 while the folder doesn't compile, and older rules stay in force.", nought=True)
    board.stat("Last put in force", "time() - max(forebay_rules_loaded_timestamp_seconds > 0)", "s", about="Nought where there are no rules.", nought=True)
    board.graph("Reloads", (rate("forebay_rules_reloads_total", "outcome"), "{{outcome}}"), width=6)
    board.graph("Masked, missed", (rate("forebay_rules_masked_total"), "masked"), (rate("forebay_rules_lookup_misses_total"), "lookups that found nothing"), (rate("forebay_rules_step_errors_total"), "steps that failed, `on_error: continue`"), width=6)
    board.graph("Slow programs", (rate("forebay_rules_slow_total"), "slow"), (rate("forebay_rules_over_budget_total"), "left out, over budget"), width=6)
    board.graph("Time of a step, by rule", (or_nought("histogram_quantile(0.99, sum by (le, rule, step) (rate(forebay_rules_step_seconds_bucket[5m])))"), "{{rule}}/{{step}}"), unit="s", width=12, about="CPU, p99 over five minutes, of one event in 1,000.")
    board.graph("Trial", (rate("forebay_rules_compared_total", "outcome"), "{{outcome}}"), width=12, about="Events that a revision on trial worked on too.")
    return board


def indexer():
    board = Dashboard("indexer", "indexer", "From documents to the search cluster: requests, pace, indices that are shut.")
    stage = '{stage="indexer"}'
    board.row("Flow")
    board.graph("Documents in and done", (rate(f"forebay_records_received_total{stage}"), "in"), (rate(f"forebay_records_emitted_total{stage}"), "done"), unit="eps")
    board.graph("Outcomes", (rate("forebay_events_indexed_total"), "indexed"), (rate("forebay_events_duplicate_total"), "already there"), (rate(f"forebay_events_dead_lettered_total{stage}"), "dead letters"), (rate("forebay_failure_store_total"), "in the failure store"), unit="eps")
    board.graph("Received to indexed", (bucketed(0.5, "indexer"), "p50"), (bucketed(0.99, "indexer"), "p99"), unit="s")
    board.graph("Age of the oldest, by topic", (AGE, "{{topic}}"), unit="s")
    board.graph("In flight", (f"sum(forebay_in_flight_bytes{stage})", "bytes"), unit="bytes")
    board.graph("Blocked", (rate(f"forebay_backpressure_seconds_total{stage}"), "seconds in a second"))
    board.row("Bulk requests")
    board.graph("By status", (rate("forebay_bulk_requests_total", "status"), "{{status}}"), unit="reqps")
    board.graph("Time of a request", (quantile(0.5, "forebay_bulk_request_seconds"), "p50"), (quantile(0.99, "forebay_bulk_request_seconds"), "p99"), unit="s")
    board.graph("Documents in a request", (quantile(0.5, "forebay_bulk_request_documents"), "p50"), (quantile(0.99, "forebay_bulk_request_documents"), "p99"))
    board.graph("Bytes sent", (rate("forebay_bulk_request_bytes_total"), "before compression"), unit="Bps")
    board.graph("Under way, and allowed", ("sum(forebay_bulk_requests_in_flight)", "under way"), ("sum(forebay_bulk_requests_limit)", "allowed"))
    board.graph("Size allowed", ("max(forebay_bulk_request_limit_bytes)", "bytes"), unit="bytes", about="Smaller while the cluster finds requests too large or is slow.")
    board.row("Refusals")
    board.graph("Sent again, by reason", (rate("forebay_bulk_retried_items_total", "reason"), "{{reason}}"), unit="eps")
    board.graph("Split as too large", (rate("forebay_bulk_splits_total"), "requests"))
    board.graph("Abandoned", (rate(f"forebay_receipts_abandoned_total{stage}"), "batches, read again"))
    board.row("Indices that aren't written (breakers)")
    board.stat("Shut now", "count(max by (target) (forebay_target_shut_since_seconds) > 0)", width=6, bad_from=1, nought=True)
    board.stat("Set aside", "sum(forebay_target_held_documents)", width=6, bad_from=1, nought=True)
    board.table("Which, since when", or_nought("max by (target, reason, state) (forebay_target_shut_since_seconds) * 1000"), "dateTimeFromNow", width=12)
    board.graph("Shut, by reason", (rate("forebay_targets_shut_total", "reason"), "{{reason}}"))
    board.graph("Set aside", (or_nought("sum by (target) (forebay_target_held_bytes)"), "{{target}}"), unit="bytes")
    board.graph("Given up to dead letters", (rate("forebay_documents_diverted_total"), "documents"), unit="eps", about="Their index took none for too long, while others did.")
    return board


def tenant():
    tenants = variable("tenant", "label_values(forebay_events_accepted_total, tenant)")
    board = Dashboard("tenant", "tenant", "What one tenant sends, and what becomes of it.", ('tenant=~"$tenant"',), (tenants,))
    board.stat("Accepted", rate("forebay_events_accepted_total", quiet=False), "eps", width=4, nought=True)
    board.stat("Bytes", rate("forebay_ingest_event_bytes_total", quiet=False), "Bps", width=4, nought=True)
    board.stat("Last heard of", "time() - max(forebay_tenant_last_event_timestamp_seconds)", "s", width=4)
    board.stat("Dead letters in an hour", grown("forebay_events_dead_lettered_total", *HOUR), width=4, bad_from=1, nought=True)
    board.stat("Put off in an hour", "sum(increase(forebay_ingest_put_off_requests_total[1h]))", width=4, bad_from=1, nought=True)
    board.stat("Without an outcome", ledger(), width=4, about="Over the range shown, as on the overview.")
    board.graph("Events by outcome", (rate("forebay_events_accepted_total"), "accepted"), (rate(outcome("indexed")), "indexed"), (rate(outcome("duplicate")), "duplicate"), (rate(outcome("dead_lettered")), "dead-lettered"), (rate(outcome("dropped")), "dropped by a rule"), (rate("forebay_events_split_total"), "split off"), (rate(outcome("replayed")), "replayed"), unit="eps", width=12)
    board.graph("Accepted, by tenant", (rate("forebay_events_accepted_total", "tenant"), "{{tenant}}"), unit="eps", width=12, stack=True)
    board.graph("Formats", (rate("forebay_parser_events_total", "format"), "{{format}}"), unit="eps")
    board.graph("Dead letters", (rate("forebay_events_dead_lettered_total", "stage"), "{{stage}}"), unit="eps")
    board.graph("Unparsed, by reason", (rate("forebay_parser_unparsed_total", "reason"), "{{reason}}"), unit="eps")
    board.graph("Refused events, by reason", (rate("forebay_ingest_rejected_events_total", "reason"), "{{reason}}"), unit="eps")
    board.graph("Put off, by reason", (rate("forebay_ingest_put_off_requests_total", "reason"), "{{reason}}"), unit="reqps")
    board.graph("Over a quota", (rate("forebay_ingest_over_quota_total", "quota"), "{{quota}}"), unit="reqps")
    board.graph("Dropped by rules", (rate("forebay_events_dropped_total", "reason"), "{{reason}}"), unit="eps")
    board.graph("Times that were absurd", (rate("forebay_parser_timestamps_clamped_total"), "events"), unit="eps")
    board.table("Sources, last heard of", "time() - max by (tenant, source) (forebay_source_last_event_timestamp_seconds)", "s", width=8)
    return board


def dead_letters():
    board = Dashboard("dead-letters", "dead letters", "Events that could not be processed: how many, whose, why, and what was done about them.")
    board.stat("In an hour", grown("forebay_events_dead_lettered_total", *HOUR), width=6, bad_from=1, nought=True)
    board.stat("Share of what came", "sum(rate(forebay_events_dead_lettered_total[15m])) / sum(rate(forebay_events_accepted_total[15m]))", "percentunit", width=6, bad_from=0.01, nought=True)
    board.stat("Replayed in an hour", "sum(increase(forebay_replayed_total[1h]))", width=6, nought=True)
    board.stat("Not written for long", grown("forebay_documents_diverted_total", *HOUR), width=6, bad_from=1, about="Dead letters since their index took none for too long.", nought=True)
    board.graph("By stage", (rate("forebay_events_dead_lettered_total", "stage"), "{{stage}}"), unit="eps", width=12, stack=True)
    board.graph("By tenant", (rate("forebay_events_dead_lettered_total", "tenant"), "{{tenant}}"), unit="eps", width=12, stack=True)
    board.graph("Unparsed, by reason", (rate("forebay_parser_unparsed_total", "reason"), "{{reason}}"), unit="eps", width=12, about="`passed_raw` were passed on as text instead.")
    board.graph("Unparsed, by tenant", (rate("forebay_parser_unparsed_total", "tenant"), "{{tenant}}"), unit="eps", width=12)
    board.graph("Replays, by outcome", (rate("forebay_replayed_total", "outcome"), "{{outcome}}"), unit="eps", width=12, about="Of replays whose process is scraped.")
    board.graph("In the failure store", (rate("forebay_failure_store_total"), "documents"), unit="eps", width=12)
    return board


def stores():
    board = Dashboard("stores", "Kafka and Elasticsearch", "How Kafka and the search cluster look from Forebay's side.")
    board.row("Kafka")
    board.stat("Parts without Kafka", 'count(forebay_component_ready{component=~"(ingest.kafka|parser.*|indexer)"} == 0)', width=4, bad_from=1, nought=True)
    board.stat("Partitions read", "sum(forebay_consumer_partitions)", width=4)
    board.stat("Partitions paused", "sum(forebay_consumer_paused)", width=4, bad_from=1, nought=True)
    board.stat("Retention left", "min(forebay_consumer_retention_left_seconds)", "s", width=4, about="For the oldest record without an outcome.")
    board.stat("Records deleted unread", grown("forebay_consumer_offset_resets_total", *RANGE), width=4, bad_from=1, nought=True)
    board.stat("Errors in an hour", "sum(increase(forebay_kafka_errors_total[1h]))", width=4, nought=True)
    board.graph("Time until acknowledged", (quantile(0.5, "forebay_ingest_ack_seconds"), "p50"), (quantile(0.99, "forebay_ingest_ack_seconds"), "p99"), unit="s", about="All in-sync replicas.")
    board.graph("Producers hold", ("sum by (instance) (forebay_producer_queue_bytes)", "{{instance}}"), unit="bytes")
    board.graph("Errors, by reason", (rate("forebay_kafka_errors_total", "reason"), "{{reason}}"), about="Most of them mend by themselves.")
    board.graph("Records waiting, by topic", (LAG, "{{topic}}"))
    board.graph("Rebalances", (rate("forebay_consumer_rebalances_total", "topic"), "{{topic}}"))
    board.graph("Retention left, by topic", (LEFT, "{{topic}}"), unit="s")
    board.row("Elasticsearch or OpenSearch")
    board.stat("Indexers refused", 'count(forebay_component_ready{component="search"} == 0)', width=4, bad_from=1, nought=True)
    board.stat("Indices shut", "count(max by (target) (forebay_target_shut_since_seconds) > 0)", width=4, bad_from=1, nought=True)
    board.stat("Documents set aside", "sum(forebay_target_held_documents)", width=4, bad_from=1, nought=True)
    board.stat("Requests that fail", 'sum(rate(forebay_bulk_requests_total{status!="ok"}[$__rate_interval])) / sum(rate(forebay_bulk_requests_total[$__rate_interval]))', "percentunit", width=4, bad_from=0.01, nought=True)
    board.stat("Sent again in an hour", "sum(increase(forebay_bulk_retried_items_total[1h]))", width=4, nought=True)
    board.stat("Pace", "sum(forebay_bulk_requests_limit)", width=4, about="Requests that may be under way; fewer while the cluster refuses or is slow.")
    board.graph("Bulk requests by status", (rate("forebay_bulk_requests_total", "status"), "{{status}}"), unit="reqps")
    board.graph("Time of a bulk request", (quantile(0.5, "forebay_bulk_request_seconds"), "p50"), (quantile(0.99, "forebay_bulk_request_seconds"), "p99"), unit="s")
    board.graph("Refused for now, by reason", (rate("forebay_bulk_retried_items_total", "reason"), "{{reason}}"), unit="eps")
    board.row("Disks")
    board.graph("Room for `forebay dev`", ("min by (instance, folder) (forebay_disk_available_bytes / forebay_disk_size_bytes)", "{{instance}} {{folder}}"), unit="percentunit", width=12)
    board.graph("Room of volumes, by Kubernetes", ('min by (persistentvolumeclaim) (kubelet_volume_stats_available_bytes{persistentvolumeclaim=~".*(kafka|elasticsearch|opensearch).*"} / kubelet_volume_stats_capacity_bytes{persistentvolumeclaim=~".*(kafka|elasticsearch|opensearch).*"})', "{{persistentvolumeclaim}}"), unit="percentunit", width=12)
    return board


ALL = (overview, ingest, parser, indexer, tenant, dead_letters, stores)
