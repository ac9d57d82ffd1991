use std::path::{Path, PathBuf};

use super::validate;
use crate::sections::ingest::{ListenerProtocol, ListenerSettings};
use crate::sections::telemetry::MetricsAccess;
use crate::sections::{GroupProtocol, RetentionBy, RetentionSettings, Settings, TenantRetention};
use crate::units::{ByteSize, Period};

/// The problems of default settings after this change, as text.
fn problems(change: impl FnOnce(&mut Settings)) -> Vec<String> {
    let mut settings = Settings::default();
    change(&mut settings);
    validate(&settings).iter().map(ToString::to_string).collect()
}

/// One problem that begins so and holds that.
fn one(problems: &[String], start: &str, contains: &str) {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].starts_with(start) && problems[0].contains(contains), "{problems:#?}");
}

/// Guarantees: whoever sets nothing has settings that run.
#[test]
fn defaults_are_valid() {
    assert_eq!(problems(|_| {}), [""; 0]);
}

#[test]
fn kafka_addresses_words_and_topics() {
    one(
        &problems(|s| s.kafka.bootstrap_servers = "a:1, b".into()),
        "kafka.bootstrap_servers: `b` has no port",
        "commas",
    );
    one(
        &problems(|s| s.kafka.compression = "lz5".into()),
        "kafka.compression: `lz5` is not known here; did you mean `lz4`?",
        "zstd",
    );
    one(
        &problems(|s| s.kafka.topics.events = "forebay.raw".into()),
        "kafka.topics.events: `forebay.raw` is kafka.topics.raw too;",
        "its own topic",
    );
    one(&problems(|s| s.kafka.topics.raw = "a b".into()), "kafka.topics.raw: `a b` can't be", "249");
    one(
        &problems(|s| s.kafka.topics.partitions = 0),
        "kafka.topics.partitions: 0 is out of range",
        "write 1 to",
    );
    one(&problems(|s| s.kafka.linger = Period::from_secs(40)), "kafka.linger: 40s is not shorter", "(30s)");
}

/// Guarantees: what the chosen group protocol doesn't know is refused by name, before a client would fail with it.
#[test]
fn properties_fit_the_group_protocol() {
    let with = |protocol: GroupProtocol| {
        problems(|s| {
            s.kafka.group_protocol = protocol;
            drop(s.kafka.properties.insert("session.timeout.ms".into(), "9000".into()));
        })
    };
    one(&with(GroupProtocol::Consumer), "kafka.properties.session.timeout.ms: is not known", "classic");
    assert_eq!(with(GroupProtocol::Auto), [""; 0]);
    assert_eq!(with(GroupProtocol::Classic), [""; 0]);
    one(
        &problems(|s| drop(s.kafka.properties.insert("group.protocol".into(), "clasic".into()))),
        "kafka.properties.group.protocol: `clasic` is not known here; did you mean `classic`?",
        "consumer",
    );
    one(&problems(|s| s.kafka.instance_id = "pod 0".into()), "kafka.instance_id: `pod 0` can't be", "180");
}

/// Guarantees: librdkafka can't be told to break the delivery rule, nor something else than Forebay's own settings say.
#[test]
fn properties_keep_the_guarantees() {
    let set = |name: &str, value: &str| {
        let (name, value) = (name.to_owned(), value.to_owned());
        problems(|s| drop(s.kafka.properties.insert(name, value)))
    };
    one(
        &set("acks", "1"),
        "kafka.properties.acks: with `1`, acknowledged events could be lost",
        "leave it out",
    );
    one(
        &set("enable.auto.commit", "true"),
        "kafka.properties.enable.auto.commit: can't be set",
        "leave it out",
    );
    one(&set("group.id", "x"), "kafka.properties.group.id: can't be set", "parser.group");
    assert_eq!(set("acks", "all"), [""; 0]);
    assert_eq!(set("sasl.username", "u"), [""; 0]);
}

#[test]
fn search_address_and_credentials() {
    one(
        &problems(|s| s.search.url = "localhost:9200".into()),
        "search.url: has the scheme `localhost`",
        "https://",
    );
    let with_password = problems(|s| s.search.url = "http://u:hunter2@host:9200".into());
    one(&with_password, "search.url: has a user or a password", "password_file");
    assert!(!with_password[0].contains("hunter2"), "a password is never shown");
    one(
        &problems(|s| s.search.username = Some("u".into())),
        "search.username: has no password",
        "password_file",
    );
    one(&problems(|s| s.search.index_prefix = "Logs".into()), "search.index_prefix: `Logs`", "a-z");
    one(&problems(|s| s.search.index_prefix = "-logs".into()), "search.index_prefix: `-logs`", "a-z");
    let ca = |s: &mut Settings| s.search.ca_file = Some(PathBuf::from("ca.pem"));
    one(&problems(ca), "search.ca_file", "https");
}

