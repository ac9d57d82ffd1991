use proptest::prelude::*;

use super::*;
use crate::builder::BulkBuilder;

fn request(ids: &[String]) -> BulkRequest {
    let mut builder = BulkBuilder::new();
    for (number, id) in ids.iter().enumerate() {
        let number = u32::try_from(number).unwrap();
        let target = format!("logs-{}", number % 3);
        builder.push(&target, id, format!("{{\"n\":{number}}}").as_bytes(), number + 100).unwrap();
    }
    builder.finish()
}

fn owned(request: &BulkRequest) -> Vec<(String, String, Vec<u8>, u32)> {
    request
        .items()
        .map(|item| (item.target.into_owned(), item.id.into_owned(), item.document.to_vec(), item.tag))
        .collect()
}

#[test]
fn a_lone_item_splits_into_itself_and_nothing() {
    let (first, second) = request(&["a".to_owned()]).split();
    assert_eq!((first.len(), second.len()), (1, 0));
    assert!(second.is_empty() && second.body().is_empty());
}

#[test]
fn a_split_shares_the_body() {
    let whole = request(&["a".to_owned(), "b".to_owned(), "c".to_owned()]);
    let (first, second) = whole.split();
    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!(first.body().as_ptr(), whole.body().as_ptr());
    assert_eq!([first.body().as_ref(), second.body().as_ref()].concat(), whole.body().as_ref());
    assert_eq!(second.tag(0), Some(102));
}

#[test]
fn what_is_not_there_is_not_selected() {
    let whole = request(&["a".to_owned()]);
    assert_eq!(whole.item(1), None);
    assert_eq!(whole.tag(1), None);
    assert_eq!(whole.select([5, 0, 9]).len(), 1);
    assert!(whole.select([]).is_empty());
}

proptest! {
    /// Scenario: any part of a request, again and again selected from and split.
    /// Guarantees: items keep target, id, document and tag; a part's body is what a builder would have made of it.
    #[test]
    fn parts_keep_their_items(
        ids in proptest::collection::vec("[a-z\"\\\\\u{1}é]{0,12}", 0..20),
        chosen in proptest::collection::vec(0_usize..20, 0..20),
    ) {
        let whole = request(&ids);
        let all = owned(&whole);
        prop_assert_eq!(all.len(), ids.len());

        let part = whole.select(chosen.iter().copied());
        let expected: Vec<_> = chosen.iter().filter_map(|index| all.get(*index).cloned()).collect();
        prop_assert_eq!(owned(&part), expected.clone());

        let (first, second) = part.split();
        prop_assert_eq!([owned(&first), owned(&second)].concat(), expected.clone());
        prop_assert!(first.len() >= second.len());

        let mut builder = BulkBuilder::new();
        for (target, id, document, tag) in &expected {
            builder.push(target, id, document, *tag).unwrap();
        }
        let rebuilt = builder.finish();
        prop_assert_eq!(part.body(), rebuilt.body());
        let (again, _) = second.split();
        prop_assert_eq!(owned(&again), expected[first.len()..first.len() + again.len()].to_vec());
    }

    /// Scenario: any request, cut into pieces of at most so many bytes, and joined again.
    /// Guarantees: no piece is larger unless it is a single item, nothing is lost, and the joined body is the first one.
    #[test]
    fn pieces_join_into_the_whole(ids in proptest::collection::vec("[a-z\"]{0,12}", 1..20), bytes in 0..400_usize) {
        let whole = request(&ids);
        let mut pieces = Vec::new();
        let mut rest = whole.clone();
        while !rest.is_empty() {
            let (piece, others) = rest.split_within(bytes);
            prop_assert!(piece.len() == 1 || piece.body().len() <= bytes);
            pieces.push(piece);
            rest = others;
        }
        let joined = BulkRequest::join(&pieces);
        prop_assert_eq!(joined.body(), whole.body());
        prop_assert_eq!(owned(&joined), owned(&whole));
        let last = u32::try_from(ids.len() - 1).unwrap();
        prop_assert_eq!(joined.renumbered().tag(ids.len() - 1), Some(last));
    }
}
