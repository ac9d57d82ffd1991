use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::{Action, Chain, Entry, State};

/// What writers wrote one after the other, each having read the end of the topic.
fn history(writers: &[usize]) -> Vec<Vec<u8>> {
    let mut chains: Vec<Chain> = (0..4).map(|n| Chain::new(&format!("cli/{n}"))).collect();
    let mut records: Vec<Vec<u8>> = Vec::new();
    for (n, writer) in writers.iter().enumerate() {
        let seen = records.last().map(|last| Hash::of(last));
        let entry =
            Entry::new("os:ann@ops", Action::TokenCreate, &format!("token-{n}")).in_state(State::Planned);
        let time = Timestamp::from_second(n as i64).unwrap();
        records.push(chains[*writer].record(&entry, time, seen));
    }
    records
}

fn verify(records: &[Vec<u8>], anchor: Option<&Anchor>) -> Verdict {
    let mut verifier = Verifier::default();
    for (offset, bytes) in (0..).zip(records) {
        verifier.add(Place { partition: PARTITION, offset }, bytes);
    }
    verifier.finish(&[(PARTITION, records.len() as i64)], anchor)
}

fn anchor(records: &[Vec<u8>]) -> Anchor {
    Anchor { topic: "t".to_owned(), heads: verify(records, None).heads }
}

fn place(offset: i64) -> Place {
    Place { partition: PARTITION, offset }
}

fn writers() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..4, 2..30)
}

proptest! {
    #[test]
    fn what_was_written_is_good(writers in writers(), cut in any::<Index>()) {
        let records = history(&writers);
        prop_assert!(verify(&records, None).is_good());
        // Also by an anchor of any earlier time.
        let earlier = anchor(&records[..=cut.index(records.len())]);
        prop_assert!(verify(&records, Some(&earlier)).is_good());
    }

    /// Scenario: one byte of one record is another one.
    /// Guarantees: it is found; without an anchor, unless the record is the last of the topic.
    #[test]
    fn a_change_is_found(writers in writers(), which in any::<Index>(), at in any::<Index>(), xor in 1_u8..) {
        let mut records = history(&writers);
        let anchor = anchor(&records);
        let which = which.index(records.len());
        let at = at.index(records[which].len());
        records[which][at] ^= xor;
        prop_assert!(!verify(&records, Some(&anchor)).is_good());
        prop_assert!(which + 1 == records.len() || !verify(&records, None).is_good());
    }

    /// Scenario: records in a row are taken out, and the topic is written anew without them.
    /// Guarantees: it is found; without an anchor, unless they are its end.
    #[test]
    fn a_removal_is_found(writers in writers(), first in any::<Index>(), count in any::<Index>()) {
        let mut records = history(&writers);
        let anchor = anchor(&records);
        let first = first.index(records.len());
        let end = first + 1 + count.index(records.len() - first);
        let is_end = end == records.len();
        records.drain(first..end);
        prop_assert!(!verify(&records, Some(&anchor)).is_good());
        prop_assert!(is_end || !verify(&records, None).is_good());
    }

    /// Scenario: all that one writer wrote is taken out.
    /// Guarantees: it is found, since others have seen it, unless it is the end of the topic.
    #[test]
    fn a_writer_who_is_gone_is_missed(writers in writers(), which in any::<Index>()) {
        let which = writers[which.index(writers.len())];
        let records = history(&writers);
        let kept: Vec<usize> = (0..records.len()).filter(|n| writers[*n] != which).collect();
        let is_end = kept.iter().enumerate().all(|(n, kept)| n == *kept);
        let rest: Vec<Vec<u8>> = kept.iter().map(|n| records[*n].clone()).collect();
        prop_assert!(is_end || !verify(&rest, None).is_good());
        prop_assert!(!verify(&rest, Some(&anchor(&records))).is_good());
    }

    #[test]
    fn a_swap_is_found(writers in writers(), one in any::<Index>(), other in any::<Index>()) {
        let mut records = history(&writers);
        let (one, other) = (one.index(records.len()), other.index(records.len()));
        prop_assume!(one != other);
        records.swap(one, other);
        prop_assert!(!verify(&records, None).is_good());
    }

    #[test]
    fn a_copy_elsewhere_is_found(writers in writers(), which in any::<Index>()) {
        let mut records = history(&writers);
        let copy = records[which.index(records.len())].clone();
        let writer = Record::read(&copy).unwrap().writer;
        let is_last = verify(&records, None).heads[&writer].hash == Hash::of(&copy);
        records.push(copy);
        let verdict = verify(&records, None);
        prop_assert_eq!(verdict.is_good(), is_last);
        prop_assert_eq!(verdict.repeated, u64::from(is_last));
    }

    #[test]
    fn any_bytes_are_survived(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20)) {
        let verdict = verify(&records, None);
        prop_assert_eq!(verdict.faults.len(), records.len());
    }
}