/// Scenario: a prefix with a dash, which another's prefix, a dash and the beginning of a tenant's name could be.
/// Guarantees: it is refused, and why; without the dash it isn't.
#[test]
fn a_prefix_that_another_installations_names_could_begin_with_is_refused() {
    let with = |prefix: &'static str| problems(move |s| s.search.index_prefix = prefix.into());
    one(&with("forebay-eu"), "search.index_prefix: `forebay-eu` has a dash in it", "docs/retention.md");
    for prefix in ["forebay", "forebay_eu", "forebay.eu", "0"] {
        assert_eq!(with(prefix), Vec::<String>::new(), "{prefix}");
    }
}

/// Guarantees: nobody opens an unguarded door to the network by leaving a setting out.
#[test]
fn ingest_without_tokens_stays_on_this_machine() {
    let plain = |s: &mut Settings| {
        s.ingest.listen = "0.0.0.0:8080".into();
        s.ingest.plain = true;
    };
    one(&problems(plain), "ingest.listen: `0.0.0.0:8080` can be", "access_file");
    let with_tokens = |s: &mut Settings| {
        plain(s);
        s.ingest.access_file = Some(PathBuf::from("tokens"));
    };
    assert_eq!(problems(with_tokens), [""; 0]);
    assert_eq!(problems(|s| s.ingest.listen = "localhost:0".into()), [""; 0]);
    let listener = |s: &mut Settings| {
        let listener = ListenerSettings::new(ListenerProtocol::Syslog, "udp://0.0.0.0:514");
        let _none = s.ingest.listeners.insert("a".to_owned(), listener);
    };
    one(&problems(listener), "ingest.listeners.a.address: `udp://0.0.0.0:514` can be", "access_file");
    one(&problems(|s| s.ingest.listen = "8080".into()), "ingest.listen: `8080` has no port", "host:port");
}

/// Guarantees: what comes from the network is encrypted, unless a listener is told by name that it need not be.
#[test]
fn no_plain_listener_without_being_asked_for() {
    let open = |s: &mut Settings| {
        s.ingest.listen = "0.0.0.0:8080".into();
        s.ingest.access_file = Some(PathBuf::from("tokens"));
        for (name, address) in
            [("a", "0.0.0.0:1"), ("b", "127.0.0.1:2"), ("c", "udp://0.0.0.0:3"), ("d", "unix:///run/d")]
        {
            let listener = ListenerSettings::new(ListenerProtocol::Syslog, address);
            let _none = s.ingest.listeners.insert(name.to_owned(), listener);
        }
    };
    let found = problems(open);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().any(|problem| problem.starts_with("ingest.plain: ")), "{found:#?}");
    assert!(found.iter().any(|problem| problem.starts_with("ingest.listeners.a.plain: ")), "{found:#?}");
    let encrypted = |s: &mut Settings| {
        open(s);
        s.ingest.tls.certificate_file = Some(PathBuf::from("a.pem"));
        s.ingest.tls.key_file = Some(PathBuf::from("a.key"));
    };
    assert_eq!(problems(encrypted), [""; 0]);
    let one_plain = |s: &mut Settings| {
        open(s);
        s.ingest.plain = true;
        s.ingest.listeners.values_mut().for_each(|listener| listener.plain = true);
    };
    assert_eq!(problems(one_plain), [""; 0]);
}

#[test]
fn ingest_limits_fit_into_each_other() {
    let small = |s: &mut Settings| s.ingest.max_inflated_body = ByteSize::kib(512);
    one(&problems(small), "ingest.max_event: 900KiB is more than", "(512KiB)");
    one(
        &problems(|s| s.ingest.max_in_flight = ByteSize::mib(8)),
        "ingest.max_in_flight: 8MiB is less",
        "429",
    );
    one(&problems(|s| s.ingest.max_depth = 65), "ingest.max_depth: 65 is out of range", "1 to 64");
    one(
        &problems(|s| s.ingest.max_latency = Period::from_secs(31)),
        "ingest.max_latency: 31s is more than ingest.ack_timeout (30s)",
        "timeout",
    );
    one(&problems(|s| s.ingest.default_tenant = "A B".into()), "ingest.default_tenant: `A B`", "1 to 64");
}

