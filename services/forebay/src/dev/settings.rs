//! What differs from a real installation: one machine, one partition, little memory.

use std::net::SocketAddr;

use forebay_embedded_broker::{TopicSpec, recommended_properties};
use forebay_settings::sections::RetentionBy;
use forebay_settings::sections::parser::Delivery;
use forebay_settings::sections::telemetry::ListenSettings;
use forebay_settings::{ByteSize, Period, Settings};

/// One partition is enough for what the embedded broker can do, and each one costs it work when nothing happens.
const PARTITIONS: i32 = 1;

/// Changes `settings`, those of a file or the defaults, for one process that a person works with.
pub(crate) fn adapt(settings: &mut Settings, port: Option<u16>) {
    if let Some(port) = port {
        settings.ingest.listen = SocketAddr::from(([127, 0, 0, 1], port)).to_string();
    }
    // Several instances may run side by side; the banner names the port. One that somebody has chosen is his.
    let listen = &mut settings.telemetry.listen.ingest;
    if *listen == ListenSettings::default().ingest {
        *listen = "127.0.0.1:0".to_owned();
    }
    // `forebay search` opens the store without the settings it was written with, and has to find its tenants.
    settings.search.index_prefix = Settings::default().search.index_prefix;
    // The embedded store deletes, and has no more: not by itself, and nothing that could be closed.
    let retention = &mut settings.search.retention;
    (retention.by, retention.close_after) = (RetentionBy::Forebay, None);
    retention.tenants.values_mut().for_each(|own| own.close_after = None);
    settings.kafka.topics.partitions = PARTITIONS;
    settings.kafka.topics.replication = 1;
    settings.parser.lanes = 1;
    // The embedded broker has no transactions.
    settings.parser.delivery = Delivery::AtLeastOnce;
    settings.indexer.requests_in_flight = 1;
    // One process of one machine: less memory and shorter waits, unless somebody has said otherwise.
    let usual = Settings::default();
    let unless_set = |value: &mut ByteSize, usual: ByteSize, here: ByteSize| {
        if *value == usual {
            *value = here;
        }
    };
    let (parser, indexer) = (&mut settings.parser, &mut settings.indexer);
    unless_set(&mut parser.max_in_flight, usual.parser.max_in_flight, ByteSize::mib(4));
    unless_set(&mut indexer.bulk_bytes, usual.indexer.bulk_bytes, ByteSize::mib(2));
    unless_set(&mut indexer.max_in_flight, usual.indexer.max_in_flight, ByteSize::mib(8));
    unless_set(&mut settings.ingest.max_in_flight, usual.ingest.max_in_flight, ByteSize::mib(32));
    let sooner = |value: &mut Period, usual: Period, here: u64| {
        if *value == usual {
            *value = Period::from_millis(here);
        }
    };
    sooner(&mut indexer.bulk_wait, usual.indexer.bulk_wait, 200);
    sooner(&mut settings.kafka.linger, usual.kafka.linger, 5);
}

/// Makes `settings` speak to the embedded broker.
pub(crate) fn use_broker(settings: &mut Settings, bootstrap_servers: String) {
    settings.kafka.bootstrap_servers = bootstrap_servers;
    for (name, value) in recommended_properties() {
        let _theirs_wins = settings.kafka.properties.entry(name).or_insert(value);
    }
}

/// The topics of `settings`, for the embedded broker.
pub(crate) fn topics(settings: &Settings) -> Vec<TopicSpec> {
    let topics = &settings.kafka.topics;
    let spec = |name: &String, retention: Period| TopicSpec {
        name: name.clone(),
        partitions: topics.partitions,
        retention: Some(retention.0),
    };
    vec![
        spec(&topics.raw, topics.retention),
        spec(&topics.events, topics.retention),
        spec(&topics.dead_letters, topics.dead_letter_retention),
        spec(&topics.parked, topics.dead_letter_retention),
        TopicSpec { partitions: 1, retention: None, ..spec(&topics.dead_letter_state(), topics.retention) },
        TopicSpec { partitions: 1, retention: None, ..spec(&topics.audit, topics.retention) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_embedded_broker_lacks_is_not_asked_for() {
        let mut settings = Settings::default();
        settings.parser.delivery = Delivery::ExactlyOnce;
        adapt(&mut settings, None);
        assert_eq!(settings.parser.delivery, Delivery::AtLeastOnce);
    }

    /// Guarantees: what somebody has said about memory and waits holds; what nobody has is less here.
    #[test]
    fn what_was_set_stays() {
        let mut settings = Settings::default();
        (settings.ingest.max_in_flight, settings.kafka.linger) = (ByteSize::mib(100), Period::from_millis(1));
        adapt(&mut settings, None);
        assert_eq!(settings.ingest.max_in_flight, ByteSize::mib(100));
        assert_eq!(settings.kafka.linger, Period::from_millis(1));
        assert_eq!(settings.parser.max_in_flight, ByteSize::mib(4));
    }

    /// Guarantees: several instances don't meet, and who asks for a port gets it.
    #[test]
    fn metrics_are_served_where_they_were_asked_for() {
        let mut settings = Settings::default();
        adapt(&mut settings, None);
        assert_eq!(settings.telemetry.listen.ingest, "127.0.0.1:0");
        settings.telemetry.listen.ingest = "127.0.0.1:9700".to_owned();
        adapt(&mut settings, None);
        assert_eq!(settings.telemetry.listen.ingest, "127.0.0.1:9700");
    }
}
