use std::collections::BTreeSet;

use super::*;

fn server(distribution: Distribution, version: &str) -> Server {
    Server { distribution, version: version.to_owned() }
}

fn at<'a>(template: &'a Value, pointer: &str) -> &'a Value {
    template.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {template}"))
}

#[test]
fn fields_are_nested_as_their_paths_say() {
    let template = index_template(&SearchSettings::default(), &server(Distribution::Elasticsearch, "9.5.3"));
    assert_eq!(*at(&template, "/index_patterns"), json!(["forebay-*"]));
    let properties = at(&template, "/template/mappings/properties");
    assert_eq!(*at(properties, "/http/properties/response/properties/status_code"), json!({"type": "long"}));
    assert_eq!(*at(properties, "/source/properties/ip/type"), "ip");
    assert_eq!(*at(properties, "/message/type"), "text");
}

#[test]
fn each_server_gets_the_types_that_it_has() {
    for (server, unmapped) in [
        (server(Distribution::Elasticsearch, "9.5.3"), json!({"type": "flattened", "ignore_above": 8191})),
        (server(Distribution::OpenSearch, "3.8.0"), json!({"type": "flat_object"})),
        (server(Distribution::OpenSearch, "2.6.0"), json!({"type": "object", "enabled": false})),
    ] {
        let template = index_template(&SearchSettings::default(), &server);
        assert_eq!(*at(&template, "/template/mappings/properties/unmapped"), unmapped, "{server:?}");
    }
    let key = "index.mapping.total_fields.ignore_dynamic_beyond_limit";
    for (server, has) in [
        (server(Distribution::Elasticsearch, "8.14.0"), true),
        (server(Distribution::Elasticsearch, "8.13.4"), false),
        (server(Distribution::OpenSearch, "9.0.0"), false),
    ] {
        let template = index_template(&SearchSettings::default(), &server);
        assert_eq!(at(&template, "/template/settings").get(key).is_some(), has, "{server:?}");
    }
}

/// Guarantees: no field is listed twice, and none is an object and a value at once.
#[test]
fn the_table_of_fields_fits_into_a_mapping() {
    let mut all = BTreeSet::from(["@timestamp", "unmapped", "labels"]);
    for (_, path, _) in FIELDS {
        assert!(all.insert(path), "{path} is listed twice");
    }
    for path in &all {
        let below = format!("{path}.");
        assert!(!all.iter().any(|other| other.starts_with(&below)), "{path} is an object and a value");
    }
}
