//! The index templates: how the documents' fields are indexed.
//!
//! There is one for each schema, since the same name has another type in each: `<prefix>-*` for ECS, and above it
//! `<prefix>-*.otel-*` and `<prefix>-*.raw-*`, which is what targets of those schemas are called.
//!
//! - Fields of the Elastic Common Schema have the types that the parser holds them to: both come from one table
//!   ([`forebay_parse::ecs::FIELDS`]), so what the parser writes there can't be refused. The attributes of OpenTelemetry
//!   that they become keep those types ([`forebay_parse::otel::attributes`]). Where senders' names are kept, only ours
//!   have types.
//! - Other strings become keywords; what is longer than Lucene takes as one term stays in the document and isn't indexed,
//!   instead of being refused.
//! - `labels.*` are keywords whatever they look like, and `unmapped` takes any object as a whole, so nothing in either can
//!   conflict. `unmapped_long` isn't indexed at all.
//! - Nothing else hides a conflict: a document that contradicts the mapping is refused, and becomes a dead letter with the
//!   server's reason. Dates aren't guessed from strings, since the first document of a day would decide for all.

mod otel;

use forebay_parse::ecs::{FIELDS, FieldType};
use forebay_record::target::{OTEL, RAW};
use forebay_settings::sections::SearchSettings;
use serde_json::{Map, Value, json};

use crate::lifecycle;
use crate::server::{Distribution, Server};

/// The version of the templates below: raised with every change.
const VERSION: u32 = 2;

/// Above the priority of the templates that come with the servers (100), below what an operator would take to overrule.
const PRIORITY: u32 = 200;

/// Above that of all indices together, and no two the same: patterns that a name might meet both of may not share one.
const OTEL_PRIORITY: u32 = PRIORITY + 1;
const RAW_PRIORITY: u32 = PRIORITY + 2;

/// The longest string that is indexed as one term, in characters: Lucene's limit of 32,766 bytes, four bytes each.
const IGNORE_ABOVE: u32 = 8191;

/// The same for what is in a field that takes whole objects: there the path stands in the term too, on most servers.
const IGNORE_ABOVE_IN_OBJECT: u32 = 7000;

/// What senders who keep their own names are likely to call what is read, and searched by words.
const PROSE: [&str; 4] = ["message", "msg", "log", "body"];

/// The most fields of one index. The schemas take up to 400 of them; the rest is the events' own.
const TOTAL_FIELDS: u32 = 2500;

/// An index template and its name.
#[derive(Debug)]
pub(crate) struct IndexTemplate {
    pub(crate) name: String,
    pub(crate) body: Value,
}

/// The index templates for this server.
pub(crate) fn index_templates(settings: &SearchSettings, server: &Server) -> [IndexTemplate; 3] {
    let prefix = &settings.index_prefix;
    let template = |name: String, pattern: String, priority: u32, mappings: Value| {
        let body = json!({
            "index_patterns": [pattern],
            "priority": priority,
            "version": VERSION,
            "_meta": {"managed_by": "forebay", "version": VERSION},
            "template": {"settings": index_settings(settings, server), "mappings": mappings},
        });
        IndexTemplate { name, body }
    };
    let of_schema = |schema: &str, priority: u32, mappings: Value| {
        let (name, pattern) = (format!("{prefix}.{schema}"), format!("{prefix}-*.{schema}-*"));
        template(name, pattern, priority, mappings)
    };
    [
        template(prefix.clone(), format!("{prefix}-*"), PRIORITY, ecs(server)),
        of_schema(OTEL, OTEL_PRIORITY, otel::mappings_of(server)),
        of_schema(RAW, RAW_PRIORITY, raw(server)),
    ]
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
    if let Some((name, value)) = lifecycle::index_setting(settings, server) {
        index[name] = value;
    }
    index
}

fn ecs(server: &Server) -> Value {
    let mut properties = Map::new();
    for (_, path, field_type) in FIELDS {
        put(&mut properties, path, mapping(*field_type, server));
    }
    put(&mut properties, "@timestamp", mapping(FieldType::Date, server));
    put(&mut properties, "unmapped", mapping(FieldType::Flattened, server));
    put(&mut properties, "unmapped_long", unsearched());
    put(&mut properties, "event.original", original());
    let keyword = mapping(FieldType::Keyword, server);
    mappings(
        vec![
            json!({"labels": {"path_match": "labels.*", "mapping": keyword}}),
            json!({"strings": {"match_mapping_type": "string", "mapping": keyword}}),
        ],
        properties,
    )
}

/// Only what is ours has a type; what a word is called decides nothing but how it is searched.
fn raw(server: &Server) -> Value {
    let mut properties = Map::new();
    for (path, field_type) in [
        ("@timestamp", FieldType::Date),
        ("event.created", FieldType::Date),
        ("event.ingested", FieldType::Date),
        ("organization.id", FieldType::Keyword),
        ("tags", FieldType::Keyword),
        ("unmapped", FieldType::Flattened),
    ] {
        put(&mut properties, path, mapping(field_type, server));
    }
    put(&mut properties, "unmapped_long", unsearched());
    let keyword = mapping(FieldType::Keyword, server);
    let text = mapping(FieldType::Text, server);
    let mut templates = vec![json!({"labels": {"path_match": "labels.*", "mapping": keyword}})];
    templates
        .extend(PROSE.map(
            |name| json!({name: {"match_mapping_type": "string", "path_match": name, "mapping": text}}),
        ));
    templates.push(json!({"strings": {"match_mapping_type": "string", "mapping": keyword}}));
    mappings(templates, properties)
}

fn mappings(dynamic_templates: Vec<Value>, properties: Map<String, Value>) -> Value {
    json!({
        "date_detection": false,
        "numeric_detection": false,
        "dynamic_templates": dynamic_templates,
        "properties": properties,
    })
}

/// The event as it came is there to be read, not to be searched.
fn original() -> Value {
    json!({"type": "text", "index": false, "norms": false})
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
        Distribution::Elasticsearch => json!({"type": "flattened", "ignore_above": IGNORE_ABOVE_IN_OBJECT}),
        Distribution::OpenSearch if server.is_at_least(2, 7) => json!({"type": "flat_object"}),
        Distribution::OpenSearch => unsearched(),
    }
}

/// Anything at all: kept, and neither checked nor searched.
fn unsearched() -> Value {
    json!({"type": "object", "enabled": false})
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
