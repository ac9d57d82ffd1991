//! How many fields documents may have beyond the schema: of one document, and of one target and day.
//!
//! A search server keeps a mapping for every field that it has ever seen in an index, and refuses documents, or slows
//! down for everybody, when there are too many. So each target has a budget of field paths for each day, which all
//! lanes of a process share. What exceeds it goes to `unmapped`, which is one field whatever is in it. Objects count as
//! paths too, as they do on the server.
//!
//! Nearly all events of a target have the same names. So a lane remembers sets of names that were admitted as a whole, by
//! a hash of all of them, and such an event costs one look-up. Else a path that a lane knows costs one hash and one
//! look-up; the lock is taken for paths that are new to it. Once a budget is spent, lanes keep a copy of what was
//! admitted, and nobody locks for that target any more.
//!
//! Source: <https://www.elastic.co/guide/en/elasticsearch/reference/current/mapping-settings-limit.html>.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use forebay_record::target;
use twox_hash::XxHash3_64;

/// How many sets of names a lane remembers of a target; with more it starts anew.
const LANE_SHAPES: usize = 256;

/// How many targets a lane remembers; with more it starts anew and asks the shared table again.
const LANE_TARGETS: usize = 256;

/// What documents may have beyond the schema.
#[derive(Clone, Debug)]
pub struct Guards {
    /// How many leaf fields that the schema doesn't know one document may have.
    pub max_fields: usize,
    /// How many field paths a target may have; none for as many as come.
    pub budget: Option<FieldBudget>,
    /// Whether [`crate::Parser::parse`] holds events to the budget too; [`crate::Parser::write`] always does, and both
    /// always hold them to `max_fields`.
    pub all_events: bool,
}

/// The distinct field paths of each target and day, shared by all lanes of a process. Clones are the same budget.
///
/// Memory is bounded: when there are too many targets, those of the oldest day are forgotten, and events that are older
/// than all that is remembered have no field beyond the schema.
#[derive(Clone, Debug)]
pub struct FieldBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Secret, so that nobody makes paths that collide.
    seed: u64,
    max_paths: usize,
    max_targets: usize,
    /// Oldest day first.
    targets: Mutex<BTreeMap<(i64, u64), Paths>>,
}

/// Hashes of paths, which need no second hash.
type Paths = HashSet<u64, BuildHasherDefault<Hashed>>;

/// What one lane knows of the budget.
#[derive(Debug)]
pub(crate) struct LaneFields {
    budget: FieldBudget,
    /// By day and target, hashed into one.
    targets: HashMap<u64, LaneTarget, BuildHasherDefault<Hashed>>,
}

#[derive(Debug, Default)]
struct LaneTarget {
    admitted: Paths,
    /// Hashes of sets of names that were admitted as a whole: those stay admitted.
    shapes: Paths,
    /// Nothing is admitted any more, and `admitted` is all there is.
    spent: bool,
}

/// What is left for one document.
#[derive(Debug)]
pub(crate) struct Guard<'g> {
    left: usize,
    /// Whether all paths so far were admitted.
    all: bool,
    target: Option<(&'g FieldBudget, (i64, u64), &'g mut LaneTarget)>,
}

/// Takes a hash for its own hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hashed(u64);

// === impl Guards ===

impl Default for Guards {
    /// 500 fields a document, no budget, and nothing for events that no rule touches.
    fn default() -> Self {
        Self { max_fields: 500, budget: None, all_events: false }
    }
}

// === impl FieldBudget ===

impl FieldBudget {
    /// How many paths a target may have if nothing else is asked for.
    pub const MAX_PATHS: usize = 2000;

    /// How many targets are remembered if nothing else is asked for: 128 MB if all of them spend their budget.
    pub const MAX_TARGETS: usize = 4096;

    /// A budget of `max_paths` for each target and day, for at most `max_targets` of those.
    #[must_use]
    pub fn new(max_paths: usize, max_targets: usize) -> Self {
        let seed = RandomState::new().hash_one(0);
        let targets = Mutex::default();
        Self(Arc::new(Shared { seed, max_paths, max_targets: max_targets.max(1), targets }))
    }

    /// How many paths a target has at the moment.
    #[must_use]
    pub fn spent(&self, target: &str, event_ms: i64) -> usize {
        let key = (target::day(event_ms), self.hash(target));
        let targets = self.0.targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets.get(&key).map_or(0, HashSet::len)
    }

    pub(crate) fn lane(&self) -> LaneFields {
        LaneFields { budget: self.clone(), targets: HashMap::default() }
    }

    fn hash(&self, text: &str) -> u64 {
        XxHash3_64::oneshot_with_seed(self.0.seed, text.as_bytes())
    }

    /// Whether the target has the path, or takes it now. Tells the lane what it may know.
    fn admit(&self, key: (i64, u64), path: u64, lane: &mut LaneTarget) -> bool {
        let mut targets = self.0.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let _paths = targets.entry(key).or_default();
        if targets.len() > self.0.max_targets {
            let _oldest = targets.pop_first();
        }
        let Some(paths) = targets.get_mut(&key) else {
            *lane = LaneTarget { spent: true, ..LaneTarget::default() };
            return false;
        };
        if paths.contains(&path) || paths.len() < self.0.max_paths {
            let _new = paths.insert(path);
            let _new = lane.admitted.insert(path);
            return true;
        }
        (lane.admitted, lane.spent) = (paths.clone(), true);
        false
    }
}

