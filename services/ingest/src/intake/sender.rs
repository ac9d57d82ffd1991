//! Who sends.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use forebay_record::{Tenant, TraceContext};

use crate::admission::budget::Budget;
use crate::protocols::Protocol;

/// Who sends, once that is known: bound to a credential or a listener, never to what the sender claims.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    /// Whose events it brings.
    pub tenant: Tenant,
    /// How.
    pub protocol: Protocol,
    /// From where.
    pub peer: Peer,
    /// What its listener may hold in memory, where that has a limit of its own.
    pub budget: Option<Arc<Budget>>,
    /// The trace that its request is part of, where its protocol says that in a head.
    pub trace: Option<TraceContext>,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Peer {
    /// A socket of the network.
    Address(SocketAddr),
    /// A process of this machine, over a Unix socket.
    Local,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Local => f.write_str("local"),
        }
    }
}