#[test]
fn parser_formats_expressions_and_zone() {
    one(
        &problems(|s| s.parser.default_format = "jsn".into()),
        "parser.default_format: `jsn`",
        "did you mean `json`?",
    );
    one(
        &problems(|s| s.parser.default_format = "regex:app".into()),
        "parser.default_format: no",
        "parser.regexes.app",
    );
    let regex = |pattern: &str| {
        let pattern = pattern.to_owned();
        problems(|s| drop(s.parser.regexes.insert("app".into(), pattern)))
    };
    one(&regex("(?<a>"), "parser.regexes.app: is not a regular expression: unclosed group", "docs.rs");
    one(&regex("a+"), "parser.regexes.app: has no named group", "(?<message>");
    assert_eq!(regex("^(?<level>[A-Z]+) (?<message>.*)$"), [""; 0]);
    one(
        &problems(|s| s.parser.timezone = "Mars/Phobos".into()),
        "parser.timezone: `Mars/Phobos`",
        "Europe/Berlin",
    );
}

#[test]
fn indexer_requests_fit_into_memory() {
    one(
        &problems(|s| s.indexer.max_in_flight = ByteSize::mib(1)),
        "indexer.bulk_bytes: 4MiB is more",
        "(1MiB)",
    );
    one(
        &problems(|s| s.indexer.retry_max = Period::from_millis(1)),
        "indexer.retry_max: 1ms is less",
        "(200ms)",
    );
    one(&problems(|s| s.indexer.max_refused_share = 1.5), "indexer.max_refused_share: 1.5 is not", "0.5");
    one(
        &problems(|s| s.indexer.max_refused_share = f64::NAN),
        "indexer.max_refused_share: NaN is not",
        "0.5",
    );
    one(&problems(|s| s.indexer.group = "forebay-parser".into()), "indexer.group", "a group of its own");
}

#[test]
fn telemetry_port_and_filter() {
    one(
        &problems(|s| s.telemetry.listen.ingest = "127.0.0.1:8080".into()),
        "ingest.listen: `127.0.0.1:8080` is taken by telemetry.listen.ingest (`127.0.0.1:8080`)",
        "a port or a path of its own",
    );
    one(
        &problems(|s| s.telemetry.log_filter = "info,x=wran".into()),
        "telemetry.log_filter: `wran`",
        "`warn`",
    );
}

#[test]
fn traces_go_to_an_address_of_a_collector() {
    let with = |endpoint: &str| {
        let endpoint = endpoint.to_owned();
        problems(move |s| s.telemetry.traces.endpoint = Some(endpoint))
    };
    assert_eq!(with("http://collector:4318/v1/traces"), [""; 0]);
    one(
        &with("collector:4318"),
        "telemetry.traces.endpoint: has the scheme `collector`",
        "scheme, port and path",
    );
    one(&with("http://collector:4318"), "telemetry.traces.endpoint: has no path", "/v1/traces");
    let secret = with("http://user:secret@collector/v1/traces");
    one(&secret, "telemetry.traces.endpoint: has a user", "token_file");
    assert!(!secret.join("").contains("secret@"));
    one(&problems(|s| s.telemetry.traces.sample_one_in = 0), "telemetry.traces.sample_one_in", "1");
    let of_no_use = |s: &mut Settings| {
        s.telemetry.traces.endpoint = Some("http://collector:4318/v1/traces".into());
        s.telemetry.traces.ca_file = Some("ca.pem".into());
    };
    one(&problems(of_no_use), "telemetry.traces.ca_file", "`https`");
}

/// Guarantees: metrics that ask for a token have a file to look it up in, that of operators before that of senders.
#[test]
fn closed_metrics_need_an_access_file() {
    let closed = |s: &mut Settings| s.telemetry.metrics = MetricsAccess::Token;
    one(&problems(closed), "telemetry.metrics: it asks for a token", "telemetry.access_file");
    let with = |change: fn(&mut Settings)| {
        problems(|s| {
            closed(s);
            change(s);
        })
    };
    assert_eq!(with(|s| s.ingest.access_file = Some("a.yaml".into())), [""; 0]);
    assert_eq!(with(|s| s.telemetry.access_file = Some("a.yaml".into())), [""; 0]);
    let mut settings = Settings::default();
    assert_eq!(settings.operators_file(), None);
    settings.ingest.access_file = Some("senders.yaml".into());
    assert_eq!(settings.operators_file(), Some(Path::new("senders.yaml")));
    settings.telemetry.access_file = Some("operators.yaml".into());
    assert_eq!(settings.operators_file(), Some(Path::new("operators.yaml")));
}

