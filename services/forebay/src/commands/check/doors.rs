//! Listeners and credentials held against each other. Pure.

use forebay_access::{Access, Door, Shows};
use forebay_settings::Settings;
use forebay_settings::sections::ClientCertificates;
use forebay_settings::sections::ingest::{ListenerProtocol, ListenerSettings};
use forebay_settings::units::ListenAddress;
use forebay_yaml::suggest;
use jiff::Timestamp;

/// The name of the listener at `ingest.listen`.
const MAIN: &str = "http";

/// What starts, and is most likely not meant: credentials for listeners that there aren't, and listeners by which nobody can come in.
pub(super) fn warnings(access: &Access, settings: &Settings, now: Timestamp) -> Vec<String> {
    let ingest = &settings.ingest;
    let known = || std::iter::once(MAIN).chain(ingest.listeners.keys().map(String::as_str));
    let mut strangers: Vec<&str> =
        access.listeners().filter(|name| known().all(|one| one != *name)).collect();
    strangers.sort_unstable();
    let mut found: Vec<String> = strangers
        .into_iter()
        .map(|name| {
            let near = suggest::nearest(name, known());
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("credentials are for the listener `{name}`, which the settings do not have{near}")
        })
        .collect();

    let takes = |certificates| certificates != ClientCertificates::Off;
    let main = Door {
        name: MAIN,
        shows: Shows::Headers,
        takes_certificates: takes(ingest.tls.client_certificates),
        has_addresses: true,
    };
    if !access.opens(&main, now) {
        found.push(shut("ingest.listen", MAIN, Shows::Headers));
    }
    for (name, listener) in &ingest.listeners {
        let shows = shows(listener.protocol);
        let is_tcp = matches!(listener.address.parse(), Ok(ListenAddress::Tcp(_)));
        let tls = ingest.tls_of(listener).filter(|_| is_tcp);
        let door = Door {
            name,
            shows,
            takes_certificates: tls.is_some_and(|tls| takes(tls.client_certificates)),
            has_addresses: is_tcp || is_udp(listener),
        };
        if listener.tenant.is_none() && !access.opens(&door, now) {
            found.push(shut(&format!("ingest.listeners.{name}"), name, shows));
        }
    }
    found
}

fn is_udp(listener: &ListenerSettings) -> bool {
    matches!(listener.address.parse(), Ok(ListenAddress::Udp(_)))
}

const fn shows(protocol: ListenerProtocol) -> Shows {
    match protocol {
        ListenerProtocol::Http => Shows::Headers,
        ListenerProtocol::Forward => Shows::SharedKeys,
        ListenerProtocol::Gelf
        | ListenerProtocol::Lines
        | ListenerProtocol::Lumberjack
        | ListenerProtocol::Relp
        | ListenerProtocol::Syslog => Shows::Nothing,
    }
}

fn shut(path: &str, name: &str, shows: Shows) -> String {
    let remedy = match shows {
        Shows::Headers => "make one with `forebay token create`".to_owned(),
        Shows::SharedKeys => {
            format!("give one a `forward` key or `listener: {name}`, or set a `tenant` here")
        }
        Shows::Nothing => format!("give one `listener: {name}` or a `network`, or set a `tenant` here"),
    };
    format!("{path}: nobody can send there, no credential that is valid fits; {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a credential for a misspelt listener; listeners with a tenant of their own, with a network that fits, and with nothing.
    /// Guarantees: what doesn't fit together is told, with what would.
    #[test]
    fn what_does_not_fit_together_is_told() {
        let mut settings = Settings::default();
        let mut listen = |name: &str, protocol, address: &str, tenant: Option<&str>| {
            let mut listener = ListenerSettings::new(protocol, address);
            listener.tenant = tenant.map(str::to_owned);
            settings.ingest.listeners.insert(name.to_owned(), listener);
        };
        listen("own", ListenerProtocol::Lines, "127.0.0.1:1", Some("acme"));
        listen("syslog", ListenerProtocol::Syslog, "udp://127.0.0.1:2", None);
        listen("local", ListenerProtocol::Syslog, "unixgram:///run/log", None);
        listen("forward", ListenerProtocol::Forward, "unix:///run/forward", None);
        let warnings = |credentials: &str| {
            let access = forebay_access::read(&format!("credentials:\n{credentials}")).unwrap();
            super::warnings(&access, &settings, Timestamp::UNIX_EPOCH)
        };
        let found = warnings(
            "- {name: a, tenant: acme, listener: syslgo}\n- {name: b, tenant: acme, network: 10.0.0.0/8}\n",
        );
        let expected = [
            "credentials are for the listener `syslgo`, which the settings do not have; did you mean `syslog`?",
            "ingest.listeners.forward: nobody can send there, no credential that is valid fits; give one a `forward` key or \
             `listener: forward`, or set a `tenant` here",
            "ingest.listeners.local: nobody can send there, no credential that is valid fits; give one `listener: local` or a \
             `network`, or set a `tenant` here",
        ];
        assert_eq!(found, expected);
        let all = "- {name: a, tenant: acme, listener: local}\n- {name: b, tenant: acme, network: 10.0.0.0/8}\n\
                   - {name: c, tenant: acme, forward: {shared_key: long-enough-key}}\n";
        assert_eq!(warnings(all), [""; 0]);
        let none = warnings("");
        assert!(none[0].starts_with("ingest.listen: nobody can send there"), "{none:#?}");
        assert_eq!(none.len(), 4, "{none:#?}");
    }
}
