//! The mapping of documents by OpenTelemetry.
//!
//! Source: <https://opentelemetry.io/docs/specs/otel/logs/data-model/>, and for the fields' places and types the mapping
//! mode `otel` of <https://www.elastic.co/docs/reference/edot-collector/components/elasticsearchexporter>.

use forebay_parse::ecs::{FIELDS, FieldType};
use forebay_parse::otel::{Section, attributes};
use serde_json::{Map, Value, json};

use super::{Distribution, Server, mapping, mappings, original, put, unsearched};

pub(super) fn mappings_of(server: &Server) -> Value {
    let mut properties = Map::new();
    for (path, field_type) in [
        ("@timestamp", FieldType::Date),
        ("observed_timestamp", FieldType::Date),
        ("trace_id", FieldType::Keyword),
        ("span_id", FieldType::Keyword),
        ("severity_text", FieldType::Keyword),
        ("body.text", FieldType::Text),
        ("body.structured", FieldType::Flattened),
        ("scope.name", FieldType::Keyword),
        ("scope.version", FieldType::Keyword),
        ("event_name", FieldType::Keyword),
        ("unmapped", FieldType::Flattened),
    ] {
        put(&mut properties, path, mapping(field_type, server));
    }
    put(&mut properties, "unmapped_long", unsearched());
    put(&mut properties, "severity_number", json!({"type": "byte"}));
    for (_, path, field_type) in FIELDS.iter().filter(|(_, path, _)| path.starts_with("data_stream.")) {
        put(&mut properties, path, mapping(*field_type, server));
    }
    put(&mut properties, "attributes", section(Section::Attributes, server));
    put(&mut properties, "resource.attributes", section(Section::Resource, server));
    let strings = mapping(FieldType::Keyword, server);
    mappings(vec![json!({"strings": {"match_mapping_type": "string", "mapping": strings}})], properties)
}

/// The names of attributes have dots, and aren't paths. Where the server can be told so, one may be the beginning of
/// another. OpenSearch's `disable_objects` isn't the same: arrays of numbers are refused in there (seen with 3.8.0).
fn section(of: Section, server: &Server) -> Value {
    let flat = server.distribution == Distribution::Elasticsearch && server.is_at_least(8, 3);
    let mut properties = Map::new();
    for (_, name, field_type) in attributes().filter(|(section, ..)| *section == of) {
        let mapping = if name == "event.original" { original() } else { mapping(field_type, server) };
        if flat {
            let _none = properties.insert(name.to_owned(), mapping);
        } else {
            put(&mut properties, name, mapping);
        }
    }
    match flat {
        true => json!({"type": "object", "subobjects": false, "properties": properties}),
        false => json!({"properties": properties}),
    }
}
