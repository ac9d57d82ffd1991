//! Where a listener listens, as a person writes it: `127.0.0.1:5044`, `udp://[::]:514`, `unix:///run/forebay.sock`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// A listener's address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ListenAddress {
    /// Connections of the network.
    Tcp(SocketAddr),
    /// Datagrams of the network.
    Udp(SocketAddr),
    /// Connections of this machine's processes.
    Unix(PathBuf),
    /// Datagrams of this machine's processes.
    UnixDatagram(PathBuf),
}

/// An address that can't be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is no address; write `127.0.0.1:5044`, `udp://127.0.0.1:514`, `unix:///path` or `unixgram:///path`"
)]
pub struct ListenAddressError(String);

impl ListenAddress {
    /// Whether only this machine reaches it.
    #[must_use]
    pub fn is_of_this_machine(&self) -> bool {
        match self {
            Self::Tcp(address) | Self::Udp(address) => address.ip().is_loopback(),
            Self::Unix(_) | Self::UnixDatagram(_) => true,
        }
    }

    /// Whether what comes in are datagrams.
    #[must_use]
    pub const fn is_datagram(&self) -> bool {
        matches!(self, Self::Udp(_) | Self::UnixDatagram(_))
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ListenAddressError(text.to_owned());
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        let path = || match rest.strip_prefix('/') {
            Some(name) if !name.is_empty() => Ok(PathBuf::from(rest)),
            _ => Err(wrong()),
        };
        match scheme {
            "tcp" => rest.parse().map(Self::Tcp).map_err(|_| wrong()),
            "udp" => rest.parse().map(Self::Udp).map_err(|_| wrong()),
            "unix" => path().map(Self::Unix),
            "unixgram" => path().map(Self::UnixDatagram),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Udp(address) => write!(f, "udp://{address}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::UnixDatagram(path) => write!(f, "unixgram://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_shown() {
        for text in ["127.0.0.1:5044", "udp://[::1]:514", "unix:///run/a.sock", "unixgram:///dev/log"] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert!(address.is_of_this_machine());
        }
        assert_eq!("tcp://127.0.0.1:1".parse(), "127.0.0.1:1".parse::<ListenAddress>());
        assert!(!"udp://0.0.0.0:514".parse::<ListenAddress>().unwrap().is_of_this_machine());
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for text in
            ["", "5044", "localhost:1", "sctp://127.0.0.1:1", "unix://relative", "unix:///", "udp://1.2.3.4"]
        {
            let error = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.contains("write `127.0.0.1:5044`"), "{error}");
        }
    }
}
