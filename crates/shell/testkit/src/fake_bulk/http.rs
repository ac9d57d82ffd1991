//! Connections: plain HTTP/1.1 over hyper, since a web framework can't cut a connection in the middle of a request.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::routes;
use super::state::State;

/// Ends the connection with no answer: hyper drops a connection whose service fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

/// An answer, or none.
pub(super) type Answer = Result<Response<Full<Bytes>>, Cut>;

/// Serves connections until told to stop, and then ends them all.
pub(super) async fn accept(listener: TcpListener, state: Arc<State>, stop: CancellationToken) {
    let serving = async {
        loop {
            if let Ok((stream, _peer)) = listener.accept().await {
                let _task = tokio::spawn(until(stop.clone(), serve(stream, Arc::clone(&state))));
            }
        }
    };
    let _stopped: Option<Infallible> = until(stop.clone(), serving).await;
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let _small_packets_at_once = stream.set_nodelay(true);
    let service = service_fn(move |request| routes::handle(Arc::clone(&state), request));
    // A client that goes away, and a cut of our own, end here; neither is news.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn until<T>(stop: CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    stop.run_until_cancelled(work).await
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}
