//! How much has to have come before the kernel wakes who reads: its *low water mark*, see `SO_RCVLOWAT` in socket(7).
//!
//! Bytes that nobody wants to read yet wake us all the same, one client's as often as he likes; ten thousand clients with six bytes twice a
//! second keep a core busy with that. The end of a stream always wakes. A mark that is lowered wakes at once if as much is there.

use nix::sys::socket::setsockopt;
use nix::{libc, setsockopt_impl, sockopt_impl};
use tokio::net::TcpStream;

/// How much has to have come to wake a reader who pauses, in bytes.
pub(crate) const LATE: u32 = 4096;

sockopt_impl!(
    /// Bytes; the kernel takes 0 for 1.
    LowWater,
    SetOnly,
    libc::SOL_SOCKET,
    libc::SO_RCVLOWAT,
    u32
);

/// Has the reader of this stream woken when so many bytes have come, or its end.
pub(super) fn wake_at(stream: &TcpStream, bytes: u32) {
    let _without_it_is_no_worse_than_before = setsockopt(stream, LowWater, &bytes);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    /// Scenario: to a stream that was read before, as those are that are read slowly, less comes than has to, then the mark is lowered; less
    /// again, then the end.
    /// Guarantees: the reader sleeps, and is woken by the lowering, and by the end.
    #[tokio::test]
    async fn little_wakes_nobody_until_it_may() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 9];
        let a_moment = Duration::from_millis(100);

        // A stream that has just been accepted is tried once without a word from the kernel.
        client.write_all(b"first").await.unwrap();
        assert_eq!(server.read(&mut bytes).await.unwrap(), 5);
        wake_at(&server, 4096);
        client.write_all(b"bits").await.unwrap();
        assert!(timeout(a_moment, server.read(&mut bytes)).await.is_err(), "it was woken");
        wake_at(&server, 1);
        assert_eq!(server.read(&mut bytes).await.unwrap(), 4);

        wake_at(&server, 4096);
        client.write_all(b"more").await.unwrap();
        assert!(timeout(a_moment, server.read(&mut bytes)).await.is_err(), "it was woken");
        drop(client);
        assert_eq!(server.read(&mut bytes).await.unwrap(), 4);
        assert_eq!(server.read(&mut bytes).await.unwrap(), 0);
    }
}
