//! Regular expressions of the configuration, all in one automaton.
//!
//! It is built lazily, state by state, in the cache of each lane; a full cache is cleared, so that memory stays
//! bounded. A search for all matches can need the square of the text's length with any engine (`a(.*z)?` on a text of
//! `a`), so the steps are counted: where they are more than a multiple of the length, the rest of the text is masked
//! instead.

use regex_automata::hybrid::dfa;
use regex_automata::meta;
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, HalfMatch, Input, MatchKind, PatternID};

use crate::config::{CustomDetector, MaskError};
use crate::hit::{Hit, Label, Wrap, widen};
use crate::scan::Wanted;

/// The longest expression, in bytes.
const MAX_PATTERN: usize = 4096;
/// The largest automaton of one expression before it is made deterministic, in bytes.
const MAX_NFA: usize = 1 << 20;
/// What a lane keeps of the deterministic one, in bytes, for each direction.
const MAX_CACHE: usize = 4 << 20;
/// How often each byte of a text is looked at, at most.
const MAX_STEPS: usize = 16;
/// The steps that any text may take: small ones never reach the limit.
const FREE_STEPS: usize = 64 << 10;
/// The group that is replaced alone.
const GROUP: &str = "secret";

/// The expressions, compiled.
pub(crate) struct Custom {
    forward: dfa::DFA,
    reverse: dfa::DFA,
    /// For each expression with a group for the secret: how to find it, and its number.
    groups: Vec<Option<(meta::Regex, usize)>>,
}

/// What a lane keeps.
pub(crate) struct CustomCache {
    forward: dfa::Cache,
    reverse: dfa::Cache,
}

/// The steps are spent, or the automaton can't be built any further.
struct Spent;

// === impl Custom ===

impl Custom {
    pub(crate) fn new(detectors: &[CustomDetector]) -> Result<Self, MaskError> {
        let mut groups = Vec::new();
        for detector in detectors {
            groups.push(group(detector)?);
        }
        let patterns: Vec<_> = detectors.iter().map(|detector| detector.pattern.as_str()).collect();
        let all = || detectors.iter().map(|detector| detector.name.as_str()).collect::<Vec<_>>().join(", ");
        let build = |reverse: bool, kind: MatchKind| {
            dfa::Builder::new()
                .configure(
                    dfa::Config::new()
                        .match_kind(kind)
                        .cache_capacity(MAX_CACHE)
                        .skip_cache_capacity_check(true)
                        .starts_for_each_pattern(reverse),
                )
                .syntax(bytes())
                .thompson(thompson::Config::new().utf8(false).reverse(reverse))
                .build_many(&patterns)
                .map_err(|error| MaskError::Pattern { name: all(), message: explain(&error) })
        };
        Ok(Self {
            forward: build(false, MatchKind::LeftmostFirst)?,
            reverse: build(true, MatchKind::All)?,
            groups,
        })
    }

    pub(crate) fn cache(&self) -> CustomCache {
        CustomCache { forward: self.forward.create_cache(), reverse: self.reverse.create_cache() }
    }

    /// Appends what is found, in the order of the text.
    pub(crate) fn scan(&self, cache: &mut CustomCache, bytes: &[u8], wanted: Wanted, hits: &mut Vec<Hit>) {
        let mut steps = bytes.len().saturating_mul(MAX_STEPS).saturating_add(FREE_STEPS);
        let mut at = 0;
        while at < bytes.len() {
            let hit = match self.next(cache, bytes, at, &mut steps) {
                Ok(None) => return,
                Ok(Some(hit)) => hit,
                Err((place, Spent)) => {
                    Hit { label: Label::Custom(place), span: widen(bytes, at..bytes.len()), wrap: Wrap::Bare }
                }
            };
            at = hit.span.end.max(at + 1);
            hits.push(hit);
            if wanted == Wanted::First {
                return;
            }
        }
    }

