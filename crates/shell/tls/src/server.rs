//! A listener's side of TLS.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use forebay_settings::sections::TlsSettings;
use forebay_telemetry::{CounterName, Label, counter};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::expiry::Expiry;
use crate::files::Signature;
use crate::material::{self, Material};
use crate::peers::{Peer, Peers};
use crate::problem::{TlsError, TlsProblem};
use crate::refusal::AcceptError;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many looks lie between two checks of the clients that are in: theirs may expire at any time.
const LOOKS_TO_CHECK: u32 = 60;

/// TLS as one listener speaks it. Clones share all.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<Shared>);

/// A client that has come in.
#[derive(Debug)]
pub struct Accepted<S> {
    /// The connection.
    pub stream: TlsStream<S>,
    /// Who it is, where it showed a certificate.
    pub peer: Option<Peer>,
}

#[derive(Debug)]
struct Shared {
    settings: TlsSettings,
    alpn: Vec<Vec<u8>>,
    /// The certificate's file: what metrics and logs call it by.
    file: PathBuf,
    current: ArcSwap<Material>,
    peers: Arc<Peers>,
    watch: Mutex<Watch>,
}

#[derive(Debug)]
struct Watch {
    files: Vec<PathBuf>,
    /// What the files looked like when they were last read, whether they could be used or not.
    read: Signature,
    /// What they looked like at the last look.
    seen: Signature,
    expiry: Expiry,
    looks: u32,
}

// === impl ServerTls ===

impl ServerTls {
    /// Reads the files for the first time. `alpn` are the protocols that are spoken inside, the best first; with none, a
    /// client that names some comes in all the same.
    ///
    /// # Errors
    /// With all that is wrong in the files: nothing must start with other certificates than it was given.
    pub fn load(settings: &TlsSettings, alpn: &[&[u8]]) -> Result<Self, TlsError> {
        let alpn: Vec<Vec<u8>> = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let files = material::named(settings);
        let read = Signature::of(&files);
        let material = material::load(settings, &alpn, seconds())?;
        let file = settings.certificate_file.clone().unwrap_or_default();
        warn(&material.warnings);
        let mut expiry = Expiry::new(material.expires);
        expiry.look(&file, seconds());
        let watch = Watch { files, seen: read.clone(), read, expiry, looks: 0 };
        Ok(Self(Arc::new(Shared {
            settings: settings.clone(),
            alpn,
            file,
            current: ArcSwap::from_pointee(material),
            peers: Arc::default(),
            watch: Mutex::new(watch),
        })))
    }

    /// All that is wrong with the files that the settings name, and then what is merely doubtful: for `forebay check`.
    ///
    /// # Errors
    /// When they can't be used.
    pub fn check(settings: &TlsSettings) -> Result<Vec<TlsProblem>, TlsError> {
        material::load(settings, &[], seconds()).map(|material| material.warnings)
    }

    /// Shakes hands with a client, within the time that the settings give it.
    ///
    /// # Errors
    /// When the client doesn't come in; it has been told by then, if its protocol has a word for it.
    pub async fn accept<S>(&self, stream: S) -> Result<Accepted<S>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_in_turn(ready(stream), ready(())).await
    }

    /// The same, but the stream may be waited for until there is something to be read, and once the client has said hello, what costs most
    /// waits for `turn`. Both are within the time.
    ///
    /// # Errors
    /// As with [`Self::accept`].
    pub async fn accept_in_turn<S>(
        &self,
        stream: impl Future<Output = S>,
        turn: impl Future<Output = ()>,
    ) -> Result<Accepted<S>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.0.settings.handshake_timeout.0;
        let shaking = async {
            let hello = LazyConfigAcceptor::new(Acceptor::default(), stream.await).await?;
            turn.await;
            hello.into_stream(Arc::clone(&self.0.current.load().config)).await
        };
        let shaken = timeout(limit, shaking).await;
        let stream = shaken.map_err(|_| AcceptError::Timeout(limit))?.map_err(AcceptError::of)?;
        let peer = match stream.get_ref().1.peer_certificates() {
            None | Some([]) => None,
            Some(chain) => {
                let unreadable = || AcceptError::CertificateInvalid("its names can't be read".to_owned());
                Some(self.0.peers.register(chain).ok_or_else(unreadable)?)
            }
        };
        Ok(Accepted { stream, peer })
    }

    /// Looks at the files again and again until `shutdown`.
    pub async fn follow(self, shutdown: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            let this = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || this.look()).await {
                tracing::error!(%error, file = %self.0.file.display(), "looking at certificates failed");
            }
        }
    }

    /// One look. A change counts once the files look the same twice, so that a certificate isn't taken without its key.
    pub fn look(&self) {
        let mut watch = self.0.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Signature::of(&watch.files);
        let settled = now == watch.seen;
        watch.seen = now;
        if settled && watch.seen != watch.read {
            watch.read = watch.seen.clone();
            self.reload(&mut watch);
        }
        watch.looks += 1;
        if watch.looks >= LOOKS_TO_CHECK {
            self.check_clients(&mut watch);
        }
        watch.expiry.look(&self.0.file, seconds());
    }

    fn reload(&self, watch: &mut Watch) {
        let outcome = match material::load(&self.0.settings, &self.0.alpn, seconds()) {
            Ok(material) => {
                warn(&material.warnings);
                tracing::info!(file = %self.0.file.display(), "certificates re-read");
                watch.expiry = Expiry::new(material.expires);
                self.0.current.store(Arc::new(material));
                self.check_clients(watch);
                "ok"
            }
            Err(error) => {
                for problem in error.problems() {
                    tracing::error!("{problem}: the old certificates, keys and revocations stay in use");
                }
                "failed"
            }
        };
        let labels = [(Label::File, &*self.0.file.to_string_lossy()), (Label::Outcome, outcome)];
        counter(CounterName::TlsReloads, &labels).increment(1);
    }

    fn check_clients(&self, watch: &mut Watch) {
        watch.looks = 0;
        let material = self.0.current.load();
        let _told = self.0.peers.check(material.verifier.as_ref(), UnixTime::now());
    }

    /// The file of the certificate: what logs and metrics call this one by.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.0.file
    }
}

fn warn(warnings: &[TlsProblem]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
