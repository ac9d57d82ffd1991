use std::collections::BTreeSet;

use super::*;

fn server(distribution: Distribution, version: &str) -> Server {
    Server { distribution, version: version.to_owned() }
}

fn bodies(server: &Server) -> [Value; 3] {
    index_templates(&SearchSettings::default(), server).map(|template| template.body)
}

fn at<'a>(template: &'a Value, pointer: &str) -> &'a Value {
    template.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {template}"))
}

#[test]
fn fields_are_nested_as_their_paths_say() {
    let [template, ..] = &bodies(&server(Distribution::Elasticsearch, "9.5.3"));
    assert_eq!(*at(template, "/index_patterns"), json!(["forebay-*"]));
    let properties = at(template, "/template/mappings/properties");
    assert_eq!(*at(properties, "/http/properties/response/properties/status_code"), json!({"type": "long"}));
    assert_eq!(*at(properties, "/source/properties/ip/type"), "ip");
    assert_eq!(*at(properties, "/message/type"), "text");
}

#[test]
fn each_server_gets_the_types_that_it_has() {
    for (server, unmapped) in [
        (server(Distribution::Elasticsearch, "9.5.3"), json!({"type": "flattened", "ignore_above": 7000})),
        (server(Distribution::OpenSearch, "3.8.0"), json!({"type": "flat_object"})),
        (server(Distribution::OpenSearch, "2.6.0"), json!({"type": "object", "enabled": false})),
    ] {
        let [template, ..] = &bodies(&server);
        assert_eq!(*at(template, "/template/mappings/properties/unmapped"), unmapped, "{server:?}");
    }
    let key = "index.mapping.total_fields.ignore_dynamic_beyond_limit";
    for (server, has) in [
        (server(Distribution::Elasticsearch, "8.14.0"), true),
        (server(Distribution::Elasticsearch, "8.13.4"), false),
        (server(Distribution::OpenSearch, "9.0.0"), false),
    ] {
        let [template, ..] = &bodies(&server);
        assert_eq!(at(template, "/template/settings").get(key).is_some(), has, "{server:?}");
    }
}

/// Guarantees: no field is listed twice, and none is an object and a value at once.
#[test]
fn the_table_of_fields_fits_into_a_mapping() {
    let mut all = BTreeSet::from(["@timestamp", "unmapped", "unmapped_long", "labels"]);
    for (_, path, _) in FIELDS {
        assert!(all.insert(path), "{path} is listed twice");
    }
    for path in &all {
        let below = format!("{path}.");
        assert!(!all.iter().any(|other| other.starts_with(&below)), "{path} is an object and a value");
    }
}

/// Guarantees: each schema has a template that wins over that of all indices, and its attributes their types.
#[test]
fn each_schema_has_its_template() {
    for (server, status) in [
        (server(Distribution::Elasticsearch, "9.5.3"), "/properties/http.response.status_code"),
        (
            server(Distribution::Elasticsearch, "7.17.0"),
            "/properties/http/properties/response/properties/status_code",
        ),
        (
            server(Distribution::OpenSearch, "3.8.0"),
            "/properties/http/properties/response/properties/status_code",
        ),
    ] {
        let templates = index_templates(&SearchSettings::default(), &server);
        assert_eq!(
            templates.each_ref().map(|template| &*template.name),
            ["forebay", "forebay.otel", "forebay.raw"]
        );
        let [ecs, otel, raw] = templates.map(|template| template.body);
        assert_eq!(*at(&otel, "/index_patterns"), json!(["forebay-*.otel-*"]));
        assert_eq!(*at(&raw, "/index_patterns"), json!(["forebay-*.raw-*"]));
        let priority = |template| at(template, "/priority").as_u64();
        assert!(priority(&otel) > priority(&ecs) && priority(&raw) > priority(&ecs));
        let otel = at(&otel, "/template/mappings/properties");
        assert_eq!(*at(otel, &format!("/attributes{status}")), json!({"type": "long"}));
        assert_eq!(*at(otel, "/severity_number"), json!({"type": "byte"}));
        assert_eq!(at(&raw, "/template/mappings/properties").get("http"), None);
    }
}
