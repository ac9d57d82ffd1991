//! Datagrams: syslog ([RFC 5426]), GELF and lines over UDP, and by local processes over Unix sockets.
//!
//! What has arrived is gathered, and dealt to the tenants whose it is; each has a [`Lane`], which sends one batch at a time and makes
//! the next of what comes meanwhile. Datagrams of UDP know no back-pressure: what a tenant has waiting beyond its share is lost, and
//! counted, while other tenants of the socket go on; what the kernel drops is counted, as it tells. Nothing is lost silently.
//! Over Unix sockets the sender waits instead.
//!
//! [RFC 5426]: <https://www.rfc-editor.org/rfc/rfc5426>

mod kernel;
mod lane;
mod source;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use forebay_access::Known;
use forebay_record::Tenant;
use forebay_settings::sections::ingest::ListenerProtocol;
use forebay_telemetry::rate_limited_warn;
use forebay_wire::datagrams::{Datagrams, Gathered, joined};
use forebay_wire::{Batch, Facts, Group};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use self::lane::{Dealt, Lane, Sent};
use self::source::{Chunked, Local, Source, Udp};
use super::flow::Route;
use super::{Protocol, unnamed};
use crate::access::Origin;
use crate::intake::room::WhenOver;
use crate::intake::{Intake, Sender};
use crate::listen::{Listener, Socket, Stop};

/// What a socket may gather before it is dealt, with what its events will need, in bytes: without asking, since whose it is shows
/// only then. There are few sockets.
const GATHER: usize = 4 * 1024 * 1024;

/// What a datagram may need beside twice its bytes, in bytes.
const PER_DATAGRAM: usize = 700;

/// How long datagrams wait to be dealt while a batch is on its way: whoever has none on its way waits no longer for those who have.
const DEAL_AFTER: Duration = Duration::from_millis(50);

/// How long to wait before memory is asked for again, and after a failure.
const PAUSE: Duration = Duration::from_millis(20);

/// How often the kernel is asked what it dropped, and chunks that wait for too long are given up.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long what the kernel has received is taken at a stop, at most.
const LAST_LOOK: Duration = Duration::from_millis(500);

struct Gatherer<S: Source> {
    source: S,
    datagrams: Datagrams<S::Sender>,
    /// What they may need in all.
    limit: usize,
    /// Since when the first of them waits to be dealt.
    since: Option<Instant>,
    /// The tenants that have something on its way.
    lanes: HashMap<Tenant, Lane>,
    /// Their batches on their way.
    under_way: FuturesUnordered<Sent>,
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
}

/// What datagrams of a listener are: the protocol, and the format of their events. None if it takes none.
pub(super) const fn dialect(protocol: ListenerProtocol) -> Option<(Protocol, &'static str)> {
    match protocol {
        ListenerProtocol::Gelf => Some((Protocol::Gelf, "gelf")),
        ListenerProtocol::Lines => Some((Protocol::Lines, "")),
        ListenerProtocol::Syslog => Some((Protocol::Syslog, "syslog")),
        ListenerProtocol::Forward
        | ListenerProtocol::Http
        | ListenerProtocol::Lumberjack
        | ListenerProtocol::Relp => None,
    }
}

