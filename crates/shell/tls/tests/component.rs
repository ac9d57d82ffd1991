//! Real handshakes over real sockets, with certificates that are made on the spot.

#[cfg(test)]
#[path = "component/authority.rs"]
mod authority;

#[cfg(test)]
#[path = "component/clients.rs"]
mod clients;
#[cfg(test)]
#[path = "component/files.rs"]
mod files;
#[cfg(test)]
#[path = "component/handshakes.rs"]
mod handshakes;
#[cfg(test)]
#[path = "component/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "component/renewal.rs"]
mod renewal;
