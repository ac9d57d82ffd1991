//! Addresses: `host:port`.

use std::net::IpAddr;

/// What to write for an address.
pub(super) const REMEDY: &str = "write `host:port`, such as `127.0.0.1:8080` or `[::1]:8080`";

/// Splits `host:port`; brackets around an IPv6 address are taken off.
pub(super) fn split(address: &str) -> Result<(&str, u16), String> {
    let wrong = |what: &str| Err(format!("`{address}` {what}"));
    let Some((host, port)) = address.rsplit_once(':') else { return wrong("has no port") };
    let Ok(port) = port.parse() else { return wrong("has a port that is not a number from 0 to 65535") };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(ip) if ip.parse::<IpAddr>().is_ok() => Ok((ip, port)),
        None if host.contains(':') => wrong("is an IPv6 address without brackets"),
        None if is_host(host) => Ok((host, port)),
        _ => wrong("has no valid host"),
    }
}

/// Whether only this machine can reach the host. A name may mean anything, but for the one that means loopback.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Letters, digits, dots and hyphens, as in RFC 1123; and underscores, which container networks put into names.
fn is_host(host: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !host.is_empty() && host.len() <= 253 && host.bytes().all(allowed) && !host.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, split};

    #[test]
    fn addresses_are_split() {
        for (text, expected) in [
            ("127.0.0.1:8080", ("127.0.0.1", 8080)),
            ("[::1]:0", ("::1", 0)),
            ("kafka-0.kafka:9092", ("kafka-0.kafka", 9092)),
            ("my_broker:9092", ("my_broker", 9092)),
        ] {
            assert_eq!(split(text), Ok(expected));
        }
        for (text, what) in [
            ("localhost", "has no port"),
            (":8080", "has no valid host"),
            ("::1:8080", "without brackets"),
            ("host:99999", "not a number from 0 to 65535"),
            ("http://host:80", "without brackets"),
            ("a b:80", "has no valid host"),
        ] {
            assert!(split(text).unwrap_err().contains(what), "{text}: {:?}", split(text));
        }
    }

    #[test]
    fn loopback_is_told_from_the_rest() {
        for host in ["127.0.0.1", "127.9.9.9", "::1", "LocalHost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "example.com"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
