//! The index template: how the documents' fields are indexed.
//!
//! - Fields of the Elastic Common Schema have the types that the parser holds them to: both come from one table
//!   ([`forebay_parse::ecs::FIELDS`]), so what the parser writes there can't be refused.
//! - Other strings become keywords; what is longer than Lucene takes as one term stays in the document and isn't indexed,
//!   instead of being refused.
//! - `labels.*` are keywords whatever they look like, and `unmapped` takes any object as a whole, so nothing in either can
//!   conflict.
//! - Nothing else hides a conflict: a document that contradicts the mapping is refused, and becomes a dead letter with the
//!   server's reason. Dates aren't guessed from strings, since the first document of a day would decide for all.

use forebay_parse::ecs::{FIELDS, FieldType};
use forebay_settings::sections::SearchSettings;
use serde_json::{Map, Value, json};

use crate::server::{Distribution, Server};

/// The version of the template below: raised with every change.
const VERSION: u32 = 1;

/// Above the priority of the templates that come with the servers (100), below what an operator would take to overrule.
const PRIORITY: u32 = 200;

/// The longest string that is indexed as one term, in characters: Lucene's limit of 32,766 bytes, four bytes each.
const IGNORE_ABOVE: u32 = 8191;

/// The most fields of one index. The schema takes some 250 of them; the rest is the events' own.
const TOTAL_FIELDS: u32 = 2500;

/// The index template for this server.
pub(crate) fn index_template(settings: &SearchSettings, server: &Server) -> Value {
    json!({
        "index_patterns": [format!("{}-*", settings.index_prefix)],
        "priority": PRIORITY,
        "version": VERSION,
        "_meta": {"managed_by": "forebay", "version": VERSION},
        "template": {"settings": index_settings(settings, server), "mappings": mappings(server)},
    })
}

fn index_settings(settings: &SearchSettings, server: &Server) -> Value {
    let mut index = json!({
        "index.number_of_shards": settings.shards,
        "index.number_of_replicas": settings.replicas,
        // The default of one second makes five times as many segments for logs that nobody reads within a second.
        "index.refresh_interval": "5s",
        "index.mapping.total_fields.limit": TOTAL_FIELDS,
    });
    if server.distribution == Distribution::Elasticsearch && server.is_at_least(8, 14) {
        // One field too many stays in the document, unindexed, instead of the document being refused.
        index["index.mapping.total_fields.ignore_dynamic_beyond_limit"] = json!(true);
    }
    index
}

fn mappings(server: &Server) -> Value {
    let mut properties = Map::new();
    for (_, path, field_type) in FIELDS {
        put(&mut properties, path, mapping(*field_type, server));
    }
    put(&mut properties, "@timestamp", mapping(FieldType::Date, server));
    put(&mut properties, "unmapped", mapping(FieldType::Flattened, server));
    // The event as it came is there to be read, not to be searched.
    put(&mut properties, "event.original", json!({"type": "text", "index": false, "norms": false}));
    let keyword = mapping(FieldType::Keyword, server);
    json!({
        "date_detection": false,
        "numeric_detection": false,
        "dynamic_templates": [
            {"labels": {"path_match": "labels.*", "mapping": keyword}},
            {"strings": {"match_mapping_type": "string", "mapping": keyword}},
        ],
        "properties": properties,
    })
}

/// Not every distribution has the schema's narrower types (`match_only_text`, `wildcard`, `constant_keyword`).
fn mapping(field_type: FieldType, server: &Server) -> Value {
    match field_type {
        FieldType::Keyword => json!({"type": "keyword", "ignore_above": IGNORE_ABOVE}),
        // Relevance isn't asked of logs, so the lengths that it needs aren't kept.
        FieldType::Text => json!({"type": "text", "norms": false}),
        FieldType::Long => json!({"type": "long"}),
        FieldType::Ip => json!({"type": "ip"}),
        FieldType::Date => json!({"type": "date"}),
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::Flattened => whole_object(server),
    }
}

/// An object of any shape as one field, where the server has such a type; else it is kept and not indexed.
fn whole_object(server: &Server) -> Value {
    match server.distribution {
        Distribution::Elasticsearch => json!({"type": "flattened", "ignore_above": IGNORE_ABOVE}),
        Distribution::OpenSearch if server.is_at_least(2, 7) => json!({"type": "flat_object"}),
        Distribution::OpenSearch => json!({"type": "object", "enabled": false}),
    }
}

/// Puts `mapping` at a dotted path.
fn put(properties: &mut Map<String, Value>, path: &str, mapping: Value) {
    match path.split_once('.') {
        None => {
            let _none = properties.insert(path.to_owned(), mapping);
        }
        Some((head, rest)) => {
            let object = properties.entry(head).or_insert_with(|| json!({"properties": {}}));
            if let Some(inner) = object.get_mut("properties").and_then(Value::as_object_mut) {
                put(inner, rest, mapping);
            }
        }
    }
}

#[cfg(test)]
mod tests;
