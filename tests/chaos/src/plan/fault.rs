//! The kinds of faults, and how one of each is drawn.

use std::time::Duration;

use forebay_testkit::proxy::Shape;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::SESSION;
use crate::tier::Tier;

/// How long a server may take to be back after a restart; the next fault of servers waits for it.
const RESTART: Duration = Duration::from_secs(7);

/// Something that breaks, and is mended after a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// SIGKILL to a process, which is started again after a while.
    Kill {
        /// Of which tier.
        tier: Tier,
        /// Which of its processes.
        member: usize,
        /// How long it stays away.
        away: Duration,
    },
    /// SIGKILL to all processes of a tier at once.
    KillAll {
        /// Of which tier.
        tier: Tier,
        /// How long they stay away.
        away: Duration,
    },
    /// SIGSTOP to a process, and SIGCONT after a while: a zombie, if its partitions went to others meanwhile.
    Freeze {
        /// Of which tier.
        tier: Tier,
        /// Which of its processes.
        member: usize,
        /// How long it stands still.
        still: Duration,
    },
    /// SIGTERM to a process, and a new one: an update.
    Roll {
        /// Of which tier.
        tier: Tier,
        /// Which of its processes.
        member: usize,
    },
    /// One process more for a while: two rebalances.
    Join {
        /// Of which tier.
        tier: Tier,
        /// How long it stays.
        stays: Duration,
    },
    /// A server goes away and comes back.
    Server {
        /// Which one.
        server: Server,
        /// In which manner.
        outage: Outage,
        /// How long it is away.
        away: Duration,
    },
    /// The broker's disk has no room left; then it has again, and the broker is started anew.
    FullDisk {
        /// How long.
        lasts: Duration,
    },
    /// The rules are another revision, which does the same.
    Reload {
        /// Whether they don't compile for a while: those before stay in force, and no parser can start.
        broken: bool,
        /// How long.
        lasts: Duration,
    },
    /// Connections between two parts are in trouble.
    Line {
        /// Between which parts.
        line: Line,
        /// What kind of trouble.
        trouble: Trouble,
        /// How long.
        lasts: Duration,
    },
}

/// A server of the pipeline.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// Kafka.
    Broker,
    /// Elasticsearch or OpenSearch.
    Search,
}

/// How a server goes away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outage {
    /// SIGKILL.
    Kill,
    /// SIGTERM.
    Stop,
    /// SIGSTOP.
    Freeze,
}

/// What lies between two parts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Line {
    /// Clients and an ingest.
    ToIngest(usize),
    /// A process and Kafka.
    ToBroker(Tier, usize),
    /// An indexer and the search server.
    ToSearch(usize),
}

/// What happens on a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// All connections are reset.
    Cut,
    /// Nothing goes through; then what was held goes on.
    Hold,
    /// Requests go through and answers don't; then the connections are reset. The work was done, and nobody knows.
    Mute,
    /// New connections are reset.
    Refuse,
    /// Everything is slow.
    Slow(Shape),
}

/// Draws one fault of a kind.
pub(super) type Maker = fn(&mut ChaCha8Rng) -> Fault;

// === impl Fault ===

impl Fault {
    /// How long it lasts, as far as that is up to the plan.
    #[must_use]
    pub const fn lasts(&self) -> Duration {
        match *self {
            Self::Kill { away, .. } | Self::KillAll { away, .. } | Self::Server { away, .. } => away,
            Self::Freeze { still, .. } => still,
            Self::Join { stays, .. } => stays,
            Self::Line { lasts, .. } | Self::FullDisk { lasts } | Self::Reload { lasts, .. } => lasts,
            Self::Roll { .. } => Duration::ZERO,
        }
    }

    /// For how long the next fault of its track waits: one server fails at a time, workers and lines side by side.
    pub(super) fn holds_up(&self) -> Duration {
        match self {
            Self::Server { away, outage: Outage::Freeze, .. } => *away,
            Self::Server { away, .. } => *away + RESTART,
            Self::FullDisk { lasts } => *lasts + RESTART,
            _ => Duration::ZERO,
        }
    }

    /// What a report counts it under.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Kill { tier, .. } => format!("{tier}: kill -9"),
            Self::KillAll { tier, .. } => format!("{tier}: kill -9 of all at once"),
            Self::Freeze { tier, still, .. } if *still > SESSION => {
                format!("{tier}: SIGSTOP beyond the session time-out")
            }
            Self::Freeze { tier, .. } => format!("{tier}: SIGSTOP"),
            Self::Roll { tier, .. } => format!("{tier}: SIGTERM and a new one"),
            Self::Join { tier, .. } => format!("{tier}: one more, and away again"),
            Self::Server { server, outage, .. } => {
                let name = match server {
                    Server::Broker => "Kafka",
                    Server::Search => "search server",
                };
                match outage {
                    Outage::Kill => format!("{name}: kill -9 and restart"),
                    Outage::Stop => format!("{name}: stop and restart"),
                    Outage::Freeze => format!("{name}: SIGSTOP"),
                }
            }
            Self::FullDisk { .. } => "Kafka: full disk and restart".to_owned(),
            Self::Reload { broken: true, .. } => "rules: broken, and mended".to_owned(),
            Self::Reload { .. } => "rules: changed".to_owned(),
            Self::Line { line, trouble, .. } => {
                let ends = match line {
                    Line::ToIngest(_) => "client to ingest".to_owned(),
                    Line::ToBroker(tier, _) => format!("{tier} to Kafka"),
                    Line::ToSearch(_) => "indexer to search server".to_owned(),
                };
                let what = match trouble {
                    Trouble::Cut => "cut",
                    Trouble::Hold => "black hole",
                    Trouble::Mute => "answers lost",
                    Trouble::Refuse => "refused",
                    Trouble::Slow(_) => "slow",
                };
                format!("{ends}: {what}")
            }
        }
    }
}

