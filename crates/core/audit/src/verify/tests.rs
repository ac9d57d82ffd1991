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
    let mut verifier = Verifier::new(anchor.cloned());
    for (offset, bytes) in (0..).zip(records) {
        verifier.add(Place { partition: PARTITION, offset }, bytes);
    }
    verifier.finish(&[(PARTITION, records.len() as i64)])
}

fn anchor(records: &[Vec<u8>]) -> Anchor {
    verify(records, None).into_anchor("t")
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

    /// Scenario: a record is put into the topic a second time, anywhere, the last one of its writer too.
    /// Guarantees: it is found, unless it stands right beside itself, which says nothing else than it says once.
    #[test]
    fn a_copy_elsewhere_is_found(writers in writers(), which in any::<Index>(), to in any::<Index>()) {
        let mut records = history(&writers);
        let which = which.index(records.len());
        let to = to.index(records.len() + 1);
        records.insert(to, records[which].clone());
        let is_beside = to == which || to == which + 1;
        let verdict = verify(&records, None);
        prop_assert_eq!(verdict.is_good(), is_beside);
        prop_assert_eq!(verdict.repeated, u64::from(is_beside));
        // Nor behind a hole, in which others may have been.
        let mut verifier = Verifier::default();
        for (offset, bytes) in (0..).zip(&history(&writers)[..=which]) {
            verifier.add(place(offset), bytes);
        }
        verifier.add(place(which as i64 + 2), &records[to]);
        prop_assert_eq!(verifier.finish(&[]).repeated, 0);
    }

    /// Scenario: faults of all kinds are accepted; then the topic goes on, and somebody touches it again.
    /// Guarantees: what was accepted is counted and told no more, what is new is told.
    #[test]
    fn what_is_accepted_is_told_once(writers in writers(), one in any::<Index>(), to in any::<Index>(), drop in any::<Index>()) {
        let mut records = history(&writers);
        let whole = records.len();
        let kept = anchor(&records);
        records.remove(drop.index(whole));
        let copy = records[one.index(records.len())].clone();
        let to = to.index(records.len() + 1);
        records.insert(to, copy);
        records.insert(to, b"junk".to_vec());
        let first = verify(&records, Some(&kept));
        prop_assert!(!first.is_good());
        let told = first.faults.len() as u64;
        let accepted = first.into_anchor("t");
        let text = serde_json::to_vec(&accepted).unwrap();
        prop_assert_eq!(&serde_json::from_slice::<Anchor>(&text).unwrap(), &accepted);
        let second = verify(&records, Some(&accepted));
        prop_assert!(second.is_good(), "{:?}", second.faults);
        prop_assert!(second.accepted <= told && second.accepted == accepted.accepted.len() as u64);
        prop_assert_eq!(&second.into_anchor("t"), &accepted);
        records.push(b"more junk".to_vec());
        let third = verify(&records, Some(&accepted));
        prop_assert_eq!(third.faults.len(), 1, "{:?}", third.faults);
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
    let fault =
        Fault::Forked { place: place(4), writer: writer(0), sequence: 0, first: place(0), held: true };
    assert!(fault.to_string().ends_with("this one is forged"), "{fault}");
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
    let verdict = verifier.finish(&[(0, 7), (1, 0), (2, 1)]);
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

/// Scenario: a fault is accepted, then one of its records is changed once more.
/// Guarantees: that is told, although it is the same fault at the same place.
#[test]
fn what_is_changed_after_it_was_accepted_is_told() {
    let mut records = history(&[0, 0, 0]);
    let change = |record: &[u8], from: &str, to: &str| {
        String::from_utf8(record.to_vec()).unwrap().replace(from, to).into_bytes()
    };
    records[0] = change(&records[0], "os:ann", "os:bob");
    let accepted = anchor(&records);
    assert!(verify(&records, Some(&accepted)).is_good());
    records[0] = change(&records[0], "os:bob", "os:eve");
    let fault =
        Fault::Altered { place: place(1), writer: "cli/0".to_owned(), sequence: 1, before: Some(place(0)) };
    assert_eq!(verify(&records, Some(&accepted)).faults, [fault]);
}
