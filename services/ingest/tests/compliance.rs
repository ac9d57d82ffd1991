//! What every protocol has to hold, run on each of them: the whole tier over loopback, librdkafka's mock cluster behind.
//!
//! A protocol is a driver (`compliance/driver.rs`), which says how back-pressure and limits reach its clients; the guarantees are
//! the same for all (`compliance/guarantees.rs`). What is a protocol's own is tested in `component`.

#[cfg(test)]
#[allow(dead_code, reason = "shared with the component tests")]
#[path = "component/call.rs"]
mod call;
#[cfg(test)]
#[path = "compliance/driver.rs"]
mod driver;
#[cfg(test)]
#[path = "compliance/firehose.rs"]
mod firehose;
#[cfg(test)]
#[path = "compliance/forward.rs"]
mod forward;
#[cfg(test)]
#[path = "compliance/grpc.rs"]
mod grpc;
#[cfg(test)]
#[path = "compliance/guarantees.rs"]
mod guarantees;
#[cfg(test)]
#[allow(dead_code, reason = "shared with the component tests")]
#[path = "component/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "compliance/http.rs"]
mod http;
#[cfg(test)]
#[path = "compliance/lumberjack.rs"]
mod lumberjack;
#[cfg(test)]
#[path = "compliance/otlp_grpc.rs"]
mod otlp_grpc;
#[cfg(test)]
#[path = "compliance/relp.rs"]
mod relp;
#[cfg(test)]
#[path = "compliance/rig.rs"]
mod rig;
#[cfg(test)]
#[path = "compliance/unanswered.rs"]
mod unanswered;
#[cfg(test)]
#[path = "compliance/websocket.rs"]
mod websocket;

/// Every guarantee, on every protocol.
#[cfg(test)]
macro_rules! compliance {
    ($($protocol:ident: $driver:ty;)*) => {
        /// The protocols of the suite, as metrics name them.
        const PROTOCOLS: &[&str] = &[$(<$driver as driver::Driver>::PROTOCOL),*];

        mod on {
            $(mod $protocol {
            use crate::guarantees;

            type Driver = $driver;

            #[tokio::test]
            async fn no_success_before_kafka_has_it() {
                guarantees::no_success_before_kafka_has_it::<Driver>().await;
            }

            #[tokio::test]
            async fn what_kafka_does_not_take_is_not_acknowledged() {
                guarantees::what_kafka_does_not_take_is_not_acknowledged::<Driver>().await;
            }

            #[tokio::test]
            async fn what_is_too_large_is_said_and_costs_no_neighbour() {
                guarantees::what_is_too_large_is_said_and_costs_no_neighbour::<Driver>().await;
            }

            #[tokio::test]
            async fn the_tenant_is_that_of_the_credential() {
                guarantees::the_tenant_is_that_of_the_credential::<Driver>().await;
            }

            #[tokio::test]
            async fn what_is_counted_adds_up() {
                guarantees::what_is_counted_adds_up::<Driver>().await;
            }

            #[tokio::test]
            async fn a_stop_loses_nothing_that_was_acknowledged() {
                guarantees::a_stop_loses_nothing_that_was_acknowledged::<Driver>().await;
            }
            })*
        }
    };
}

#[cfg(test)]
compliance! {
    bulk: crate::http::Post<crate::http::Bulk>;
    events: crate::http::Post<crate::http::Events>;
    firehose: crate::http::Post<crate::firehose::Put>;
    firehose_delivery: crate::http::Post<crate::firehose::Delivery>;
    forward: crate::forward::Forward;
    gelf: crate::unanswered::Client<crate::unanswered::Gelf>;
    gelf_udp: crate::unanswered::Client<crate::unanswered::GelfUdp>;
    grpc: crate::grpc::Grpc;
    hec: crate::http::Post<crate::http::Hec>;
    hec_raw: crate::http::Post<crate::http::HecRaw>;
    ingest: crate::http::Post<crate::http::Ndjson>;
    lines: crate::unanswered::Client<crate::unanswered::Lines>;
    lines_local: crate::unanswered::Client<crate::unanswered::LinesLocal>;
    loki: crate::http::Post<crate::http::Loki>;
    lumberjack: crate::lumberjack::Lumberjack;
    otlp: crate::http::Post<crate::http::Otlp>;
    otlp_grpc: crate::otlp_grpc::OtlpGrpc;
    relp: crate::relp::Relp;
    syslog: crate::unanswered::Client<crate::unanswered::Syslog>;
    syslog_local: crate::unanswered::Client<crate::unanswered::SyslogLocal>;
    syslog_udp: crate::unanswered::Client<crate::unanswered::SyslogUdp>;
    websocket: crate::websocket::Socket;
}

/// Scenario: a protocol is added. Guarantees: it isn't left out here, nor in the README's table.
#[cfg(test)]
#[test]
fn no_protocol_is_left_out() {
    let all = forebay_ingest::protocols::Protocol::ALL.iter().map(|protocol| protocol.as_str());
    let missing: Vec<&str> = all.filter(|name| !PROTOCOLS.contains(name)).collect();
    assert_eq!(missing, [""; 0]);
}