/// Guarantees: each kind of fault is told by its name and its place.
#[test]
fn each_fault_has_its_name() {
    let good = history(&[0, 0, 1, 0]);
    let writer = |n: usize| format!("cli/{n}");

    let mut altered = good.clone();
    let text = String::from_utf8(altered[0].clone()).unwrap();
    altered[0] = text.replace("os:ann", "os:bob").into_bytes();
    let fault = Fault::Altered { place: place(1), writer: writer(0), sequence: 1, before: Some(place(0)) };
    assert_eq!(verify(&altered, None).faults, [fault]);

    let mut missing = good.clone();
    missing.remove(0);
    let fault = Fault::Missing { place: place(0), writer: writer(0), from: 0, to: 0 };
    assert_eq!(verify(&missing, None).faults, [fault]);

    let mut gone = good.clone();
    gone.remove(2);
    let fault = Fault::Unseen { place: place(2), writer: writer(0), sequence: 2 };
    assert_eq!(verify(&gone, None).faults, [fault]);

    let mut moved = good.clone();
    moved.swap(0, 1);
    let faults = verify(&moved, None).faults;
    assert_eq!(faults, [Fault::Reordered { place: place(1), writer: writer(0), sequence: 0 }]);

    let mut forged = good.clone();
    let other = Entry::new("os:eve@ops", Action::TokenCreate, "hers");
    forged.push(Chain::new("cli/0").record(&other, Timestamp::UNIX_EPOCH, None));
    let fault = Fault::Forked { place: place(4), writer: writer(0), sequence: 0, first: place(0) };
    assert_eq!(verify(&forged, None).faults, [fault]);

    let mut no_start = good.clone();
    no_start[0] = String::from_utf8(good[0].clone())
        .unwrap()
        .replace(&Hash::genesis().to_string(), &"0".repeat(64))
        .into();
    let fault = Fault::Altered { place: place(0), writer: writer(0), sequence: 0, before: None };
    assert_eq!(verify(&no_start, None).faults[0], fault);

    let known = anchor(&good);
    let cut =
        |writer: usize, anchored, last| Fault::CutOff { writer: format!("cli/{writer}"), anchored, last };
    assert_eq!(verify(&good[..2], Some(&known)).faults, [cut(0, 2, Some(1)), cut(1, 0, None)]);
    let mut last = good.clone();
    last[3] = String::from_utf8(good[3].clone()).unwrap().replace("os:ann", "os:bob").into();
    let fault = Fault::NotAnchored { place: place(3), writer: writer(0), sequence: 2 };
    assert_eq!(verify(&last, Some(&known)).faults, [fault]);
}

/// Scenario: the beginning was deleted, which Kafka can; something wrote to another partition; the end was deleted too.
/// Guarantees: the holes are told by their offsets, the stray record by its place.
#[test]
fn holes_and_strays_are_told() {
    let good = history(&[0, 0]);
    let mut verifier = Verifier::default();
    verifier.add(place(3), &good[0]);
    verifier.add(place(4), &good[1]);
    verifier.add(Place { partition: 2, offset: 0 }, &good[0]);
    let verdict = verifier.finish(&[(0, 7), (1, 0), (2, 1)], None);
    let stray = Fault::WrongPartition { place: Place { partition: 2, offset: 0 } };
    let hole = |from, to| Fault::Deleted { place: place(from), to };
    assert_eq!(verdict.faults, [hole(0, 2), stray, hole(5, 6)]);
    assert_eq!(
        (verdict.records, verdict.faults[0].to_string().starts_with("0:0: nothing is left")),
        (3, true)
    );
}

/// Scenario: somebody fills the topic with bytes that are no records, one of which quotes a long text, before and behind what he altered and cut off.
/// Guarantees: a thousand of them are told, the others counted; what is altered and cut off is told all the same; no reason is long.
#[test]
fn faults_of_one_kind_hide_no_other() {
    let good = history(&[0, 0, 1]);
    let known = anchor(&good);
    let altered = String::from_utf8(good[0].clone()).unwrap().replace("os:ann", "os:bob").into_bytes();
    let quoting = format!("{{\"version\":\"{}\"}}", "x".repeat(100_000)).into_bytes();
    let mut records = vec![quoting; MAX_FAULTS + 5];
    records.extend([altered, good[1].clone()]);
    let verdict = verify(&records, Some(&known));
    let of_kind = |is: fn(&Fault) -> bool| verdict.faults.iter().filter(|fault| is(fault)).count();
    assert_eq!(of_kind(|fault| matches!(fault, Fault::Unreadable { .. })), MAX_FAULTS);
    assert_eq!(verdict.more_faults, 5);
    assert_eq!(of_kind(|fault| matches!(fault, Fault::Altered { sequence: 1, .. })), 1);
    assert_eq!(of_kind(|fault| matches!(fault, Fault::CutOff { .. })), 1);
    assert!(verdict.faults.iter().all(|fault| fault.to_string().len() < 500));
}
