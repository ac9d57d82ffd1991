//! Who has the places of a listener, and who gives up his so that a newcomer gets in. Pure: the time is an argument.
//!
//! A client has as many connections as one address may. When all places are taken, a newcomer gets that of somebody else: of the client
//! that has the most connections, and more than the newcomer's client has with this one, the connection that has been silent for the
//! longest. So places go from who has many to who has few and never back, and nobody loses any to others who doesn't have more than they:
//! four addresses may fill a listener, but not keep it. Where nobody has more, the newcomer's own client renews its longest silent one.
//!
//! Nobody gives up a place who came or was heard lately, or of whom something is on its way to Kafka.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::client::Client;

/// How many connections that have to go may be there beside those that have places. They take a moment to end; newcomers don't wait for
/// them, unless they are that many.
const LEAVING: usize = 64;

/// What is known of a connection.
pub(super) trait Silence {
    /// When it was heard last; `None` while something of it is on its way to Kafka.
    fn silent_since(&self) -> Option<Duration>;
}

/// How many places there are, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// The most connections.
    pub(super) places: usize,
    /// The most of one client.
    pub(super) per_client: usize,
    /// How long a connection may be silent before it may have to give up its place; `None` where none has to.
    pub(super) lately: Option<Duration>,
}

/// A connection in the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Seat {
    client: Option<Client>,
    number: u64,
}

/// Why somebody is turned away.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(in super::super) enum TurnedAway {
    /// Its client has as many connections as one address may.
    #[error("too many connections of this address")]
    Address,
    /// All places are taken, and nobody who has been silent has more of them than its client.
    #[error("all connections are in use, and no other address has more of them that are silent")]
    Full,
}

/// What becomes of a newcomer.
#[derive(Debug)]
pub(super) enum Entered<S> {
    /// It has a place.
    In(Seat),
    /// It has the place of this one, which has to go.
    Instead(Seat, Arc<S>),
    /// It has to go itself.
    Not(TurnedAway),
    /// All places are taken. It is to ask again, and whoever comes after it waits, since there is nothing for them either.
    Wait,
}

/// Who has which place.
#[derive(Debug)]
pub(super) struct Table<S> {
    rules: Rules,
    /// The number of the next connection.
    next: u64,
    /// How many have a place, and how many have given theirs up and are not gone yet.
    seated: usize,
    leaving: usize,
    clients: HashMap<Client, Seats<S>>,
    /// How many connections each client has.
    counts: BTreeSet<(usize, Client)>,
}

/// The connections of a client, in the order in which they came.
#[derive(Debug)]
struct Seats<S> {
    seats: BTreeMap<u64, Arc<S>>,
    /// Until then none of them will have been silent for long enough, so that they need not all be looked at again.
    none_until: Duration,
}

// === impl Table ===

impl<S: Silence> Table<S> {
    /// All places are free.
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, next: 0, seated: 0, leaving: 0, clients: HashMap::new(), counts: BTreeSet::new() }
    }

    /// Somebody comes at `now`. Who comes by no address (over a Unix socket) only ever gets a place that is free.
    pub(super) fn enter(&mut self, client: Option<Client>, newcomer: &Arc<S>, now: Duration) -> Entered<S> {
        let own = client.and_then(|client| self.clients.get(&client)).map_or(0, |own| own.seats.len());
        if client.is_some() && own >= self.rules.per_client {
            return Entered::Not(TurnedAway::Address);
        }
        if self.seated < self.rules.places {
            return Entered::In(self.sit(client, newcomer));
        }
        let (Some(of), Some(lately)) = (client, self.rules.lately) else { return Entered::Wait };
        if self.leaving >= LEAVING {
            return Entered::Wait;
        }
        let longest = self.longest_silent(of, own + 1, now, lately);
        match longest.and_then(|seat| self.give_up(seat)) {
            Some(gone) => {
                (self.seated, self.leaving) = (self.seated - 1, self.leaving + 1);
                Entered::Instead(self.sit(client, newcomer), gone)
            }
            // Of all newcomers the first of a client has the most to choose from: when there is nothing for it, it stands in nobody's way.
            None if own == 0 => Entered::Wait,
            None => Entered::Not(TurnedAway::Full),
        }
    }

    /// A connection is gone, whether it had given up its place or not.
    pub(super) fn leave(&mut self, seat: Seat) {
        if seat.client.is_none() || self.give_up(seat).is_some() {
            self.seated = self.seated.saturating_sub(1);
        } else {
            self.leaving = self.leaving.saturating_sub(1);
        }
    }

    /// A connection that needs its place no more, but counts among those of its client until it is [forgotten](Self::forget). Says whether it
    /// had a place.
    pub(super) fn vacate(&mut self, seat: Seat) -> bool {
        let own = seat.client.and_then(|client| self.clients.get(&client));
        let had_place = own.is_some_and(|own| own.seats.contains_key(&seat.number));
        if had_place {
            self.seated = self.seated.saturating_sub(1);
        }
        had_place
    }

    /// A connection that had vacated its place counts no more.
    pub(super) fn forget(&mut self, seat: Seat) {
        let _gone = self.give_up(seat);
    }

    fn sit(&mut self, client: Option<Client>, newcomer: &Arc<S>) -> Seat {
        let seat = Seat { client, number: self.next };
        self.next += 1;
        self.seated += 1;
        if let Some(client) = client {
            let own = self.clients.entry(client).or_insert_with(Seats::new);
            let _one_less = self.counts.remove(&(own.seats.len(), client));
            let _none = own.seats.insert(seat.number, Arc::clone(newcomer));
            let _new = self.counts.insert((own.seats.len(), client));
        }
        seat
    }

    /// Takes a connection out; `None` if it was out already.
    fn give_up(&mut self, Seat { client, number }: Seat) -> Option<Arc<S>> {
        let client = client?;
        let own = self.clients.get_mut(&client)?;
        let gone = own.seats.remove(&number)?;
        let left = own.seats.len();
        let _one_more = self.counts.remove(&(left + 1, client));
        if left == 0 {
            let _empty = self.clients.remove(&client);
        } else {
            let _new = self.counts.insert((left, client));
        }
        Some(gone)
    }

    /// Who has to go for a newcomer that makes it `own` connections of its client.
    fn longest_silent(&mut self, of: Client, own: usize, now: Duration, lately: Duration) -> Option<Seat> {
        let Self { clients, counts, .. } = self;
        let with_more = counts.range((own + 1, Client::FIRST)..).rev().map(|(_, client)| *client);
        with_more.chain([of]).find_map(|client| {
            let number = clients.get_mut(&client)?.longest_silent(now, lately)?;
            Some(Seat { client: Some(client), number })
        })
    }
}

// === impl Seats ===

impl<S: Silence> Seats<S> {
    fn new() -> Self {
        Self { seats: BTreeMap::new(), none_until: Duration::ZERO }
    }

    /// The one that has been silent for the longest, if that is longer than `lately`.
    fn longest_silent(&mut self, now: Duration, lately: Duration) -> Option<u64> {
        if now <= self.none_until {
            return None;
        }
        let since = |seat: &Arc<S>| seat.silent_since().unwrap_or(now);
        let (since, number) = self.seats.iter().map(|(number, seat)| (since(seat), *number)).min()?;
        self.none_until = since.saturating_add(lately);
        (self.none_until < now).then_some(number)
    }
}

#[cfg(test)]
mod tests;
