//! How long a connection isn't read that says much or often, and nothing whole.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::listen::{LATE, WakesLate};

/// How much may come by which nothing is said, in bytes: the rest of a message that was cut, for example. Then nothing is read for a
/// [pause](BREATH), or who sends a line that never ends would have as much of a core as he likes.
const IDLE: usize = 1024 * 1024;

/// How long.
const BREATH: Duration = Duration::from_millis(250);

/// What is a piece of a message, in bytes: less than any line of a network carries at once.
const PIECE: usize = 512;

/// In how many pieces a message may come, however long that takes. Then nothing is read for a while after each of them, or thousands of
/// clients with a byte now and then would wake us all the time for nothing.
const PIECES: u32 = 4;

/// How long after the first of them more may come: some clients write each field of a message by itself.
const AT_ONCE: Duration = Duration::from_millis(300);

/// And how many.
const PIECES_AT_ONCE: u32 = 64;

/// How long, or up to twice as long: crowds that came together needn't be read together.
const PAUSE: Duration = Duration::from_secs(1);

/// What has come of what was read.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// How many bytes more have said nothing than something, since the last pause.
    idle: usize,
    /// How many pieces have come since something whole did.
    pieces: u32,
    /// When the first of them did.
    since: Option<Instant>,
}

// === impl Talk ===

impl Talk {
    /// So many bytes were read at once.
    pub(super) fn came(&mut self, bytes: usize) {
        if bytes < PIECE {
            self.pieces = self.pieces.saturating_add(1);
            let _first = self.since.get_or_insert_with(Instant::now);
        }
    }

    /// So many bytes of it were something whole. Who says as much as he wastes is never slowed.
    pub(super) const fn said(&mut self, bytes: usize) {
        self.idle = self.idle.saturating_sub(bytes);
        self.pieces = 0;
        self.since = None;
    }

    /// So many bytes of it were nothing.
    pub(super) const fn wasted(&mut self, bytes: usize) {
        self.idle = self.idle.saturating_add(bytes);
    }

    /// Waits as long as nothing is read now, or until the stop. What comes meanwhile wakes nobody.
    pub(super) async fn pause(&mut self, stream: &impl WakesLate, stop: &CancellationToken) {
        if let Some(breath) = self.breath(rand::random()) {
            stream.wake_at(LATE);
            let _stopped = timeout(breath, stop.cancelled()).await;
            stream.wake_at(1);
        }
    }

    /// How long nothing is read now. `chance` is between 0 and 1.
    fn breath(&mut self, chance: f32) -> Option<Duration> {
        if self.idle > IDLE {
            self.idle = 0;
            return Some(BREATH);
        }
        let late = || self.since.is_some_and(|since| since.elapsed() >= AT_ONCE);
        (self.pieces > PIECES_AT_ONCE || self.pieces > PIECES && late()).then(|| {
            // The next one is followed by a pause again, which is after this one and so late.
            self.pieces = PIECES;
            PAUSE.mul_f32(1.0 + chance)
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// Guarantees: what comes in a few pieces, or large ones, is read at once; then each piece is followed by a pause until something whole
    /// has come.
    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_is_read_slowly() {
        let mut talk = Talk::default();
        for _message in 0..3 {
            for _piece in 0..PIECES {
                talk.came(1);
                assert_eq!(talk.breath(0.5), None);
                advance(AT_ONCE).await;
            }
            talk.said(100);
        }
        for _piece in 0..100 {
            talk.came(PIECE);
            assert_eq!(talk.breath(0.5), None);
        }
        for _piece in 0..PIECES {
            talk.came(1);
            assert_eq!(talk.breath(0.5), None);
        }
        advance(AT_ONCE).await;
        for _piece in 0..3 {
            talk.came(1);
            assert_eq!(talk.breath(0.5), Some(PAUSE * 3 / 2));
            assert_eq!(talk.breath(0.5), None);
        }
        talk.said(1);
        talk.came(1);
        assert_eq!(talk.breath(0.5), None);
    }

    /// Scenario: messages of which each field comes by itself, and a flood of such pieces without end.
    /// Guarantees: the former are read at once, the latter slowly.
    #[tokio::test(start_paused = true)]
    async fn many_pieces_at_once_are_read_at_once() {
        let mut talk = Talk::default();
        for _message in 0..3 {
            for _piece in 0..PIECES_AT_ONCE {
                talk.came(1);
                assert_eq!(talk.breath(0.0), None);
            }
            talk.said(100);
            advance(AT_ONCE).await;
        }
        for _piece in 0..PIECES_AT_ONCE {
            talk.came(1);
            assert_eq!(talk.breath(0.0), None);
        }
        talk.came(1);
        assert_eq!(talk.breath(0.0), Some(PAUSE));
        advance(PAUSE).await;
        talk.came(1);
        assert_eq!(talk.breath(0.0), Some(PAUSE));
    }

    /// Guarantees: who wastes more than he says is read slowly, and nobody else.
    #[test]
    fn waste_is_read_slowly() {
        let mut talk = Talk::default();
        talk.wasted(IDLE);
        assert_eq!(talk.breath(0.0), None);
        talk.wasted(1);
        assert_eq!((talk.breath(0.0), talk.breath(0.0)), (Some(BREATH), None));
        for _turn in 0..10 {
            talk.said(IDLE);
            talk.wasted(IDLE);
            assert_eq!(talk.breath(0.0), None);
        }
    }
}
