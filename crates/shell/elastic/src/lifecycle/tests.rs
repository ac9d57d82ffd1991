use forebay_settings::Period;
use forebay_settings::sections::{RetentionSettings, TargetPeriod};

use super::*;

fn settings(by: RetentionBy, days: Option<u64>, target_period: TargetPeriod) -> SearchSettings {
    let delete_after = days.map(|days| Period::from_secs(days * 86_400));
    let retention = RetentionSettings { by, delete_after, ..RetentionSettings::default() };
    SearchSettings { retention, target_period, ..SearchSettings::default() }
}

fn server(distribution: Distribution) -> Server {
    Server { distribution, version: "3.0.0".to_owned() }
}

/// Guarantees: an index made at the beginning of its day, or a margin before, goes no earlier than its last event's time
/// and what was promised after it.
#[test]
fn the_length_of_a_target_is_added_to_its_age() {
    let hours = |period| age(&settings(RetentionBy::Cluster, Some(30), period)).map(hours);
    assert_eq!(hours(TargetPeriod::Day).as_deref(), Some("745h"));
    assert_eq!(hours(TargetPeriod::Hour).as_deref(), Some("722h"));
    assert_eq!(super::hours(Duration::from_secs(3_601)), "2h");
}

#[test]
fn only_who_is_asked_to_manages() {
    let asked = settings(RetentionBy::Cluster, Some(30), TargetPeriod::Day);
    let elasticsearch = server(Distribution::Elasticsearch);
    assert_eq!(index_setting(&asked, &elasticsearch), Some(("index.lifecycle.name", Value::from("forebay"))));
    assert_eq!(index_setting(&asked, &server(Distribution::OpenSearch)), None);
    for other in [
        settings(RetentionBy::Forebay, Some(30), TargetPeriod::Day),
        settings(RetentionBy::Cluster, None, TargetPeriod::Day),
    ] {
        assert_eq!(index_setting(&other, &elasticsearch), None);
        assert_eq!(age(&other), None);
    }
}
