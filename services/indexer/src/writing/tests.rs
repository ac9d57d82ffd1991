use std::collections::BTreeMap;

use forebay_bulk::BulkBuilder;
use proptest::prelude::*;

use super::*;

fn request(items: u32) -> BulkRequest {
    let mut builder = BulkBuilder::new();
    for tag in 0..items {
        builder.push("forebay-acme-2026.11.21", &format!("e{tag}"), br#"{"a":1}"#, tag).unwrap();
    }
    builder.finish()
}

fn error(status: u16) -> Box<ItemError> {
    Box::new(ItemError { status, error_type: "some_exception".to_owned(), reason: "because".to_owned() })
}

#[test]
fn only_the_refused_items_are_sent_again() {
    let mut writing = Writing::new(request(3));
    let part = writing.next_part().unwrap();
    let outcomes =
        vec![ItemOutcome::Indexed, ItemOutcome::Retry(error(429)), ItemOutcome::Refused(error(400))];
    let After::Wait { reason, items, .. } = writing.answered(&part, BulkAnswer { outcomes }) else {
        panic!()
    };
    assert_eq!((reason, items), ("busy", 1));
    let again = writing.next_part().unwrap();
    assert_eq!((again.len(), again.tag(0)), (1, Some(1)));
    assert_eq!(writing.answered(&again, BulkAnswer { outcomes: vec![ItemOutcome::Duplicate] }), After::GoOn);
    assert_eq!(writing.next_part().map(|part| part.len()), None);
    let fates: Vec<_> = writing.take_settled().into_iter().map(|item| (item.tag, item.fate)).collect();
    assert_eq!(fates, [(0, Fate::Indexed), (2, Fate::Refused(error(400))), (1, Fate::Duplicate)]);
}

#[test]
fn halving_is_counted_and_a_single_document_is_not_halved() {
    let mut writing = Writing::new(request(2));
    let both = writing.next_part().unwrap();
    assert_eq!(writing.failed(both, RequestFailure::TooLarge), After::GoOn);
    let one = writing.next_part().unwrap();
    assert_eq!((one.len(), writing.splits()), (1, 1));
    assert_eq!(writing.failed(one, RequestFailure::TooLarge), After::GoOn);
    assert_eq!((writing.take_settled().len(), writing.splits()), (1, 1));
}

#[test]
fn an_empty_load_needs_no_request() {
    assert!(Writing::new(BulkRequest::default()).next_part().is_none());
}

/// How a simulated store treats a document.
#[derive(Clone, Copy, Debug)]
enum Nature {
    Fine,
    /// Refused by itself.
    Bad,
    /// Makes the server reject the whole request.
    Poison,
}

proptest! {
    /// Scenario: a load of any mix of fine documents, documents that are refused, and documents that make the server
    /// reject the whole request, which also has a limit of items; requests fail, go unanswered after they were written,
    /// and items are refused for now, in any order.
    /// Guarantees: it ends; every item is settled exactly once; fine ones are written exactly once, the others refused.
    /// Does not prove: anything about a store that never recovers.
    #[test]
    fn every_item_leaves_exactly_once(
        natures in prop::collection::vec(
            prop_oneof![8 => Just(Nature::Fine), 1 => Just(Nature::Bad), 1 => Just(Nature::Poison)], 1..40),
        faults in prop::collection::vec(0..6u8, 0..60),
        limit in 1..40usize,
    ) {
        let mut writing = Writing::new(request(u32::try_from(natures.len()).unwrap()));
        let mut written: BTreeMap<u32, u32> = BTreeMap::new();
        let mut settled: BTreeMap<u32, Fate> = BTreeMap::new();
        let mut faults = faults.into_iter();
        while let Some(part) = writing.next_part() {
            let fault = faults.next().unwrap_or(0);
            let nature = |tag: u32| natures[tag as usize];
            let poisoned = (0..part.len()).any(|i| matches!(nature(part.tag(i).unwrap()), Nature::Poison));
            let _after = if fault == 1 {
                writing.failed(part, RequestFailure::Unreachable { reason: "refused".to_owned() })
            } else if part.len() > limit {
                writing.failed(part, RequestFailure::TooLarge)
            } else if poisoned {
                let rejected = RequestFailure::Rejected {
                    status: 400,
                    error_type: "parse_exception".to_owned(),
                    reason: "malformed".to_owned(),
                };
                writing.failed(part, rejected)
            } else {
                let mut outcomes = Vec::new();
                for index in 0..part.len() {
                    let tag = part.tag(index).unwrap();
                    outcomes.push(match nature(tag) {
                        Nature::Bad => ItemOutcome::Refused(error(400)),
                        _ if fault == 2 && index % 2 == 0 => ItemOutcome::Retry(error(503)),
                        _ if written.contains_key(&tag) => ItemOutcome::Duplicate,
                        _ => {
                            *written.entry(tag).or_default() += 1;
                            ItemOutcome::Indexed
                        }
                    });
                }
                if fault == 3 {
                    // The store did it, but the answer was lost.
                    writing.failed(part, RequestFailure::Unreachable { reason: "cut".to_owned() })
                } else {
                    writing.answered(&part, BulkAnswer { outcomes })
                }
            };
            for item in writing.take_settled() {
                prop_assert!(settled.insert(item.tag, item.fate).is_none(), "settled twice");
            }
        }
        prop_assert_eq!(settled.len(), natures.len());
        for (tag, nature) in natures.iter().enumerate() {
            let tag = u32::try_from(tag).unwrap();
            let refused = matches!(settled[&tag], Fate::Refused(_));
            prop_assert_eq!(refused, !matches!(nature, Nature::Fine));
            prop_assert_eq!(written.contains_key(&tag), !refused);
        }
    }
}
