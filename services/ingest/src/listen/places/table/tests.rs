use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

const LATELY: u64 = 30_000;

/// Stands for a connection of which something is on its way.
const AT_WORK: u64 = u64::MAX;

/// A connection.
#[derive(Debug)]
struct One {
    /// In milliseconds.
    heard: AtomicU64,
    /// How often any of them was looked at.
    looks: Arc<AtomicUsize>,
}

impl One {
    fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    fn is_silent(&self, now: u64) -> bool {
        self.heard().saturating_add(LATELY) < now
    }
}

impl Silence for One {
    fn silent_since(&self) -> Option<Duration> {
        let _before = self.looks.fetch_add(1, Ordering::Relaxed);
        (self.heard() != AT_WORK).then(|| Duration::from_millis(self.heard()))
    }
}

/// A table, and the time.
struct World {
    table: Table<One>,
    now: u64,
    looks: Arc<AtomicUsize>,
}

impl World {
    fn new(places: usize, per_client: usize) -> Self {
        let rules = Rules { places, per_client, lately: Some(Duration::from_millis(LATELY)) };
        Self { table: Table::new(rules), now: 0, looks: Arc::default() }
    }

    /// Somebody comes now.
    fn comes(&mut self, client: u32) -> (Arc<One>, Entered<One>) {
        let one = Arc::new(One { heard: AtomicU64::new(self.now), looks: Arc::clone(&self.looks) });
        let entered = self.table.enter(Some(of(client)), &one, Duration::from_millis(self.now));
        (one, entered)
    }

    /// So many connections of a client come, and all get places.
    fn seated(&mut self, client: u32, count: usize) -> Vec<Arc<One>> {
        let mut come = || match self.comes(client) {
            (one, Entered::In(_)) => one,
            (_, other) => panic!("{other:?}"),
        };
        (0..count).map(|_| come()).collect()
    }
}

fn of(client: u32) -> Client {
    Client::from(IpAddr::from(client.to_be_bytes()))
}

#[derive(Clone, Debug)]
enum Step {
    Comes(u32),
    Leaves(usize),
    Beats(usize),
    Works(usize),
    Vacates(usize),
    Passes(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..5_u32).prop_map(Step::Comes),
        1 => any::<usize>().prop_map(Step::Leaves),
        2 => any::<usize>().prop_map(Step::Beats),
        1 => any::<usize>().prop_map(Step::Works),
        1 => any::<usize>().prop_map(Step::Vacates),
        2 => (0..LATELY).prop_map(Step::Passes),
    ]
}

/// Who has a place, by the model.
struct There {
    client: u32,
    seat: Seat,
    one: Arc<One>,
}

proptest! {
    /// Scenario: connections of five clients come, go, are heard, are at work, are silent, and vacate their places, in any order.
    /// Guarantees: a place that is free, or vacated, is given to everybody below his limit. Otherwise somebody has to go whenever there is one who may: who
    /// was not heard lately, isn't at work, and is of a client that has more than the newcomer's, or of the same one; and it is the longest
    /// silent one of the client that has the most. Who has vacated counts among those of his client. What is gone leaves nothing behind.
    #[test]
    fn places_go_from_who_has_many_to_who_has_few(
        places in 1..9_usize,
        per_client in 1..6_usize,
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let mut world = World::new(places, per_client);
        let (mut there, mut going, mut vacated) = (Vec::<There>::new(), Vec::<Seat>::new(), Vec::<There>::new());
        for step in steps {
            match step {
                Step::Passes(time) => {
                    world.now += time;
                    going.drain(..).for_each(|seat| world.table.leave(seat));
                    vacated.drain(..).for_each(|one| world.table.forget(one.seat));
                }
                Step::Vacates(which) if !there.is_empty() => {
                    let one = there.swap_remove(which % there.len());
                    one.one.heard.store(AT_WORK, Ordering::Relaxed);
                    prop_assert!(world.table.vacate(one.seat));
                    vacated.push(one);
                    prop_assert!(!going.iter().any(|seat| world.table.vacate(*seat)), "it was given up before");
                }
                Step::Beats(which) | Step::Works(which) if !there.is_empty() => {
                    let heard = if matches!(step, Step::Works(_)) { AT_WORK } else { world.now };
                    there[which % there.len()].one.heard.store(heard, Ordering::Relaxed);
                }
                Step::Leaves(which) if !there.is_empty() => {
                    let gone = there.swap_remove(which % there.len());
                    world.table.leave(gone.seat);
                }
                Step::Comes(client) if going.len() < LEAVING => {
                    let (now, is_full) = (world.now, there.len() == places);
                    let all = || there.iter().chain(&vacated);
                    let count = |client| all().filter(|one| one.client == client).count();
                    let own = count(client);
                    let may_go = |other: &There| {
                        other.one.is_silent(now) && (other.client == client || count(other.client) > own + 1)
                    };
                    let (one, entered) = world.comes(client);
                    match entered {
                        Entered::Not(TurnedAway::Address) => prop_assert!(own >= per_client),
                        Entered::In(seat) => {
                            prop_assert!(!is_full && own < per_client);
                            there.push(There { client, seat, one });
                        }
                        Entered::Not(TurnedAway::Full) => {
                            prop_assert!(is_full && own > 0 && !there.iter().any(may_go));
                        }
                        Entered::Wait => prop_assert!(is_full && own == 0 && !there.iter().any(may_go)),
                        Entered::Instead(seat, gone) => {
                            prop_assert!(is_full && own < per_client);
                            let at = there.iter().position(|other| Arc::ptr_eq(&other.one, &gone)).unwrap();
                            let has = count(there[at].client);
                            prop_assert!(may_go(&there[at]));
                            for other in there.iter().filter(|other| may_go(other)) {
                                prop_assert!(count(other.client) <= has);
                                let is_alike = other.client == there[at].client;
                                prop_assert!(!is_alike || other.one.heard() >= gone.heard());
                            }
                            going.push(there.swap_remove(at).seat);
                            there.push(There { client, seat, one });
                        }
                    }
                }
                _ => {}
            }
            prop_assert_eq!((world.table.seated, world.table.leaving), (there.len(), going.len()));
        }
        vacated.iter().for_each(|one| world.table.forget(one.seat));
        let left = there.iter().map(|one| one.seat).chain(going);
        left.for_each(|seat| world.table.leave(seat));
        let Table { seated, leaving, clients, counts, .. } = world.table;
        prop_assert!((seated, leaving) == (0, 0) && clients.is_empty() && counts.is_empty());
    }
}

