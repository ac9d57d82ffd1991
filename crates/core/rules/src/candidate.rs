//! A new revision that is tried beside the one in force: both work on a part of the events, what they make is compared, and
//! only the old one's documents go on. What comes of it decides whether the new one gets in force.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_convert::{Documents, Outcome};
use twox_hash::XxHash3_64;

use crate::rules::Rules;

/// How a candidate is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// The share of events that it works on, in percent.
    pub percent: f64,
    /// How long it is tried.
    pub lasts: Duration,
    /// The most events, in percent of those compared, that it may refuse where the one in force doesn't.
    pub max_refused_percent: f64,
}

/// A revision that is tried.
#[derive(Debug)]
pub struct Candidate {
    /// The rules.
    pub rules: Arc<Rules>,
    /// Hashes of ids below it take part.
    below: u128,
    same: AtomicU64,
    different: AtomicU64,
    newly_refused: AtomicU64,
    newly_accepted: AtomicU64,
}

/// What became of the events that both worked on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Comparison {
    /// Both made the same of them.
    pub same: u64,
    /// Both made documents, or dropped them, but not alike.
    pub different: u64,
    /// Only the new one refuses them.
    pub newly_refused: u64,
    /// Only the old one refuses them.
    pub newly_accepted: u64,
}

/// What to do with a candidate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Go on.
    TryOn,
    /// Put it in force.
    Promote,
    /// Let it go, and keep the old one.
    Reject,
}

const SEED: u64 = 0x74_7269_616c;

/// How many events have to be compared before a candidate is let go for what it refuses.
const ENOUGH: u64 = 100;

// === impl Candidate ===

impl Candidate {
    /// Nothing is compared yet.
    #[must_use]
    pub fn new(rules: Arc<Rules>, trial: &Trial) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to 100 million"
        )]
        let parts = (trial.percent.clamp(0.0, 100.0) * 1e6) as u128;
        let (same, different, newly_refused, newly_accepted) = Default::default();
        let below = parts * (u128::from(u64::MAX) + 1) / 100_000_000;
        Self { rules, below, same, different, newly_refused, newly_accepted }
    }

    /// Whether an event takes part, by its id.
    #[must_use]
    pub fn takes(&self, id: &str) -> bool {
        // Another hash than that of `sample`, or both would keep the same events.
        u128::from(XxHash3_64::oneshot_with_seed(SEED, id.as_bytes())) < self.below
    }

    /// Counts an event that both worked on.
    pub fn compare(
        &self,
        old: (&Outcome<'_>, &Documents),
        old_revision: &str,
        new: (&Outcome<'_>, &Documents),
    ) {
        let counter = match (old.0, new.0) {
            (Outcome::Refused(_), Outcome::Refused(_)) => &self.same,
            (_, Outcome::Refused(_)) => &self.newly_refused,
            (Outcome::Refused(_), _) => &self.newly_accepted,
            _ if alike(old, old_revision, new, self.rules.revision()) => &self.same,
            _ => &self.different,
        };
        let _before = counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Comparison {
            same: of(&self.same),
            different: of(&self.different),
            newly_refused: of(&self.newly_refused),
            newly_accepted: of(&self.newly_accepted),
        }
    }
}

// === impl Comparison ===

impl Comparison {
    /// How many events were compared.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.same + self.different + self.newly_refused + self.newly_accepted
    }

    /// What to do, after so long.
    #[must_use]
    pub fn verdict(&self, trial: &Trial, tried: Duration) -> Verdict {
        let too_many = {
            #[expect(clippy::cast_precision_loss, reason = "a percentage")]
            let refused = self.newly_refused as f64 * 100.0 / self.total().max(1) as f64;
            refused > trial.max_refused_percent
        };
        match (too_many, tried >= trial.lasts) {
            (true, true) => Verdict::Reject,
            (true, false) if self.total() >= ENOUGH => Verdict::Reject,
            (false, true) => Verdict::Promote,
            (_, false) => Verdict::TryOn,
        }
    }
}

/// Whether two outcomes are the same but for the revision that stands in the documents.
fn alike(
    old: (&Outcome<'_>, &Documents),
    old_revision: &str,
    new: (&Outcome<'_>, &Documents),
    new_revision: &str,
) -> bool {
    if old.0 != new.0 {
        return false;
    }
    if *old.0 != Outcome::Documents {
        return true;
    }
    old.1.len() == new.1.len()
        && old.1.drafts().zip(new.1.drafts()).all(|(a, b)| {
            a.route == b.route
                && a.event_ms == b.event_ms
                && a.part == b.part
                && same_text(a.body, old_revision, b.body, new_revision)
        })
}

/// Whether two documents differ at most where the one has the one revision and the other the other.
fn same_text(a: &[u8], a_revision: &str, b: &[u8], b_revision: &str) -> bool {
    if a == b {
        return true;
    }
    let find = |text: &[u8], revision: &str| {
        let quoted = format!("\"rules_revision\":\"{revision}\"");
        text.windows(quoted.len()).position(|window| window == quoted.as_bytes()).map(|at| (at, quoted.len()))
    };
    match (find(a, a_revision), find(b, b_revision)) {
        (Some((at, length)), Some((b_at, b_length))) => {
            at == b_at && a.get(..at) == b.get(..at) && a.get(at + length..) == b.get(at + b_length..)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIAL: Trial = Trial { percent: 10.0, lasts: Duration::from_secs(600), max_refused_percent: 1.0 };

    #[test]
    fn a_candidate_is_promoted_for_its_time_and_let_go_for_what_it_refuses() {
        let secs = Duration::from_secs;
        let of = |same, newly_refused| Comparison { same, newly_refused, ..Comparison::default() };
        assert_eq!(of(1_000, 10).verdict(&TRIAL, secs(599)), Verdict::TryOn);
        assert_eq!(of(1_000, 10).verdict(&TRIAL, secs(600)), Verdict::Promote);
        assert_eq!(of(1_000, 11).verdict(&TRIAL, secs(1)), Verdict::Reject);
        // Too few to say, until its time is over.
        assert_eq!(of(10, 1).verdict(&TRIAL, secs(1)), Verdict::TryOn);
        assert_eq!(of(10, 1).verdict(&TRIAL, secs(600)), Verdict::Reject);
        assert_eq!(of(0, 0).verdict(&TRIAL, secs(600)), Verdict::Promote);
    }

    #[test]
    fn documents_are_alike_but_for_the_revision() {
        let document = |revision: &str, n: u8| {
            format!(r#"{{"n":{n},"labels":{{"rules_revision":"{revision}"}},"m":"{revision}"}}"#).into_bytes()
        };
        let same = |a: &[u8], b: &[u8]| same_text(a, "aaa", b, "bbb");
        assert!(same(br#"{"labels":{"rules_revision":"aaa"}}"#, br#"{"labels":{"rules_revision":"bbb"}}"#));
        assert!(!same(&document("aaa", 1), &document("bbb", 1)));
        assert!(!same(&document("aaa", 1), &document("bbb", 2)));
        assert!(same(b"{}", b"{}") && !same(b"{}", b"{ }"));
    }
}
