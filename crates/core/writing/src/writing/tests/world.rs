//! A cluster, a dead-letter topic and a clock for the machine, all under the test's control.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use forebay_bulk::{BulkAnswer, BulkBuilder, BulkRequest, ItemError, ItemOutcome, RequestFailure};
use forebay_delivery::{BrokerAck, OffsetTracker, PaceLimits};
use forebay_record::EventKey;

use super::super::{Next, Writing};
use crate::{Batch, Draft, Event, Letters, Options, Sending};

pub(super) const MIB: usize = 1 << 20;

/// Records as keys and values.
#[derive(Clone, Debug, Default)]
pub(super) struct Records(pub(super) Vec<(String, Vec<u8>)>);

impl Batch for Records {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, index: usize) -> &[u8] {
        self.0[index].0.as_bytes()
    }

    fn value(&self, index: usize) -> &[u8] {
        &self.0[index].1
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(|(key, value)| key.len() + value.len()).sum()
    }

    fn select(&self, indices: &[u32]) -> Self {
        Self(indices.iter().map(|index| self.0[*index as usize].clone()).collect())
    }
}

/// How a target takes documents.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Mode {
    #[default]
    Fine,
    Blocked,
    Busy,
    /// Three of four documents fail its mapping.
    Broken,
}

/// How the cluster takes requests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Cluster {
    #[default]
    Up,
    Away,
    Busy,
    /// All is written, and no answer comes.
    Mute,
    /// 413 above so many bytes.
    Narrow(usize),
    /// 429 above so many bytes.
    Pressed(usize),
}

pub(super) struct World {
    pub(super) writing: Writing<Records>,
    pub(super) tracker: OffsetTracker,
    pub(super) now: Duration,
    pub(super) cluster: Cluster,
    pub(super) modes: BTreeMap<String, Mode>,
    /// Ids that make the server reject the whole request.
    pub(super) poison: BTreeSet<String>,
    /// How often each id was written, and why it is a dead letter.
    pub(super) written: BTreeMap<String, usize>,
    pub(super) letters: BTreeMap<String, String>,
    pub(super) letters_fail: bool,
    /// Whether one document of four is refused for now, as by a shard that isn't there.
    pub(super) partly: bool,
    pub(super) events: Vec<Event>,
    pub(super) requests: Vec<usize>,
    /// How long a request takes.
    pub(super) takes: Duration,
    pub(super) sent: Vec<Sending>,
    pub(super) posted: Vec<Letters<Records>>,
    pub(super) settled: u64,
    pub(super) replayed: u64,
    pub(super) taken: u64,
    builder: BulkBuilder,
    offset: i64,
    random: u64,
}

pub(super) fn options() -> Options {
    Options {
        pace: PaceLimits { requests: 4, bytes: MIB },
        documents: 10_000,
        in_flight: 16 * MIB,
        retry_initial: Duration::from_millis(200),
        retry_max: Duration::from_secs(30),
        divert_after: Duration::from_secs(300),
        max_refused_share: 0.5,
    }
}

