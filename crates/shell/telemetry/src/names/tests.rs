use std::collections::BTreeSet;

use super::{CounterName, Definition, GaugeName, HistogramName, Unit};

fn all() -> Vec<Definition> {
    let counters = CounterName::ALL.iter().map(|name| name.definition());
    let gauges = GaugeName::ALL.iter().map(|name| name.definition());
    counters.chain(gauges).chain(HistogramName::ALL.iter().map(|name| name.definition())).collect()
}

/// Guarantees: names keep to the conventions of Prometheus, so that dashboards can rely on them.
#[test]
fn names_follow_the_conventions() {
    for Definition { name, unit, help, .. } in all() {
        assert!(name.starts_with("forebay_"), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        assert!(help.ends_with('.') && help.len() > 10, "{name}: {help}");
        let base = name.trim_end_matches("_total");
        assert_eq!(unit == Unit::Seconds, base.ends_with("_seconds"), "{name}");
        assert_eq!(unit == Unit::Bytes, base.ends_with("_bytes"), "{name}");
    }
    assert!(CounterName::ALL.iter().all(|name| name.as_str().ends_with("_total")));
    assert!(GaugeName::ALL.iter().all(|name| !name.as_str().ends_with("_total")));
}

#[test]
fn no_name_is_used_twice() {
    let names: BTreeSet<&str> = all().iter().map(|definition| definition.name).collect();
    assert_eq!(names.len(), all().len());
}

#[test]
fn buckets_ascend() {
    for name in HistogramName::ALL {
        assert!(name.buckets().windows(2).all(|pair| pair[0] < pair[1]), "{name:?}");
    }
}
