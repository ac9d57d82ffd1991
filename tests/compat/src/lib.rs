//! Clients that others wrote, on a real Kafka that goes away and comes back while they send.
//!
//! - [`clients`]: which, and what each of them promises; they lie in `clients/`, and `prepare.sh` gets them.
//! - [`bed`]: Kafka, ingest as the process that ships, a credential and a listener for each client.
//! - [`sender`]: a client under way, and what it believes delivered.
//! - [`found`]: what is in the topic afterwards.
//! - [`run`]: one run from its start to its outcomes; [`record`]: what has passed, as the README's table says it.
//!
//! What a run proves: with these versions and this outage, every event that its client believes delivered is in Kafka, under
//! the tenant of the client's credential. What it doesn't: other versions and settings of the clients, and what a client does
//! with events that it doesn't believe delivered.

pub mod bed;
pub mod clients;
pub mod found;
pub mod record;
pub mod run;
pub mod sender;
