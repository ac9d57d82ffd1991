//! From a key to its row.

use std::borrow::Cow;
use std::net::IpAddr;

use hashbrown::HashTable;
use twox_hash::XxHash3_64;

use super::build::{Cells, fold};
use super::config::{Duplicates, Matching, TableConfig};
use super::error::{TableError, shown};
use super::ranges::{Clash, Point, Range, Ranges};

/// What finds a row.
pub(super) enum Index {
    /// By the text of the key.
    Exact(Exact),
    /// By an address.
    Network(Networks),
    /// By a number.
    Number(Ranges<i64>),
}

/// Rows by the hash of their key. The keys themselves are in the cells.
pub(super) struct Exact {
    rows: HashTable<u32>,
    ignore_case: bool,
}

/// Networks of both families.
pub(super) struct Networks {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

/// What an index is made of.
struct Source<'a> {
    file: &'a str,
    columns: &'a [String],
    keys: &'a [usize],
    cells: &'a Cells,
    duplicates: Duplicates,
}

// === impl Index ===

impl Index {
    pub(super) fn new(
        file: &str,
        columns: &[String],
        keys: &[usize],
        cells: &Cells,
        config: &TableConfig,
    ) -> Result<Self, TableError> {
        let source = Source { file, columns, keys, cells, duplicates: config.duplicates };
        match config.matching {
            Matching::Exact => source.exact(false).map(Self::Exact),
            Matching::IgnoreCase => source.exact(true).map(Self::Exact),
            Matching::Network => source.networks().map(Self::Network),
            Matching::Number => {
                source.ranges(numbers()).and_then(|ranges| source.lay(ranges)).map(Self::Number)
            }
        }
    }

    pub(super) fn key_parts(&self, columns: usize) -> usize {
        if matches!(self, Self::Exact(_)) { columns } else { 1 }
    }

    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Exact(exact) => exact.rows.allocation_size(),
            Self::Network(networks) => networks.v4.memory() + networks.v6.memory(),
            Self::Number(numbers) => numbers.memory(),
        }
    }
}

// === impl Exact ===

impl Exact {
    pub(super) fn find(&self, cells: &Cells, keys: &[usize], key: &[&str]) -> Option<u32> {
        let parts = key.iter().map(|part| self.folded(part));
        let hash = hash(parts.clone());
        let same = |row: &u32| {
            keys.iter().zip(parts.clone()).all(|(column, part)| self.folded(cells.key(*row, *column)) == part)
        };
        self.rows.find(hash, same).copied()
    }

    fn folded<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ignore_case { fold(text) } else { Cow::Borrowed(text) }
    }
}

// === impl Networks ===

impl Networks {
    /// The row of the most specific network around an address. An IPv4 address within IPv6 counts as IPv4.
    pub(super) fn find(&self, address: &IpAddr) -> Option<u32> {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.find(address.to_bits()),
            IpAddr::V6(address) => self.v6.find(address.to_bits()),
        }
    }
}

// === impl Source ===

