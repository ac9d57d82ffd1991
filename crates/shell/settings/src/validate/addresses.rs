//! Addresses that two would listen on. The second would be refused by the system when it starts, or, over a Unix socket, would take the
//! place of the first.

use std::net::SocketAddr;

use super::findings::Findings;
use crate::sections::Settings;
use crate::units::ListenAddress;

/// One place where a process listens.
struct Place<'a> {
    path: String,
    written: &'a str,
    address: ListenAddress,
}

pub(super) fn check(settings: &Settings, findings: &mut Findings) {
    let ingest = &settings.ingest;
    let mut places: Vec<Place<'_>> = Vec::new();
    let listeners = ingest.listeners.iter();
    let listeners = listeners.map(|(name, one)| (format!("ingest.listeners.{name}.address"), &one.address));
    // The tiers may run on one machine each; that two of them share an address for metrics is no mistake of itself.
    let all =
        [("telemetry.listen.ingest", &settings.telemetry.listen.ingest), ("ingest.listen", &ingest.listen)];
    let all = all.into_iter().map(|(path, address)| (path.to_owned(), address)).chain(listeners);
    for (path, written) in all {
        let Ok(address) = written.parse::<ListenAddress>() else { continue };
        let place = Place { path, written, address };
        // Of the first two that meet, the later one is told.
        if let Some(other) = places.iter().find(|other| meet(&other.address, &place.address)) {
            let what = format!("`{}` is taken by {} (`{}`)", place.written, other.path, other.written);
            findings.add(&place.path, what, "give each a port or a path of its own");
        }
        places.push(place);
    }
}

/// Whether both can't be listened on at once. Port 0 takes a free one.
fn meet(one: &ListenAddress, other: &ListenAddress) -> bool {
    match (one, other) {
        (ListenAddress::Tcp(one), ListenAddress::Tcp(other))
        | (ListenAddress::Udp(one), ListenAddress::Udp(other)) => ports_meet(*one, *other),
        (
            ListenAddress::Unix(one) | ListenAddress::UnixDatagram(one),
            ListenAddress::Unix(other) | ListenAddress::UnixDatagram(other),
        ) => one == other,
        _ => false,
    }
}

/// Whoever listens on all addresses takes the port of each; `[::]` takes those of IPv4 too, as Linux sets it up.
fn ports_meet(one: SocketAddr, other: SocketAddr) -> bool {
    let covers =
        |one: SocketAddr, other: SocketAddr| one.ip().is_unspecified() && (one.is_ipv6() || other.is_ipv4());
    let is_met = one.ip() == other.ip() || covers(one, other) || covers(other, one);
    one.port() == other.port() && one.port() != 0 && is_met
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_meets_everybody() {
        let meets = |one: &str, other: &str| {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(meet(&one, &other), meet(&other, &one));
            meet(&one, &other)
        };
        for (one, other) in [
            ("127.0.0.1:5044", "127.0.0.1:5044"),
            ("0.0.0.0:5044", "127.0.0.1:5044"),
            ("[::]:5044", "127.0.0.1:5044"),
            ("[::]:5044", "0.0.0.0:5044"),
            ("udp://0.0.0.0:514", "udp://10.0.0.1:514"),
            ("unix:///run/a.sock", "unixgram:///run/a.sock"),
        ] {
            assert!(meets(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.0.0.1:5044", "127.0.0.1:5045"),
            ("127.0.0.1:5044", "127.0.0.2:5044"),
            ("0.0.0.0:5044", "[::1]:5044"),
            ("127.0.0.1:514", "udp://127.0.0.1:514"),
            ("unix:///run/a.sock", "unix:///run/b.sock"),
        ] {
            assert!(!meets(one, other), "{one} {other}");
        }
    }
}
