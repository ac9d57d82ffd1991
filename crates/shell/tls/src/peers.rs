//! Clients that have come in by their certificates, so that one who is no longer trusted is shown the door.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_util::sync::CancellationToken;

use crate::names::PeerNames;
use crate::refusal::AcceptError;

/// A client that showed a certificate. Keep it as long as the connection.
#[derive(Debug)]
pub struct Peer {
    names: PeerNames,
    distrusted: CancellationToken,
    /// Where to sign off.
    registered: (Arc<Peers>, u64),
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    clients: HashMap<u64, Client>,
}

#[derive(Debug)]
struct Client {
    /// Its own certificate first, as it came.
    chain: Arc<[CertificateDer<'static>]>,
    distrusted: CancellationToken,
}

// === impl Peer ===

impl Peer {
    /// Who it is.
    #[must_use]
    pub fn names(&self) -> &PeerNames {
        &self.names
    }

    /// Cancelled when the certificate would no longer be let in, as it is revoked, its authority was taken out, or it has
    /// expired: the connection is to end then.
    #[must_use]
    pub fn distrusted(&self) -> &CancellationToken {
        &self.distrusted
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let (peers, id) = &self.registered;
        let _client = peers.lock().clients.remove(id);
    }
}

// === impl Peers ===

impl Peers {
    /// A client that has just come in; `None` where its certificate can't be read.
    pub(crate) fn register(self: &Arc<Self>, chain: &[CertificateDer<'static>]) -> Option<Peer> {
        let names = PeerNames::of(chain.first()?)?;
        let distrusted = CancellationToken::new();
        let client = Client { chain: chain.into(), distrusted: distrusted.clone() };
        let mut inner = self.lock();
        let id = inner.next;
        inner.next += 1;
        let _none = inner.clients.insert(id, client);
        drop(inner);
        Some(Peer { names, distrusted, registered: (Arc::clone(self), id) })
    }

    /// Checks all that are in, as if they came now, and tells those that wouldn't come in; answers how many.
    pub(crate) fn check(&self, verifier: Option<&Arc<dyn ClientCertVerifier>>, now: UnixTime) -> usize {
        // Signatures are checked, which takes its time: not while connections wait to sign on or off.
        let all: Vec<_> = {
            let inner = self.lock();
            inner
                .clients
                .values()
                .map(|client| (Arc::clone(&client.chain), client.distrusted.clone()))
                .collect()
        };
        let mut told = 0;
        for (chain, distrusted) in all {
            if distrusted.is_cancelled() {
                continue;
            }
            if let Err(error) = trusted(verifier, &chain, now) {
                tracing::info!(reason = error.reason(), "a client is no longer trusted, its connection ends");
                distrusted.cancel();
                told += 1;
            }
        }
        told
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trusted(
    verifier: Option<&Arc<dyn ClientCertVerifier>>,
    chain: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<(), AcceptError> {
    let (Some(verifier), Some((own, above))) = (verifier, chain.split_first()) else { return Ok(()) };
    let verified = verifier.verify_client_cert(own, above, now);
    verified.map(drop).map_err(|error| AcceptError::of_tls(&error))
}
