//! Who was the last to do something, apart from a given one.

use std::time::Duration;

/// When something happened to a target: its request was sent, and answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Moment {
    pub(crate) sent: Duration,
    pub(crate) answered: Duration,
}

/// The last two targets, by number, to which something happened: enough to know the last one that isn't a given one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Recent {
    last: Option<(u32, Moment)>,
    other: Option<(u32, Moment)>,
}

// === impl Recent ===

impl Recent {
    /// It happened to this target.
    pub(crate) fn note(&mut self, target: u32, moment: Moment) {
        if self.last.is_none_or(|(last, _)| last != target) {
            self.other = self.last;
        }
        self.last = Some((target, moment));
    }

    /// When it happened last to any other target.
    pub(crate) fn elsewhere(&self, target: u32) -> Option<Moment> {
        [self.last, self.other]
            .into_iter()
            .flatten()
            .find(|(who, _)| *who != target)
            .map(|(_, moment)| moment)
    }

    /// When it happened last to any target.
    pub(crate) fn anywhere(&self) -> Option<Moment> {
        self.last.map(|(_, moment)| moment)
    }

    /// As if it had never happened to this target.
    pub(crate) fn forget(&mut self, target: u32) {
        if self.other.is_some_and(|(who, _)| who == target) {
            self.other = None;
        }
        if self.last.is_some_and(|(who, _)| who == target) {
            self.last = self.other.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        let time = Duration::from_secs(seconds);
        Moment { sent: time, answered: time }
    }

    #[test]
    fn knows_the_last_one_that_is_not_given() {
        let mut recent = Recent::default();
        assert_eq!(recent.elsewhere(1), None);
        recent.note(1, at(1));
        recent.note(1, at(2));
        assert_eq!((recent.elsewhere(1), recent.elsewhere(2)), (None, Some(at(2))));
        recent.note(2, at(3));
        recent.note(2, at(4));
        assert_eq!((recent.elsewhere(1), recent.elsewhere(2)), (Some(at(4)), Some(at(2))));
        recent.forget(2);
        assert_eq!((recent.anywhere(), recent.elsewhere(1)), (Some(at(2)), None));
    }
}