// === drawing ===

pub(super) fn of_processes() -> Vec<Maker> {
    let kills: [Maker; 3] = [
        |random| kill(random, Tier::Ingest),
        |random| kill(random, Tier::Parser),
        |random| kill(random, Tier::Indexer),
    ];
    let others: [Maker; 10] = [
        |random| freeze(random, Tier::Ingest, 500..3_000),
        |random| freeze(random, Tier::Parser, 500..3_000),
        |random| freeze(random, Tier::Indexer, 500..3_000),
        |random| freeze(random, Tier::Parser, 8_000..14_000),
        |random| freeze(random, Tier::Indexer, 8_000..14_000),
        |random| Fault::KillAll { tier: any_tier(random), away: millis(random, 0..2_000) },
        |random| Fault::Roll { tier: any_tier(random), member: member(random) },
        |random| Fault::Roll { tier: any_tier(random), member: member(random) },
        |random| Fault::Join { tier: Tier::Parser, stays: millis(random, 4_000..12_000) },
        |random| Fault::Join { tier: Tier::Indexer, stays: millis(random, 4_000..12_000) },
    ];
    // Kills are twice in the deck: the most frequent fault of all.
    [&kills[..], &kills[..], &others[..]].concat()
}

pub(super) fn of_servers(full_disk: bool) -> Vec<Maker> {
    let mut makers: Vec<Maker> = vec![
        |random| server(random, Server::Broker, Outage::Kill),
        |random| server(random, Server::Broker, Outage::Stop),
        |random| server(random, Server::Broker, Outage::Freeze),
        |random| server(random, Server::Search, Outage::Kill),
        |random| server(random, Server::Search, Outage::Stop),
        |random| server(random, Server::Search, Outage::Freeze),
    ];
    if full_disk {
        makers.push(|random| Fault::FullDisk { lasts: millis(random, 4_000..8_000) });
    }
    makers
}

pub(super) fn of_lines() -> Vec<Maker> {
    vec![
        |random| trouble(random, Trouble::Cut),
        |random| trouble(random, Trouble::Cut),
        |random| trouble(random, Trouble::Hold),
        |random| trouble(random, Trouble::Hold),
        |random| trouble(random, Trouble::Mute),
        |random| trouble(random, Trouble::Mute),
        |random| trouble(random, Trouble::Refuse),
        |random| {
            let latency = millis(random, 20..300);
            trouble(random, Trouble::Slow(Shape { latency, ..Shape::default() }))
        },
        |random| {
            let limit = Some(random.random_range(20_000..200_000));
            trouble(
                random,
                Trouble::Slow(Shape { latency: Duration::ZERO, to_server: limit, to_client: limit }),
            )
        },
    ]
}

fn kill(random: &mut ChaCha8Rng, tier: Tier) -> Fault {
    Fault::Kill { tier, member: member(random), away: millis(random, 0..3_000) }
}

fn freeze(random: &mut ChaCha8Rng, tier: Tier, range: std::ops::Range<u64>) -> Fault {
    Fault::Freeze { tier, member: member(random), still: millis(random, range) }
}

fn server(random: &mut ChaCha8Rng, server: Server, outage: Outage) -> Fault {
    Fault::Server { server, outage, away: millis(random, 500..8_000) }
}

fn trouble(random: &mut ChaCha8Rng, trouble: Trouble) -> Fault {
    let member = member(random);
    let line = match random.random_range(0..5) {
        0 => Line::ToIngest(member),
        1 => Line::ToBroker(Tier::Ingest, member),
        2 => Line::ToBroker(Tier::Parser, member),
        3 => Line::ToBroker(Tier::Indexer, member),
        _ => Line::ToSearch(member),
    };
    let lasts = if trouble == Trouble::Cut { Duration::ZERO } else { millis(random, 500..9_000) };
    Fault::Line { line, trouble, lasts }
}

fn any_tier(random: &mut ChaCha8Rng) -> Tier {
    match random.random_range(0..3) {
        0 => Tier::Ingest,
        1 => Tier::Parser,
        _ => Tier::Indexer,
    }
}

fn member(random: &mut ChaCha8Rng) -> usize {
    random.random_range(0..Tier::MEMBERS)
}

fn millis(random: &mut ChaCha8Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(random.random_range(range))
}
