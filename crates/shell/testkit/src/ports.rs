//! Free TCP ports for servers that must be told theirs before they start.
//!
//! Port 0 would do for a server that starts once. One that is stopped and started again on its port needs one that
//! nobody takes meanwhile: so these lie below the range from which the kernel picks ports for outgoing connections
//! (32768 and up, `ip_local_port_range`), and none is given out twice by one process.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::{Context, Result};
use rand::Rng;

const RANGE: std::ops::Range<u16> = 16_000..32_000;
const TRIES: usize = 1_000;

static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port on 127.0.0.1 that is free now, and that this process is given only once.
///
/// # Errors
/// When none of a thousand random ports is free.
pub fn free_port() -> Result<u16> {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut random = rand::rng();
    (0..TRIES)
        .map(|_| random.random_range(RANGE))
        .find(|port| {
            !given.contains(port)
                && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
                && given.insert(*port)
        })
        .context("no free port on 127.0.0.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_gives_a_port_twice() {
        let ports: HashSet<u16> = (0..200).map(|_| free_port().expect("free")).collect();
        assert_eq!(ports.len(), 200);
    }
}
