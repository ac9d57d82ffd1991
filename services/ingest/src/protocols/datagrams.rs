//! Datagrams: syslog ([RFC 5426]), GELF and lines over UDP, and by local processes over Unix sockets.
//!
//! What has arrived is sent as one batch; while Kafka acknowledges it, what comes next is gathered, and becomes the next batch.
//! Datagrams of UDP know no back-pressure. Where there is no memory for more, they are left to the kernel's receive buffer, and those
//! that it drops are counted, as it tells: nothing is lost silently. Over Unix sockets the sender waits instead.
//!
//! [RFC 5426]: <https://www.rfc-editor.org/rfc/rfc5426>

mod kernel;
mod source;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use forebay_record::Tenant;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_telemetry::rate_limited_warn;
use forebay_wire::datagrams::{Datagrams, Gathered};
use forebay_wire::{Batch, Facts, Group};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use self::source::{Chunked, Local, Source, Udp};
use super::flow::{Route, Shipped};
use super::{Protocol, unnamed};
use crate::access::Origin;
use crate::intake::{Admitted, Intake, Peer, Sender};
use crate::listen::{Listener, Socket, Stop};

/// What a socket may gather without asking, in bytes.
const OWN: usize = 256 * 1024;

/// The most that is gathered while a batch is on its way, in bytes.
const AHEAD: usize = 64 * 1024 * 1024;

/// What a datagram may need beside twice its bytes, in bytes.
const PER_DATAGRAM: usize = 700;

/// How many datagrams are received before others on the thread get their turn.
const TURN: usize = 512;

/// How long to wait before memory is asked for again, and after a failure.
const PAUSE: Duration = Duration::from_millis(20);

/// How often the kernel is asked what it dropped, and chunks that wait for too long are given up.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long what the kernel has received is taken at a stop, at most.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// A batch on its way.
type Shipping = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Gatherer<S: Source> {
    source: S,
    datagrams: Datagrams<S::Sender>,
    /// What the datagrams may need in all.
    limit: usize,
    /// The memory for that, beyond [`OWN`].
    held: Option<Admitted>,
    place: Place,
}

/// Where it all comes in.
#[derive(Clone)]
struct Place {
    listener: Arc<Listener>,
    protocol: Protocol,
    format: &'static str,
    intake: Arc<Intake>,
    stop: Stop,
    /// Whose datagrams came last.
    tenant: Option<Tenant>,
}

/// Takes datagrams until the stop.
pub(super) async fn serve(listener: Arc<Listener>, socket: Socket, intake: Arc<Intake>, stop: Stop) {
    let max = intake.limits.max_event;
    let (protocol, format) = match listener.protocol {
        ListenerProtocol::Gelf => (Protocol::Gelf, "gelf"),
        ListenerProtocol::Syslog => (Protocol::Syslog, "syslog"),
        _ => (Protocol::Lines, ""),
    };
    let place = Place { listener, protocol, format, intake, stop, tenant: None };
    match socket {
        Socket::Udp(socket) => {
            let udp = Udp::new(socket, &place.listener);
            if protocol == Protocol::Gelf {
                let chunked = Chunked::new(udp, Arc::clone(&place.intake));
                Gatherer::new(chunked, max, place).run().await;
            } else {
                Gatherer::new(udp, max, place).run().await;
            }
        }
        Socket::UnixDatagram(socket) => {
            let local = Local::new(socket, &place.listener, max);
            Gatherer::new(local, max, place).run().await;
        }
        Socket::Tcp(_) | Socket::Unix(_) => {}
    }
}

impl<S: Source> Gatherer<S> {
    fn new(source: S, max: usize, place: Place) -> Self {
        Self { source, datagrams: Datagrams::new(max), limit: OWN, held: None, place }
    }

