//! The parts of a record that are wanted. All others are skipped without being decoded.

use serde::Deserialize;
use vrl::value::{ObjectMap, Value};

use crate::fields::put;

/// The fields of a `geo` object.
pub(super) const PLACE_FIELDS: &[&str] = &[
    "continent_code",
    "continent_name",
    "country_iso_code",
    "country_name",
    "region_iso_code",
    "region_name",
    "city_name",
    "location",
    "timezone",
    "postal_code",
];

/// The fields of an `as` object.
pub(super) const SYSTEM_FIELDS: &[&str] = &["number", "organization"];

/// A record of a database of places.
#[derive(Deserialize)]
pub(super) struct Place<'a> {
    #[serde(borrow, default)]
    continent: Named<'a>,
    #[serde(borrow, default)]
    country: Named<'a>,
    #[serde(borrow, default)]
    subdivisions: Vec<Named<'a>>,
    #[serde(borrow, default)]
    city: Named<'a>,
    #[serde(borrow, default)]
    location: Location<'a>,
    #[serde(borrow, default)]
    postal: Postal<'a>,
}

/// A record of a database of autonomous systems.
#[derive(Deserialize)]
pub(super) struct System<'a> {
    autonomous_system_number: Option<u32>,
    #[serde(borrow)]
    autonomous_system_organization: Option<&'a str>,
}

/// Something with a code and names in several languages.
#[derive(Default, Deserialize)]
struct Named<'a> {
    #[serde(borrow, alias = "iso_code")]
    code: Option<&'a str>,
    #[serde(borrow, default)]
    names: Names<'a>,
}

#[derive(Default, Deserialize)]
struct Names<'a> {
    #[serde(borrow)]
    en: Option<&'a str>,
}

#[derive(Default, Deserialize)]
struct Location<'a> {
    latitude: Option<f64>,
    longitude: Option<f64>,
    #[serde(borrow)]
    time_zone: Option<&'a str>,
}

#[derive(Default, Deserialize)]
struct Postal<'a> {
    #[serde(borrow)]
    code: Option<&'a str>,
}

impl Place<'_> {
    /// The record as an ECS `geo` object; empty if nothing of it is known.
    pub(super) fn into_facts(self) -> ObjectMap {
        let mut geo = ObjectMap::new();
        let mut text = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                geo.insert(name.into(), value.into());
            }
        };
        text("continent_code", self.continent.code);
        text("continent_name", self.continent.names.en);
        text("country_iso_code", self.country.code);
        text("country_name", self.country.names.en);
        text("city_name", self.city.names.en);
        text("timezone", self.location.time_zone);
        text("postal_code", self.postal.code);
        // The last is the most specific.
        if let Some(region) = self.subdivisions.last() {
            text("region_name", region.names.en);
            if let (Some(country), Some(region)) = (self.country.code, region.code) {
                text("region_iso_code", Some(&format!("{country}-{region}")));
            }
        }
        if let (Some(lat), Some(lon)) = (self.location.latitude, self.location.longitude)
            && (-90.0..=90.0).contains(&lat)
            && (-180.0..=180.0).contains(&lon)
        {
            put(&mut geo, &["location", "lat"], Value::from_f64_or_zero(lat));
            put(&mut geo, &["location", "lon"], Value::from_f64_or_zero(lon));
        }
        geo
    }
}

impl System<'_> {
    /// The record as an ECS `as` object; empty if nothing of it is known.
    pub(super) fn into_facts(self) -> ObjectMap {
        let mut system = ObjectMap::new();
        if let Some(number) = self.autonomous_system_number {
            system.insert("number".into(), i64::from(number).into());
        }
        if let Some(name) = self.autonomous_system_organization.filter(|name| !name.is_empty()) {
            put(&mut system, &["organization", "name"], name.into());
        }
        system
    }
}
