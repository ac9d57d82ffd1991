//! Rules that are measured: what each does stands in `load/rules`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Result;
use maxminddb_writer::Database;
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use serde_json::json;
use tempfile::TempDir;

/// A rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// Five field rules and one redaction in VRL.
    Vrl,
    /// Places of addresses, and user agents.
    Places,
    /// All masks over the whole event.
    Mask,
}

impl Rule {
    /// A folder with it, and what it needs.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn folder(self) -> Result<TempDir> {
        let folder = TempDir::new()?;
        let text = match self {
            Self::Vrl => include_str!("../../rules/vrl.yaml"),
            Self::Places => include_str!("../../rules/geoip.yaml"),
            Self::Mask => include_str!("../../rules/mask.yaml"),
        };
        fs::write(folder.path().join("10-bench.yaml"), text)?;
        if self == Self::Places {
            fs::write(folder.path().join("city.mmdb"), cities()?)?;
        }
        Ok(folder)
    }
}

/// A database with a place for each network of 65,536 IPv4 addresses: 57,344 networks, 5,000 places.
fn cities() -> Result<Vec<u8>> {
    let mut database = Database::default();
    "GeoLite2-City".clone_into(&mut database.metadata.database_type);
    database.metadata.ip_version = IpVersion::V6;
    database.metadata.binary_format_major_version = 2;
    let names = |name: String| json!({"en": name});
    for record in 0..5_000_u32 {
        let place: BTreeMap<String, serde_json::Value> = serde_json::from_value(json!({
            "city": {"names": names(format!("City {record}"))},
            "continent": {"code": "EU", "names": names("Europe".to_owned())},
            "country": {"iso_code": "DE", "names": names("Germany".to_owned())},
            "location": {"latitude": 48.1, "longitude": 11.5, "time_zone": "Europe/Berlin"},
            "subdivisions": [{"iso_code": "BY", "names": names("Bavaria".to_owned())}],
        }))?;
        let place = database.insert_value(&place)?;
        for network in (record..57_344).step_by(5_000) {
            let network = format!("::{network:x}:0/112");
            database.insert_node(
                network.parse::<IpAddrWithMask>().map_err(|error| anyhow::anyhow!("{error:?}"))?,
                place,
            );
        }
    }
    Ok(database.write_to(Vec::new())?)
}
