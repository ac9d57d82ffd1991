//! One direction of a connection: bytes in order, held, late or slow as the mode says.
//!
//! Reading and writing run side by side with a bounded queue between them, so that latency delays bytes without making
//! them fewer. Limits belong to a [`Link`], which all connections of a direction share, as they would share a line.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::{Mode, Shared, WINDOW, Way};

/// What is read at once.
const CHUNK: usize = 16 * 1024;

/// A limited line hands on as much as it carries in this time: so fine that it flows, so coarse that timers keep up.
const SLICE: Duration = Duration::from_millis(20);

/// A line that all connections of one direction share.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// When it has carried what was given to it so far.
    free: Mutex<Option<Instant>>,
    carried: AtomicU64,
}

/// Bytes, and when they were read.
struct Chunk {
    read: Instant,
    bytes: Bytes,
}

/// Carries everything from one socket to the other, and then its end of stream.
///
/// # Errors
/// When a socket fails; the connection as a whole is then to be reset.
pub(super) async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    shared: &Shared,
    way: Way,
) -> io::Result<()> {
    let (queue, mut queued) = mpsc::channel(WINDOW / CHUNK);
    let mut mode = shared.mode.subscribe();
    let reading = async {
        loop {
            let mut bytes = BytesMut::with_capacity(CHUNK);
            let count = from.read_buf(&mut bytes).await?;
            let chunk = Chunk { read: Instant::now(), bytes: bytes.freeze() };
            if count == 0 || queue.send(chunk).await.is_err() {
                break;
            }
        }
        drop(queue);
        io::Result::Ok(())
    };
    let writing = async {
        while let Some(chunk) = queued.recv().await {
            hand_on(chunk, &mut to, shared.link(way), &mut mode, way).await?;
        }
        released(&mut mode, way).await;
        to.shutdown().await
    };
    let ended = tokio::try_join!(reading, writing);
    if ended.is_err() {
        // A reset doesn't cross a partition either.
        released(&mut shared.mode.subscribe(), way).await;
    }
    ended.map(|_both| ())
}

/// Writes a chunk, slice by slice, each when it is due under the mode of that moment.
async fn hand_on(
    Chunk { read, mut bytes }: Chunk,
    to: &mut WriteHalf<'_>,
    link: &Link,
    mode: &mut watch::Receiver<Mode>,
    way: Way,
) -> io::Result<()> {
    while !bytes.is_empty() {
        released(mode, way).await;
        let shape = mode.borrow_and_update().shape();
        let slice = shape.limit(way).map_or(bytes.len(), |limit| per_slice(limit).min(bytes.len()));
        let due = link.reserve(slice, shape.limit(way)).max(read + shape.latency);
        if due > Instant::now() {
            tokio::select! {
                () = sleep_until(due) => {}
                // Look again: what is due later under one mode may be due now under the next.
                Ok(()) = mode.changed() => continue,
            }
        }
        to.write_all(bytes.get(..slice).unwrap_or_default()).await?;
        bytes.advance(slice);
        let _before = link.carried.fetch_add(slice as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// Waits until nothing is held back this way.
pub(super) async fn released(mode: &mut watch::Receiver<Mode>, way: Way) {
    // An error means that the proxy is gone, and then this task ends anyway.
    let _mode = mode.wait_for(|mode| !mode.holds(way)).await;
}

/// How many bytes a line of this speed carries at once.
fn per_slice(bytes_per_second: u64) -> usize {
    let slices = u64::try_from(Duration::from_secs(1).as_millis() / SLICE.as_millis()).unwrap_or(1);
    usize::try_from(bytes_per_second / slices).unwrap_or(usize::MAX).clamp(1, CHUNK)
}

// === impl Link ===

impl Link {
    /// When so many bytes are through, if they start now, behind those that were given to the line before.
    fn reserve(&self, bytes: usize, bytes_per_second: Option<u64>) -> Instant {
        let now = Instant::now();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(speed) = bytes_per_second else {
            *free = None;
            return now;
        };
        let start = free.map_or(now, |free| free.max(now));
        let through = start + Duration::from_secs_f64(bytes as f64 / speed.max(1) as f64);
        *free = Some(through);
        through
    }

    /// Bytes handed on so far.
    pub(super) fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}