impl World {
    pub(super) fn new(options: Options, seed: u64) -> Self {
        let mut tracker = OffsetTracker::default();
        tracker.assign(&[0]);
        Self {
            writing: Writing::new(options),
            tracker,
            now: Duration::from_secs(1),
            cluster: Cluster::Up,
            modes: BTreeMap::new(),
            poison: BTreeSet::new(),
            written: BTreeMap::new(),
            letters: BTreeMap::new(),
            letters_fail: false,
            partly: false,
            events: Vec::new(),
            requests: Vec::new(),
            takes: Duration::from_millis(50),
            sent: Vec::new(),
            posted: Vec::new(),
            settled: 0,
            replayed: 0,
            taken: 0,
            builder: BulkBuilder::new(),
            offset: 0,
            random: seed,
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    pub(super) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Takes a load of documents, each as target and id.
    pub(super) fn load(&mut self, documents: &[(&str, &str)]) {
        let records = documents.iter().map(|(target, id)| {
            let mut key = String::new();
            EventKey { tenant: "acme", target, event_ms: 0, replays: 0, id, trace: "" }.push(&mut key);
            (key, format!("{{\"id\":\"{id}\",\"message\":\"{}\"}}", "x".repeat(100)).into_bytes())
        });
        self.load_records(Records(records.collect()));
    }

    /// Takes `count` documents of each of these targets, in turns. Ids are the target and a number that counts on.
    pub(super) fn load_mixed(&mut self, targets: &[&str], count: usize) {
        let first = self.offset;
        let ids: Vec<(&str, String)> = (0..count)
            .flat_map(|n| {
                targets.iter().map(move |target| (*target, format!("{target}#{}", first + n as i64)))
            })
            .collect();
        let documents: Vec<(&str, &str)> = ids.iter().map(|(target, id)| (*target, id.as_str())).collect();
        self.load(&documents);
    }

    pub(super) fn load_records(&mut self, records: Records) {
        let count = records.len();
        let draft = Draft::new(records, &mut self.builder, "forebay");
        let offsets: Vec<_> = (0..count as i64).map(|n| (0, self.offset + n)).collect();
        self.offset += count as i64;
        self.taken += count as u64;
        let receipt = self.tracker.open(offsets, draft.bytes()).unwrap();
        self.writing.take(draft, receipt, self.now);
    }

    /// Does what the machine wants done now; what it sends is under way afterwards. Answers when it wants to be asked again.
    pub(super) fn pump(&mut self) -> Option<Duration> {
        loop {
            let next = self.writing.next(self.now);
            self.events.append(&mut self.writing.events());
            match next {
                Next::Send(sending) => {
                    let request = sending.request();
                    assert!(!request.is_empty());
                    assert!(
                        request.len() == 1 || request.body().len() <= self.writing.pace().bytes(),
                        "a request of {} documents and {} bytes, above {}",
                        request.len(),
                        request.body().len(),
                        self.writing.pace().bytes()
                    );
                    self.requests.push(request.len());
                    self.sent.push(sending);
                    assert!(self.sent.len() <= 4);
                }
                Next::Letters(letters) => self.posted.push(letters),
                Next::WaitUntil(at) => {
                    assert!(at > self.now, "a time that has come already");
                    return Some(at);
                }
                Next::Idle => return None,
            }
        }
    }

    /// One of the requests under way, or of the letters, gets its answer; `which` chooses.
    pub(super) fn answer_one(&mut self, which: usize) -> bool {
        let (sent, posted) = (self.sent.len(), self.posted.len());
        if sent + posted == 0 {
            return false;
        }
        let which = which % (sent + posted);
        self.now += self.takes;
        let random = self.random();
        if which < sent {
            let sending = self.sent.remove(which);
            let answer = self.execute(sending.request());
            self.writing.answered(sending, answer, self.now, random);
        } else {
            let letters = self.posted.remove(which - sent);
            if self.letters_fail {
                let _pause = self.writing.letters_failed(letters, self.now, random);
            } else {
                for ((key, _), error) in letters.records.0.iter().zip(&letters.errors) {
                    let id = EventKey::read(key.as_bytes()).map_or(key.clone(), |key| key.id.to_owned());
                    let before = self.letters.insert(id.clone(), error.error_type.clone());
                    assert!(before.is_none(), "{id} is a dead letter twice");
                }
                let ack = BrokerAck::from_delivery_report(letters.records.len() as u64);
                self.writing.letters_sent(letters, ack);
            }
        }
        self.settle();
        true
    }

    fn settle(&mut self) {
        for finished in self.writing.finished() {
            let tenants: u64 =
                finished.tenants.iter().map(|row| row.indexed + row.duplicate + row.dead_lettered).sum();
            assert_eq!(tenants, finished.tally.total());
            self.settled += finished.tally.total();
            self.replayed += finished.tenants.iter().map(|row| row.replayed).sum::<u64>();
            self.tracker.settle(finished.receipt, &finished.tally).unwrap();
        }
        assert!(self.writing.held_bytes() <= self.writing.bytes());
        assert_eq!(self.writing.bytes(), self.tracker.held(), "what receipts carry is what is held");
    }

    /// Goes on until nothing is left to do, or this time has passed.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            let at = self.pump();
            self.settle();
            if !self.answer_one(0) {
                match at {
                    Some(at) => self.now = at.min(end),
                    None => return,
                }
            }
        }
    }

    fn execute(&mut self, request: &BulkRequest) -> Result<BulkAnswer, RequestFailure> {
        let busy = |status| RequestFailure::Busy { status, reason: "busy".to_owned(), retry_after: None };
        match self.cluster {
            Cluster::Away => return Err(RequestFailure::Unreachable { reason: "refused".to_owned() }),
            Cluster::Busy => return Err(busy(429)),
            Cluster::Narrow(bytes) if request.body().len() > bytes => return Err(RequestFailure::TooLarge),
            Cluster::Pressed(bytes) if request.body().len() > bytes => return Err(busy(429)),
            Cluster::Up | Cluster::Mute | Cluster::Narrow(_) | Cluster::Pressed(_) => {}
        }
        let items: Vec<(String, String)> =
            request.items().map(|item| (item.target.into_owned(), item.id.into_owned())).collect();
        if items.iter().any(|(_, id)| self.poison.contains(id)) {
            let (error_type, reason) = ("parse_exception".to_owned(), "malformed".to_owned());
            return Err(RequestFailure::Rejected { status: 400, error_type, reason });
        }
        let outcomes = items.into_iter().map(|(target, id)| self.create(&target, id)).collect();
        if self.cluster == Cluster::Mute {
            return Err(RequestFailure::Unreachable { reason: "no answer".to_owned() });
        }
        Ok(BulkAnswer { outcomes })
    }

    fn create(&mut self, target: &str, id: String) -> ItemOutcome {
        let error = |status, error_type: &str| {
            Box::new(ItemError { status, error_type: error_type.to_owned(), reason: "because".to_owned() })
        };
        let broken =
            |id: &str| id.rsplit('#').next().and_then(|n| n.parse::<u64>().ok()).is_some_and(|n| n % 4 > 0);
        if self.partly && id.ends_with(['0', '4', '8']) {
            return ItemOutcome::Retry(error(503, "unavailable_shards_exception"));
        }
        match self.modes.get(target).copied().unwrap_or_default() {
            Mode::Blocked => ItemOutcome::Retry(error(403, "cluster_block_exception")),
            Mode::Busy => ItemOutcome::Retry(error(429, "es_rejected_execution_exception")),
            _ if self.written.contains_key(&id) => ItemOutcome::Duplicate,
            Mode::Broken if broken(&id) => ItemOutcome::Refused(error(400, "document_parsing_exception")),
            Mode::Fine | Mode::Broken => {
                let _none = self.written.insert(id, 1);
                ItemOutcome::Indexed
            }
        }
    }

    /// How many documents of a target are written.
    pub(super) fn written_to(&self, target: &str) -> usize {
        let prefix = format!("{target}#");
        self.written.keys().filter(|id| id.starts_with(&prefix)).count()
    }

    pub(super) fn shut_targets(&self) -> Vec<String> {
        self.writing.targets().into_iter().map(|status| status.target).collect()
    }
}
