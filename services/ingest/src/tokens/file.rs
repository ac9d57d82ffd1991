//! The token file: YAML, read and checked as a whole.
//!
//! ```yaml
//! tokens:
//!   - tenant: "acme"
//!     name: "web servers"
//!     sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//!     disabled: false                     # optional
//!     expires: "2027-01-31T00:00:00Z"     # optional
//! ```

use config::{Config, File, FileFormat};
use forebay_record::Tenant;
use jiff::Timestamp;
use serde::Deserialize;
use thiserror::Error;

use super::table::{Grant, Hash, Table};

/// The largest token file that is read, in bytes.
pub(super) const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Why a token file can't be used. The messages never hold a hash or a token.
#[derive(Debug, Error)]
pub enum FileError {
    /// It can't be read.
    #[error("can't read it: {0}")]
    Read(#[from] std::io::Error),
    /// Larger than any token file should be.
    #[error("it has more than {MAX_FILE} bytes")]
    TooLarge,
    /// Not YAML of this form.
    #[error("it is not a token file: {0}")]
    Form(#[from] config::ConfigError),
    /// An entry is wrong.
    #[error("token {number} (`{name}`): {reason}")]
    Entry {
        /// Which one, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    tokens: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tenant: String,
    name: String,
    sha256: String,
    #[serde(default)]
    disabled: bool,
    expires: Option<String>,
}

/// Reads the text of a token file.
///
/// # Errors
/// When any entry is wrong: half a file of tokens would lock senders out without saying so.
pub fn parse(text: &str) -> Result<Table, FileError> {
    let contents: Contents =
        Config::builder().add_source(File::from_str(text, FileFormat::Yaml)).build()?.try_deserialize()?;
    let mut table = Table::default();
    for (number, entry) in (1..).zip(contents.tokens) {
        let name = entry.name.clone();
        let wrong = |reason| FileError::Entry { number, name: name.clone(), reason };
        let (hash, grant) = entry.check().map_err(wrong)?;
        if !table.insert(hash, grant) {
            return Err(wrong("the same `sha256` stands in an entry above".to_owned()));
        }
    }
    Ok(table)
}

impl Entry {
    fn check(self) -> Result<(Hash, Grant), String> {
        let tenant = Tenant::new(self.tenant).map_err(|error| error.to_string())?;
        let mut hash = Hash::default();
        hex::decode_to_slice(&self.sha256, &mut hash).map_err(|_| {
            "`sha256` must be 64 hexadecimal digits: the hash of the token, not the token".to_owned()
        })?;
        let expires = self
            .expires
            .map(|text| {
                text.parse::<Timestamp>().map_err(|_| "`expires` must be a time like 2027-01-31T00:00:00Z")
            })
            .transpose()?;
        Ok((hash, Grant { tenant, name: self.name, disabled: self.disabled, expires }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Denial, hash};
    use super::*;

    fn entry(tenant: &str, sha256: &str, more: &str) -> String {
        format!("tokens:\n  - tenant: \"{tenant}\"\n    name: \"web\"\n    sha256: \"{sha256}\"\n{more}")
    }

    #[test]
    fn a_file_of_tokens() {
        let sha256 = hex::encode(hash(b"fbt_one"));
        let table = parse(&entry("acme", &sha256, "    expires: \"2027-01-31T00:00:00Z\"\n")).unwrap();
        let before = "2027-01-30T23:59:59Z".parse().unwrap();
        assert_eq!(table.check(b"fbt_one", before).unwrap().name, "web");
        assert_eq!(table.check(b"fbt_one", Timestamp::MAX), Err(Denial::Expired));
        assert!(parse("tokens: []").unwrap().is_empty());
    }

    #[test]
    fn a_wrong_entry_is_named_without_its_secret() {
        let wrong = |text: String| parse(&text).unwrap_err().to_string();
        let sha256 = hex::encode(hash(b"fbt_one"));
        assert_eq!(
            wrong(entry("acme", "fbt_secret", "")),
            "token 1 (`web`): `sha256` must be 64 hexadecimal digits: the hash of the token, not the token"
        );
        assert!(
            wrong(entry("Acme", &sha256, "")).starts_with("token 1 (`web`): `Acme` can't be a tenant's name")
        );
        assert!(wrong(entry("acme", &sha256, "    expires: tomorrow\n")).contains("2027-01-31T00:00:00Z"));
        assert!(wrong(entry("acme", &sha256, "    expire: x\n")).contains("unknown field `expire`"));
        let twice =
            entry("acme", &sha256, &format!("  - tenant: b\n    name: two\n    sha256: \"{sha256}\"\n"));
        assert_eq!(wrong(twice), "token 2 (`two`): the same `sha256` stands in an entry above");
        assert!(wrong("- just a list".to_owned()).starts_with("it is not a token file"));
    }
}
