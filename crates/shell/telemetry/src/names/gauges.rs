//! Gauges: numbers that go up and down.

use super::metric_names;

metric_names! {
    /// The name of a gauge.
    GaugeName {
        InFlightBytes => "forebay_in_flight_bytes", Bytes, [Stage],
            "Bytes that a stage holds and that have no outcome yet.";
        IngestInFlightBytes => "forebay_ingest_in_flight_bytes", Bytes, [],
            "Bytes of memory that requests hold: their bodies, and their events on the way to Kafka.";
        IngestBacklogBytes => "forebay_ingest_backlog_bytes", Bytes, [],
            "Bytes of records that wait for Kafka's acknowledgement, with what each costs beside its bytes.";
        IngestBacklogLimit => "forebay_ingest_backlog_limit_bytes", Bytes, [],
            "How many such bytes Kafka is thought to acknowledge within `ingest.max_latency`.";
        IngestConnections => "forebay_ingest_connections", Count, [],
            "Connections open to ingest.";
        RulesLoadedAt => "forebay_rules_loaded_timestamp_seconds", Seconds, [],
            "When the rules in force were put in force, in seconds since the Unix epoch; 0 where there are none.";
        RulesBroken => "forebay_rules_broken", Count, [],
            "1 while the folder of rules doesn't compile and older rules stay in force, else 0.";
        BulkRequestsInFlight => "forebay_bulk_requests_in_flight", Count, [],
            "Bulk requests under way.";
        BulkRequestsAllowed => "forebay_bulk_requests_limit", Count, [],
            "Bulk requests that may be under way at the moment: fewer while the cluster refuses or is slow.";
        BulkBytesAllowed => "forebay_bulk_request_limit_bytes", Bytes, [],
            "How large a bulk request may be at the moment.";
        TargetShutSince => "forebay_target_shut_since_seconds", Seconds, [Target, Reason, State],
            "Since when an index isn't written as it should be, in seconds since the Unix epoch; 0 when it is again.";
        TargetHeldBytes => "forebay_target_held_bytes", Bytes, [Target],
            "Bytes set aside for an index that isn't written.";
        TargetHeldDocuments => "forebay_target_held_documents", Count, [Target],
            "Documents set aside for an index that isn't written.";
        ConsumerLag => "forebay_consumer_lag", Count, [Topic, Partition],
            "Records between the committed offset and the end of the partition.";
        ConsumerAge => "forebay_consumer_oldest_record_age_seconds", Seconds, [Topic, Partition],
            "Age of the oldest record of a partition that has no outcome yet, by Kafka's timestamp; 0 when there is none. Of records that were not read yet, the age of the last one that was: the true one is at most that.";
        ConsumerRetentionLeft => "forebay_consumer_retention_left_seconds", Seconds, [Topic, Partition],
            "How long until the topic's `retention.ms` lets Kafka delete the oldest record that has no outcome yet; the whole retention when there is none. Kafka deletes by segments, so that a record may live longer.";
        ConsumerPaused => "forebay_consumer_paused", Count, [Topic],
            "Partitions whose intake is paused for back-pressure.";
        ConsumerPartitions => "forebay_consumer_partitions", Count, [Topic],
            "Partitions assigned to this process.";
        ProducerQueueBytes => "forebay_producer_queue_bytes", Bytes, [],
            "Bytes of records that the producer holds for the broker.";
        ComponentReady => "forebay_component_ready", Count, [Component],
            "1 where a part of the process is ready, else 0.";
        TenantLastEvent => "forebay_tenant_last_event_timestamp_seconds", Seconds, [Tenant],
            "When ingest last accepted events of a tenant, in seconds since the Unix epoch.";
        SourceLastEvent => "forebay_source_last_event_timestamp_seconds", Seconds, [Tenant, Source],
            "When the last event of a source was received that a parser has worked on, in seconds since the Unix epoch.";
        DiskAvailable => "forebay_disk_available_bytes", Bytes, [Folder],
            "Room that is left for a folder of this process; only `forebay dev` has one.";
        DiskSize => "forebay_disk_size_bytes", Bytes, [Folder],
            "Size of the file system that a folder of this process is on.";
        CertificateExpiry => "forebay_certificate_expiry_seconds", Seconds, [File],
            "How long the certificate in a file is still valid; negative once it has expired.";
        BuildInfo => "forebay_build_info", Count, [Version],
            "Always 1; the label says which version runs.";
    }
}
