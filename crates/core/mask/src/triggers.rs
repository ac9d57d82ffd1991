//! The automaton: one table over all detectors that are on, which stops where something may be.
//!
//! Its patterns are short and have no repetition without a limit, so that the table stays small. It reports every place
//! where a pattern ends, also within another one, and never goes back: what becomes of a place is the verifiers'
//! business.

use regex_automata::dfa::{Automaton, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{primitives::StateID, syntax};
use regex_automata::{Anchored, Input, MatchKind};

use crate::config::MaskError;
use crate::detect::{Trigger, VENDORS};
use crate::detector::Detector;
use crate::names::TRIGGERS;

/// The largest table, in bytes. All detectors together take a small part of it.
const MAX_TABLE: usize = 32 << 20;

/// What stands before the first digit of a number: no digit, or a URL's escape.
const NUMBER: &str = "(?:[^0-9]|%[0-9A-Fa-f]{2})";
/// What stands before a word: no letter or digit, or an escape.
const WORD: &str = r"(?:[^0-9A-Za-z]|%[0-9A-Fa-f]{2}|\\[nrt])";

/// The compiled automaton.
pub(crate) struct Triggers {
    table: dense::DFA<Vec<u32>>,
    start: StateID,
    /// What each pattern asks.
    asks: Vec<Trigger>,
}

// === impl Triggers ===

impl Triggers {
    /// Builds the table for the detectors that are on; `names` are further words of names.
    pub(crate) fn new(on: &[bool; Detector::COUNT], names: &[String]) -> Result<Self, MaskError> {
        let (patterns, asks): (Vec<String>, Vec<Trigger>) = patterns(names)
            .into_iter()
            .filter(|(_, ask)| on.get(ask.detector().index()) == Some(&true))
            .unzip();
        let table = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .match_kind(MatchKind::All)
                    .start_kind(regex_automata::dfa::StartKind::Unanchored)
                    .accelerate(false)
                    .dfa_size_limit(Some(MAX_TABLE))
                    .determinize_size_limit(Some(4 * MAX_TABLE)),
            )
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(thompson::Config::new().utf8(false))
            .build_many(&patterns)
            .map_err(|error| MaskError::Automaton(error.to_string()))?;
        let input = Input::new(b"").anchored(Anchored::No);
        let start =
            table.start_state_forward(&input).map_err(|error| MaskError::Automaton(error.to_string()))?;
        Ok(Self { table, start, asks })
    }

    /// The state behind this byte, with nothing before it.
    pub(crate) fn begin(&self, before: u8) -> StateID {
        self.table.next_state(self.start, before)
    }

    /// From `at` on: the next place where patterns end, and the state there; none up to the end of the text.
    pub(crate) fn next(&self, mut state: StateID, bytes: &[u8], at: usize) -> Option<(StateID, usize)> {
        // The table tells a match one byte late.
        for (place, byte) in bytes.get(at..)?.iter().enumerate() {
            state = self.table.next_state(state, *byte);
            if self.table.is_special_state(state) && self.table.is_match_state(state) {
                return Some((state, at + place));
            }
        }
        let last = self.table.next_eoi_state(state);
        self.table.is_match_state(last).then_some((last, bytes.len()))
    }

    /// Whether there is a word in this that names of secrets have: the cheap half of the question for fields.
    pub(crate) fn has_name(&self, name: &[u8]) -> bool {
        let (mut state, mut at) = (self.begin(b'\n'), 0);
        while let Some((found, end)) = self.next(state, name, at) {
            if self.asks(found).any(|ask| matches!(ask, Trigger::Name | Trigger::Authorization)) {
                return true;
            }
            (state, at) = (found, end + 1);
        }
        false
    }

    /// What is asked at a state that [`Triggers::next`] returned, the most telling detector first.
    pub(crate) fn asks(&self, state: StateID) -> impl Iterator<Item = Trigger> {
        let count = self.table.match_len(state);
        (0..count).filter_map(move |place| {
            self.asks.get(self.table.match_pattern(state, place).as_usize()).copied()
        })
    }
}

impl std::fmt::Debug for Triggers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Triggers").field("asks", &self.asks).finish_non_exhaustive()
    }
}

/// All patterns, in the order of the detectors.
fn patterns(names: &[String]) -> Vec<(String, Trigger)> {
    let escaped = |text: &str| regex_syntax::escape(text);
    let mut patterns = vec![("-----BEGIN ".to_owned(), Trigger::Pem)];
    // One pattern for all vendors: each pattern has states of its own behind its end, one for every byte that may
    // follow.
    let heads: Vec<_> = VENDORS.iter().map(|vendor| escaped(vendor.head())).collect();
    patterns.push((heads.join("|"), Trigger::Vendor));
    patterns.push(("eyJ".to_owned(), Trigger::Jwt));
    patterns.push(("(?i)authorization".to_owned(), Trigger::Authorization));
    patterns.push((r"(?i)(?:bearer|basic)(?: |\+|%20)".to_owned(), Trigger::Scheme));
    patterns.push((r"://|:\\/\\/".to_owned(), Trigger::Authority));
    let words = TRIGGERS.iter().map(|word| escaped(word));
    let more = names.iter().map(|name| {
        let words: Vec<_> = name.split(['_', '-', '.', ' ']).map(escaped).collect();
        words.join("[_.-]?")
    });
    let words: Vec<_> = words.chain(more).collect();
    patterns.push((format!("(?i)(?:{})", words.join("|")), Trigger::Name));
    patterns.push((format!("{WORD}[A-Za-z]{{2}}[0-9]{{2}}"), Trigger::Iban));
    patterns.push((format!("{NUMBER}[0-9]{{4}}[ +-]?[0-9]{{3}}"), Trigger::Card));
    patterns.push((format!("{NUMBER}[0-9]{{3}}-[0-9]{{2}}-[0-9]"), Trigger::Ssn));
    patterns.push((r"[0-9]\.[0-9]{1,3}\.[0-9]".to_owned(), Trigger::Dots));
    patterns.push((":[0-9A-Fa-f]{0,4}:".to_owned(), Trigger::Colons));
    patterns.push((r"(?:\+|%2[Bb])[1-9]".to_owned(), Trigger::Plus));
    patterns.push((r"\([0-9]{3}\)".to_owned(), Trigger::Brackets));
    patterns.push((format!(r"{NUMBER}[0-9]{{3}}[-.][0-9]{{3}}[-.][0-9]"), Trigger::Groups));
    patterns.push((r"[^0-9A-Za-z.]0[0-9]{1,4}[ /-][0-9]".to_owned(), Trigger::Zero));
    patterns.push(("@".to_owned(), Trigger::At));
    patterns.push(("%40".to_owned(), Trigger::EncodedAt));
    patterns
}

#[cfg(test)]
mod tests {
    use super::{Detector, Triggers};

    #[test]
    fn the_table_of_all_detectors_is_small() {
        let triggers = Triggers::new(&[true; Detector::COUNT], &[]).unwrap();
        println!("{} bytes, {} patterns", triggers.table.memory_usage(), triggers.asks.len());
        assert!(triggers.table.memory_usage() < 2 << 20, "{} bytes", triggers.table.memory_usage());
    }
}
