//! When a consumer polls, waits, or pauses its partitions.
//!
//! A consumer that can't hand on what it has must neither take more nor stop polling for long: after Kafka's
//! `max.poll.interval.ms` without a poll it loses its membership. But pausing a partition throws away what the client
//! has fetched ahead, which a wait of some milliseconds isn't worth. So it waits first, and pauses when that gets long;
//! paused, it polls on, and gets nothing but its membership kept.

use std::time::Duration;

/// What a consumer does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Poll for records.
    Poll,
    /// Wait a moment for room, without polling.
    Wait,
    /// Pause all partitions, then poll to keep the membership.
    Pause,
    /// Still paused: poll to keep the membership.
    StayPaused,
    /// Resume all partitions, then poll for records.
    Resume,
}

/// The state of a consumer's intake. Time is a duration since any fixed moment, given by the caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flow {
    patience: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    Full { since: Duration },
    Paused,
}

impl Flow {
    /// It pauses after it had no room for `patience`.
    #[must_use]
    pub const fn new(patience: Duration) -> Self {
        Self { patience, state: State::Open }
    }

    /// Whether partitions are paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        matches!(self.state, State::Paused)
    }

    /// Partitions are paused for a reason of the caller's own, and stay so.
    pub(crate) const fn pause(&mut self) {
        self.state = State::Paused;
    }

    /// What to do next, by whether there is room for another batch. To resume, room is not enough: `drained` says that
    /// so much room is there that it won't be full again at once.
    pub fn next(&mut self, now: Duration, room: bool, drained: bool) -> Step {
        match self.state {
            State::Open | State::Full { .. } if room => {
                self.state = State::Open;
                Step::Poll
            }
            State::Open => {
                self.state = State::Full { since: now };
                Step::Wait
            }
            State::Full { since } if now.saturating_sub(since) < self.patience => Step::Wait,
            State::Full { .. } => {
                self.state = State::Paused;
                Step::Pause
            }
            State::Paused if room && drained => {
                self.state = State::Open;
                Step::Resume
            }
            State::Paused => Step::StayPaused,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_then_pauses_then_resumes() {
        let mut flow = Flow::new(SECOND);
        assert_eq!(flow.next(Duration::ZERO, true, true), Step::Poll);
        assert_eq!(flow.next(SECOND * 10, false, false), Step::Wait);
        assert_eq!(flow.next(SECOND * 10, false, false), Step::Wait);
        assert_eq!(flow.next(SECOND * 11, false, false), Step::Pause);
        assert_eq!(flow.next(SECOND * 99, true, false), Step::StayPaused);
        assert_eq!(flow.next(SECOND * 99, true, true), Step::Resume);
        assert_eq!(flow.next(SECOND * 99, true, true), Step::Poll);
    }

    #[test]
    fn room_in_time_needs_no_pause() {
        let mut flow = Flow::new(SECOND);
        assert_eq!(flow.next(SECOND, false, false), Step::Wait);
        assert_eq!(flow.next(SECOND, true, false), Step::Poll);
        assert_eq!(flow.next(SECOND * 5, false, false), Step::Wait);
    }

    proptest! {
        /// Scenario: any course of room and time. Guarantees: records are asked for only when there is room; it never
        /// waits without polling for longer than its patience; pause and resume alternate.
        #[test]
        fn keeps_its_membership_and_its_bound(course in prop::collection::vec((0..700u64, any::<bool>(), any::<bool>()), 0..200)) {
            let mut flow = Flow::new(SECOND);
            let (mut now, mut last_poll, mut paused) = (Duration::ZERO, Duration::ZERO, false);
            for (pass, room, drained) in course {
                now += Duration::from_millis(pass);
                let step = flow.next(now, room, drained);
                match step {
                    Step::Poll => prop_assert!(room && !paused),
                    Step::Wait => prop_assert!(!room && now - last_poll <= SECOND + Duration::from_millis(700)),
                    Step::Pause => prop_assert!(!std::mem::replace(&mut paused, true)),
                    Step::StayPaused => prop_assert!(paused),
                    Step::Resume => prop_assert!(room && std::mem::replace(&mut paused, false)),
                }
                if step != Step::Wait {
                    last_poll = now;
                }
            }
        }
    }
}
