//! One pass over the text: the automaton stops, a verifier decides, and the automaton goes on.

use crate::detect::{Rules, Trigger};
use crate::detector::Detector;
use crate::hit::{Hit, Label, Verdict, widen};
use crate::triggers::Triggers;
use crate::view::View;

/// Which hits are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    All,
    /// It is enough to know whether there is one.
    First,
}

/// The scan of one text.
struct Scan<'a> {
    bytes: &'a [u8],
    rules: &'a Rules,
    hits: &'a mut Vec<Hit>,
    /// Where the last hit ended.
    floor: usize,
    /// Whether it was a number.
    number: bool,
    /// For each kind of question: up to where the answer is known to be no.
    barren: [usize; Trigger::KINDS],
}

/// Appends what is found, in the order of the text.
pub(crate) fn scan(triggers: &Triggers, rules: &Rules, bytes: &[u8], wanted: Wanted, hits: &mut Vec<Hit>) {
    let mut scan = Scan { bytes, rules, hits, floor: 0, number: false, barren: [0; Trigger::KINDS] };
    // A text begins like a line.
    let mut state = triggers.begin(b'\n');
    let mut at = 0;
    // A value was found by its name, and the bytes up to it are still to be read: the name may have something in it
    // too.
    let mut ahead: Option<Hit> = None;
    loop {
        let limit = ahead.as_ref().map_or(bytes.len(), |hit| hit.span.start);
        let stop = triggers.next(state, bytes.get(..limit).unwrap_or(bytes), at);
        let hit = match stop {
            Some((found, end)) => match scan.ask(triggers.asks(found), end) {
                Some(hit) if hit.span.end <= limit && (ahead.is_some() || hit.span.start < end) => hit,
                Some(hit) if ahead.is_none() => {
                    ahead = Some(hit);
                    (state, at) = (found, end + 1);
                    continue;
                }
                _ => {
                    // The byte that told the match is read already.
                    (state, at) = (found, end + 1);
                    continue;
                }
            },
            None => match ahead.take() {
                Some(hit) => hit,
                None => return,
            },
        };
        scan.keep(hit);
        if wanted == Wanted::First {
            return;
        }
        // A hit is followed by its marker's end, whatever it was before.
        state = triggers.begin(b']');
        at = scan.floor;
    }
}

// === impl Scan ===

impl Scan<'_> {
    /// Asks what may be at `end`; the first that is something.
    fn ask(&mut self, asks: impl Iterator<Item = Trigger>, end: usize) -> Option<Hit> {
        let text = View::new(self.bytes, self.floor, self.number);
        for ask in asks {
            let barren = self.barren.get_mut(ask.kind())?;
            if end <= *barren {
                continue;
            }
            match ask.verify(&text, end, self.rules) {
                Verdict::Found(hit) if hit.span.end > self.floor => return Some(hit),
                Verdict::Found(_) | Verdict::No => {}
                Verdict::NoneBefore(place) => *barren = place,
            }
        }
        None
    }

    /// Keeps a hit; what it covers of earlier ones becomes part of it.
    fn keep(&mut self, mut hit: Hit) {
        hit.span = widen(self.bytes, hit.span);
        while let Some(last) = self.hits.pop_if(|last| last.span.end > hit.span.start) {
            hit.span.start = hit.span.start.min(last.span.start);
        }
        self.floor = hit.span.end;
        self.number = matches!(
            hit.label,
            Label::BuiltIn(Detector::Card | Detector::UsSsn | Detector::Ipv4 | Detector::Phone)
        );
        self.hits.push(hit);
    }
}
