//! `enrich`, compiled: what is known elsewhere is added to an event. A lookup that finds nothing is counted, and no error.

mod open;

use std::net::IpAddr;
use std::sync::Arc;

use forebay_enrich::fields::{merge, text};
use forebay_enrich::{
    Columns, GeoCache, GeoDatabase, Kubernetes, Table, UserAgentCache, split_domain, take_host, user_agent,
};
use forebay_parse::FieldPath;
use forebay_record::RawEvent;
use vrl::path::{OwnedSegment, OwnedValuePath};
use vrl::value::Value;

use crate::outcome::Counts;

/// One kind of knowledge.
#[derive(Debug)]
pub(crate) enum Enricher {
    Fixed(Vec<(Spot, Value)>),
    Table(FromTable),
    Geo(Geo),
    UserAgent(Fields),
    Domain(Fields),
    Kubernetes(Kubernetes),
    Host,
}

/// Rows of a table.
#[derive(Debug)]
pub(crate) struct FromTable {
    pub(crate) table: Arc<Table>,
    pub(crate) columns: Columns,
    pub(crate) from: Vec<Spot>,
    pub(crate) into: Spot,
}

/// Places, or networks, of addresses.
#[derive(Debug)]
pub(crate) struct Geo {
    pub(crate) database: Arc<GeoDatabase>,
    pub(crate) from: Spot,
    pub(crate) into: Spot,
}

/// One field read, another written.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) from: Spot,
    pub(crate) into: Spot,
}

/// Where a field is.
#[derive(Debug)]
pub(crate) struct Spot {
    path: OwnedValuePath,
    /// The same for an open event, if it can be found there.
    field: Option<FieldPath>,
}

/// What a lane remembers.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    /// One for each database, found by where the database lies.
    geo: Vec<(usize, GeoCache)>,
    user_agents: UserAgentCache,
}

// === impl Spot ===

impl From<OwnedValuePath> for Spot {
    fn from(path: OwnedValuePath) -> Self {
        Self { field: FieldPath::new(&path), path }
    }
}

// === impl Enricher ===

impl Enricher {
    pub(crate) fn apply(
        &self,
        value: &mut Value,
        event: &RawEvent<'_>,
        caches: &mut Caches,
        counts: &mut Counts,
    ) {
        let mut missed = |found: bool| counts.lookup_misses += u64::from(!found);
        match self {
            Self::Fixed(fields) => {
                for (spot, fixed) in fields {
                    if value.get(&spot.path).is_none() {
                        missed(put(value, &spot.path, fixed.clone()));
                    }
                }
            }
            Self::Table(from) => {
                if let Some(row) = from.find(value) {
                    missed(row.is_some_and(|row| put(value, &from.into.path, row)));
                }
            }
            Self::Geo(geo) => {
                let Some(address) = value.get(&geo.from.path).and_then(text) else { return };
                let Ok(address) = address.parse::<IpAddr>() else { return missed(false) };
                let found = geo.database.find(&address, caches.of(&geo.database));
                missed(found.is_some_and(|found| put(value, &geo.into.path, (*found).clone())));
            }
            Self::UserAgent(Fields { from, into }) => {
                let Some(header) = value.get(&from.path).and_then(text) else { return };
                let found = user_agent(&header, &mut caches.user_agents);
                missed(found.is_some_and(|found| put(value, &into.path, (*found).clone())));
            }
            Self::Domain(Fields { from, into }) => {
                let Some(host) = value.get(&from.path).and_then(text) else { return };
                let parts = split_domain(&host);
                missed(parts.is_some_and(|parts| put(value, &into.path, parts.to_value())));
            }
            Self::Kubernetes(kubernetes) => {
                let path = attribute(event, "log.file.path");
                if let Some(facts) = kubernetes.take(value, event.attributes.iter().copied(), path) {
                    merge(value, facts);
                }
            }
            Self::Host => {
                if let Some(facts) = take_host(value, event.attributes.iter().copied()) {
                    merge(value, facts);
                }
            }
        }
    }
}

// === impl FromTable ===

impl FromTable {
    /// The row of an event: `None` where it has no key, `Some(None)` where the table has none.
    fn find(&self, value: &Value) -> Option<Option<Value>> {
        let parts =
            self.from.iter().map(|spot| value.get(&spot.path).and_then(text)).collect::<Option<Vec<_>>>()?;
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(self.table.find_parts(&parts).map(|row| row.to_value(&self.columns)))
    }
}

// === impl Caches ===

// Addresses are compared, never followed.
impl Caches {
    fn of(&mut self, database: &Arc<GeoDatabase>) -> &mut GeoCache {
        let address = Arc::as_ptr(database).addr();
        let known = self.geo.iter().position(|(of, _)| *of == address).unwrap_or(self.geo.len());
        if known == self.geo.len() {
            self.geo.push((address, GeoCache::default()));
        }
        &mut self.geo[known].1
    }
}

/// Puts facts at a place; objects are merged, and what stands there as something else gives way. Answers whether there is a place.
fn put(value: &mut Value, path: &OwnedValuePath, facts: Value) -> bool {
    if path.is_root() {
        merge(value, facts);
        return true;
    }
    if is_blocked(value, path) {
        // Under its whole name it finds its place in the document, and the scalar in its way keeps its own.
        let name = path.segments.iter().map(|segment| match segment {
            OwnedSegment::Field(name) => Some(name.as_str()),
            OwnedSegment::Index(_) => None,
        });
        let name = name.collect::<Option<Vec<_>>>().map(|parts| parts.join("."));
        return match (value.as_object_mut(), name) {
            (Some(members), Some(name)) => {
                let _before = members.insert(name.into(), facts);
                true
            }
            _ => false,
        };
    }
    match value.get_mut(path) {
        Some(there @ Value::Object(_)) if facts.is_object() => merge(there, facts),
        Some(there) => *there = facts,
        None => {
            let _none = value.insert(path, facts);
        }
    }
    true
}

/// Whether something stands in the way of a path that isn't what the path goes through there: a scalar, an array where it needs an
/// object, an object where it needs an array. To write all the same would replace it.
pub(crate) fn is_blocked(value: &Value, path: &OwnedValuePath) -> bool {
    (1..path.segments.len()).any(|length| {
        let (Some(parent), Some(next)) = (path.segments.get(..length), path.segments.get(length)) else {
            return false;
        };
        match (value.get(&OwnedValuePath::from(parent.to_vec())), next) {
            (None | Some(Value::Null), _) => false,
            (Some(there), OwnedSegment::Field(_)) => !there.is_object(),
            (Some(there), OwnedSegment::Index(_)) => !there.is_array(),
        }
    })
}

fn attribute<'a>(event: &RawEvent<'a>, name: &str) -> Option<&'a str> {
    event.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}
