//! Telling a client why it is turned away, in the few words that its protocol has before anything was read.

use std::io::Write as _;
use std::net::Shutdown;

use forebay_settings::sections::ingest::ListenerProtocol;
use tokio::net::TcpStream;

use super::Listener;

/// Tells a client that its address has too many connections, and closes this one. Where there is TLS, or the protocol has
/// no word for it, the client sees the end only.
pub(super) fn too_many(stream: TcpStream, listener: &Listener) {
    if listener.tls.is_some() || listener.protocol != ListenerProtocol::Http {
        return;
    }
    let Ok(mut stream) = stream.into_std() else { return };
    // The socket's buffer is empty, so that this fits at once; what doesn't is for nobody.
    let _best_effort = stream.write_all(answer(listener).as_bytes());
    let _closed = stream.shutdown(Shutdown::Write);
}

fn answer(listener: &Listener) -> String {
    let limit = listener.max_connections_per_address;
    let body = format!(
        r#"{{"error":{{"type":"too_many_connections","reason":"this address has {limit} connections, as many as max_connections_per_address allows","hint":"use fewer connections, or keep them open"}}}}"#
    );
    format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
