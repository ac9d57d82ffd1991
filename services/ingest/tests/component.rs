//! The whole tier over loopback: real protocols in front, librdkafka's mock cluster behind.

#[cfg(test)]
#[path = "component/harness.rs"]
mod harness;

#[cfg(test)]
#[path = "component/answers.rs"]
mod answers;
#[cfg(test)]
#[path = "component/bulk.rs"]
mod bulk;
#[cfg(test)]
#[path = "component/call.rs"]
mod call;
#[cfg(test)]
#[path = "component/connections.rs"]
mod connections;
#[cfg(test)]
#[path = "component/datagrams.rs"]
mod datagrams;
#[cfg(test)]
#[path = "component/doors.rs"]
mod doors;
#[cfg(test)]
#[path = "component/events.rs"]
mod events;
#[cfg(test)]
#[path = "component/firehose.rs"]
mod firehose;
#[cfg(test)]
#[path = "component/fluent_bit.rs"]
mod fluent_bit;
#[cfg(test)]
#[path = "component/forward.rs"]
mod forward;
#[cfg(test)]
#[path = "component/grpc.rs"]
mod grpc;
#[cfg(test)]
#[path = "component/handshake.rs"]
mod handshake;
#[cfg(test)]
#[path = "component/hec.rs"]
mod hec;
#[cfg(test)]
#[path = "component/kafka.rs"]
mod kafka;
#[cfg(test)]
#[path = "component/loki.rs"]
mod loki;
#[cfg(test)]
#[path = "component/lumberjack.rs"]
mod lumberjack;
#[cfg(test)]
#[path = "component/otlp.rs"]
mod otlp;
#[cfg(test)]
#[path = "component/overload.rs"]
mod overload;
#[cfg(test)]
#[path = "component/places.rs"]
mod places;
#[cfg(test)]
#[path = "component/quotas.rs"]
mod quotas;
#[cfg(test)]
#[path = "component/relp.rs"]
mod relp;
#[cfg(test)]
#[path = "component/renewal.rs"]
mod renewal;
#[cfg(test)]
#[path = "component/syslog.rs"]
mod syslog;
#[cfg(test)]
#[path = "component/tenants.rs"]
mod tenants;
#[cfg(test)]
#[path = "component/traces.rs"]
mod traces;
#[cfg(test)]
#[path = "component/websocket.rs"]
mod websocket;
