//! Listeners of the protocols that don't come by HTTP: of each one, one for everybody in [`WHO`].

use std::collections::BTreeMap;

use anyhow::Result;
use forebay_settings::sections::ingest::{ListenerProtocol, ListenerSettings};
use forebay_testkit::free_port;

/// For whom there are listeners: the honest client, an attacker who may send as himself, somebody of whom the access file says
/// nothing, and two whose credentials are no longer good.
pub const WHO: [&str; 5] = ["honest", "mallory", "nobody", "expired", "disabled"];

/// The protocols, by their names in listeners, and the scheme of their addresses.
pub const PROTOCOLS: [(&str, ListenerProtocol, &str); 8] = [
    ("forward", ListenerProtocol::Forward, ""),
    ("gelf", ListenerProtocol::Gelf, ""),
    ("gelf_udp", ListenerProtocol::Gelf, "udp://"),
    ("lines", ListenerProtocol::Lines, ""),
    ("lumberjack", ListenerProtocol::Lumberjack, ""),
    ("relp", ListenerProtocol::Relp, ""),
    ("syslog", ListenerProtocol::Syslog, ""),
    ("syslog_udp", ListenerProtocol::Syslog, "udp://"),
];

/// All of them: `relp_honest`, `relp_mallory`...
///
/// # Errors
/// When there is no free port.
pub fn listeners() -> Result<BTreeMap<String, ListenerSettings>> {
    let mut listeners = BTreeMap::new();
    for (name, protocol, scheme) in PROTOCOLS {
        for who in WHO {
            let address = format!("{scheme}127.0.0.1:{}", free_port()?);
            let _none_before =
                listeners.insert(format!("{name}_{who}"), ListenerSettings::new(protocol, address));
        }
    }
    Ok(listeners)
}

/// The access file that says whose these listeners are.
#[must_use]
pub fn credentials() -> String {
    let mut text = "credentials:\n".to_owned();
    for (name, ..) in PROTOCOLS {
        for who in WHO {
            let (tenant, more) = match who {
                "nobody" => continue,
                "expired" => ("honest", ", expires: \"2020-01-01T00:00:00Z\""),
                "disabled" => ("honest", ", disabled: true"),
                who => (who, ""),
            };
            let door = format!("{name}_{who}");
            text.push_str(&format!("  - {{name: {door}, tenant: {tenant}, listener: {door}{more}}}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_has_its_doors() {
        let listeners = listeners().unwrap();
        assert_eq!(listeners.len(), PROTOCOLS.len() * WHO.len());
        assert_eq!(credentials().lines().count(), 1 + PROTOCOLS.len() * (WHO.len() - 1));
    }
}
