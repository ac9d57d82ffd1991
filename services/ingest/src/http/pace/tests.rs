//! Who is read at once, and who isn't.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// How long a connection may be silent, in these tests.
const IDLE: Duration = Duration::from_secs(30);

impl WakesLate for tokio::io::Repeat {}
impl WakesLate for tokio::io::DuplexStream {}

/// Remembers how much has to have come to wake its reader.
struct Remembers(tokio::io::DuplexStream, Arc<AtomicU32>);

impl AsyncRead for Remembers {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl WakesLate for Remembers {
    fn wake_at(&self, bytes: u32) {
        self.1.store(bytes, Ordering::Relaxed);
    }
}

/// How long it takes to read so much from somebody who always has more.
async fn reads(paced: &mut Paced<tokio::io::Repeat>, bytes: usize) -> Duration {
    let started = Instant::now();
    let mut buffer = vec![0; 16 * 1024];
    for _ in 0..bytes / buffer.len() {
        let _len = paced.read_exact(&mut buffer).await.unwrap();
    }
    started.elapsed()
}

/// Scenario: somebody sends without a pause, between requests, during one that takes nothing of it, and during one that does.
/// Guarantees: what brings nothing is read slowly; what does, and what is read ahead, at once.
#[tokio::test(start_paused = true)]
async fn who_brings_nothing_is_slowed_down() {
    let activity = Arc::new(Activity::new());
    activity.speaks(true);
    let mut paced = Paced::new(tokio::io::repeat(0), Arc::clone(&activity), IDLE);
    assert_eq!(reads(&mut paced, BETWEEN).await, Duration::ZERO);
    assert!(reads(&mut paced, 10 * BETWEEN).await >= 9 * PAUSE_BETWEEN);

    let request = Activity::begin(&activity);
    assert_eq!(reads(&mut paced, DURING).await, Duration::ZERO);
    assert!(reads(&mut paced, 3 * DURING).await >= 2 * PAUSE_DURING);
    for _piece in 0..50 {
        activity.went_on();
        assert_eq!(reads(&mut paced, BETWEEN).await, Duration::ZERO);
    }
    drop(request);

    activity.upgraded();
    assert_eq!(reads(&mut paced, 10 * DURING).await, Duration::ZERO);
}

async fn piece(paced: &mut Paced<impl AsyncRead + WakesLate + Unpin>) -> Duration {
    let started = Instant::now();
    let _len = paced.read_exact(&mut [0; 6]).await.unwrap();
    started.elapsed()
}

/// Scenario: heads of HTTP/1.1 come in many pieces, written one after the other by a client who is in a hurry; then one of still more
/// of them; then a request.
/// Guarantees: those are read at once; that one slowly, until a request has begun.
#[tokio::test(start_paused = true)]
async fn a_head_in_many_pieces_is_read_slowly() {
    let activity = Arc::new(Activity::new());
    let mut paced = Paced::new(tokio::io::repeat(0), Arc::clone(&activity), IDLE);
    let slow = PAUSE_PIECES..2 * PAUSE_PIECES;
    for _request in 0..3 {
        for _piece in 0..PIECES {
            assert_eq!(piece(&mut paced).await, Duration::ZERO);
        }
        drop(Activity::begin(&activity));
    }
    for _piece in 0..=PIECES {
        assert_eq!(piece(&mut paced).await, Duration::ZERO);
    }
    assert!(slow.contains(&piece(&mut paced).await));
    assert!(slow.contains(&piece(&mut paced).await));
    drop(Activity::begin(&activity));
    assert_eq!(piece(&mut paced).await, Duration::ZERO, "a request has come of it");
}

/// Scenario: of a head comes half, and then for minutes a little now and then; at last the rest; then a request in one piece. Connections may be
/// silent for long, or for a second only.
/// Guarantees: nobody is woken by any of it; each part is read within seconds, or before the connection is idle; then at once.
#[tokio::test(start_paused = true)]
async fn half_a_head_wakes_nobody() {
    for idle in [IDLE, Duration::from_secs(1)] {
        let longest = 2 * PAUSE_PIECES.min(idle / 4) + Duration::from_millis(5);
        let (mut client, server) = tokio::io::duplex(64);
        let mark = Arc::new(AtomicU32::new(1));
        let activity = Arc::new(Activity::new());
        let mut paced = Paced::new(Remembers(server, Arc::clone(&mark)), Arc::clone(&activity), idle);
        client.write_all(b"POST /").await.unwrap();
        assert_eq!(piece(&mut paced).await, Duration::ZERO);
        for _part in 0..30 {
            let began = Instant::now();
            let half_a_second_later = async {
                sleep(Duration::from_millis(500)).await;
                let mark = mark.load(Ordering::Relaxed);
                client.write_all(b"x: y\r\n").await.unwrap();
                mark
            };
            let (_took, mark) = tokio::join!(piece(&mut paced), half_a_second_later);
            assert!(mark == LATE || idle < IDLE, "{mark}");
            assert!(began.elapsed() <= longest + 2 * AT_ONCE, "{:?}", began.elapsed());
        }
        drop(Activity::begin(&activity));
        for _request in 0..3 {
            client.write_all(b"POST /").await.unwrap();
            assert_eq!(piece(&mut paced).await, Duration::ZERO);
            assert_eq!(mark.load(Ordering::Relaxed), 1);
            drop(Activity::begin(&activity));
        }
    }
}

/// Sends these one after the other, a while between them; what the reading of each takes.
async fn slowly(parts: impl IntoIterator<Item = &[u8]>) -> Vec<Duration> {
    let (mut client, server) = tokio::io::duplex(64);
    let mut paced = Paced::new(server, Arc::new(Activity::new()), IDLE);
    let mut took = Vec::new();
    for part in parts {
        client.write_all(part).await.unwrap();
        let started = Instant::now();
        let _len = paced.read_exact(&mut vec![0; part.len()]).await.unwrap();
        took.push(started.elapsed());
        sleep(AT_ONCE).await;
    }
    took
}

/// Scenario: a client of HTTP/2 says small things before its first request, whose first comes in two pieces; or never stops to say them;
/// or what came was only the beginning of that.
/// Guarantees: so many are read at once, and no more; who only seems to speak HTTP/2 has none of that.
#[tokio::test(start_paused = true)]
async fn some_small_frames_between_requests_are_read_at_once() {
    let (begins, ends) = PREFACE.split_at(3);
    let pings = [&b"ping!!"[..]; 40];
    let took = slowly([begins, ends].into_iter().chain(pings)).await;
    let at_once = usize::try_from(PIECES_HTTP2).unwrap() + 1;
    assert!(took[..at_once].iter().all(Duration::is_zero), "{took:?}");
    assert!(took[at_once..].iter().all(|took| *took >= PAUSE_PIECES - AT_ONCE), "{took:?}");
    let took = slowly([begins, b"X / HTTP/1.1\r\n"].into_iter().chain(pings)).await;
    assert!(took[3..].iter().all(|took| *took >= PAUSE_PIECES - 2 * AT_ONCE), "{took:?}");
}

/// Scenario: requests are reset before they are answered: as many as are allowed, more of them, and then few.
/// Guarantees: who resets more than that at once is read no faster than who waits for his refusals; others at once.
#[tokio::test(start_paused = true)]
async fn who_does_not_wait_to_be_refused_is_slowed_down() {
    let activity = Arc::new(Activity::new());
    activity.speaks(true);
    let mut paced = Paced::new(tokio::io::repeat(0), Arc::clone(&activity), IDLE);
    let reset = |many| {
        for _request in 0..many {
            drop(Activity::begin(&activity));
            drop(Activity::awaited(&activity));
        }
    };
    reset(RESETS - 1);
    assert_eq!(piece(&mut paced).await, Duration::ZERO);
    for _turn in 0..5 {
        reset(RESETS);
        assert_eq!(piece(&mut paced).await, PAUSE_RESETS);
    }
    for _turn in 0..20 {
        sleep(PAUSE_RESETS).await;
        Activity::awaited(&activity).done();
        reset(RESETS / 2 - 1);
        assert_eq!(piece(&mut paced).await, Duration::ZERO);
    }
}
