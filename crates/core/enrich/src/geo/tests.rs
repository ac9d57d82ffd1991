use std::collections::BTreeMap;

use maxminddb_writer::Database;
use maxminddb_writer::metadata::IpVersion;
use maxminddb_writer::paths::IpAddrWithMask;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

use super::*;

#[derive(Serialize)]
struct City {
    continent: Named,
    country: Named,
    subdivisions: Vec<Named>,
    city: Named,
    location: Location,
    postal: BTreeMap<&'static str, &'static str>,
    traits: BTreeMap<&'static str, bool>,
}

#[derive(Serialize)]
struct Named {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iso_code: Option<&'static str>,
    geoname_id: u32,
    names: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct Location {
    accuracy_radius: u16,
    latitude: f64,
    longitude: f64,
    time_zone: &'static str,
}

#[derive(Serialize)]
struct Asn {
    autonomous_system_number: u32,
    autonomous_system_organization: &'static str,
}

fn named(code: Option<&'static str>, iso_code: Option<&'static str>, en: &'static str) -> Named {
    Named { code, iso_code, geoname_id: 7, names: BTreeMap::from([("de", "anders"), ("en", en)]) }
}

fn montreal() -> City {
    City {
        continent: named(Some("NA"), None, "North America"),
        country: named(None, Some("CA"), "Canada"),
        subdivisions: vec![named(None, Some("QC"), "Quebec")],
        city: named(None, None, "Montreal"),
        location: Location {
            accuracy_radius: 5,
            latitude: 45.5,
            longitude: -73.5,
            time_zone: "America/Toronto",
        },
        postal: BTreeMap::from([("code", "H2X")]),
        traits: BTreeMap::from([("is_anycast", true)]),
    }
}

fn database(kind: &str, version: IpVersion) -> Database {
    let mut database = Database::default();
    database.metadata.database_type = kind.to_owned();
    database.metadata.ip_version = version;
    database.metadata.binary_format_major_version = 2;
    database.metadata.description.insert("en".to_owned(), "made by a test".to_owned());
    database.metadata.build_epoch = 1_700_000_000;
    database
}

fn insert(database: &mut Database, networks: &[&str], record: impl Serialize) {
    let place = database.insert_value(record).unwrap();
    for network in networks {
        database.insert_node(network.parse::<IpAddrWithMask>().unwrap(), place);
    }
}

fn bytes(database: &Database) -> Vec<u8> {
    database.write_to(Vec::new()).unwrap()
}

fn cities() -> Vec<u8> {
    let mut database = database("GeoLite2-City", IpVersion::V4);
    insert(&mut database, &["24.48.0.0/16", "24.50.0.0/16", "10.0.0.0/8"], montreal());
    bytes(&database)
}

fn find(database: &GeoDatabase, address: &str, cache: &mut GeoCache) -> Option<serde_json::Value> {
    let found = database.find(&address.parse().unwrap(), cache)?;
    Some(serde_json::to_value(&*found).unwrap())
}

#[test]
fn a_city_becomes_a_geo_object() {
    let database = GeoDatabase::load("city.mmdb", cities()).unwrap();
    assert_eq!((database.kind(), database.built_at()), (GeoKind::Place, 1_700_000_000));
    assert_eq!(
        find(&database, "24.48.1.2", &mut GeoCache::default()).unwrap(),
        json!({
            "continent_code": "NA", "continent_name": "North America", "country_iso_code": "CA",
            "country_name": "Canada", "region_iso_code": "CA-QC", "region_name": "Quebec", "city_name": "Montreal",
            "location": {"lat": 45.5, "lon": -73.5}, "timezone": "America/Toronto", "postal_code": "H2X",
        })
    );
}

#[test]
fn only_the_fields_that_are_asked_for_are_answered() {
    let database = GeoDatabase::load("city.mmdb", cities()).unwrap();
    let fields = ["location", "country_iso_code"].map(str::to_owned);
    let two = database.with_fields(&fields).unwrap();
    let mut cache = GeoCache::default();
    assert!(find(&database, "24.48.1.2", &mut cache).unwrap().as_object().unwrap().len() > 2);
    let expected = json!({"country_iso_code": "CA", "location": {"lat": 45.5, "lon": -73.5}});
    assert_eq!(find(&two, "24.48.1.2", &mut cache).unwrap(), expected);
    let error = database.with_fields(&["number".to_owned()]).unwrap_err();
    assert!(matches!(&error, GeoError::UnknownField { field, .. } if field == "number"), "{error}");
}

/// Guarantees: the list of fields and what a full record becomes are the same.
#[test]
fn the_fields_that_can_be_asked_for_are_those_of_a_full_record() {
    let database = GeoDatabase::load("city.mmdb", cities()).unwrap();
    let found = find(&database, "24.48.1.2", &mut GeoCache::default()).unwrap();
    let mut known = record::PLACE_FIELDS.to_vec();
    known.sort_unstable();
    assert_eq!(found.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(), known);
}

/// Scenario: a byte that a look-up of this one address doesn't come by is damaged.
/// Guarantees: the full check notices what loading doesn't.
#[test]
fn a_check_of_all_of_the_file_finds_damage() {
    let whole = cities();
    GeoDatabase::load("city.mmdb", whole.clone()).unwrap().verify("city.mmdb").unwrap();
    let mut damaged = whole;
    let quebec = damaged.windows(6).position(|bytes| bytes == b"Quebec").unwrap();
    damaged[quebec] = 0xff;
    let database = GeoDatabase::load("city.mmdb", damaged).unwrap();
    assert!(matches!(database.verify("city.mmdb"), Err(GeoError::Unreadable { .. })));
}

#[test]
fn a_country_alone_is_enough() {
    #[derive(Serialize)]
    struct Country {
        country: Named,
    }
    let mut database = database("DBIP-Country-Lite", IpVersion::V6);
    insert(&mut database, &["2a01::/16"], Country { country: named(None, Some("FR"), "France") });
    let database = GeoDatabase::load("country.mmdb", bytes(&database)).unwrap();
    assert_eq!(
        find(&database, "2a01::1", &mut GeoCache::default()).unwrap(),
        json!({"country_iso_code": "FR", "country_name": "France"})
    );
}

#[test]
fn an_autonomous_system_becomes_an_as_object() {
    let mut database = database("GeoLite2-ASN", IpVersion::V4);
    let record =
        Asn { autonomous_system_number: 4_200_000_000, autonomous_system_organization: "Example Net" };
    insert(&mut database, &["24.48.0.0/16"], record);
    let database = GeoDatabase::load("asn.mmdb", bytes(&database)).unwrap();
    assert_eq!(database.kind(), GeoKind::AutonomousSystem);
    let expected = json!({"number": 4_200_000_000_u32, "organization": {"name": "Example Net"}});
    assert_eq!(find(&database, "24.48.1.2", &mut GeoCache::default()).unwrap(), expected);
    assert_eq!(
        find(&database, "::ffff:24.48.1.2", &mut GeoCache::default()).unwrap(),
        expected,
        "IPv4 within IPv6"
    );
}

/// Guarantees: private and reserved addresses are misses, even where the file has them.
#[test]
fn private_addresses_are_nowhere() {
    let database = GeoDatabase::load("city.mmdb", cities()).unwrap();
    let mut cache = GeoCache::default();
    for address in [
        "10.1.2.3",
        "127.0.0.1",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "::",
        "::ffff:10.1.2.3",
        "2001:db8::1",
        "198.51.100.7",
    ] {
        assert_eq!(find(&database, address, &mut cache), None, "{address}");
    }
    assert_eq!(find(&database, "8.8.8.8", &mut cache), None, "the file doesn't have it");
    assert_eq!(find(&database, "2a01::1", &mut cache), None, "the file has IPv4 only");
}

#[test]
fn neighbours_share_one_record() {
    let database = GeoDatabase::load("city.mmdb", cities()).unwrap();
    let mut cache = GeoCache::default();
    let one = database.find(&"24.48.1.2".parse().unwrap(), &mut cache).unwrap();
    let other = database.find(&"24.50.9.9".parse().unwrap(), &mut cache).unwrap();
    assert!(Arc::ptr_eq(&one, &other));
}

/// Scenario: a cache of one place, so that every address displaces the one before; and a reload.
/// Guarantees: answers are those of the database that is asked.
#[test]
fn a_cache_never_answers_for_another_address_or_database() {
    let before = GeoDatabase::load("city.mmdb", cities()).unwrap();
    let mut after = database("GeoLite2-City", IpVersion::V4);
    insert(&mut after, &["8.8.8.0/24"], montreal());
    let after = GeoDatabase::load("city.mmdb", bytes(&after)).unwrap();
    let mut cache = GeoCache::with_entries(1);
    for _ in 0..3 {
        assert!(find(&before, "24.48.1.2", &mut cache).is_some());
        assert!(find(&before, "8.8.8.8", &mut cache).is_none());
        assert!(find(&after, "8.8.8.8", &mut cache).is_some());
        assert!(find(&after, "24.48.1.2", &mut cache).is_none());
    }
}

#[test]
fn a_database_about_something_else_is_refused_at_once() {
    let mut anonymous = database("GeoIP2-Anonymous-IP", IpVersion::V4);
    insert(&mut anonymous, &["24.48.0.0/16"], BTreeMap::from([("is_anonymous", true)]));
    let error = GeoDatabase::load("anon.mmdb", bytes(&anonymous)).unwrap_err();
    assert!(matches!(&error, GeoError::WrongType { found, .. } if found == "GeoIP2-Anonymous-IP"), "{error}");
    assert!(
        error.to_string().starts_with("anon.mmdb is a database of type `GeoIP2-Anonymous-IP`"),
        "{error}"
    );
    let error = GeoDatabase::load("city.mmdb.gz", &b"\x1f\x8b packed"[..]).unwrap_err();
    assert!(matches!(error, GeoError::Unreadable { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Guarantees: a file that was damaged anywhere is refused, or answers something, without a panic.
    #[test]
    fn a_damaged_file_is_survived(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = cities();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(database) = GeoDatabase::load("damaged", bytes) {
            let mut cache = GeoCache::default();
            for address in ["24.48.1.2", "24.50.1.1", "8.8.8.8", "2a01::1"] {
                let _any_answer = database.find(&address.parse().unwrap(), &mut cache);
            }
        }
    }

    /// Guarantees: with a cache of any size answers are the same as without one.
    #[test]
    fn the_cache_changes_no_answer(addresses in prop::collection::vec(0..8_u8, 1..60), entries in 1..5_usize) {
        let database = GeoDatabase::load("city.mmdb", cities()).unwrap();
        let mut cache = GeoCache::with_entries(entries);
        for low in addresses {
            let address = IpAddr::from([24, 45 + low, 0, low]);
            let cached = database.find(&address, &mut cache);
            prop_assert_eq!(cached, database.find(&address, &mut GeoCache::with_entries(1)));
        }
    }
}