    async fn run(mut self) {
        let drain = self.place.stop.drain.clone();
        let mut shipping: Option<Shipping> = None;
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if shipping.is_none() && !self.datagrams.is_empty() {
                shipping = Some(self.ship());
            }
            let arrived = async {
                match shipping.as_mut() {
                    Some(shipping) => shipping.await,
                    None => std::future::pending().await,
                }
            };
            let has_room = self.has_room();
            tokio::select! {
                biased;
                () = arrived => shipping = None,
                () = drain.cancelled() => break,
                _ = look.tick() => self.look(),
                () = sleep(PAUSE), if !has_room => {}
                ready = self.source.readable(), if has_room => match ready {
                    Ok(()) => self.receive().await,
                    Err(_) => sleep(PAUSE).await,
                },
            }
        }
        // What the kernel has received by now came before the stop.
        self.receive_rest().await;
        if let Some(shipping) = shipping {
            shipping.await;
        }
        if !self.datagrams.is_empty() {
            self.ship().await;
        }
        self.look();
    }

    /// Receives what is there, a turn at a time.
    async fn receive(&mut self) {
        for _ in 0..TURN {
            if !self.receive_one() {
                return;
            }
        }
        tokio::task::yield_now().await;
    }

    /// Receives what came before the stop. Some of it the runtime may not have heard of yet, so that it is waited for; but somebody
    /// may go on sending.
    async fn receive_rest(&mut self) {
        let end = Instant::now() + LAST_LOOK;
        while self.has_room()
            && Instant::now() < end
            && let Ok(Ok(())) = timeout(PAUSE, self.source.readable()).await
        {
            while self.receive_one() {}
        }
    }

    /// Receives a datagram, if one is there and there is room.
    fn receive_one(&mut self) -> bool {
        if self.need() >= self.limit {
            return false;
        }
        match self.source.receive(&mut self.datagrams) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != ErrorKind::WouldBlock {
                    let listener = &self.place.listener.name;
                    rate_limited_warn!(per_minute = 6, listener, %error, "can't receive a datagram");
                }
                false
            }
        }
    }

    /// What the datagrams need on their way, in bytes.
    fn need(&self) -> usize {
        self.datagrams.len() * 2 + self.datagrams.count() * PER_DATAGRAM
    }

    /// Whether there is room for another datagram, or can be made.
    fn has_room(&mut self) -> bool {
        if self.need() < self.limit {
            return true;
        }
        if self.limit >= AHEAD {
            return false;
        }
        let Some(held) = self.held.take().or_else(|| self.place.admit()) else { return false };
        let held = self.held.insert(held);
        let grows = held.reservation().grow_to(self.limit * 2).is_ok();
        if grows {
            self.limit *= 2;
        }
        grows
    }

    /// What was gathered, on its way.
    fn ship(&mut self) -> Shipping {
        let gathered = self.datagrams.take();
        let meters = &self.place.intake.meters;
        meters.received(gathered.bytes.len());
        meters.cut(self.place.protocol, gathered.cut);
        let held = self.held.take();
        self.limit = OWN;
        let batches = self.batches(gathered);
        self.place.tenant = batches.first().map(|(sender, _)| sender.tenant.clone());
        let place = self.place.clone();
        Box::pin(async move {
            let mut held = held;
            for (sender, batch) in batches {
                let Place { intake, stop, .. } = &place;
                let route =
                    Route { intake: Arc::clone(intake), sender, stop: stop.clone(), acknowledges: false };
                let _counted_if_lost: Shipped = route.ship(held.take(), batch).await;
            }
        })
    }

    /// A batch for each tenant, in which each sender's events are a group.
    fn batches(&self, gathered: Gathered<S::Sender>) -> Vec<(Sender, Batch)> {
        let Place { intake, listener, protocol, format, .. } = &self.place;
        let mut batches: HashMap<Tenant, (Sender, Batch)> = HashMap::new();
        for (from, events) in gathered.senders {
            let peer = self.source.peer(&from);
            let Some(tenant) = unnamed::tenant(intake, &Origin { peer, listener, names: None }) else {
                intake.meters.lost(*protocol, "no_tenant", events.len());
                continue;
            };
            // Who is over its quota would be waited for, and everybody else by this socket with it.
            if intake.quotas.ready(&tenant).is_err() {
                intake.meters.lost(*protocol, "quota", events.len());
                continue;
            }
            let mut facts = Facts::of_format(*format);
            self.source.describe(&from, listener, &mut facts);
            let (_, batch) = batches.entry(tenant.clone()).or_insert_with(|| {
                let batch = Batch { bytes: gathered.bytes.clone(), ..Batch::default() };
                (Sender { tenant, protocol: *protocol, peer }, batch)
            });
            batch.groups.push(Group { facts, len: events.len() });
            batch.events.extend(events);
        }
        batches.into_values().collect()
    }

    fn look(&mut self) {
        let Place { intake, protocol, .. } = &self.place;
        for (reason, events) in self.source.look() {
            if events > 0 {
                intake.meters.lost(*protocol, reason, events);
            }
        }
    }
}

impl Place {
    fn admit(&self) -> Option<Admitted> {
        // Whose the next ones are shows only when they are here; nearly always they are of the same tenant.
        let tenant = self.tenant.clone()?;
        let reservation = self.intake.admission.reserve(&tenant).ok()?;
        let peer = Peer::Local;
        Some(Admitted::new(Sender { tenant, protocol: self.protocol, peer }, reservation))
    }
}
