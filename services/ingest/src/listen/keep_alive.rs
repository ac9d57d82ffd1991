//! Connections that nobody has at the other end any more: a machine that lost its power says no farewell.
//!
//! Syslog connections may be silent for days and be well, so that silence tells nothing; the kernel asks instead.

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{KeepAlive, TcpKeepCount, TcpKeepIdle, TcpKeepInterval};
use tokio::net::TcpStream;

/// After how long a silence the other end is asked, in seconds.
const IDLE: u32 = 60;
/// How long each answer is waited for, in seconds.
const INTERVAL: u32 = 15;
/// After how many questions without an answer the connection is over.
const COUNT: u32 = 4;

/// Has the kernel end the connection two minutes after the other end has gone.
pub(super) fn keep_alive(stream: &TcpStream) {
    let _without_it_is_no_worse_than_before = setsockopt(stream, KeepAlive, &true)
        .and_then(|()| setsockopt(stream, TcpKeepIdle, &IDLE))
        .and_then(|()| setsockopt(stream, TcpKeepInterval, &INTERVAL))
        .and_then(|()| setsockopt(stream, TcpKeepCount, &COUNT));
}