// === impl Guard ===

impl<'g> Guard<'g> {
    /// The guard of a document for this target.
    pub(crate) fn new(
        guards: &Guards,
        lane: &'g mut Option<LaneFields>,
        target: &str,
        event_ms: i64,
    ) -> Self {
        let target = lane.as_mut().map(|lane| {
            let key = (target::day(event_ms), lane.budget.hash(target));
            #[expect(clippy::cast_sign_loss, reason = "the bits are what is hashed")]
            let short = key.1 ^ (key.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            if lane.targets.len() >= LANE_TARGETS && !lane.targets.contains_key(&short) {
                lane.targets.clear();
            }
            (&lane.budget, key, lane.targets.entry(short).or_default())
        });
        Self { left: guards.max_fields, all: true, target }
    }

    /// Whether a document with these names was admitted as a whole before.
    pub(crate) fn knows(&self, shape: u64) -> bool {
        self.target.as_ref().is_some_and(|(_, _, lane)| lane.shapes.contains(&shape))
    }

    /// Remembers the names of a document that it was asked about, if it admitted all.
    pub(crate) fn learn(&mut self, shape: u64) {
        if let (true, Some((_, _, lane))) = (self.all, &mut self.target) {
            if lane.shapes.len() >= LANE_SHAPES {
                lane.shapes.clear();
            }
            let _new = lane.shapes.insert(shape);
        }
    }

    /// Whether the document may have a path; a leaf takes from what it has left.
    pub(crate) fn admits(&mut self, path: &str, is_leaf: bool) -> bool {
        let admitted = self.takes(path, is_leaf);
        self.all &= admitted;
        admitted
    }

    fn takes(&mut self, path: &str, is_leaf: bool) -> bool {
        if is_leaf && self.left == 0 {
            return false;
        }
        if let Some((budget, key, lane)) = &mut self.target {
            let path = budget.hash(path);
            if !lane.admitted.contains(&path) && (lane.spent || !budget.admit(*key, path, lane)) {
                return false;
            }
        }
        self.left -= usize::from(is_leaf);
        true
    }
}

// === impl Hashed ===

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn admitted(
        lane: &mut Option<LaneFields>,
        target: &str,
        ms: i64,
        paths: std::ops::Range<usize>,
    ) -> usize {
        let mut guard = Guard::new(&Guards::default(), lane, target, ms);
        paths.filter(|path| guard.admits(&format!("f{path}"), false)).count()
    }

    #[test]
    fn lanes_share_one_budget_a_target_and_day() {
        let budget = FieldBudget::new(10, 100);
        let (mut one, mut two) = (Some(budget.lane()), Some(budget.lane()));
        assert_eq!(admitted(&mut one, "a", 0, 0..6), 6);
        assert_eq!(admitted(&mut two, "a", 0, 4..20), 6, "two of the first six, four more");
        assert_eq!(admitted(&mut one, "a", 0, 0..20), 10, "what the other lane brought is admitted here too");
        assert_eq!(admitted(&mut one, "b", 0, 0..20), 10);
        assert_eq!(admitted(&mut one, "a", DAY, 0..20), 10);
        assert_eq!((budget.spent("a", 1), budget.spent("a", 2 * DAY)), (10, 0));
    }

    #[test]
    fn targets_are_bounded_and_no_budget_is_granted_twice() {
        let budget = FieldBudget::new(2, 3);
        let mut lane = Some(budget.lane());
        for day in 1..=4 {
            assert_eq!(admitted(&mut lane, "a", day * DAY, 0..5), 2);
        }
        assert_eq!(budget.spent("a", DAY), 0, "the oldest day was forgotten");
        let mut other = Some(budget.lane());
        assert_eq!(admitted(&mut other, "a", DAY, 7..9), 0, "and gets no second budget");
        assert_eq!(budget.0.targets.lock().unwrap().len(), 3);
    }

    /// Guarantees: what is remembered as a whole was admitted as a whole, and counts for its own target alone.
    #[test]
    fn only_sets_of_names_that_were_admitted_are_remembered() {
        let mut lane = Some(FieldBudget::new(2, 10).lane());
        let mut ask = |target: &str, shape: u64, paths: &[&str]| {
            let mut guard = Guard::new(&Guards::default(), &mut lane, target, 0);
            let knew = guard.knows(shape);
            let admitted = paths.iter().filter(|path| guard.admits(path, true)).count();
            guard.learn(shape);
            (knew, admitted)
        };
        assert_eq!(ask("a", 1, &["x", "y"]), (false, 2));
        assert_eq!(ask("a", 1, &["x", "y"]), (true, 2));
        assert_eq!(ask("b", 1, &["x", "y"]), (false, 2));
        assert_eq!(ask("a", 2, &["x", "z"]), (false, 1));
        assert_eq!(ask("a", 2, &["x", "z"]), (false, 1), "one was too much");
        assert_eq!(ask("a", 1, &["x", "y"]), (true, 2), "what was admitted stays so");
    }
}
