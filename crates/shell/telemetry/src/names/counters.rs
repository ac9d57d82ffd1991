//! Counters: numbers that only grow.

use super::metric_names;

metric_names! {
    /// The name of a counter.
    CounterName {
        EventsAccepted => "forebay_events_accepted_total", Count, [Tenant],
            "Events that ingest answered success for: all in-sync replicas have them.";
        EventsIndexed => "forebay_events_indexed_total", Count, [Tenant],
            "Events that the store has confirmed for the first time.";
        EventsDuplicate => "forebay_events_duplicate_total", Count, [Tenant],
            "Events that the store already had under the same id.";
        EventsDeadLettered => "forebay_events_dead_lettered_total", Count, [Tenant, Stage],
            "Events that the broker has acknowledged in the dead-letter topic.";
        EventsDropped => "forebay_events_dropped_total", Count, [Tenant, Reason],
            "Events dropped on purpose, by a rule.";

        EventsSplit => "forebay_events_split_total", Count, [Tenant],
            "Documents that rules made of events beyond the first of each: accepted + split + replayed = indexed + duplicate + dead-lettered + dropped + in flight.";
        EventsReplayed => "forebay_events_replayed_total", Count, [Tenant],
            "Events that came again from the dead letters, whoever sent them: raw events by the parser, documents that a replay sent past it by the indexer.";

        EventLatencySkipped => "forebay_event_latency_skipped_total", Count, [Stage, Reason],
            "Events that `forebay_event_latency_seconds` leaves out: `replayed`, or `clock`, since they were received later than now by more than a second.";

        IngestRequests => "forebay_ingest_requests_total", Count, [Status],
            "Requests that ingest has answered.";
        IngestBatches => "forebay_ingest_batches_total", Count, [Protocol, Outcome],
            "Requests, frames or windows of each protocol, by what came of them: `accepted`, or the name of the refusal.";
        IngestLostEvents => "forebay_ingest_lost_events_total", Count, [Protocol, Reason],
            "Events of protocols without acknowledgements that came in and could not be kept.";
        IngestCutEvents => "forebay_ingest_cut_events_total", Count, [Protocol],
            "Events of syslog and lines that were larger than `ingest.max_event`, and were cut to that size.";
        IngestRefusedConnections => "forebay_ingest_refused_connections_total", Count, [Listener, Reason],
            "Connections that were closed before anything was taken from them; by `silent`, those that said nothing and were ended for newcomers.";
        IngestRejectedEvents => "forebay_ingest_rejected_events_total", Count, [Tenant, Reason],
            "Events that ingest refused by themselves, while their neighbours went on.";
        IngestOverQuota => "forebay_ingest_over_quota_total", Count, [Tenant, Quota],
            "Requests, frames or windows that were refused or made to wait since their tenant has used up a quota.";
        IngestPutOff => "forebay_ingest_put_off_requests_total", Count, [Tenant, Reason],
            "Requests that ingest refused with 429 or 503, to be sent again; the reason says which limit.";
        IngestBodyBytes => "forebay_ingest_body_bytes_total", Bytes, [],
            "Bytes of request bodies as they were sent, compressed or not.";
        IngestEventBytes => "forebay_ingest_event_bytes_total", Bytes, [Tenant],
            "Bytes of the events accepted, decompressed.";
        IngestAccessReloads => "forebay_ingest_access_reloads_total", Count, [Outcome],
            "Times that the access file was read again after a change.";

        TlsReloads => "forebay_tls_reloads_total", Count, [File, Outcome],
            "Times that certificates, keys and revocations were read again after a change; the file is the certificate's.";

        ParserEvents => "forebay_parser_events_total", Count, [Tenant, Format],
            "Events parsed.";
        ParserUnparsed => "forebay_parser_unparsed_total", Count, [Tenant, Reason],
            "Events that didn't parse, wherever they went then.";
        ParserTimestampsClamped => "forebay_parser_timestamps_clamped_total", Count, [Tenant],
            "Events whose own time was absurd, so that the time of receipt took its place.";

        RulesReloads => "forebay_rules_reloads_total", Count, [Outcome],
            "Times that the folder of rules was read again after a change: `ok`, `failed`, `promoted`, `rejected`.";
        RulesCompared => "forebay_rules_compared_total", Count, [Outcome],
            "Events that a revision on trial worked on beside the one in force, by what came of it.";
        RulesMasked => "forebay_rules_masked_total", Count, [],
            "Secrets and personal data that rules masked.";
        RulesLookupMisses => "forebay_rules_lookup_misses_total", Count, [],
            "Lookups in tables and databases that found nothing.";
        RulesStepErrors => "forebay_rules_step_errors_total", Count, [],
            "Steps that failed on events that went on all the same (`on_error: continue`).";
        RulesSlow => "forebay_rules_slow_total", Count, [],
            "Times that a VRL program was slow: it took 2 ms of CPU time for an event, and 50 ns more for each of its bytes.";
        RulesOverBudget => "forebay_rules_over_budget_total", Count, [],
            "Times that a step was left out because slow programs had used up their tenant's share of a lane (`rule_over_budget`).";

        BulkRequests => "forebay_bulk_requests_total", Count, [Status],
            "Bulk requests that were answered or failed.";
        BulkRequestBytes => "forebay_bulk_request_bytes_total", Bytes, [],
            "Bytes of bulk request bodies before compression, tries again included.";
        BulkRetriedItems => "forebay_bulk_retried_items_total", Count, [Reason],
            "Documents that were sent again after the store refused them for now.";
        BulkSplits => "forebay_bulk_splits_total", Count, [],
            "Bulk requests that were split in two because the store found them too large.";
        TargetsShut => "forebay_targets_shut_total", Count, [Reason],
            "Times that an index was no longer written since it refused everything, or too much for good.";
        DocumentsDiverted => "forebay_documents_diverted_total", Count, [],
            "Documents that became dead letters since their index took none for too long, while others did.";
        FailureStore => "forebay_failure_store_total", Count, [],
            "Documents that the store took into its failure store instead of the target.";

        RecordsReceived => "forebay_records_received_total", Count, [Stage],
            "Records that a stage has taken in.";
        RecordsEmitted => "forebay_records_emitted_total", Count, [Stage],
            "Records that a stage has handed on, with the acknowledgement of the next.";
        ReceivedBytes => "forebay_received_bytes_total", Bytes, [Stage],
            "Bytes of records that a stage has taken in.";
        Retries => "forebay_retries_total", Count, [Stage],
            "Times that a stage tried something again.";
        BackpressureSeconds => "forebay_backpressure_seconds_total", Seconds, [Stage],
            "Time for which a stage took nothing in because what follows it couldn't take more.";
        ReceiptsAbandoned => "forebay_receipts_abandoned_total", Count, [Stage],
            "Batches dropped without an outcome; their offsets are held and they are read again.";

        ConsumerRebalances => "forebay_consumer_rebalances_total", Count, [Topic],
            "Times that a consumer was given partitions.";
        ConsumerOffsetResets => "forebay_consumer_offset_resets_total", Count, [Topic],
            "Times that a consumer's position was not in its topic any more: records were deleted before they were read, or the topic was made anew.";
        KafkaErrors => "forebay_kafka_errors_total", Count, [Reason],
            "Errors that the Kafka client has told of, most of which it mends by itself.";

        Replayed => "forebay_replayed_total", Count, [Outcome],
            "Dead letters sent through the pipeline again, or parked.";
        AuditRecords => "forebay_audit_records_total", Count, [],
            "Audit records that this service has written to the audit topic.";
        AuditRecordsLost => "forebay_audit_records_lost_total", Count, [],
            "Audit records that this service could not write: too many waited for Kafka, or it stopped before Kafka had them.";
        TailLines => "forebay_tail_lines_total", Count, [],
            "Lines of followed files that the broker has.";
        TailBytes => "forebay_tail_bytes_total", Bytes, [],
            "Bytes of those lines.";
        TraceSpans => "forebay_trace_spans_total", Count, [],
            "Spans that the collector of traces has taken.";
        TraceSpansDropped => "forebay_trace_spans_dropped_total", Count, [Reason],
            "Spans that no collector has: `queue_full`, `failed`, `stopped`; traces of one batch that were too many to be followed: `crowded`; or requests that weren't traced though their senders have them chosen, since their tenant's share was used up: `over_share`.";
        LogsHeldBack => "forebay_logs_held_back_total", Count, [],
            "Lines of the process's own logs that a rate limit held back.";
    }
}
