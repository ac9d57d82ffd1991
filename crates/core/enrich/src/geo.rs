//! Where an address is, and whose network it belongs to, from a MaxMind file.
//!
//! The format: <https://maxmind.github.io/MaxMind-DB/>. What the records have:
//! <https://dev.maxmind.com/geoip/docs/databases/city-and-country/> and
//! <https://dev.maxmind.com/geoip/docs/databases/asn/>. What becomes of them:
//! <https://www.elastic.co/guide/en/ecs/current/ecs-geo.html> and
//! <https://www.elastic.co/guide/en/ecs/current/ecs-as.html>.

mod cache;
mod record;
mod reserved;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use maxminddb::{MaxMindDbError, Reader};
use thiserror::Error;
use vrl::value::Value;

pub use cache::GeoCache;

/// What a database knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GeoKind {
    /// Places, down to the country or the city: an ECS `geo` object.
    Place,
    /// Autonomous systems: an ECS `as` object.
    AutonomousSystem,
}

/// A MaxMind database, in memory. All lanes share one, each with a [`GeoCache`] of its own.
pub struct GeoDatabase {
    reader: Arc<Reader<Bytes>>,
    kind: GeoKind,
    /// The fields that are wanted; all, if none.
    fields: Option<Vec<String>>,
    /// Tells this database from others, so that a cache never answers for the one before a reload.
    identity: Arc<()>,
}

/// Why a database is refused.
#[derive(Debug, Error)]
pub enum GeoError {
    /// The bytes aren't a MaxMind database.
    #[error("{file} isn't a readable MaxMind database ({reason}): get the .mmdb file anew, unpacked")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        reason: MaxMindDbError,
    },
    /// It is one, but its records are about something else.
    #[error("{file} is a database of type `{found}`: give one of type City, Country, Enterprise, ASN or ISP")]
    WrongType {
        /// The file's name.
        file: String,
        /// The type that it says.
        found: String,
    },
    /// A field is asked for that such databases don't have.
    #[error("there is no field `{field}` in such a database: it has {known}")]
    UnknownField {
        /// The field.
        field: String,
        /// Those that it has.
        known: String,
    },
}

// === impl GeoDatabase ===

impl GeoDatabase {
    /// Takes the bytes of a file as a database; its name is for messages. Only the head is read, so this is quick.
    ///
    /// # Errors
    /// When it isn't a MaxMind database, or one about something else than places or autonomous systems.
    pub fn load(file: &str, bytes: impl Into<Bytes>) -> Result<Self, GeoError> {
        let reader = Reader::from_source(bytes.into())
            .map_err(|reason| GeoError::Unreadable { file: file.to_owned(), reason })?;
        let found = &reader.metadata().database_type;
        let kind = kind_of(found)
            .ok_or_else(|| GeoError::WrongType { file: file.to_owned(), found: found.clone() })?;
        Ok(Self { reader: Arc::new(reader), kind, fields: None, identity: Arc::new(()) })
    }

    /// The same database, answering with these fields only: fewer cost less. Its bytes are shared.
    ///
    /// # Errors
    /// When it has no such field.
    pub fn with_fields(&self, fields: &[String]) -> Result<Self, GeoError> {
        let known = match self.kind {
            GeoKind::Place => record::PLACE_FIELDS,
            GeoKind::AutonomousSystem => record::SYSTEM_FIELDS,
        };
        if let Some(field) = fields.iter().find(|field| !known.contains(&field.as_str())) {
            return Err(GeoError::UnknownField { field: field.clone(), known: known.join(", ") });
        }
        let reader = Arc::clone(&self.reader);
        Ok(Self { reader, kind: self.kind, fields: Some(fields.to_vec()), identity: Arc::new(()) })
    }

    /// Reads all of the file, which takes seconds for a large one: for a check before it is put in place, since a
    /// record that is damaged is a miss later on.
    ///
    /// # Errors
    /// When anything in it can't be read.
    pub fn verify(&self, file: &str) -> Result<(), GeoError> {
        self.reader.verify().map_err(|reason| GeoError::Unreadable { file: file.to_owned(), reason })
    }

    /// What it knows.
    #[must_use]
    pub fn kind(&self) -> GeoKind {
        self.kind
    }

    /// When it was built, in seconds since 1970: databases age.
    #[must_use]
    pub fn built_at(&self) -> u64 {
        self.reader.metadata().build_epoch
    }

    /// Looks an address up. None for addresses that are private or reserved, that the database doesn't have, or whose
    /// record can't be read.
    pub fn find(&self, address: &IpAddr, cache: &mut GeoCache) -> Option<Arc<Value>> {
        let address = address.to_canonical();
        cache.find(&self.identity, &address, |records| {
            if reserved::is_reserved(&address) {
                return None;
            }
            let found = self.reader.lookup(address).ok()?;
            records.find(found.offset()?, || {
                let mut facts = match self.kind {
                    GeoKind::Place => found.decode::<record::Place<'_>>().ok()??.into_facts(),
                    GeoKind::AutonomousSystem => found.decode::<record::System<'_>>().ok()??.into_facts(),
                };
                if let Some(fields) = &self.fields {
                    facts.retain(|name, _| fields.iter().any(|field| field == name.as_str()));
                }
                (!facts.is_empty()).then_some(Value::Object(facts))
            })
        })
    }
}

impl fmt::Debug for GeoDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeoDatabase").field("metadata", self.reader.metadata()).finish_non_exhaustive()
    }
}

/// Types are `GeoLite2-City`, `GeoIP2-ISP`, and those of others that keep MaxMind's records: `DBIP-ASN-Lite (compat=...)`.
fn kind_of(database_type: &str) -> Option<GeoKind> {
    let has = |word: &str| database_type.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
    if ["City", "Country", "Enterprise"].into_iter().any(has) {
        Some(GeoKind::Place)
    } else if ["ASN", "ISP"].into_iter().any(has) {
        Some(GeoKind::AutonomousSystem)
    } else {
        None
    }
}
