//! Oversized everything, on every protocol.

use forebay_security::victim::{PATIENCE, Victim};
use forebay_testkit::eventually;
use forebay_testkit::prometheus::sum;

use crate::protocols::{Attack, Hostile, Monster, door, each};

/// What counts refusals of any kind.
const REFUSALS: [&str; 6] = [
    "forebay_ingest_batches_total",
    "forebay_ingest_rejected_events_total",
    "forebay_ingest_lost_events_total",
    "forebay_ingest_cut_events_total",
    "forebay_ingest_refused_connections_total",
    "forebay_ingest_requests_total",
];

struct Monsters<'a> {
    victim: &'a mut Victim,
    token: String,
    silent: Vec<String>,
}

impl Attack for Monsters<'_> {
    async fn on<D: Hostile>(&mut self) {
        let door = door::<D>(self.victim, "mallory", &self.token);
        let datagrams = self.victim.door(&format!("{}_udp_mallory", D::PROTOCOL)).ok();
        let datagrams = datagrams.map(|address| address.to_string());
        for Monster { name, missile } in D::monsters(&door) {
            let before = self.refusals().await;
            let answered = missile.launch(&door, datagrams.as_deref()).await;
            assert!(
                answered.len() < 200_000,
                "{}, {name}: an answer of {} bytes",
                D::PROTOCOL,
                answered.len()
            );
            let is_said = [
                "too_large",
                "too_deep",
                "limit",
                "exceed",
                " larger ",
                "at most",
                "413 ",
                "431 ",
                "more than",
            ]
            .iter()
            .any(|word| answered.contains(word));
            let counted = async || self.refusals().await > before;
            if !is_said && eventually("it is counted", PATIENCE, counted).await.is_err() {
                let answered: String = answered.chars().take(300).collect();
                self.silent.push(format!("{}, {name}: {answered:?}", D::PROTOCOL));
            }
        }
        self.victim.unharmed().await.unwrap_or_else(|error| panic!("after {}: {error:#}", D::PROTOCOL));
    }
}

impl Monsters<'_> {
    /// How much has been refused so far, of requests, events and connections.
    async fn refusals(&self) -> f64 {
        let metrics = self.victim.metrics().await.unwrap();
        let refused = |name: &&str| {
            let fine = match *name {
                "forebay_ingest_batches_total" => sum(&metrics, name, &["outcome=\"accepted\""]),
                "forebay_ingest_requests_total" => sum(&metrics, name, &["status=\"20"]),
                _ => 0.0,
            };
            sum(&metrics, name, &[]) - fine
        };
        REFUSALS.iter().map(refused).sum()
    }
}

/// Scenario: bombs of every compression, lengths of gigabytes, depth, counts, messages and heads without end, on each protocol, with
/// credentials that are good.
/// Guarantees: the answer names the limit or a counter does, memory stays within its bound, nothing panics, everybody else is
/// served; what is taken is the attacker's own.
#[tokio::test]
async fn every_protocol_knows_its_limits() {
    let (mut victim, token) = Victim::start_for_mallory().await.unwrap();
    let mut monsters = Monsters { victim: &mut victim, token, silent: Vec::new() };
    each(&mut monsters).await;
    assert_eq!(monsters.silent, [""; 0], "neither answered nor counted");
    println!("{} MiB", victim.memory().unwrap() >> 20);
    for one in victim.stored().unwrap() {
        assert_eq!(one.tenant == "honest", one.body.contains("an honest line"), "{:.100}", one.body);
        assert!(one.body.len() <= 900 << 10);
    }
}
