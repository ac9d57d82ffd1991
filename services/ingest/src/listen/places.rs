//! The places of a listener: who has come gets one, waits for one, or is turned away; [`table`] decides.
//!
//! A listener of a protocol without requests has connections that are silent for days and are well, so that silence alone ends none. When all
//! places are taken it does: somebody who fills the listener with connections that say nothing, or a byte now and then, would
//! keep everybody else out for as long as he likes. By HTTP each connection has its time, and who comes waits for that.

mod client;
mod pulse;
mod table;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_telemetry::rate_limited_warn;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::client::Client;
pub(crate) use self::pulse::Pulse;
use self::table::{Entered, Rules, Seat, Silence, Table, TurnedAway};
use super::Listener;
use crate::intake::{Intake, Peer};

/// How often whoever waits looks whether somebody has been silent for long enough by now.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The places of a listener.
#[derive(Debug)]
pub(super) struct Places {
    listener: Arc<Listener>,
    intake: Arc<Intake>,
    began: Instant,
    shared: Arc<Shared>,
}

/// What places and their listener share.
#[derive(Debug)]
struct Shared {
    table: Mutex<Table<Guest>>,
    freed: Notify,
}

/// A connection, as far as others ask for its place.
#[derive(Debug)]
struct Guest {
    peer: Peer,
    pulse: Arc<Pulse>,
    ends: CancellationToken,
}

/// A connection's place, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    seat: Seat,
    guest: Arc<Guest>,
    shared: Arc<Shared>,
    /// Whether others may have it already.
    is_vacant: AtomicBool,
}

// === impl Places ===

impl Places {
    /// All of them are free.
    pub(super) fn new(listener: &Arc<Listener>, intake: &Arc<Intake>) -> Self {
        let has_requests = listener.protocol == ListenerProtocol::Http;
        let rules = Rules {
            places: listener.max_connections,
            per_client: listener.max_connections_per_address,
            lately: (!has_requests).then_some(intake.limits.read_timeout),
        };
        let shared = Arc::new(Shared { table: Mutex::new(Table::new(rules)), freed: Notify::new() });
        Self { listener: Arc::clone(listener), intake: Arc::clone(intake), began: Instant::now(), shared }
    }

    /// A place for somebody who has come, as soon as there is one. `ends` is cancelled when he has to give it up.
    ///
    /// # Errors
    /// When there won't be one.
    pub(super) async fn find(&self, peer: Peer, ends: CancellationToken) -> Result<Place, TurnedAway> {
        let guest = Arc::new(Guest { peer, pulse: Arc::new(Pulse::new(self.began)), ends });
        let client = peer.address().map(Client::from);
        loop {
            // Who has waited hasn't been silent.
            guest.pulse.beats();
            let entered = self.shared.table().enter(client, &guest, self.began.elapsed());
            match entered {
                Entered::In(seat) => return Ok(self.place(seat, guest)),
                Entered::Instead(seat, gone) => {
                    self.end(&gone);
                    return Ok(self.place(seat, guest));
                }
                Entered::Not(turned_away) => return Err(turned_away),
                Entered::Wait => {}
            }
            rate_limited_warn!(
                per_minute = 1,
                listener = self.listener.name,
                limit = self.listener.max_connections,
                "connections wait for a free slot"
            );
            let _freed_or_later = timeout(LOOK_EVERY, self.shared.freed.notified()).await;
        }
    }

    fn place(&self, seat: Seat, guest: Arc<Guest>) -> Place {
        Place { seat, guest, shared: Arc::clone(&self.shared), is_vacant: AtomicBool::new(false) }
    }

    /// Ends a connection that has to go. What came of it whole is sent on, and answered.
    fn end(&self, gone: &Guest) {
        gone.ends.cancel();
        self.intake.meters.refused_connection(&self.listener.name, "silent");
        let silent = gone.silent_since().map(|since| self.began.elapsed().saturating_sub(since));
        rate_limited_warn!(
            per_minute = 6,
            listener = self.listener.name,
            peer = %gone.peer,
            silent_seconds = silent.unwrap_or_default().as_secs(),
            "all connections are in use: one that was silent is ended for a newcomer"
        );
    }
}

// === impl Shared ===

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table<Guest>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Guest ===

impl Silence for Guest {
    fn silent_since(&self) -> Option<Duration> {
        self.pulse.silent_since()
    }
}

// === impl Place ===

impl Place {
    /// Where the connection says that it was heard.
    pub(super) fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.guest.pulse)
    }

    /// Others may have it from now on. Until this is dropped it only counts among those of its address. Says whether it was there to be had.
    pub(super) fn vacate(&self) -> bool {
        // Nobody is to give it up once more.
        self.guest.pulse.works();
        let had_place = self.shared.table().vacate(self.seat);
        if had_place {
            self.is_vacant.store(true, Ordering::Relaxed);
            self.shared.freed.notify_one();
        }
        had_place
    }

    /// Is cancelled when the connection has to end.
    pub(super) fn ends(&self) -> CancellationToken {
        self.guest.ends.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_vacant.load(Ordering::Relaxed) {
            self.shared.table().forget(self.seat);
        } else {
            self.shared.table().leave(self.seat);
        }
        self.shared.freed.notify_one();
    }
}

// === impl TurnedAway ===

impl TurnedAway {
    /// The reason, as metrics have it.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Address => "address_connections",
            Self::Full => "connections",
        }
    }
}
