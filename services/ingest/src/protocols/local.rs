//! Where events come from, for those whose protocol doesn't say it: the address, or the process on this machine.

use std::net::IpAddr;

use forebay_wire::Facts;

use crate::intake::Peer;
use crate::listen::{Listener, Stream};

/// A process as the kernel knows it, whatever the process says itself. In another namespace it has no number here: 0.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) user: u32,
    pub(super) group: u32,
}

/// Adds what is known of the other end of a connection.
pub(super) fn describe(stream: &Stream, peer: Peer, listener: &Listener, facts: &mut Facts) {
    match (peer, stream) {
        (Peer::Address(address), _) => of_address(address.ip(), facts),
        (Peer::Local, Stream::Unix(stream)) => {
            if let Ok(credentials) = stream.peer_cred() {
                let (user, group) = (credentials.uid(), credentials.gid());
                of_process(Process { pid: credentials.pid().unwrap_or(0), user, group }, listener, facts);
            }
        }
        (Peer::Local, _) => {}
    }
}

/// Adds the address, by the name that Elastic's shippers give it.
pub(super) fn of_address(address: IpAddr, facts: &mut Facts) {
    facts.attributes.push(("log.source.address".to_owned(), address.to_canonical().to_string()));
}

/// Adds the process, which also is the stream: its events stay in their order.
pub(super) fn of_process(process: Process, listener: &Listener, facts: &mut Facts) {
    let Process { pid, user, group } = process;
    facts.stream = format!("{}/{user}/{pid}", listener.name);
    if pid > 0 {
        facts.attributes.push(("log.source.pid".to_owned(), pid.to_string()));
    }
    facts.attributes.push(("log.source.uid".to_owned(), user.to_string()));
    facts.attributes.push(("log.source.gid".to_owned(), group.to_string()));
}