/// Scenario: TLS, or the wish to do without, where there is none anyway; and both at once.
/// Guarantees: a setting that would change nothing is told, so that nobody believes that it does.
#[test]
fn listeners_are_told_what_has_no_effect() {
    let with = |address: &str, change: fn(&mut ListenerSettings)| {
        let mut listener = ListenerSettings::new(ListenerProtocol::Syslog, address);
        change(&mut listener);
        problems(|s| {
            s.ingest.access_file = Some("a.yaml".into());
            s.ingest.listeners.insert("x".to_owned(), listener);
        })
    };
    let encrypted = |listener: &mut ListenerSettings| {
        listener.tls.certificate_file = Some("a.pem".into());
        listener.tls.key_file = Some("a.key".into());
    };
    for address in ["udp://127.0.0.1:514", "unix:///run/a.sock", "unixgram:///run/a.sock"] {
        one(&with(address, encrypted), "ingest.listeners.x.tls", "take it out");
        assert_eq!(with(address, |listener| listener.plain = true), [""; 0], "{address} is plain");
    }
    assert_eq!(with("127.0.0.1:514", encrypted), [""; 0]);
    assert_eq!(with("0.0.0.0:514", |listener| listener.plain = true), [""; 0]);
    let both = with("127.0.0.1:514", |listener| {
        listener.plain = true;
        listener.tls.certificate_file = Some("a.pem".into());
        listener.tls.key_file = Some("a.key".into());
    });
    one(
        &both,
        "ingest.listeners.x.plain: it does without TLS, and has a certificate",
        "take one of them out",
    );
}

/// Guarantees: a listener's part of the memory is one.
#[test]
fn a_part_is_no_more_than_the_whole() {
    let with = |most: ByteSize| {
        let mut listener = ListenerSettings::new(ListenerProtocol::Syslog, "127.0.0.1:514");
        listener.max_in_flight = Some(most);
        problems(|s| {
            let _none_before = s.ingest.listeners.insert("x".to_owned(), listener);
        })
    };
    assert_eq!(with(ByteSize::mib(1)), [""; 0]);
    for odd in [ByteSize::kib(1), ByteSize::mib(65)] {
        one(&with(odd), "ingest.listeners.x.max_in_flight: ", "write 64KiB to 64MiB");
    }
}

#[test]
fn two_listeners_on_one_address_are_told() {
    let found = problems(|s| {
        for (name, address) in
            [("a", "127.0.0.1:8080"), ("b", "127.0.0.1:5044"), ("c", "udp://127.0.0.1:5044")]
        {
            let listener = ListenerSettings::new(ListenerProtocol::Syslog, address);
            s.ingest.listeners.insert(name.to_owned(), listener);
        }
    });
    one(
        &found,
        "ingest.listeners.a.address: `127.0.0.1:8080` is taken by ingest.listen (`127.0.0.1:8080`)",
        "a port or a path",
    );
}

/// Guarantees: terms that nobody could keep, or that would cost late events, are refused before anything is deleted by them.
#[test]
fn retention_can_be_kept() {
    let day = |n: u64| Some(Period::from_secs(n * 86_400));
    one(
        &problems(|s| s.search.retention.delete_after = Some(Period::from_secs(60))),
        "search.retention.delete_after: 1m is out of range",
        "1h",
    );
    one(
        &problems(|s| s.search.retention.close_after = day(30)),
        "search.retention.close_after: 30d is shorter than parser.max_age (365d)",
        "time of their receipt",
    );
    let late = |delete| {
        problems(|s| {
            s.parser.max_age = Period::from_secs(86_400);
            (s.search.retention.close_after, s.search.retention.delete_after) = (day(7), day(delete));
        })
    };
    assert_eq!(late(8), [""; 0]);
    one(&late(7), "search.retention.close_after: 7d is not before", "delete_after");
    let own = |name: &str| {
        let name = name.to_owned();
        problems(|s| {
            let terms = TenantRetention { delete_after: day(9), ..TenantRetention::default() };
            let _new = s.search.retention.tenants.insert(name, terms);
        })
    };
    assert_eq!(own("acme"), [""; 0]);
    one(&own("Acme"), "search.retention.tenants: `Acme` can't be a tenant's name", "1 to 64");
}

/// Guarantees: what the cluster's own lifecycle management can't do isn't silently left out.
#[test]
fn the_cluster_keeps_one_term_for_all() {
    let by_cluster = |change: fn(&mut RetentionSettings)| {
        problems(|s| {
            s.search.retention.by = RetentionBy::Cluster;
            s.search.retention.delete_after = Some(Period::from_secs(30 * 86_400));
            s.parser.max_age = Period::from_secs(86_400);
            change(&mut s.search.retention);
        })
    };
    assert_eq!(by_cluster(|_| {}), [""; 0]);
    one(&by_cluster(|r| r.delete_after = None), "search.retention.by: is `cluster`", "delete_after");
    one(
        &by_cluster(|r| r.close_after = Some(Period::from_secs(5 * 86_400))),
        "search.retention.close_after: is nothing",
        "`forebay`",
    );
    one(
        &by_cluster(|r| r.tenants = [("acme".to_owned(), TenantRetention::default())].into()),
        "search.retention.tenants: are not known",
        "`forebay`",
    );
}
