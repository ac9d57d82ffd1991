//! The policy against a simulated broker: first in, first out, at a rate that may change, with a latency of its own.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::admission::retry::retry_after;

const TARGET: Duration = Duration::from_secs(2);
const MEMORY: usize = 1 << 30;
const STEP: Duration = Duration::from_millis(5);

/// Shipments on their way, and a broker that takes them in turn.
struct Broker {
    policy: Policy,
    now: Duration,
    /// In bytes per second.
    rate: f64,
    /// How long an acknowledgement takes from an idle broker.
    own: Duration,
    queue: VecDeque<Shipped>,
    served: VecDeque<(Duration, Shipped)>,
    /// What it could have served of the first in line.
    begun: f64,
}

struct Shipped {
    who: usize,
    ticket: Ticket,
    at: Duration,
}

struct Acknowledged {
    who: usize,
    bytes: usize,
    at: Duration,
    took: Duration,
}

impl Broker {
    fn new(rate: f64, own: Duration) -> Self {
        let policy = Policy::new(MEMORY, TARGET);
        let (queue, served) = (VecDeque::new(), VecDeque::new());
        Self { policy, now: Duration::ZERO, rate, own, queue, served, begun: 0.0 }
    }

    fn offer(&mut self, who: usize, bytes: usize) -> Result<(), Refused> {
        let ticket = self.policy.ship(&tenant(who), bytes, self.now)?;
        self.queue.push_back(Shipped { who, ticket, at: self.now });
        Ok(())
    }

    /// Lets a step pass; gives what was acknowledged in it.
    fn step(&mut self) -> Vec<Acknowledged> {
        self.now += STEP;
        self.begun += self.rate * STEP.as_secs_f64();
        while let Some(first) = self.queue.front() {
            let bytes = first.ticket.weight() as f64;
            if self.begun < bytes {
                break;
            }
            self.begun -= bytes;
            self.served.extend(self.queue.pop_front().map(|shipped| (self.now + self.own, shipped)));
        }
        if self.queue.is_empty() {
            self.begun = 0.0;
        }
        let mut acknowledged = Vec::new();
        while self.served.front().is_some_and(|(due, _)| *due <= self.now) {
            let Some((_, Shipped { who, ticket, at })) = self.served.pop_front() else { break };
            self.policy.settle(&tenant(who), ticket, ticket.weight(), self.now);
            let took = self.now - at;
            acknowledged.push(Acknowledged { who, bytes: ticket.weight(), at: self.now, took });
        }
        acknowledged
    }
}

/// A tenant's clients: so many connections, each of which sends, waits for the answer, and sends the next; who is refused
/// does as `Retry-After` says.
struct Clients {
    who: usize,
    bytes: usize,
    /// When each connection sends next; `None` while it waits for an answer.
    next: Vec<Option<Duration>>,
    pause: Duration,
    sent: usize,
    refused: usize,
}

impl Clients {
    fn new(who: usize, connections: usize, bytes: usize, pause: Duration) -> Self {
        // Not all in the same instant, and not in an order of the tenants.
        let next = (0..connections).map(|n| Some(Duration::from_millis(7 * n as u64 + who as u64)));
        Self { who, bytes, next: next.collect(), pause, sent: 0, refused: 0 }
    }

    fn send(&mut self, broker: &mut Broker, chance: &mut impl FnMut() -> f64) {
        for next in &mut self.next {
            if next.is_none_or(|at| at > broker.now) {
                continue;
            }
            self.sent += 1;
            *next = broker.offer(self.who, self.bytes).err().map(|refused| {
                self.refused += 1;
                broker.now + retry_after(refused.room_in, Duration::from_secs(1), chance())
            });
        }
    }

    fn answered(&mut self, now: Duration) {
        if let Some(waiting) = self.next.iter_mut().find(|next| next.is_none()) {
            *waiting = Some(now + self.pause);
        }
    }
}

fn tenant(n: usize) -> Tenant {
    Tenant::new(format!("t{n}")).unwrap()
}

/// Numbers from 0 to 1 that are the same in every run.
fn chances(mut seed: u64) -> impl FnMut() -> f64 {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / (1_u64 << 31) as f64
    }
}

/// Runs for a while; gives all that was acknowledged.
fn run(
    broker: &mut Broker,
    all: &mut [Clients],
    seconds: u64,
    chance: &mut impl FnMut() -> f64,
) -> Vec<Acknowledged> {
    let until = broker.now + Duration::from_secs(seconds);
    let mut acknowledged = Vec::new();
    while broker.now < until {
        all.iter_mut().for_each(|clients| clients.send(broker, chance));
        for one in broker.step() {
            all.iter_mut().filter(|clients| clients.who == one.who).for_each(|c| c.answered(broker.now));
            acknowledged.push(one);
        }
    }
    acknowledged
}

