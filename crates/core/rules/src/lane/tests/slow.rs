//! Slow programs on a lane that several tenants share. Time passes as the programs take it: ten microseconds a step.

use std::cell::Cell;
use std::time::Duration;

use forebay_convert::Documents;
use proptest::prelude::*;

use super::*;
use crate::{Clock, Turn};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

const TICK: Duration = Duration::from_millis(4);

fn pass(time: Duration) {
    NOW.set(NOW.get() + time);
}

/// The rule of everybody: a loop, as long as the event says.
const LOOPS: &str =
    "steps: [{name: loop, ON_ERRORvrl: 'for_each(range!(0, to_int!(.n))) -> |_, i| { .i = i }'}]\n";

fn bed(on_error: &str) -> Bed {
    let mut files = RuleFiles::new();
    files.add("50-app.yaml", LOOPS.replace("ON_ERROR", on_error).into_bytes());
    let clock = Clock {
        tick: TICK,
        coarse: || TICK * u32::try_from(NOW.get().as_nanos() / TICK.as_nanos()).unwrap(),
        cpu: || NOW.get(),
    };
    let allocated = || {
        pass(Duration::from_micros(10));
        0
    };
    let limits = Limits { clock, allocated, ..Limits::default() };
    let (rules, _) = compile(&files, &CompileOptions { limits, ..CompileOptions::default() }).unwrap();
    Bed { lane: Lane::new(Arc::new(rules), &setting()).unwrap(), out: Documents::default() }
}

fn of(tenant: &'static str, body: &'static str) -> RawEvent<'static> {
    RawEvent { tenant, ..event(body) }
}

/// Some 100 ms, 2,000 ms if it weren't stopped, and a fraction of a millisecond.
const SLOW: &str = r#"{"n":3000}"#;
const ENDLESS: &str = r#"{"n":70000}"#;
const QUICK: &str = r#"{"n":3}"#;

fn turns(bed: &mut Bed) -> Vec<Turn> {
    let mut turns = Vec::new();
    bed.lane.take_turns(&mut turns);
    turns
}

/// Scenario: events of a tenant whose program is slow stand between those of another whose program isn't; the rule is the same.
/// Guarantees: the slow ones take the burst, and their share of the time; the others are all done; each turn is told of once.
#[test]
fn a_slow_tenant_is_refused_and_the_other_is_not() {
    let mut bed = bed("");
    let (mut by_slow, mut refused) = (Duration::ZERO, 0);
    let began = NOW.get();
    for n in 0..400 {
        assert_eq!(bed.apply(&of("good", QUICK)), Outcome::Documents);
        let before = NOW.get();
        match bed.apply(&of("bad", if n % 2 == 0 { SLOW } else { ENDLESS })) {
            Outcome::Documents => {}
            Outcome::Refused(refusal) if refusal.error_type == "vrl_too_slow" => {}
            Outcome::Refused(refusal) => {
                assert_eq!(refusal.error_type, "rule_over_budget");
                assert_eq!(refusal.rule, "50-app/loop");
                assert!(refusal.reason.contains("then replay"), "{}", refusal.reason);
                refused += 1;
            }
            other @ Outcome::Dropped(_) => panic!("{other:?}"),
        }
        by_slow += NOW.get() - before;
        pass(Duration::from_millis(10));
    }
    let passed = NOW.get() - began;
    let overshoot = Limits::default().time + 2 * TICK;
    assert!(by_slow <= Duration::from_millis(250) + passed / 10 + overshoot, "{by_slow:?} of {passed:?}");
    assert!(refused > 300, "{refused}");
    let turns = turns(&mut bed);
    assert!((1..20).contains(&turns.len()), "{turns:?}");
    for (turn, shut) in turns.iter().zip([true, false].into_iter().cycle()) {
        let expected = Turn { tenant: "bad".to_owned(), step: "50-app/loop".to_owned(), shut };
        assert_eq!(*turn, expected);
    }
    let counts = bed.lane.take_counts();
    assert_eq!((counts.over_budget, counts.slow), (refused, 400 - refused));
}

/// Scenario: a tenant is alone with its slow program, as after an outage, with the lane busy all the time; then another comes by.
/// Guarantees: nothing is refused before, and soon something is afterwards.
#[test]
fn a_tenant_alone_may_be_slow() {
    let mut bed = bed("");
    for _ in 0..50 {
        assert_eq!(bed.apply(&of("bad", SLOW)), Outcome::Documents);
    }
    assert_eq!(bed.apply(&of("good", QUICK)), Outcome::Documents);
    let outcomes = (0..10).map(|_| bed.apply(&of("bad", SLOW)));
    let refused = outcomes.filter(|outcome| *outcome != Outcome::Documents).count();
    assert!((5..9).contains(&refused), "{refused}");
    assert_eq!(turns(&mut bed).len(), 1);
}

#[test]
fn an_event_may_go_on_without_the_step() {
    let mut bed = bed("on_error: continue, ");
    assert_eq!(bed.apply(&of("good", QUICK)), Outcome::Documents);
    for _ in 0..5 {
        assert_eq!(bed.apply(&of("acme", SLOW)), Outcome::Documents);
    }
    let expected = json!({"n": 3000, "labels": {"rule_error": "50-app/loop: rule_over_budget"}});
    assert_eq!(bed.documents(&event(SLOW)), [expected]);
    assert!(bed.lane.take_counts().step_errors > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Scenario: tenants whose programs take less than two milliseconds, in any order and without a pause.
    /// Guarantees: nobody is refused anything.
    #[test]
    fn who_is_quick_is_never_refused(course in prop::collection::vec((0..3usize, 0..3usize), 1..300)) {
        let mut bed = bed("");
        for (tenant, body) in course {
            let body = [QUICK, r#"{"n":20}"#, r#"{"n":40}"#][body];
            let before = NOW.get();
            let outcome = bed.apply(&of(["a", "b", "c"][tenant], body));
            prop_assert!(outcome == Outcome::Documents, "{outcome:?}");
            prop_assert!(NOW.get() - before < Duration::from_millis(2));
        }
        prop_assert_eq!(bed.lane.take_counts().slow, 0);
    }
}