/// Takes datagrams of this dialect until the stop.
pub(super) async fn serve(
    listener: Arc<Listener>,
    (protocol, format): (Protocol, &'static str),
    socket: Socket,
    intake: Arc<Intake>,
    stop: Stop,
) {
    let max = intake.limits.max_event;
    let place = Place { listener, protocol, format, intake, stop };
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
        // A batch has to fit into the memory of all.
        let limit = GATHER.min(place.intake.limits.max_in_flight / 4);
        Self {
            source,
            datagrams: Datagrams::new(max),
            limit,
            since: None,
            lanes: HashMap::new(),
            under_way: FuturesUnordered::new(),
            place,
        }
    }

    async fn run(mut self) {
        let drain = self.place.stop.drain.clone();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.is_due() {
                self.deal();
            }
            let (has_room, due) = (self.has_room(), self.since.map(|since| since + DEAL_AFTER));
            tokio::select! {
                biased;
                Some(tenant) = self.under_way.next() => self.arrived(&tenant),
                () = drain.cancelled() => break,
                _ = look.tick() => self.look(),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if S::OVER == WhenOver::Lose && due.is_some() => {}
                ready = self.source.readable(), if has_room => match ready {
                    Ok(()) => self.receive().await,
                    Err(_) => sleep(PAUSE).await,
                },
            }
        }
        // What the kernel has received by now came before the stop.
        self.receive_rest().await;
        self.deal();
        while let Some(tenant) = self.under_way.next().await {
            self.arrived(&tenant);
        }
        self.source.ends();
        self.look();
    }

    /// Whether what was gathered goes on its way now. Where the sender waits, there is time until the last batch has arrived.
    fn is_due(&self) -> bool {
        let Some(since) = self.since else { return false };
        let is_late = self.need() >= self.limit || since.elapsed() >= DEAL_AFTER;
        self.under_way.is_empty() || (S::OVER == WhenOver::Lose && is_late)
    }

    /// Receives what is there, a turn at a time.
    async fn receive(&mut self) {
        for _ in 0..S::TURN {
            if !self.receive_one() {
                break;
            }
        }
        self.gathered();
        tokio::task::yield_now().await;
    }

    /// Receives what came before the stop. Some of it the runtime may not have heard of yet, so that it is waited for; but somebody
    /// may go on sending.
    async fn receive_rest(&mut self) {
        let end = Instant::now() + LAST_LOOK;
        while Instant::now() < end
            && let Ok(Ok(())) = timeout(PAUSE, self.source.readable()).await
        {
            while self.receive_one() {}
            self.gathered();
            if !self.has_room() {
                self.deal();
            }
        }
    }

    /// Receives a datagram, if one is there and there is room.
    fn receive_one(&mut self) -> bool {
        if !self.has_room() {
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

    fn gathered(&mut self) {
        if !self.datagrams.is_empty() {
            let _first = self.since.get_or_insert_with(Instant::now);
        }
    }

    /// What the datagrams need on their way, in bytes.
    fn need(&self) -> usize {
        need(self.datagrams.len(), self.datagrams.count())
    }

    fn has_room(&self) -> bool {
        self.need() < self.limit
    }

    /// Gives each tenant what is its own.
    fn deal(&mut self) {
        self.since = None;
        let gathered = self.datagrams.take();
        let meters = &self.place.intake.meters;
        meters.received(gathered.bytes.len());
        meters.cut(self.place.protocol, gathered.cut);
        let batches = self.batches(gathered);
        let is_shared = batches.len() > 1;
        for (sender, batch) in batches {
            // Who waits holds its own bytes, not those of others.
            let batch = if is_shared { joined(vec![batch]) } else { batch };
            let Place { intake, stop, protocol, .. } = &self.place;
            let lane = self.lanes.entry(sender.tenant.clone()).or_insert_with(|| {
                let (intake, stop) = (Arc::clone(intake), stop.clone());
                Lane::new(Route { intake, sender, stop, pulse: Arc::default(), acknowledges: false })
            });
            let events = batch.events.len();
            match lane.deal(batch) {
                Dealt::Sent(sent) => self.under_way.push(sent),
                Dealt::Waits => {}
                Dealt::Over(reason) => intake.meters.lost(*protocol, reason, events),
            }
        }
    }

    /// A tenant's batch has ended: the next one goes on its way, if there is one.
    fn arrived(&mut self, tenant: &Tenant) {
        match self.lanes.get_mut(tenant).and_then(Lane::next) {
            Some(sent) => self.under_way.push(sent),
            None => {
                let _idle = self.lanes.remove(tenant);
            }
        }
    }

    /// A batch for each tenant, in which each sender's events are a group.
    fn batches(&self, gathered: Gathered<S::Sender>) -> Vec<(Sender, Batch)> {
        let Place { intake, listener, protocol, format, .. } = &self.place;
        let mut batches: HashMap<Tenant, (Sender, Batch)> = HashMap::new();
        for (from, events) in gathered.senders {
            let peer = self.source.peer(&from);
            let known = unnamed::sender(intake, &Origin { peer, listener, names: None });
            let Some(Known { tenant, .. }) = known else {
                intake.meters.lost(*protocol, "no_tenant", events.len());
                continue;
            };
            let mut facts = Facts::of_format(*format);
            self.source.describe(&from, listener, &mut facts);
            let (_, batch) = batches.entry(tenant.clone()).or_insert_with(|| {
                let batch = Batch { bytes: gathered.bytes.clone(), ..Batch::default() };
                let budget = listener.budget.clone();
                (Sender { tenant, protocol: *protocol, peer, budget, trace: None }, batch)
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

/// What so many datagrams of so many bytes need on their way, in bytes.
const fn need(bytes: usize, count: usize) -> usize {
    bytes * 2 + count * PER_DATAGRAM
}
