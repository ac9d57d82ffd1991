//! Waits until a client of TLS has said hello, and is woken by no half of it: thousands of clients who say a byte of it now and then would
//! wake us all the time for nothing.

use std::io;
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, recv};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::low_water::wake_at;

/// What a record begins with, in bytes: its type, its version, and the length of the rest ([RFC 8446, section
/// 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1)).
const HEAD: usize = 5;
/// The type of a record with a hello, which is the first one of a connection.
const HANDSHAKE: u8 = 22;
/// The largest rest of a record that isn't encrypted, in bytes.
const MOST: usize = 1 << 14;

/// Waits until the first record is there, or that which is none, or the end. Nothing is taken out.
pub(super) async fn comes(stream: &TcpStream) {
    let mut wanted = HEAD;
    while let Ok(ready) = stream.ready(Interest::READABLE).await {
        // Of a connection that has ended no more comes.
        let has_come = ready.is_read_closed() || has_come(stream, &mut wanted);
        if has_come {
            break;
        }
    }
    wake_at(stream, 1);
}

/// Whether as much has come, or more of it tells what is wanted. If not, waiting goes on from now.
fn has_come(stream: &TcpStream, wanted: &mut usize) -> bool {
    let looked = stream.try_io(Interest::READABLE, || {
        loop {
            let mut bytes = vec![0; *wanted];
            let count = recv(stream.as_raw_fd(), &mut bytes, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT)?;
            match record(&bytes[..count]) {
                Some(record) if record > *wanted => *wanted = record,
                Some(record) if record > count => {
                    wake_at(stream, u32::try_from(record).unwrap_or(u32::MAX));
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Some(_) | None => return Ok(()),
            }
        }
    });
    !matches!(looked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// How long the record is that begins so, in bytes, as far as that is known; `None` if it is none with a hello.
fn record(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [] => Some(HEAD),
        [HANDSHAKE, _, _, high, low, ..] => {
            let rest = usize::from(u16::from_be_bytes([high, low]));
            (rest <= MOST).then_some(HEAD + rest)
        }
        [HANDSHAKE, ..] => Some(HEAD),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    /// Two ends of a connection.
    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    /// Scenario: a record with a hello comes byte by byte; several times at once; something else; nothing, and the end; half of one, and the
    /// end.
    /// Guarantees: the first is waited for until it is whole, nothing else is; all of it can be read, and what comes after it.
    #[tokio::test]
    async fn a_hello_is_waited_for() {
        let a_moment = Duration::from_millis(20);
        let hello = [&[HANDSHAKE, 3, 1, 2, 0][..], &[7; 512]].concat();
        let (mut client, mut server) = pair().await;
        let (last, half) = hello.split_last().unwrap();
        for bytes in [&half[..1], &half[1..4], &half[4..5], &half[5..6], &half[6..]] {
            client.write_all(bytes).await.unwrap();
            assert!(timeout(a_moment, comes(&server)).await.is_err(), "{} bytes", bytes.len());
        }
        client.write_all(&[*last]).await.unwrap();
        comes(&server).await;
        let mut read = vec![0; hello.len()];
        let _all = server.read_exact(&mut read).await.unwrap();
        assert_eq!(read, hello);
        // What comes next wakes however little it is.
        let next = tokio::spawn(async move { server.read_u8().await.unwrap() });
        tokio::task::yield_now().await;
        client.write_all(&[9]).await.unwrap();
        assert_eq!(timeout(Duration::from_secs(9), next).await.expect("nobody was woken").unwrap(), 9);

        for (says, ends) in [
            (hello.repeat(9), false),
            (b"GET / HTTP/1.1\r\n".to_vec(), false),
            (vec![HANDSHAKE, 3, 1, 0xff, 0xff], false),
            (vec![0x80], false),
            (Vec::new(), true),
            (hello[..100].to_vec(), true),
        ] {
            let (mut client, mut server) = pair().await;
            client.write_all(&says).await.unwrap();
            if ends {
                client.shutdown().await.unwrap();
            }
            comes(&server).await;
            let mut read = vec![0; says.len()];
            let _all = server.read_exact(&mut read).await.unwrap();
            assert_eq!(read, says);
        }
    }

    /// Guarantees: between the first byte and the last, nothing that comes wakes who waits.
    #[tokio::test]
    async fn half_a_hello_wakes_nobody() {
        let (mut client, server) = pair().await;
        client.write_all(&[HANDSHAKE, 3, 1, 2, 0]).await.unwrap();
        let a_moment = Duration::from_millis(20);
        assert!(timeout(a_moment, comes_but(&server)).await.is_err());
        client.write_all(&[7; 300]).await.unwrap();
        let woken = timeout(a_moment, stream_wakes(&server)).await;
        assert!(woken.is_err(), "it was woken");
        client.write_all(&[7; 212]).await.unwrap();
        stream_wakes(&server).await;
    }

    /// As [`comes`], which sets the mark back in the end.
    async fn comes_but(stream: &TcpStream) {
        let mut wanted = HEAD;
        while !has_come(stream, &mut wanted) {
            stream_wakes(stream).await;
        }
    }

    async fn stream_wakes(stream: &TcpStream) {
        let _ready = stream.ready(Interest::READABLE).await.unwrap();
    }
}
