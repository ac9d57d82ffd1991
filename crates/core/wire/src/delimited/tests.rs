use proptest::prelude::*;

use super::*;
use crate::testing::{Found, splits, through};

fn found(mut framing: Delimited, pieces: &[&[u8]]) -> Found {
    through(pieces, |buffer, ends, frames| {
        let used = framing.take(buffer, 0, frames);
        if ends {
            framing.finish(&buffer[used..], frames);
        }
        Ok::<_, ()>(used)
    })
    .unwrap()
}

const CUT: Oversized = Oversized::Cut;

#[test]
fn the_first_delimiter_is_that_of_the_connection() {
    let found = |bytes: &[u8]| found(Delimited::new(None, 20, CUT), &[bytes]).texts();
    assert_eq!(found(b"one\r\n\r\ntwo\x00\nthree"), ["one", "two", "three"]);
    assert_eq!(found(b"one\x00two\nlines\n\x00\x00three\n"), ["one", "two\nlines", "three"]);
    assert_eq!(found(b"one\ntwo\x003\n"), ["one", "two\x003"]);
}

/// Scenario: a message that is larger than an event may be, between two that are not.
/// Guarantees: the neighbours are whole; it is cut, or refused if half of it would be worth nothing.
#[test]
fn an_oversized_message_harms_no_other() {
    let bytes = b"1234\n123456789\n1234\n12345";
    let cut = found(Delimited::new(Some(b'\n'), 4, CUT), &[bytes]);
    assert_eq!(
        (cut.texts(), cut.cut),
        (vec!["1234".to_owned(), "1234".into(), "1234".into(), "1234".into()], 2)
    );
    let refused = found(Delimited::new(Some(b'\n'), 4, Oversized::Refused), &[bytes]);
    assert_eq!((refused.texts(), refused.refused), (vec!["1234".to_owned(), "1234".into()], 2));
}

proptest! {
    /// Guarantees: however the bytes arrive, the messages are the same, and none is larger than allowed.
    #[test]
    fn any_split_gives_the_same_messages(
        bytes in prop::collection::vec(prop::sample::select(b"ab\xc3\xa4\n\r\x00".to_vec()), 0..80),
        cuts in prop::collection::vec(0usize..80, 0..9),
        delimiter in prop::sample::select(vec![None, Some(b'\n'), Some(0)]),
        oversized in prop::sample::select(vec![Oversized::Cut, Oversized::Refused]),
        max in 1usize..12,
    ) {
        let framing = Delimited::new(delimiter, max, oversized);
        let whole = found(framing.clone(), &[&bytes]);
        prop_assert!(whole.messages.iter().all(|message| message.len() <= max && !message.is_empty()));
        prop_assert_eq!(found(framing, &splits(&bytes, &cuts)), whole);
    }
}