/// Scenario: four addresses fill a listener and say nothing. Somebody else comes, at once and later; then the four come again and again.
/// Guarantees: he waits no longer than a connection may be silent, and keeps his place, silent or not.
#[test]
fn four_addresses_fill_a_listener_and_do_not_keep_it() {
    let mut world = World::new(40, 10);
    let crowd: Vec<Arc<One>> = (1..=4).flat_map(|client| world.seated(client, 10)).collect();
    assert!(matches!(world.comes(9).1, Entered::Wait));
    assert!(matches!(world.comes(1).1, Entered::Not(TurnedAway::Address)));
    world.now = LATELY + 1;
    let (honest, entered) = world.comes(9);
    let Entered::Instead(_, gone) = entered else { panic!("{entered:?}") };
    assert!(crowd.iter().any(|one| Arc::ptr_eq(one, &gone)));
    world.table.leaving = 0;
    for round in 0..1_000 {
        world.now += 500;
        if let Entered::Instead(_, gone) = world.comes(1 + round % 4).1 {
            assert!(!Arc::ptr_eq(&honest, &gone));
            world.table.leaving = 0;
        }
    }
}

/// Scenario: all places are taken by as many clients, who are silent; one of them comes once more, then another client.
/// Guarantees: nobody loses his only place to somebody else; who has one may renew it.
#[test]
fn nobody_loses_his_only_place_to_others() {
    let mut world = World::new(5, 10);
    let all: Vec<Arc<One>> = (1..=5).flat_map(|client| world.seated(client, 1)).collect();
    world.now = 10 * LATELY;
    assert!(matches!(world.comes(9).1, Entered::Wait));
    let (_, entered) = world.comes(3);
    assert!(matches!(entered, Entered::Instead(_, gone) if Arc::ptr_eq(&gone, &all[2])));
    assert!(matches!(world.comes(3).1, Entered::Not(TurnedAway::Full)), "it came just now");
}

/// Scenario: more connections have to go than may be on their way out, and they take their time.
/// Guarantees: there are never more connections than places and those; once one is gone the next newcomer gets in.
#[test]
fn those_on_their_way_out_are_bounded() {
    let mut world = World::new(200, 200);
    let _crowd = world.seated(1, 200);
    world.now = LATELY + 1;
    for n in 0..LEAVING {
        assert!(matches!(world.comes(100 + n as u32).1, Entered::Instead(..)), "{n}");
    }
    assert!(matches!(world.comes(99).1, Entered::Wait));
    world.table.leave(Seat { client: Some(of(1)), number: 0 });
    assert!(matches!(world.comes(99).1, Entered::Instead(..)));
}

/// Scenario: who comes by no address, and a listener on which nobody has to go. Guarantees: what is full is waited for.
#[test]
fn who_has_no_address_takes_nobodys_place() {
    let mut world = World::new(1, 1);
    let _crowd = world.seated(1, 1);
    world.now = 10 * LATELY;
    let one = Arc::new(One { heard: AtomicU64::new(0), looks: Arc::default() });
    let now = Duration::from_millis(world.now);
    assert!(matches!(world.table.enter(None, &one, now), Entered::Wait));
    let mut table = Table::new(Rules { places: 1, per_client: 9, lately: None });
    let Entered::In(seat) = table.enter(None, &one, now) else { panic!("it is free") };
    assert!(matches!(table.enter(Some(of(1)), &one, now), Entered::Wait));
    table.leave(seat);
    assert!(matches!(table.enter(Some(of(1)), &one, now), Entered::In(_)));
    assert!(matches!(table.enter(Some(of(1)), &one, now), Entered::Wait));
}

/// Scenario: ten thousand connections of ten clients, all heard lately; a thousand newcomers, one after the other; then some are silent.
/// Guarantees: all are looked at once, not once for each newcomer; later ones look at those of one client only.
#[test]
fn ten_thousand_connections_are_looked_at_once() {
    let mut world = World::new(10_000, 1_000);
    let crowd: Vec<Arc<One>> = (1..=10).flat_map(|client| world.seated(client, 1_000)).collect();
    world.now = LATELY / 2;
    let started = std::time::Instant::now();
    for n in 0..1_000 {
        assert!(matches!(world.comes(100 + n).1, Entered::Wait));
    }
    println!("{:?} for a thousand newcomers who wait", started.elapsed());
    let looks = || world.looks.swap(0, Ordering::Relaxed);
    assert_eq!(looks(), 10_000);
    for one in crowd.iter().skip(10) {
        one.heard.store(world.now, Ordering::Relaxed);
    }
    world.now = LATELY + 1;
    let started = std::time::Instant::now();
    for n in 0..10 {
        assert!(matches!(world.comes(100 + n).1, Entered::Instead(..)));
    }
    println!("{:?} for ten newcomers who get in", started.elapsed());
    let looks = world.looks.swap(0, Ordering::Relaxed);
    assert!(looks <= 10 * 10_000, "{looks}");
}
