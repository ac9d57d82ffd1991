//! What the kernel does for datagrams: how many it keeps for us, and how many it had to drop.

use std::fs;
use std::os::fd::AsFd;

use nix::sys::socket::sockopt::{PassCred, RcvBuf, RcvBufForce};
use nix::sys::socket::{getsockopt, setsockopt};
use nix::sys::stat::fstat;
use tokio::net::{UdpSocket, UnixDatagram};

/// How many bytes the kernel should keep for a socket that we didn't get to: a quarter of a second of 100,000 datagrams of 300
/// bytes, of which each takes about 800 there.
const RECEIVE_BUFFER: usize = 16 * 1024 * 1024;

/// Makes the receive buffer larger, which takes privileges beyond `net.core.rmem_max`.
pub(super) fn widen(socket: &UdpSocket, listener: &str) {
    let _unprivileged = setsockopt(socket, RcvBufForce, &RECEIVE_BUFFER)
        .or_else(|_| setsockopt(socket, RcvBuf, &RECEIVE_BUFFER));
    // The kernel counts its own about each datagram, so that it says twice what it was asked for.
    let bytes = getsockopt(socket, RcvBuf).unwrap_or(0) / 2;
    if bytes < RECEIVE_BUFFER {
        tracing::warn!(
            listener,
            bytes,
            wanted = RECEIVE_BUFFER,
            "the receive buffer is small, bursts may be dropped: raise the sysctl net.core.rmem_max"
        );
    }
}

/// Has the kernel say with each datagram which process sent it.
pub(super) fn ask_for_credentials(socket: &UnixDatagram, listener: &str) {
    if let Err(error) = setsockopt(socket, PassCred, &true) {
        tracing::warn!(listener, %error, "the kernel won't say which process sends");
    }
}

/// The datagrams that the kernel has dropped for lack of room.
#[derive(Debug)]
pub(super) struct Drops {
    inode: Option<u64>,
    known: u64,
}

impl Drops {
    pub(super) fn of(socket: &UdpSocket) -> Self {
        Self { inode: fstat(socket.as_fd()).ok().map(|status| status.st_ino), known: 0 }
    }

    /// How many more there are than at the last call.
    pub(super) fn since(&mut self) -> usize {
        let Some(inode) = self.inode else { return 0 };
        let tables = ["/proc/self/net/udp", "/proc/self/net/udp6"];
        let found = tables.iter().find_map(|path| drops(&fs::read_to_string(path).ok()?, inode));
        let now = found.unwrap_or(self.known);
        let more = now.saturating_sub(self.known);
        self.known = now;
        usize::try_from(more).unwrap_or(usize::MAX)
    }
}

/// The last column of the socket's row: <https://docs.kernel.org/networking/proc_net_tcp.html> has the others.
fn drops(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let is_ours = columns.get(9).and_then(|column| column.parse().ok()) == Some(inode);
        if is_ours { columns.get(12)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_the_socket_says_what_was_dropped() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            35: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17 2 0000000000000000 0\n\
            36: 0100007F:0203 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18 2 0000000000000000 42\n";
        assert_eq!((drops(table, 18), drops(table, 17), drops(table, 19)), (Some(42), Some(0), None));
    }

    /// Scenario: more than fits into a small receive buffer. Guarantees: what is left out is counted, once.
    #[tokio::test]
    async fn what_the_kernel_drops_is_counted() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        setsockopt(&socket, RcvBuf, &4096).unwrap();
        let mut drops = Drops::of(&socket);
        assert_eq!(drops.since(), 0);
        let address = socket.local_addr().unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            let _sent = sender.send_to(&[b'x'; 1000], address).unwrap();
        }
        // Until the runtime has seen that something is there, it says that nothing is.
        socket.readable().await.unwrap();
        let mut received = 0;
        while socket.try_recv_from(&mut [0; 2000]).is_ok() {
            received += 1;
        }
        assert_eq!((drops.since(), drops.since()), (100 - received, 0));
        assert!(received < 100);
    }
}
