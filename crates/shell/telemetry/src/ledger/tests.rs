use super::{Entry, Ledger, TenantCap};
use crate::Scrape;

/// Scenario: two lanes count for the same tenants, one more tenant than the cap allows.
/// Guarantees: counts of both lanes add up in one series, and what is beyond the cap is counted under `_other`, not lost.
#[test]
fn lanes_add_up_and_the_cap_holds() {
    let scrape = Scrape::install().unwrap();
    let cap = TenantCap::new(2);
    let (mut one, mut two) = (Ledger::new(cap.clone()), Ledger::new(cap));

    one.add("ledger-a", Entry::Accepted, 3);
    two.add("ledger-a", Entry::Accepted, 4);
    two.add("ledger-b", Entry::DeadLettered("parser"), 1);
    one.add("ledger-c", Entry::Dropped("noise".into()), 5);
    one.add("ledger-a", Entry::Replayed, 2);
    two.add("ledger-d", Entry::Dropped("noise".into()), 6);

    let text = scrape.render();
    let has = |line: &str| assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
    has(r#"forebay_events_accepted_total{tenant="ledger-a"} 7"#);
    has(r#"forebay_events_replayed_total{tenant="ledger-a"} 2"#);
    has(r#"forebay_events_dead_lettered_total{tenant="ledger-b",stage="parser"} 1"#);
    has(r#"forebay_events_dropped_total{tenant="_other",reason="noise"} 11"#);
    assert!(!text.contains("ledger-c") && !text.contains("ledger-d"));
}

/// Guarantees: an admitted tenant stays admitted, and a cap of nought admits none.
#[test]
fn the_cap_never_takes_back() {
    let cap = TenantCap::new(1);
    assert_eq!((cap.label("a"), cap.label("b"), cap.label("a")), ("a", TenantCap::OTHERS, "a"));
    assert!(!TenantCap::new(0).admits("a"));
}

/// Guarantees: however many threads race for the last places, no more than the cap are admitted.
#[test]
fn races_do_not_widen_the_cap() {
    let cap = TenantCap::new(5);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cap = cap.clone();
            let _handle = scope.spawn(move || {
                for n in 0..50 {
                    let _admitted = cap.admits(&format!("{thread}-{n}"));
                }
            });
        }
    });
    let admitted =
        (0..4).flat_map(|t| (0..50).map(move |n| format!("{t}-{n}"))).filter(|t| cap.admits(t)).count();
    assert_eq!(admitted, 5);
}
