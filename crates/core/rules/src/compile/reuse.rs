//! Tables and databases, each made once: however many steps name it, and however many revisions it outlives. They may have
//! hundreds of megabytes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use forebay_enrich::{GeoDatabase, Table, TableConfig};
use sha2::{Digest, Sha256};

/// What rules are at work with, so that the next revision takes it over as far as it is made of the same bytes. It keeps nothing
/// alive that no rules hold. Clones share it.
#[derive(Clone, Default)]
pub struct Reuse(Arc<Mutex<Made>>);

#[derive(Default)]
struct Made {
    tables: Vec<(Origin, TableConfig, Weak<Table>)>,
    databases: Vec<(Origin, Weak<GeoDatabase>)>,
}

/// Where something is from: its path, and the hash of its content.
#[derive(Clone, Eq, PartialEq)]
struct Origin(String, [u8; 32]);

/// One compilation's look at what there is.
pub(super) struct Reusing<'a> {
    reuse: &'a Reuse,
    /// The hashes of contents, so that none is worked out twice.
    hashes: RefCell<BTreeMap<String, [u8; 32]>>,
}

// === impl Reuse ===

impl Reuse {
    fn made(&self) -> MutexGuard<'_, Made> {
        // Nothing is half done between two lines of it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Reuse {
    /// Without contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reuse(..)")
    }
}

// === impl Reusing ===

impl<'a> Reusing<'a> {
    pub(super) fn new(reuse: &'a Reuse) -> Self {
        Self { reuse, hashes: RefCell::default() }
    }

    /// The table of a file, made by `read` where there is none yet.
    pub(super) fn table(
        &self,
        path: &str,
        content: &[u8],
        config: &TableConfig,
        read: impl FnOnce() -> Result<Table, String>,
    ) -> Result<Arc<Table>, String> {
        let origin = self.origin(path, content);
        let is_it = |(of, with, _): &&(Origin, TableConfig, _)| *of == origin && with == config;
        let known = self.reuse.made().tables.iter().find(is_it).and_then(|(.., table)| table.upgrade());
        if let Some(table) = known {
            return Ok(table);
        }
        let table = Arc::new(read()?);
        let mut made = self.reuse.made();
        made.tables.retain(|(.., table)| table.strong_count() > 0);
        made.tables.push((origin, config.clone(), Arc::downgrade(&table)));
        Ok(table)
    }

    /// The database of a file, made by `load` where there is none yet.
    pub(super) fn database(
        &self,
        path: &str,
        content: &[u8],
        load: impl FnOnce() -> Result<GeoDatabase, String>,
    ) -> Result<Arc<GeoDatabase>, String> {
        let origin = self.origin(path, content);
        let is_it = |(of, _): &&(Origin, _)| *of == origin;
        let known =
            self.reuse.made().databases.iter().find(is_it).and_then(|(_, database)| database.upgrade());
        if let Some(database) = known {
            return Ok(database);
        }
        let database = Arc::new(load()?);
        let mut made = self.reuse.made();
        made.databases.retain(|(_, database)| database.strong_count() > 0);
        made.databases.push((origin, Arc::downgrade(&database)));
        Ok(database)
    }

    fn origin(&self, path: &str, content: &[u8]) -> Origin {
        let mut hashes = self.hashes.borrow_mut();
        let hash = hashes.entry(path.to_owned()).or_insert_with(|| Sha256::digest(content).into());
        Origin(path.to_owned(), *hash)
    }
}

#[cfg(test)]
mod tests {
    use forebay_enrich::{Duplicates, Matching, TableFormat, TableLimits};

    use super::*;

    fn config(matching: Matching) -> TableConfig {
        TableConfig {
            key: vec!["a".to_owned()],
            matching,
            duplicates: Duplicates::default(),
            format: TableFormat::Auto,
            delimiter: ',',
        }
    }

    /// Guarantees: what has the same path, content and settings is made once; nothing is kept that nobody holds.
    #[test]
    fn a_table_is_made_once() {
        let reuse = Reuse::default();
        let of = |content: &[u8], matching| {
            // Each by a compilation of its own.
            let reusing = Reusing::new(&reuse);
            let config = config(matching);
            let read = || {
                Table::read("t.csv", content, &config, &TableLimits::default())
                    .map_err(|error| error.to_string())
            };
            reusing.table("t.csv", content, &config, read).unwrap()
        };
        let first = of(b"a,b\n1,2\n", Matching::Exact);
        assert!(Arc::ptr_eq(&first, &of(b"a,b\n1,2\n", Matching::Exact)));
        assert!(!Arc::ptr_eq(&first, &of(b"a,b\n1,3\n", Matching::Exact)), "another content");
        assert!(!Arc::ptr_eq(&first, &of(b"a,b\n1,2\n", Matching::IgnoreCase)), "read in another way");
        drop(first);
        let _next = of(b"a,b\n7,7\n", Matching::Exact);
        assert_eq!(reuse.made().tables.len(), 1, "the others are gone");
    }
}
