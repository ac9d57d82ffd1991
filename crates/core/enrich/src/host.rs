//! Facts on the host that an event comes from, whichever shipper sent them.
//!
//! Known are the names of Filebeat (<https://www.elastic.co/guide/en/beats/filebeat/current/add-host-metadata.html>),
//! OpenTelemetry (<https://opentelemetry.io/docs/specs/semconv/resource/host/> and
//! <https://opentelemetry.io/docs/specs/semconv/resource/os/>), the examples for Fluent Bit's `sysinfo`
//! (<https://docs.fluentbit.io/manual/data-pipeline/filters/sysinfo>), and the journal's `_HOSTNAME`, `_MACHINE_ID` and
//! `_BOOT_ID` (<https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html>). They become the
//! fields of <https://www.elastic.co/guide/en/ecs/current/ecs-host.html>, their values written as it says.

mod normal;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use vrl::value::{ObjectMap, Value};

use crate::fields::{put, text};
use crate::sift::{Names, plain_name, sift};

/// How many addresses are kept.
const MAX_ADDRESSES: usize = 64;

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// A text, at this path below `host`.
    Text(&'static [&'static str]),
    /// The one name of a host, which may be an address.
    Host,
    /// The architecture.
    Architecture,
    /// The type of the system.
    OsType,
    /// An identifier of 32 digits.
    Id(&'static [&'static str]),
    /// Network addresses.
    Ip,
    /// Hardware addresses.
    Mac,
}

/// Takes facts on the host out of an event and its attributes, and answers them as `{"host": ...}`, to be merged with
/// the event ([`crate::fields::merge`]). None if there are none.
///
/// The event's own facts come before those of its attributes. What isn't known stays where it is, and so does what
/// disagrees with a fact that was found before.
pub fn take_host<'a>(
    event: &mut Value,
    attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<Value> {
    let mut facts = Facts::default();
    sift(event, &mut facts);
    for (name, value) in attributes {
        let name = plain_name(name);
        if facts.begins(&name, true) {
            facts.take(&name, &mut value.into());
        }
    }
    facts.finish()
}

/// What was found so far.
#[derive(Default)]
struct Facts {
    host: ObjectMap,
}

/// What a name stands for. Names have small letters, and `_` for dots.
fn known(name: &str) -> Option<Known> {
    Some(match name {
        "host" => Known::Host,
        "host_name" => Known::Text(&["name"]),
        "host_hostname" | "hostname" | "_hostname" => Known::Text(&["hostname"]),
        "host_domain" => Known::Text(&["domain"]),
        "host_type" => Known::Text(&["type"]),
        "host_id" | "host_machine_id" | "machine_id" | "_machine_id" => Known::Id(&["id"]),
        "host_boot_id" | "_boot_id" => Known::Id(&["boot", "id"]),
        "host_arch" | "host_architecture" => Known::Architecture,
        "host_ip" => Known::Ip,
        "host_mac" => Known::Mac,
        "host_os_type" | "os_type" => Known::OsType,
        "host_os_family" => Known::Text(&["os", "family"]),
        "host_os_platform" => Known::Text(&["os", "platform"]),
        "host_os_name" | "os_name" => Known::Text(&["os", "name"]),
        "host_os_version" | "os_version" => Known::Text(&["os", "version"]),
        "host_os_full" | "os_description" => Known::Text(&["os", "full"]),
        "host_os_kernel" | "host_kernel" | "host_kernel_version" | "kernel_version" => {
            Known::Text(&["os", "kernel"])
        }
        _ => return None,
    })
}

impl Names for Facts {
    fn begins(&self, name: &str, in_holder: bool) -> bool {
        // An `os` at the top may be that of a client; among attributes it is the resource's.
        name.starts_with("host_") || known(name).is_some() || (in_holder && name == "os")
    }

    fn take(&mut self, name: &str, value: &mut Value) -> bool {
        let Some(known) = known(name) else { return false };
        if let Known::Ip = known {
            return self.list("ip", value, |text| text.parse::<IpAddr>().ok().map(|ip| ip.to_string()));
        }
        if let Known::Mac = known {
            return self.list("mac", value, normal::mac);
        }
        let Some(text) = text(value) else { return false };
        let text = text.trim();
        if text.is_empty() {
            return false;
        }
        match known {
            Known::Text(path) => self.add(path, text),
            Known::Host => {
                if let Ok(address) = text.parse::<IpAddr>() {
                    let address = Value::Array(vec![address.to_string().into()]);
                    self.host.entry("ip".into()).or_insert(address);
                }
                self.add(&["name"], text)
            }
            Known::Architecture => self.add(&["architecture"], normal::architecture(text)),
            Known::Id(path) => self.add(path, &normal::id(text)),
            Known::OsType => normal::os_type(text).is_some_and(|kind| self.add(&["os", "type"], kind)),
            Known::Ip | Known::Mac => false,
        }
    }
}

impl Facts {
    /// Adds a fact. One that disagrees with what is there isn't taken, so it stays where it is.
    fn add(&mut self, path: &[&str], text: &str) -> bool {
        if let Some(there) = self.get(path) {
            return there == text;
        }
        put(&mut self.host, path, text.into());
        true
    }

    fn get(&self, path: &[&str]) -> Option<&str> {
        match path {
            [name] => self.host.get(*name)?.to_str(),
            [parent, name] => self.host.get(*parent)?.as_object()?.get(*name)?.to_str(),
            _ => None,
        }
    }

    /// Takes a list, which may be one text with commas. It isn't taken if nothing in it can be read.
    fn list(&mut self, name: &str, value: &Value, read: impl Fn(&str) -> Option<String>) -> bool {
        let items: Vec<&str> = match value {
            Value::Array(items) => items.iter().filter_map(Value::to_str).take(MAX_ADDRESSES).collect(),
            single => {
                single.to_str().map(|text| text.split(',').take(MAX_ADDRESSES).collect()).unwrap_or_default()
            }
        };
        let mut kept: Vec<String> = items.into_iter().filter_map(|item| read(item.trim())).collect();
        kept.sort_unstable();
        kept.dedup();
        if kept.is_empty() {
            return false;
        }
        let kept = Value::Array(kept.into_iter().map(Value::from).collect());
        *self.host.entry(name.into()).or_insert_with(|| kept.clone()) == kept
    }

    fn finish(mut self) -> Option<Value> {
        if let Some(name) = self.get(&["hostname"]).map(str::to_owned) {
            self.add(&["name"], &name);
        }
        let system = [&["os", "platform"][..], &["os", "family"], &["os", "name"]];
        if let Some(kind) = system.into_iter().find_map(|path| normal::os_type(self.get(path)?)) {
            self.add(&["os", "type"], kind);
        }
        if self.host.is_empty() {
            return None;
        }
        Some(Value::Object(ObjectMap::from([("host".into(), Value::Object(self.host))])))
    }
}
