//! One address before several ingests: each new connection goes to the next of those that are in it.
//!
//! It stands for a Service of Kubernetes ([virtual IPs](https://kubernetes.io/docs/reference/networking/virtual-ips/)) or any other
//! balancer of connections: what is open stays where it is, also when its ingest is taken out, and ends when that ingest ends it.
//! So how an ingest ends kept connections is what clients notice of its restart.
//!
//! A Service learns within seconds that a pod is leaving, for which the chart has the pod wait (`shutdown.delay`). Here
//! [`Spreader::leave`] waits for what that time is for: no connection is on its way there any more.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// What is read of an answer at first, in bytes.
const FIRST: usize = 4096;

/// A running spreader; it stops listening, and its connections end, when this is dropped.
#[derive(Debug)]
pub struct Spreader {
    address: SocketAddr,
    members: Arc<Mutex<Members>>,
    _stop: DropGuard,
}

/// Who is in it, and whose turn it is.
#[derive(Debug, Default)]
struct Members {
    list: Vec<Member>,
    next: usize,
}

/// An ingest.
#[derive(Clone, Debug)]
struct Member {
    port: u16,
    /// Has a token of each connection that this ingest has not yet said a word on: it may not have accepted it.
    unanswered: TaskTracker,
}

// === impl Spreader ===

impl Spreader {
    /// Starts one on a free port of 127.0.0.1, with nobody in it.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port of 127.0.0.1")?;
        let address = listener.local_addr()?;
        let members = Arc::default();
        let stop = CancellationToken::new();
        let _task = tokio::spawn(serve(listener, Arc::clone(&members), stop.clone()));
        Ok(Self { address, members, _stop: stop.drop_guard() })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on new connections go to this port of 127.0.0.1 too.
    pub fn join(&self, port: u16) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.list.push(Member { port, unanswered: TaskTracker::new() });
    }

    /// From now on no new connection goes there. Waits until those that were made have been answered on, or have ended: then all
    /// of them are in its hands.
    pub async fn leave(&self, port: u16) {
        let left: Vec<Member> = {
            let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            members.list.extract_if(.., |member| member.port == port).collect()
        };
        for Member { unanswered, .. } in left {
            let _closed = unanswered.close();
            unanswered.wait().await;
        }
    }
}

// === impl Members ===

impl Members {
    /// Whose turn it is, with a token for the connection.
    fn turn(&mut self) -> Option<(u16, TaskTrackerToken)> {
        self.next = (self.next + 1).checked_rem(self.list.len())?;
        let member = self.list.get(self.next)?;
        Some((member.port, member.unanswered.token()))
    }
}

async fn serve(listener: TcpListener, members: Arc<Mutex<Members>>, stop: CancellationToken) {
    loop {
        let Some(accepted) = stop.run_until_cancelled(listener.accept()).await else { return };
        // An error here is the machine's (too many open files): the next connection may do better.
        let Ok((client, _from)) = accepted else { continue };
        let turn = members.lock().unwrap_or_else(PoisonError::into_inner).turn();
        // Nobody is there: the connection ends, as it would be refused elsewhere.
        let Some((port, unanswered)) = turn else { continue };
        let stop = stop.clone();
        let _task = tokio::spawn(async move {
            let _ended = stop.run_until_cancelled(relay(client, port, unanswered)).await;
        });
    }
}

/// Hands bytes on, both ways, and each side's end to the other.
async fn relay(client: TcpStream, port: u16, unanswered: TaskTrackerToken) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        // An ingest that no longer reads may still have an answer to give: only the other direction ends both.
        let _read_or_refused = copy(&mut from_client, &mut to_server).await;
        let _told_or_gone = to_server.shutdown().await;
        Ok(())
    };
    let back = async {
        let mut first = vec![0; FIRST];
        let read = from_server.read(&mut first).await?;
        drop(unanswered);
        to_client.write_all(first.get(..read).unwrap_or_default()).await?;
        let _bytes = copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await
    };
    let ((), ()) = tokio::try_join!(there, back)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_testkit::eventually;

    use super::*;

    async fn says(listener: TcpListener, word: &'static str) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _task = tokio::spawn(async move {
                let mut byte = [0; 1];
                while stream.read_exact(&mut byte).await.is_ok() {
                    stream.write_all(word.as_bytes()).await.expect("writes");
                }
            });
        }
    }

    async fn asked(stream: &mut TcpStream) -> String {
        let mut word = [0; 1];
        stream.write_all(b"?").await.expect("writes");
        let _read = stream.read_exact(&mut word).await.expect("reads");
        String::from_utf8_lossy(&word).into_owned()
    }

    /// Scenario: two are in it; one leaves while a connection to it is open, and another one that it has not answered on.
    /// Guarantees: connections go to both in turns; the open one stays; new ones go to the other; leaving waits for the
    /// unanswered one; with nobody in it, connections end.
    #[tokio::test]
    async fn what_is_open_stays_and_what_is_new_goes_elsewhere() {
        let spreader = Spreader::start().await.expect("starts");
        let mut ports = Vec::new();
        for word in ["a", "b"] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("binds");
            let port = listener.local_addr().expect("has one").port();
            let _task = tokio::spawn(says(listener, word));
            spreader.join(port);
            ports.push((word, port));
        }
        let connect = async || TcpStream::connect(spreader.address).await.expect("connects");
        let (mut one, mut other) = (connect().await, connect().await);
        let words = [asked(&mut one).await, asked(&mut other).await];
        assert_ne!(words[0], words[1]);
        let mut silent = connect().await;
        // The third goes where the first went.
        let unanswered = |port: u16| {
            let members = spreader.members.lock().expect("unpoisoned");
            members.list.iter().find(|member| member.port == port).map_or(0, |member| member.unanswered.len())
        };
        let port = ports.iter().find(|(word, _)| *word == words[0]).expect("is one of them").1;
        eventually("it is on its way", Duration::from_secs(20), async || unanswered(port) == 1)
            .await
            .expect("gets there");
        let mut leaving = std::pin::pin!(spreader.leave(port));
        let left = tokio::time::timeout(Duration::ZERO, leaving.as_mut()).await;
        assert!(left.is_err(), "one is on its way");
        assert_eq!(asked(&mut silent).await, words[0]);
        leaving.await;
        for _ in 0..4 {
            assert_eq!(asked(&mut connect().await).await, words[1]);
        }
        assert_eq!(asked(&mut one).await, words[0]);
        for (_, port) in ports {
            spreader.leave(port).await;
        }
        let mut nobody = connect().await;
        let read = nobody.read(&mut [0; 1]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
}
