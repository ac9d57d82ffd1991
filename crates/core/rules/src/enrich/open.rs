//! `enrich` on an open event.

use std::net::IpAddr;

use forebay_enrich::fields::text;
use forebay_enrich::{split_domain, user_agent};
use forebay_parse::{FieldPath, Gift, NotOpen, OpenEvent};

use super::{Caches, Enricher, Fields, Spot};
use crate::outcome::Counts;

impl Enricher {
    /// Does what [`Enricher::apply`] does.
    ///
    /// # Errors
    /// When only a value will do. Nothing was counted, and nothing changed but that `static` may have set some of its fields; it sets
    /// what is missing, so that doing it again on the value does the rest.
    pub(crate) fn apply_open(
        &self,
        event: &mut OpenEvent<'_, '_>,
        caches: &mut Caches,
        counts: &mut Counts,
    ) -> Result<(), NotOpen> {
        let mut missed = |found: bool| counts.lookup_misses += u64::from(!found);
        match self {
            Self::Fixed(fields) => {
                let known = fields.iter().map(|(spot, fixed)| Ok((spot.open()?, fixed)));
                for (path, fixed) in known.collect::<Result<Vec<_>, NotOpen>>()? {
                    if event.get(path)?.is_none() {
                        event.add(path, Gift::Own(fixed.clone()))?;
                    }
                }
            }
            Self::Table(from) => {
                let into = from.into.open()?;
                let mut parts = Vec::with_capacity(from.from.len());
                for spot in &from.from {
                    let Some(part) = scalar(event, spot.open()?)? else { return Ok(()) };
                    parts.push(part);
                }
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                match from.table.find_parts(&parts) {
                    Some(row) => event.add(into, Gift::Own(row.to_value(&from.columns)))?,
                    None => missed(false),
                }
            }
            Self::Geo(geo) => {
                let (from, into) = (geo.from.open()?, geo.into.open()?);
                let Some(address) = scalar(event, from)? else { return Ok(()) };
                let address = address.parse::<IpAddr>().ok();
                match address.and_then(|address| geo.database.find(&address, caches.of(&geo.database))) {
                    Some(found) => event.add(into, Gift::Shared(found))?,
                    None => missed(false),
                }
            }
            Self::UserAgent(Fields { from, into }) => {
                let (from, into) = (from.open()?, into.open()?);
                let Some(header) = scalar(event, from)? else { return Ok(()) };
                match user_agent(&header, &mut caches.user_agents) {
                    Some(found) => event.add(into, Gift::Shared(found))?,
                    None => missed(false),
                }
            }
            Self::Domain(Fields { from, into }) => {
                let (from, into) = (from.open()?, into.open()?);
                let Some(host) = scalar(event, from)? else { return Ok(()) };
                match split_domain(&host) {
                    Some(parts) => event.add(into, Gift::Own(parts.to_value()))?,
                    None => missed(false),
                }
            }
            // These look through all names.
            Self::Kubernetes(_) | Self::Host => return Err(NotOpen),
        }
        Ok(())
    }
}

impl Spot {
    fn open(&self) -> Result<&FieldPath, NotOpen> {
        self.field.as_ref().ok_or(NotOpen)
    }
}

/// The text of a scalar.
fn scalar(event: &mut OpenEvent<'_, '_>, path: &FieldPath) -> Result<Option<String>, NotOpen> {
    Ok(event.get(path)?.as_ref().and_then(text).map(std::borrow::Cow::into_owned))
}
