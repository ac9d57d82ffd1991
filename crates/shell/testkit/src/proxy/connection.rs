//! One connection through the proxy: two sockets, two lanes, and the ways in which it ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{Mode, Shared, Way, lane};

/// A socket that is reset when it is dropped, unless it was [`Socket::done`].
struct Socket {
    stream: TcpStream,
    done: bool,
}

/// How a connection ended.
enum End {
    /// Both sides said so themselves, or one failed.
    Over,
    /// There was no server.
    Refused,
    /// The proxy cut it.
    Cut,
    /// The proxy stopped.
    Stopped,
}

/// Carries one connection to its end.
pub(super) async fn serve(client: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    let mut client = Socket::new(client);
    let mut cuts = shared.cuts.subscribe();
    let refused = *shared.mode.borrow() == Mode::Refuse;
    let end = tokio::select! {
        // A cut comes first: what was held must not slip through when the mode changes right after it.
        biased;
        _changed = cuts.changed(), if !refused => End::Cut,
        () = stop.cancelled(), if !refused => End::Stopped,
        end = through(&mut client, &shared), if !refused => end,
        else => End::Refused,
    };
    let counter = match end {
        End::Refused => &shared.tally.refused,
        End::Cut => &shared.tally.cut,
        End::Over | End::Stopped => return,
    };
    let _before = counter.fetch_add(1, Ordering::Relaxed);
}

/// Connects to the server as soon as the mode lets it, and carries bytes until both sides have ended.
async fn through(client: &mut Socket, shared: &Shared) -> End {
    // A partition swallows the first packet of a connection like every other.
    lane::released(&mut shared.mode.subscribe(), Way::ToServer).await;
    let Ok(server) = TcpStream::connect(shared.server).await else {
        return End::Refused;
    };
    let mut server = Socket::new(server);
    let _before = shared.tally.accepted.fetch_add(1, Ordering::Relaxed);
    let (from_client, to_client) = client.stream.split();
    let (from_server, to_server) = server.stream.split();
    let carried = tokio::try_join!(
        lane::carry(from_client, to_server, shared, Way::ToServer),
        lane::carry(from_server, to_client, shared, Way::ToClient),
    );
    if carried.is_ok() {
        client.done = true;
        server.done = true;
    }
    End::Over
}

// === impl Socket ===

impl Socket {
    fn new(stream: TcpStream) -> Self {
        // A socket that can't do it only makes the proxy a little later.
        let _set = stream.set_nodelay(true);
        Self { stream, done: false }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if !self.done {
            // A socket that is gone already needs no reset.
            let _reset = self.stream.set_zero_linger();
        }
    }
}