impl Source<'_> {
    fn row_numbers(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.cells.rows()).unwrap_or(u32::MAX)
    }

    fn exact(&self, ignore_case: bool) -> Result<Exact, TableError> {
        let mut exact = Exact { rows: HashTable::with_capacity(self.cells.rows()), ignore_case };
        let key_of = |row: u32| self.keys.iter().map(move |column| self.cells.key(row, *column));
        let hash_of = |row: u32| {
            hash(key_of(row).map(|part| if ignore_case { fold(part) } else { Cow::Borrowed(part) }))
        };
        for row in self.row_numbers() {
            if key_of(row).all(str::is_empty) {
                return Err(self.bad_key(row, "", "there: every row needs a key"));
            }
            let key: Vec<&str> = key_of(row).collect();
            let Some(before) = exact.find(self.cells, self.keys, &key) else {
                exact.rows.insert_unique(hash_of(row), row, |row| hash_of(*row));
                continue;
            };
            match self.duplicates {
                Duplicates::Refuse => return Err(self.duplicate(row, before)),
                Duplicates::First => {}
                Duplicates::Last => {
                    if let Some(place) = exact.rows.find_mut(hash_of(row), |there| *there == before) {
                        *place = row;
                    }
                }
            }
        }
        Ok(exact)
    }

    fn networks(&self) -> Result<Networks, TableError> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for range in self.ranges(addresses())? {
            match (range.first, range.last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    v4.push(Range { first: first.to_bits(), last: last.to_bits(), row: range.row });
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    v6.push(Range { first: first.to_bits(), last: last.to_bits(), row: range.row });
                }
                _ => return Err(self.bad_key(range.row, &self.key(range.row), "of one family")),
            }
        }
        Ok(Networks { v4: self.lay(v4)?, v6: self.lay(v6)? })
    }

    /// The ranges of all rows, in their order, read from one column or from two.
    fn ranges<P: Copy + Ord>(&self, read: Read<P>) -> Result<Vec<Range<P>>, TableError> {
        let range = |row: u32| {
            let key = |at: usize| self.keys.get(at).map(|column| self.cells.key(row, *column));
            let ends = match (key(0), key(1)) {
                (Some(first), Some(last)) => (read.point)(first).zip((read.point)(last)),
                (Some(both), None) => (read.range)(both),
                _ => None,
            };
            match ends {
                Some((first, last)) if first <= last => Ok(Range { first, last, row }),
                _ => Err(self.bad_key(row, &self.key(row), read.wanted)),
            }
        };
        self.row_numbers().map(range).collect()
    }

    /// Settles which of equal ranges counts, and lays all of them over each other.
    fn lay<P: Point>(&self, mut ranges: Vec<Range<P>>) -> Result<Ranges<P>, TableError> {
        ranges.sort_unstable_by_key(|range| (range.first, range.last, range.row));
        let mut clash = None;
        ranges.dedup_by(|again, before| {
            let equal = (again.first, again.last) == (before.first, before.last);
            match self.duplicates {
                Duplicates::Refuse if equal => {
                    clash.get_or_insert(Clash { row: again.row, before: before.row });
                }
                Duplicates::Last if equal => before.row = again.row,
                _ => {}
            }
            equal
        });
        if let Some(clash) = clash {
            return Err(self.duplicate(clash.row, clash.before));
        }
        Ranges::new(ranges).map_err(|clash| TableError::Crossing {
            file: self.file.to_owned(),
            line: self.cells.line(clash.row),
            before: self.cells.line(clash.before),
        })
    }

    /// A row's key, for messages.
    fn key(&self, row: u32) -> String {
        let parts: Vec<&str> = self.keys.iter().map(|column| self.cells.key(row, *column)).collect();
        shown(&parts.join(", "))
    }

    fn duplicate(&self, row: u32, before: u32) -> TableError {
        TableError::Duplicate {
            file: self.file.to_owned(),
            line: self.cells.line(row),
            before: self.cells.line(before),
            key: self.key(row),
        }
    }

    fn bad_key(&self, row: u32, key: &str, wanted: &'static str) -> TableError {
        let names = self.keys.iter().filter_map(|column| self.columns.get(*column));
        TableError::Key {
            file: self.file.to_owned(),
            line: self.cells.line(row),
            column: names.map(String::as_str).collect::<Vec<_>>().join(", "),
            key: key.to_owned(),
            wanted,
        }
    }
}

/// How points and ranges are read.
struct Read<P> {
    point: fn(&str) -> Option<P>,
    range: fn(&str) -> Option<(P, P)>,
    wanted: &'static str,
}

// === free functions ===

/// The hash of a key. Parts are told apart: `a`, `bc` is another key than `ab`, `c`.
fn hash<'a>(parts: impl Iterator<Item = Cow<'a, str>>) -> u64 {
    parts.fold(0, |so_far, part| XxHash3_64::oneshot_with_seed(so_far, part.as_bytes()))
}

/// Whole numbers.
fn numbers() -> Read<i64> {
    Read {
        point: |text| text.parse().ok(),
        range: |text| {
            if let Ok(point) = text.parse() {
                return Some((point, point));
            }
            // The hyphen before the first number is its sign.
            let at = text.get(1..)?.find('-')? + 1;
            Some((text.get(..at)?.trim().parse().ok()?, text.get(at + 1..)?.trim().parse().ok()?))
        },
        wanted: "a whole number or a range such as `400-499`",
    }
}

/// Addresses.
fn addresses() -> Read<IpAddr> {
    Read {
        point: |text| text.parse::<IpAddr>().ok().map(|address| address.to_canonical()),
        range: |text| {
            if let Some((address, bits)) = text.split_once('/') {
                return network(address.parse().ok()?, bits.parse().ok()?);
            }
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let read = |end: &str| end.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical());
            read(first).zip(read(last))
        },
        wanted: "a network such as `10.0.0.0/8`, an address, or a range such as `10.0.0.1-10.0.0.9`",
    }
}

/// The first and the last address of a network. Bits behind the prefix don't matter.
fn network(address: IpAddr, bits: u32) -> Option<(IpAddr, IpAddr)> {
    let (first, last) = match address {
        IpAddr::V4(address) if bits <= 32 => {
            let mask = u32::MAX.checked_shr(bits).unwrap_or(0);
            let (first, last) = (address.to_bits() & !mask, address.to_bits() | mask);
            (IpAddr::from(first.to_be_bytes()), IpAddr::from(last.to_be_bytes()))
        }
        IpAddr::V6(address) if bits <= 128 => {
            let mask = u128::MAX.checked_shr(bits).unwrap_or(0);
            let (first, last) = (address.to_bits() & !mask, address.to_bits() | mask);
            (IpAddr::from(first.to_be_bytes()), IpAddr::from(last.to_be_bytes()))
        }
        _ => return None,
    };
    // IPv4 within IPv6 counts as IPv4, where all of the network is.
    Some((first.to_canonical(), last.to_canonical()))
        .filter(|(first, last)| first.is_ipv4() == last.is_ipv4())
        .or(Some((first, last)))
}
