//! Connections that hold their place for as long as they are let.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::interval;

/// What is sent at first, and what is sent twice a second behind it.
pub type Half = (&'static [u8], &'static [u8]);

/// Connects from this address.
///
/// # Errors
/// When nobody listens there, or the address is nobody's.
pub async fn connect(from: [u8; 4], to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::from(from), 0))?;
    socket.connect(to).await
}

/// Connects from this address, sends a half, and stays until it is thrown out.
pub async fn stay(from: [u8; 4], to: SocketAddr, (first, then): Half) {
    let Ok(mut stream) = connect(from, to).await else { return };
    let _sent = stream.write_all(first).await;
    hold(stream, then).await;
}

/// Sends a bit twice a second, and reads what comes, until it is thrown out.
pub async fn hold(mut stream: TcpStream, then: &[u8]) {
    let (mut bytes, mut ticks) = ([0; 256], interval(Duration::from_millis(500)));
    loop {
        tokio::select! {
            read = stream.read(&mut bytes) => if !matches!(read, Ok(1..)) { return },
            _ = ticks.tick() => if !then.is_empty() && stream.write_all(then).await.is_err() { return },
        }
    }
}
