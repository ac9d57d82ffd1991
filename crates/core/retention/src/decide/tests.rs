use forebay_record::target::{Span, push_routed};
use proptest::prelude::*;

use super::*;
use crate::Rule;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn days(n: u64) -> Duration {
    Duration::from_secs(n * 86_400)
}

fn policy(close: Option<u64>, delete: Option<u64>) -> Policy {
    Policy::new("forebay", Rule { close_after: close.map(days), delete_after: delete.map(days) })
}

fn action(policy: &Policy, now_ms: i64, name: &str, is_open: bool) -> Action {
    decide(policy, now_ms, name, is_open).unwrap().action
}

/// Scenario: a target of the first day of 1970, kept for two days.
/// Guarantees: it goes when two days and the margin have passed since the day's end, and not a millisecond earlier.
#[test]
fn age_counts_from_the_end_of_the_day() {
    let policy = policy(None, Some(2));
    let due = DAY + 2 * DAY + HOUR;
    let at = |now_ms| action(&policy, now_ms, "forebay-acme-1970.01.01", true);
    assert_eq!(at(due - 1), Action::Keep { until_ms: Some(due) });
    assert_eq!(at(due), Action::Delete);
    let hourly = |now_ms| action(&policy, now_ms, "forebay-acme-1970.01.01.00", true);
    assert_eq!(hourly(HOUR + 2 * DAY + HOUR - 1), Action::Keep { until_ms: Some(HOUR + 2 * DAY + HOUR) });
    assert_eq!(hourly(HOUR + 2 * DAY + HOUR), Action::Delete);
}

#[test]
fn what_is_closed_is_not_closed_again_and_goes_in_its_time() {
    let policy = policy(Some(1), Some(3));
    let name = "forebay-acme-1970.01.01";
    assert_eq!(action(&policy, 2 * DAY + HOUR, name, true), Action::Close);
    assert_eq!(action(&policy, 2 * DAY + HOUR, name, false), Action::Keep { until_ms: Some(4 * DAY + HOUR) });
    assert_eq!(action(&policy, 4 * DAY + HOUR, name, false), Action::Delete);
    assert_eq!(action(&policy, 4 * DAY + HOUR, name, true), Action::Delete);
}

#[test]
fn a_tenants_rule_takes_the_place_of_the_default() {
    let policy = policy(None, Some(1))
        .with_tenant("acme", Rule { delete_after: Some(days(10)), ..Rule::default() })
        .with_tenant("kept", Rule::default());
    let at = |tenant: &str| action(&policy, 5 * DAY, &format!("forebay-{tenant}-1970.01.01"), true);
    assert_eq!(at("acme"), Action::Keep { until_ms: Some(11 * DAY + HOUR) });
    assert_eq!(at("acme.audit.otel"), Action::Keep { until_ms: Some(11 * DAY + HOUR) });
    assert_eq!(at("kept"), Action::Keep { until_ms: None });
    assert_eq!(at("acme-eu"), Action::Delete, "another tenant, whose name goes on");
}

#[test]
fn without_a_rule_everything_stays() {
    let policy = policy(None, None);
    assert!(!policy.acts());
    assert_eq!(action(&policy, i64::MAX, "forebay-acme-1970.01.01", true), Action::Keep { until_ms: None });
}

proptest! {
    /// Guarantees: whatever is deleted or closed has no event that is younger than promised.
    #[test]
    fn never_younger_than_promised(
        tenant in "[a-z0-9][a-z0-9_-]{0,12}",
        route in "([a-z0-9]{1,5}(\\.otel)?)?",
        event_ms in 0_i64..9_000_000_000_000,
        hourly in any::<bool>(),
        ahead_ms in -400_i64 * DAY..400 * DAY,
        close_s in prop::option::of(0_u64..40_000_000),
        delete_s in prop::option::of(0_u64..40_000_000),
        is_open in any::<bool>(),
    ) {
        let span = if hourly { Span::Hour } else { Span::Day };
        let mut name = String::new();
        push_routed(&mut name, "forebay", &tenant, &route, span, event_ms);
        let rule = Rule {
            close_after: close_s.map(Duration::from_secs),
            delete_after: delete_s.map(Duration::from_secs),
        };
        let now_ms = event_ms + ahead_ms;
        let verdict = decide(&Policy::new("forebay", rule), now_ms, &name, is_open).unwrap();
        let age = u64::try_from(now_ms - event_ms).ok().map(Duration::from_millis);
        let promised = match verdict.action {
            Action::Keep { until_ms } => {
                prop_assert!(until_ms.is_none_or(|until| until > now_ms));
                return Ok(());
            }
            Action::Close => rule.close_after,
            Action::Delete => rule.delete_after,
        };
        prop_assert!(age.unwrap() >= promised.unwrap() + MARGIN);
    }

    /// Guarantees: nothing is decided about a name that another installation, or somebody else, has given.
    #[test]
    fn never_a_foreign_name(name in any::<String>(), other in "[a-z]{1,9}", tail in "[-.a-z0-9]{0,20}") {
        let policy = policy(Some(0), Some(0));
        prop_assume!(other != "forebay");
        let names = [
            name.clone(),
            format!("{other}-acme-1970.01.01"),
            format!("{other}forebay-acme-1970.01.01"),
            format!("forebay{other}-acme-1970.01.01"),
            format!(".forebay-acme-1970.01.01{tail}"),
            format!("forebay-acme-1970.01.01-{tail}"),
            format!("forebay-acme-1970.01.01{other}"),
        ];
        for name in names {
            let ours = forebay_record::target::parse("forebay", &name).is_some();
            prop_assert!(!ours || name.starts_with("forebay-"));
            prop_assert_eq!(decide(&policy, i64::MAX, &name, true).is_some(), ours);
        }
        for name in [format!("{other}-acme-1970.01.01"), format!("forebay{other}-acme-1970.01.01")] {
            prop_assert_eq!(decide(&policy, i64::MAX, &name, true), None);
        }
    }
}
