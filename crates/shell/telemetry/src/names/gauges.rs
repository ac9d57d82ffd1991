//! Gauges: numbers that go up and down.

use super::metric_names;

metric_names! {
    /// The name of a gauge.
    GaugeName {
        InFlightBytes => "forebay_in_flight_bytes", Bytes, [Stage],
            "Bytes that a stage holds and that have no outcome yet.";
        IngestInFlightBytes => "forebay_ingest_in_flight_bytes", Bytes, [],
            "Bytes of events on their way to Kafka.";
        IngestConnections => "forebay_ingest_connections", Count, [],
            "Connections open to ingest.";
        BulkRequestsInFlight => "forebay_bulk_requests_in_flight", Count, [],
            "Bulk requests under way.";
        ConsumerLag => "forebay_consumer_lag", Count, [Topic, Partition],
            "Records between the committed offset and the end of the partition.";
        ConsumerPaused => "forebay_consumer_paused", Count, [Topic],
            "Partitions whose intake is paused for back-pressure.";
        ConsumerPartitions => "forebay_consumer_partitions", Count, [Topic],
            "Partitions assigned to this process.";
        ProducerQueueBytes => "forebay_producer_queue_bytes", Bytes, [],
            "Bytes of records that the producer holds for the broker.";
        ComponentReady => "forebay_component_ready", Count, [Component],
            "1 where a part of the process is ready, else 0.";
        BuildInfo => "forebay_build_info", Count, [Version],
            "Always 1; the label says which version runs.";
    }
}
