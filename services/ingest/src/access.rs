//! Who may send: everybody on this machine, or who has a credential of the access file.
//!
//! `forebay_access` decides. Here are the file and its changes, the headers that credentials come in ([`http`]), and the
//! threads on which passwords are checked.

mod file;
pub(crate) mod headers;
pub(crate) mod http;
mod leases;
mod passwords;

use std::net::IpAddr;
use std::sync::Arc;

use forebay_access::unnamed::at_open_door;
use forebay_access::{Caller, Denial, Forward, Grant, Known, PeerNames, Secret, Stamp, Unnamed};
use forebay_record::Tenant;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub(crate) use self::file::AccessFile;
pub(crate) use self::leases::Lease;
use crate::intake::Peer;
use crate::listen::Listener;
use crate::refusal::{Kind, Refusal};

/// Who may send.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// Everybody on this machine, as one tenant.
    Open(Tenant),
    /// Whom the access file names.
    File(Arc<AccessFile>),
}

/// What is known of a connection, whatever is sent over it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The other end.
    pub peer: Peer,
    /// Where it came in.
    pub listener: &'a Listener,
    /// The names in its certificate, where it showed one.
    pub names: Option<&'a PeerNames>,
}

// === impl Access ===

impl Access {
    /// Whose events a connection brings that shows no credential of its protocol; [`forebay_access::unnamed`] decides.
    ///
    /// # Errors
    /// When nobody has said so.
    pub(crate) fn unnamed(&self, origin: &Origin<'_>, now: Timestamp) -> Result<Known, Refusal> {
        let file = match self {
            Self::Open(tenant) => {
                return Ok(Known::by_settings(at_open_door(origin.listener.tenant.as_ref(), tenant)));
            }
            Self::File(file) => file,
        };
        let (names, listener) = (origin.names, origin.listener.tenant.as_ref());
        let sender = Unnamed { names, caller: origin.caller(), listener };
        file.current().unnamed(&sender, now).map_err(|denial| match denial {
            Denial::Unknown => Refusal::new(
                Kind::Unauthorized,
                "nothing says whose events this sender brings",
                "give the access file a credential with its `certificate`, `network` or `listener`, or the listener a `tenant`",
            ),
            denial => denied(&denial),
        })
    }

    /// Whose events are brought by who makes this handshake of Fluent Forward, and the key that he wants to be answered
    /// with.
    ///
    /// # Errors
    /// When the key or the user is wrong, or has been too often from this address.
    pub(crate) fn forward(
        &self,
        shown: &Forward<'_>,
        origin: &Origin<'_>,
        now: Timestamp,
    ) -> Result<(Grant, Secret), Refusal> {
        let Self::File(file) = self else { return Err(denied(&Denial::Unknown)) };
        let access = file.current();
        let proved = access.forward(shown, &origin.caller(), now);
        let is_named = access.names_forward(shown);
        let proved = file.passwords().prove(shown, is_named, origin.peer.address(), proved);
        proved.map_err(|denial| denied(&denial))
    }

    /// Something goes on for long by this credential, until what is given is dropped; `ends` is cancelled as soon as it is revoked, changed,
    /// or expires. What others are let in by doesn't concern it.
    #[must_use]
    pub(crate) fn lease(&self, stamp: Option<Stamp>, ends: CancellationToken) -> Lease {
        match (self, stamp) {
            (Self::File(file), Some(stamp)) => file.lease(stamp, ends),
            (Self::Open(_), _) | (_, None) => Lease::of_nobody(ends),
        }
    }

    /// Whether Fluent Forward is to make its handshake, and whether with a user.
    #[must_use]
    pub(crate) fn asks_forward(&self) -> (bool, bool) {
        match self {
            Self::Open(_) => (false, false),
            Self::File(file) => file.current().asks_forward(),
        }
    }
}

// === impl Origin ===

impl<'a> Origin<'a> {
    fn caller(&self) -> Caller<'a> {
        Caller { address: self.peer.address(), listener: &self.listener.name }
    }
}

// === impl Peer ===

impl Peer {
    /// Its address; none over a Unix socket.
    #[must_use]
    pub(crate) const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address.ip()),
            Self::Local => None,
        }
    }
}

/// What is answered to who is denied.
fn denied(denial: &Denial) -> Refusal {
    let kind = match denial {
        Denial::Unknown => Kind::Unauthorized,
        Denial::SeveralTenants => Kind::BadRequest,
        Denial::TooOften(_) => Kind::TooManyAttempts,
        Denial::Disabled
        | Denial::Expired
        | Denial::Address
        | Denial::Role(_)
        | Denial::Tenant
        | Denial::NoSuchTenant => Kind::Forbidden,
    };
    let refusal = Refusal::new(kind, denial.to_string(), denial.hint());
    match denial {
        Denial::TooOften(wait) => refusal.retry_after(*wait),
        _ => refusal,
    }
}
