//! What attackers try, against the process that ships, while an honest client goes on sending.
//!
//! Every attack ends with the same questions: did anything of it get into Kafka, does the process live, how much memory did it
//! take, and what did the honest client notice? What is tried on every protocol stands in one table (`attacks/protocols.rs`); its clients are
//! those of ingest's compliance suite, where they are known to be let in.

#[cfg(test)]
#[allow(dead_code, reason = "shared with ingest's tests")]
#[path = "../../../services/ingest/tests/component/call.rs"]
mod call;
#[cfg(test)]
#[allow(dead_code, reason = "shared with ingest's tests")]
#[path = "../../../services/ingest/tests/compliance/driver.rs"]
mod driver;
#[cfg(test)]
#[allow(dead_code, reason = "shared with ingest's tests")]
#[path = "../../../services/ingest/tests/compliance/firehose.rs"]
mod firehose;
#[cfg(test)]
#[path = "../../../services/ingest/tests/compliance/forward.rs"]
mod forward;
#[cfg(test)]
#[path = "../../../services/ingest/tests/compliance/grpc.rs"]
mod grpc;
#[cfg(test)]
#[allow(dead_code, reason = "shared with ingest's tests")]
#[path = "../../../services/ingest/tests/compliance/http.rs"]
mod http;
#[cfg(test)]
#[path = "../../../services/ingest/tests/compliance/lumberjack.rs"]
mod lumberjack;
#[cfg(test)]
#[path = "../../../services/ingest/tests/compliance/relp.rs"]
mod relp;
#[cfg(test)]
#[allow(dead_code, reason = "shared with ingest's tests")]
#[path = "../../../services/ingest/tests/compliance/unanswered.rs"]
mod unanswered;
#[cfg(test)]
#[path = "../../../services/ingest/tests/compliance/websocket.rs"]
mod websocket;

#[cfg(test)]
#[allow(dead_code, reason = "shared with the tests of TLS")]
#[path = "../../../crates/shell/tls/tests/component/authority.rs"]
mod authority;

#[cfg(test)]
#[path = "attacks/missile.rs"]
mod missile;
#[cfg(test)]
#[path = "attacks/hostile/over_http.rs"]
mod over_http;
#[cfg(test)]
#[path = "attacks/hostile/over_streams.rs"]
mod over_streams;
#[cfg(test)]
#[path = "attacks/protocols.rs"]
mod protocols;

#[cfg(test)]
#[path = "attacks/bombs.rs"]
mod bombs;
#[cfg(test)]
#[path = "attacks/credentials.rs"]
mod credentials;
#[cfg(test)]
#[path = "attacks/crowds.rs"]
mod crowds;
#[cfg(test)]
#[path = "attacks/frames.rs"]
mod frames;
#[cfg(test)]
#[path = "attacks/idle.rs"]
mod idle;
#[cfg(test)]
#[path = "attacks/monsters.rs"]
mod monsters;
#[cfg(test)]
#[path = "attacks/places.rs"]
mod places;
#[cfg(test)]
#[path = "attacks/replays.rs"]
mod replays;
#[cfg(test)]
#[path = "attacks/senders.rs"]
mod senders;
#[cfg(test)]
#[path = "attacks/slow.rs"]
mod slow;
#[cfg(test)]
#[path = "attacks/smuggling.rs"]
mod smuggling;
#[cfg(test)]
#[path = "attacks/tenants.rs"]
mod tenants;
