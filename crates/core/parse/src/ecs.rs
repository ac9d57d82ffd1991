//! The shape of documents: the Elastic Common Schema, and what becomes of everything that isn't in it.
//!
//! The rules, in the order in which they apply:
//!
//! | In the event | In the document |
//! |---|---|
//! | time of receipt | `event.ingested`, always ours; the event's own goes to `unmapped` |
//! | time the shipper saw it | `event.created`, if there is one |
//! | tenant | `organization.id`, always ours |
//! | W3C trace context | `trace.id`, `span.id`, unless the event has its own |
//! | source (what sent it) | `event.module`, unless the event has its own; then `labels.event_module` |
//! | shipper's attribute | its ECS field or its entry in [`ATTRIBUTES`], if the event has none of its own; else `labels.<name>`, dots made `_` |
//! | one of [`TIMES`], the first that is a time | `@timestamp` (RFC 3339, UTC, milliseconds) |
//! | a time out of bounds, or an `@timestamp` that is none | `@timestamp` is the time of receipt, the original in `labels.original_timestamp`, tag `_timestamp_clamped` |
//! | an ECS field, nested or with dots in its name | itself, if the value fits its type, else `unmapped.<path>` |
//! | one of [`ALIASES`] | its field, if that is free and takes the value; else it keeps its own name |
//! | a scalar called one of [`CORRELATIONS`] | `labels.correlation_id`, if that is free; else its own name |
//! | a scalar where ECS has an object, without a free alias | `labels.<name>` |
//! | an array where ECS has an object | `unmapped.<name>` |
//! | `labels` | itself; members that aren't scalars in `unmapped`; dots in names made `_` |
//! | `tags` | itself, with ours added |
//! | `unmapped`, `unmapped_long` | the members are in `unmapped`; what is no object, in `unmapped.<name>` |
//! | a name that search servers keep to themselves ([`METADATA`]) | `unmapped.<name>` |
//! | `@metadata`, which Beats write for Logstash ([`ROUTING`]) | dropped |
//! | any other member | itself, at the same place |
//! | a name with dots | nested objects, up to 8 levels; more in `unmapped` under its whole name |
//! | an empty or blank name, or part of one | `_` |
//! | a name that is there already, or is an object there | `unmapped.<path>`; several of one path become an array |
//! | a number beyond 64-bit integers or 32-bit floats, an array of mixed kinds | `unmapped.<path>`, as JSON text |
//! | objects and arrays nested more than 16 deep | `unmapped.<path>`, as JSON text |
//! | a name longer than 255 bytes | `unmapped`, its beginning as the name, name and value as JSON text |
//! | what would go to `unmapped`, but is longer than 28,000 bytes | `unmapped_long`, under the same name |
//! | null where ECS has a field or an object | dropped |
//!
//! With [`crate::Guards`], members that ECS doesn't have (labels too) go to `unmapped.<path>` when a document or its
//! target has too many.
//!
//! `unmapped` is meant to be `flattened` (OpenSearch: `flat_object`), so that its content never conflicts; `unmapped_long`
//! to be kept and not searched; `labels` to be an object of keywords.
//!
//! Source: <https://www.elastic.co/guide/en/ecs/current/index.html>.

mod aliases;
mod fields;
mod schema;

pub use aliases::{ALIASES, ATTRIBUTES, CORRELATIONS, METADATA, ROUTING, TIMES, When};
pub use fields::{FIELDS, Field, FieldType};
pub(crate) use schema::{GroupId, Role, SCHEMA};
