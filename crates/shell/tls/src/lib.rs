//! TLS for what listens: certificates that may change under way, clients told apart by theirs, handshakes that end.
//!
//! [`ServerTls::load`] reads what `tls:` names and answers with all that is wrong in those files at once.
//! [`ServerTls::accept`] makes of a connection an encrypted one, and says who the client is where it showed a certificate.
//! [`ServerTls::follow`] reads the files again when they change. What is promised:
//!
//! - TLS 1.3 (RFC 8446), and 1.2 (RFC 5246) where the settings allow it; nothing older, and no key exchange without forward
//!   secrecy. The cryptography is rustls on ring.
//! - A handshake is over within its time, however slowly a client sends.
//! - A change of files drops no connection, and a file that can't be used changes nothing but the log and a metric.
//! - A client whose certificate is revoked, or whose authority is taken out, is told to its connections too
//!   ([`Peer::distrusted`]), and none comes in by resuming an old session.

mod certificates;
mod clients;
mod config;
mod expiry;
mod files;
mod key;
mod material;
mod names;
mod peers;
mod problem;
mod refusal;
mod server;

pub use names::PeerNames;
pub use peers::Peer;
pub use problem::{TlsError, TlsProblem};
pub use refusal::AcceptError;
pub use server::{Accepted, ServerTls};
pub use tokio_rustls::server::TlsStream;
