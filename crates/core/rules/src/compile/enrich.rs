//! From what a file says of `enrich` to enrichers: tables and databases are read here, each once ([`reuse`](super::reuse)).

use forebay_enrich::{GeoDatabase, GeoKind, Kubernetes, Table, TableConfig, TableFormat, TableLimits};
use vrl::value::Value;

use super::Compiling;
use crate::enrich::{Enricher, Fields, FromTable, Geo, Spot};
use crate::spec::enrich::{EnrichSpec, FieldSpec, GeoSpec, TableSpec};
use crate::target::path;

impl Compiling<'_> {
    pub(super) fn enrich(&self, spec: &EnrichSpec) -> Result<Vec<Enricher>, String> {
        let mut enrichers = Vec::new();
        if !spec.fixed.is_empty() {
            let fields = spec.fixed.iter().map(|(name, value)| Ok((spot(name)?, Value::from(value.clone()))));
            enrichers.push(Enricher::Fixed(fields.collect::<Result<_, String>>()?));
        }
        if spec.host.is_some() {
            enrichers.push(Enricher::Host);
        }
        if let Some(config) = &spec.kubernetes {
            enrichers.push(Enricher::Kubernetes(Kubernetes::new(config)));
        }
        if let Some(spec) = &spec.table {
            enrichers.push(Enricher::Table(self.table(spec)?));
        }
        if let Some(spec) = &spec.geoip {
            enrichers.push(Enricher::Geo(self.geo(spec)?));
        }
        if let Some(spec) = &spec.user_agent {
            enrichers.push(Enricher::UserAgent(fields(spec)?));
        }
        if let Some(spec) = &spec.domain {
            enrichers.push(Enricher::Domain(fields(spec)?));
        }
        if enrichers.is_empty() {
            return Err(
                "it adds nothing: give it one of `static`, `table`, `geoip`, `user_agent`, `domain`, \
                        `kubernetes`, `host`"
                    .to_owned(),
            );
        }
        Ok(enrichers)
    }

    fn table(&self, spec: &TableSpec) -> Result<FromTable, String> {
        let (path_of_file, content) = self.data(&spec.file)?;
        let config = TableConfig {
            key: spec.key.as_slice().to_vec(),
            matching: spec.matching,
            duplicates: spec.duplicates,
            format: TableFormat::Auto,
            delimiter: spec.delimiter,
        };
        let table = self.reusing.table(&path_of_file, content, &config, || {
            Table::read(&spec.file, content, &config, &TableLimits::default())
                .map_err(|error| error.to_string())
        })?;
        let columns = if spec.columns.is_empty() {
            table.other_columns()
        } else {
            table.columns(&spec.columns).map_err(|error| error.to_string())?
        };
        let from = spec.from.as_slice().iter().map(|name| spot(name)).collect::<Result<Vec<_>, _>>()?;
        if from.len() != table.key_parts() {
            return Err(format!(
                "table: `from` has {} fields, but the key has {} parts",
                from.len(),
                table.key_parts()
            ));
        }
        Ok(FromTable { table, columns, from, into: spot(&spec.into)? })
    }

    fn geo(&self, spec: &GeoSpec) -> Result<Geo, String> {
        let (path_of_file, content) = self.data(&spec.file)?;
        let database = self.reusing.database(&path_of_file, content, || {
            GeoDatabase::load(&spec.file, content.to_vec()).map_err(|error| error.to_string())
        })?;
        let (from, into) = (spot(&spec.from)?, spot(&spec.into)?);
        let last = spec.into.rsplit('.').next();
        match (database.kind(), last) {
            (GeoKind::Place, Some("as")) => {
                Err(format!("geoip: `{}` knows places: write into a field `geo`", spec.file))
            }
            (GeoKind::AutonomousSystem, Some("geo")) => {
                Err(format!("geoip: `{}` knows autonomous systems: write into a field `as`", spec.file))
            }
            _ => Ok(Geo { database, from, into }),
        }
    }
}

fn fields(spec: &FieldSpec) -> Result<Fields, String> {
    Ok(Fields { from: spot(&spec.from)?, into: spot(&spec.into)? })
}

fn spot(name: &str) -> Result<Spot, String> {
    path(name).map(Spot::from)
}