/// How long the slowest of what was acknowledged since `since` has taken, and how many bytes that was in a second.
fn judged(acknowledged: &[Acknowledged], since: Duration, now: Duration) -> (Duration, f64) {
    let late = acknowledged.iter().filter(|one| one.at >= since);
    let slowest = late.clone().map(|one| one.took).max().unwrap_or_default();
    (slowest, late.map(|one| one.bytes).sum::<usize>() as f64 / (now - since).as_secs_f64())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Scenario: a greedy tenant offers a multiple of what a broker takes, which is anything from 500 kB to 200 MB a second;
    /// two modest ones send a twentieth of it each. Then the broker becomes slower or faster, by a factor of up to ten.
    /// Guarantees, from some seconds after the start and after the change on: nothing that is let in waits longer than the
    /// target and the time for the largest request; the broker is never without work; the modest get nearly all of theirs.
    #[test]
    fn whatever_the_broker_takes_it_is_busy_and_nobody_waits_for_long(
        megabytes in prop_oneof![0.5_f64..5.0, 5.0_f64..200.0],
        factor in prop_oneof![0.1_f64..1.0, 1.0_f64..10.0],
        own_ms in 1_u64..400,
        part in 0.01_f64..0.1,
        seed in any::<u64>(),
    ) {
        let rates = [megabytes * 1e6, (megabytes * factor).max(0.5) * 1e6];
        let slower = rates[0].min(rates[1]);
        let large = (slower * part) as usize;
        let (greedy, modest) = ((rates[0].max(rates[1]) * 6.0 / large as f64) as usize, (slower / 80.0) as usize);
        let modest_pause = Duration::from_millis(250);
        let mut all = [
            Clients::new(0, greedy.max(8), large, Duration::ZERO),
            Clients::new(1, 1, modest, modest_pause),
            Clients::new(2, 1, modest, modest_pause),
        ];
        let (mut chance, own) = (chances(seed), Duration::from_millis(own_ms));
        let mut broker = Broker::new(rates[0], own);
        for rate in rates {
            broker.rate = rate;
            // Time to learn, and to work off what was let in before.
            let _learning = run(&mut broker, &mut all, 30, &mut chance);
            let since = broker.now;
            all.iter_mut().for_each(|clients| (clients.sent, clients.refused) = (0, 0));
            let acknowledged = run(&mut broker, &mut all, 15, &mut chance);
            let (slowest, bytes) = judged(&acknowledged, since, broker.now);
            let largest = Duration::from_secs_f64(2.0 * large as f64 / rate);
            let floor = Duration::from_secs_f64(512.0 * 1024.0 / rate);
            prop_assert!(slowest <= TARGET + largest + floor, "{slowest:?} at {rate} B/s");
            prop_assert!(bytes >= 0.9 * rate, "{bytes} of {rate} B/s");
            prop_assert!(all[0].refused > 0, "this is an overload");
            for modest in &all[1..] {
                prop_assert!(modest.refused * 20 <= modest.sent, "{} of {}", modest.refused, modest.sent);
            }
        }
    }
}

/// Scenario: a broker that answers at once, and many requests in the first second of the process.
/// Guarantees: after a few round trips nothing more is refused.
#[test]
fn a_fast_broker_is_found_out_within_a_second() {
    let mut broker = Broker::new(500e6, Duration::from_millis(15));
    let mut clients = [Clients::new(0, 100, 600_000, Duration::from_millis(200))];
    let mut chance = chances(1);
    let _first = run(&mut broker, &mut clients, 3, &mut chance);
    clients[0].refused = 0;
    let _then = run(&mut broker, &mut clients, 5, &mut chance);
    assert_eq!(clients[0].refused, 0);
}

/// Scenario: the broker stops in the middle of an overload, and goes on 15 seconds later.
/// Guarantees: after a while everything is refused as its fault, and nothing is let in on top of what waits; it goes on by
/// itself.
#[test]
fn nothing_joins_a_queue_that_does_not_move() {
    let mut broker = Broker::new(5e6, Duration::from_millis(5));
    let mut clients = [Clients::new(0, 40, 500_000, Duration::ZERO)];
    let mut chance = chances(2);
    let _busy = run(&mut broker, &mut clients, 10, &mut chance);
    broker.rate = 0.0;
    let _still = run(&mut broker, &mut clients, 10, &mut chance);
    let waiting = broker.policy.backlog();
    let refused = broker.policy.may_ship(&tenant(1), broker.now).unwrap_err();
    assert!(matches!(refused.limit, Exhausted::Broker(still) if still > TARGET), "{refused:?}");
    let _still = run(&mut broker, &mut clients, 5, &mut chance);
    assert_eq!(broker.policy.backlog(), waiting);
    broker.rate = 5e6;
    let since = broker.now + Duration::from_secs(10);
    let acknowledged = run(&mut broker, &mut clients, 20, &mut chance);
    let (slowest, bytes) = judged(&acknowledged, since, broker.now);
    assert!(slowest <= TARGET + Duration::from_millis(200) && bytes >= 4.5e6, "{slowest:?}, {bytes} B/s");
}

/// Scenario: one tenant holds all the memory that it can get, with bodies that never end.
/// Guarantees: others are let in, and the backlog is untouched.
#[test]
fn slow_bodies_cost_their_tenant_memory_and_others_nothing() {
    let mut policy = Policy::new(1000, TARGET);
    let (slow, quick) = (tenant(0), tenant(1));
    while policy.hold(&slow, 0, 10).is_ok() {}
    assert_eq!(policy.hold(&slow, 0, 10).unwrap_err().limit, Exhausted::Memory);
    assert_eq!(policy.hold(&quick, 0, 100), Ok(()));
    assert_eq!(policy.hold(&slow, 0, 1).unwrap_err().limit, Exhausted::Share);
    assert!(policy.ship(&quick, 100, Duration::ZERO).is_ok());
    assert_eq!((policy.memory(), policy.backlog()), (900, 100));
}
