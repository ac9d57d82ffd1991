use super::*;

const TARGET: Duration = Duration::from_secs(2);
const MIB: usize = 1024 * 1024;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_budget_that_is_used_doubles_while_answers_come_at_once() {
    let mut pace = Pace::new(TARGET, 64 * MIB);
    assert_eq!(pace.budget(), 4 * MIB);
    let ticket = pace.ship(MIB, ms(10));
    pace.settle(ticket, MIB, ms(30));
    assert_eq!(pace.budget(), 8 * MIB);
    let ticket = pace.ship(MIB, ms(40));
    pace.settle(ticket, MIB, ms(60));
    assert_eq!(pace.budget(), 8 * MIB, "an eighth of it was in use");
    for round in 1..10 {
        let ticket = pace.ship(60 * MIB, ms(round * 100));
        pace.settle(ticket, 60 * MIB, ms(round * 100 + 20));
    }
    assert_eq!(pace.budget(), 64 * MIB);
}

/// Scenario: a broker takes a second for a mebibyte, or fails all that it is sent.
/// Guarantees: the budget follows down to what fits into the target, and never below the floor.
#[test]
fn a_slow_broker_gets_what_it_can_take() {
    let mut pace = Pace::new(TARGET, 64 * MIB);
    for second in 1..20 {
        let ticket = pace.ship(MIB, ms(second * 1000));
        pace.settle(ticket, MIB, ms((second + 1) * 1000));
    }
    assert!(pace.budget().abs_diff(2 * MIB) < 1024, "{}", pace.budget());
    assert_eq!(pace.time_for(3 * MIB).as_secs_f64().round(), 3.0);
    for minute in 1..4 {
        let ticket = pace.ship(MIB, ms(minute * 60_000));
        pace.settle(ticket, 0, ms(minute * 60_000 + 30_000));
    }
    assert_eq!(pace.budget(), FLOOR);
}

/// Scenario: nothing is sent for a minute, then a mebibyte, which takes a second.
/// Guarantees: the minute doesn't count as the broker's.
#[test]
fn an_idle_time_does_not_make_the_broker_look_slow() {
    let mut pace = Pace::new(TARGET, 64 * MIB);
    let ticket = pace.ship(2 * MIB, ms(60_000));
    pace.settle(ticket, 2 * MIB, ms(61_000));
    assert_eq!(pace.budget(), 4 * MIB, "which is what it takes in two seconds");
}

/// Scenario: the first shipment after the start takes a second, though it is small.
/// Guarantees: the budget is halved, and no more: one small shipment proves little.
#[test]
fn one_slow_shipment_proves_little() {
    let mut pace = Pace::new(TARGET, 64 * MIB);
    let ticket = pace.ship(MIB / 16, ms(0));
    pace.settle(ticket, MIB / 16, ms(1000));
    assert!(pace.budget() >= 2 * MIB, "{}", pace.budget());
}

/// Scenario: the first of many shipments comes back soon, while what has been sent since would take seconds.
/// Guarantees: the budget doesn't grow for it.
#[test]
fn what_waits_already_counts() {
    let mut pace = Pace::new(TARGET, 64 * MIB);
    let first = pace.ship(MIB / 16, ms(10));
    let _others = pace.ship(3 * MIB, ms(60));
    pace.settle(first, MIB / 16, ms(70));
    assert_eq!(pace.budget(), 4 * MIB);
}

#[test]
fn a_broker_is_away_when_something_waits_and_nothing_moves() {
    let mut pace = Pace::new(TARGET, 64 * MIB);
    assert_eq!(pace.away_for(ms(60_000)), None, "nothing waits");
    let (one, two) = (pace.ship(10, ms(60_000)), pace.ship(10, ms(60_000)));
    assert_eq!((pace.away_for(ms(68_000)), pace.away_for(ms(68_001))), (None, Some(ms(8_001))));
    pace.settle(one, 10, ms(68_001));
    assert_eq!(pace.away_for(ms(69_000)), None, "it moves");
    pace.settle(two, 0, ms(94_000));
    assert_eq!(pace.away_for(ms(94_000)), None, "what comes next finds out whether it is back");
}
