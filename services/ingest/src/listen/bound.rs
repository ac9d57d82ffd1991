//! A listener with its socket.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use forebay_settings::units::ListenAddress;
use tokio::net::{TcpListener, TcpSocket, UdpSocket, UnixDatagram, UnixListener};

use super::Listener;

/// How many may wait in the system's queue to be accepted; the system may allow less (`net.core.somaxconn`, 4,096 by default). Those who find
/// it full try again after one second, three and seven.
const QUEUE: u32 = 4096;

/// A listener that has its socket.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listener: Arc<Listener>,
    pub(crate) socket: Socket,
}

/// A socket of one of the kinds.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
    Unix(UnixListener),
    UnixDatagram(UnixDatagram),
}

impl Bound {
    /// Binds the listener's address.
    ///
    /// # Errors
    /// When it can't be bound: taken, not ours, or not allowed.
    pub(crate) async fn new(listener: Listener) -> Result<Self> {
        let socket = Socket::bind(&listener.address)
            .await
            .with_context(|| format!("listener `{}`: can't listen on {}", listener.name, listener.address))?;
        Ok(Self { listener: Arc::new(listener), socket })
    }

    /// Where it listens now, with the port that the system chose for port 0; `None` for a Unix socket.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(socket) => socket.local_addr().ok(),
            Socket::Udp(socket) => socket.local_addr().ok(),
            Socket::Unix(_) | Socket::UnixDatagram(_) => None,
        }
    }
}

impl Socket {
    async fn bind(address: &ListenAddress) -> std::io::Result<Self> {
        Ok(match address {
            ListenAddress::Tcp(address) => Self::Tcp(listen(*address)?),
            ListenAddress::Udp(address) => Self::Udp(UdpSocket::bind(address).await?),
            ListenAddress::Unix(path) => {
                clear(path)?;
                Self::Unix(UnixListener::bind(path)?)
            }
            ListenAddress::UnixDatagram(path) => {
                clear(path)?;
                Self::UnixDatagram(UnixDatagram::bind(path)?)
            }
        })
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A listener can begin anew while connections of the one before it end.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Takes away the socket that a process before us left behind. Anything else than a socket is left alone, so that binding
/// fails.
fn clear(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => std::fs::remove_file(path),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