    fn next(
        &self,
        cache: &mut CustomCache,
        bytes: &[u8],
        at: usize,
        steps: &mut usize,
    ) -> Result<Option<Hit>, (usize, Spent)> {
        let Some(end) = self.end(cache, bytes, at, steps).map_err(|spent| (0, spent))? else {
            return Ok(None);
        };
        let place = end.pattern().as_usize();
        let input = Input::new(bytes).range(at..end.offset()).anchored(Anchored::Pattern(end.pattern()));
        let start = self.reverse.try_search_rev(&mut cache.reverse, &input).map_err(|_| (place, Spent))?;
        let whole = start.map_or(at, |start| start.offset())..end.offset();
        let span = self.secret(place, bytes, &whole).unwrap_or(whole);
        Ok(Some(Hit { label: Label::Custom(place), span: widen(bytes, span), wrap: Wrap::Bare }))
    }

    /// The end of the leftmost match from `at` on.
    fn end(
        &self,
        cache: &mut CustomCache,
        bytes: &[u8],
        at: usize,
        steps: &mut usize,
    ) -> Result<Option<HalfMatch>, Spent> {
        let (dfa, cache) = (&self.forward, &mut cache.forward);
        let input = Input::new(bytes).range(at..);
        let mut state = dfa.start_state_forward(cache, &input).map_err(|_| Spent)?;
        let mut found = None;
        for (place, byte) in bytes.iter().enumerate().skip(at) {
            if *steps == 0 {
                return Err(Spent);
            }
            *steps -= 1;
            state = dfa.next_state(cache, state, *byte).map_err(|_| Spent)?;
            if state.is_tagged() {
                if state.is_match() {
                    found = Some(HalfMatch::new(dfa.match_pattern(cache, state, 0), place));
                } else if state.is_dead() {
                    return Ok(found);
                } else if state.is_quit() {
                    return Err(Spent);
                }
            }
        }
        state = dfa.next_eoi_state(cache, state).map_err(|_| Spent)?;
        if state.is_match() {
            found = Some(HalfMatch::new(dfa.match_pattern(cache, state, 0), bytes.len()));
        }
        Ok(found)
    }

    /// The group of the match that is the secret.
    fn secret(
        &self,
        place: usize,
        bytes: &[u8],
        whole: &std::ops::Range<usize>,
    ) -> Option<std::ops::Range<usize>> {
        let (regex, number) = self.groups.get(place)?.as_ref()?;
        let mut found: Captures = regex.create_captures();
        regex.search_captures(&Input::new(bytes).range(whole.clone()).anchored(Anchored::Yes), &mut found);
        let span = found.get_group(*number)?;
        (span.start < span.end).then_some(span.start..span.end)
    }
}

impl std::fmt::Debug for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Custom").field("expressions", &self.groups.len()).finish_non_exhaustive()
    }
}

/// Checks one expression, so that an error says which it is; the way to its group, if it has one.
fn group(detector: &CustomDetector) -> Result<Option<(meta::Regex, usize)>, MaskError> {
    let wrong = |message: String| MaskError::Pattern { name: detector.name.clone(), message };
    if detector.pattern.len() > MAX_PATTERN {
        return Err(wrong(format!("it has {} bytes, and may have {MAX_PATTERN}", detector.pattern.len())));
    }
    let hir = syntax::parse_with(&detector.pattern, &bytes()).map_err(|error| wrong(error.to_string()))?;
    if hir.properties().minimum_len().is_none_or(|least| least == 0) {
        return Err(MaskError::Empty(detector.name.clone()));
    }
    let nfa = NFA::compiler()
        .configure(thompson::Config::new().utf8(false).nfa_size_limit(Some(MAX_NFA)))
        .build_from_hir(&hir)
        .map_err(|error| wrong(explain(&error)))?;
    if nfa.look_set_any().contains_word_unicode() {
        return Err(wrong(
            "a Unicode word boundary needs more than linear time: write `(?-u:\\b)`".to_owned(),
        ));
    }
    let Some(number) = nfa.group_info().to_index(PatternID::ZERO, GROUP) else { return Ok(None) };
    let regex = meta::Builder::new()
        .configure(meta::Config::new().utf8_empty(false).nfa_size_limit(Some(2 * MAX_NFA)))
        .syntax(bytes())
        .build(&detector.pattern)
        .map_err(|error| wrong(explain(&error)))?;
    Ok(Some((regex, number)))
}

/// Classes of ASCII, and matches that may begin or end at any byte.
fn bytes() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false)
}

/// An error with the one that caused it, which says more.
fn explain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
