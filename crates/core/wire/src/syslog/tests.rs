use proptest::prelude::*;

use super::*;
use crate::testing::{Found, splits, through};

fn found(max: usize, pieces: &[&[u8]]) -> Result<Found, FramingError> {
    let mut framing = Framing::new(max);
    through(pieces, |buffer, ends, frames| {
        let used = framing.take(buffer, frames)?;
        if ends {
            framing.finish(&buffer[used..], frames);
        }
        Ok(used)
    })
}

fn texts(bytes: &[u8]) -> Vec<String> {
    found(1000, &[bytes]).unwrap().texts()
}

#[test]
fn the_framing_is_found_out() {
    assert_eq!(texts(b"6 <13>ab8 <13>c\nd\n"), ["<13>ab", "<13>c\nd"]);
    assert_eq!(texts(b"<13>ab\n<13>cd\r\n<13>e"), ["<13>ab", "<13>cd", "<13>e"]);
    assert_eq!(texts(b"<13>a\nb\x00<13>c\x00"), ["<13>a", "b\x00<13>c"]);
    assert_eq!(texts(b"<13>ab\x00<13>c\nd\x00"), ["<13>ab", "<13>c\nd"]);
    assert_eq!(texts(b"2026-11-21T09:00:00Z a\n"), ["2026-11-21T09:00:00Z a"]);
    assert_eq!(texts(b"1234567890 a\n"), ["1234567890 a"]);
    assert_eq!(texts(b"42"), ["42"]);
    assert_eq!(texts(b"\n\n3 abc"), ["abc"]);
}

/// Scenario: senders that put an LF after counted messages, inside or outside of the count. Guarantees: both are understood.
#[test]
fn trailers_of_counted_messages_are_no_part_of_them() {
    assert_eq!(texts(b"4 abc\n3 def\n\r\n3 ghi"), ["abc", "def", "ghi"]);
}

#[test]
fn a_message_that_is_too_large_is_cut_and_the_next_one_found() {
    let found = |bytes: &[u8]| found(4, &[bytes]).unwrap();
    let counted = found(b"10 12345678904 abcd4 efgh");
    assert_eq!((counted.texts(), counted.cut), (vec!["1234".to_owned(), "abcd".into(), "efgh".into()], 1));
    let trailed = found(b"1234567890\nabcd\n");
    assert_eq!((trailed.texts(), trailed.cut), (vec!["1234".to_owned(), "abcd".into()], 1));
    // A gigabyte is announced: nothing is taken for it, and its beginning is an event.
    let announced = found(b"999999999 abcdefg");
    assert_eq!((announced.texts(), announced.cut), (vec!["abcd".to_owned()], 1));
}

/// Scenario: octet counting, and then something else. Guarantees: what came before is there; the error says where it broke.
#[test]
fn a_broken_count_ends_the_connection() {
    for broken in [&b"3 abc<13>no"[..], b"3 abc03 abc", b"3 abc4x", b"3 abc1234567890 "] {
        let mut frames = Frames::new(10);
        let error = Framing::new(100).take(broken, &mut frames).unwrap_err();
        assert_eq!((frames.events().len(), error), (1, FramingError::Count(5)));
    }
}

/// Scenario: the connection ends in the middle of a message.
/// Guarantees: a line is taken, since only its end is missing; of a counted message bytes are missing, so that it is refused.
#[test]
fn what_is_left_at_the_end() {
    assert_eq!(texts(b"<13>a\n<13>b"), ["<13>a", "<13>b"]);
    let found = found(100, &[b"3 abc7 abc"]).unwrap();
    assert_eq!((found.texts(), found.refused), (vec!["abc".to_owned()], 1));
}

/// Scenario: one message of a megabyte that comes byte by byte. Guarantees: time is linear, or this takes minutes.
#[test]
fn a_slow_message_is_not_searched_again_and_again() {
    let max = 1 << 20;
    let mut framing = Framing::new(max);
    let message = vec![b'<'; max];
    for len in 0..max {
        let mut frames = Frames::new(1);
        assert_eq!(framing.take(&message[..len], &mut frames), Ok(0));
        assert!(frames.is_empty());
    }
}

/// Scenario: a counted message that is too large, and after it an LF that isn't counted.
/// Guarantees: it is cut like any other, and the connection goes on, whether or not the LF comes with the message's last byte.
#[test]
fn a_trailer_after_a_cut_message_is_no_count() {
    let wanted = found(4, &[b"10 1234567890", b"\n3 abc"]).unwrap();
    assert_eq!((wanted.texts(), wanted.cut), (vec!["1234".to_owned(), "abc".into()], 1));
    assert_eq!(found(4, &[b"10 1234567890\n3 abc"]).unwrap(), wanted);
}

proptest! {
    /// Scenario: counted messages of all sizes, with and without trailers, and at the end anything.
    /// Guarantees: however the bytes arrive, messages and errors are the same.
    #[test]
    fn any_split_of_counted_messages_gives_the_same(
        messages in prop::collection::vec(("[a-c]{0,20}", prop::sample::select(vec!["", "\n", "\r\n", "\0"])), 1..9),
        garbage in "[0-9 a\n]{0,12}",
        cuts in prop::collection::vec(0usize..200, 0..9),
        max in 1usize..12,
    ) {
        let counted = messages.iter().map(|(text, trailer)| format!("{} {text}{trailer}", text.len()));
        let bytes = counted.collect::<String>() + &garbage;
        prop_assert_eq!(found(max, &splits(bytes.as_bytes(), &cuts)), found(max, &[bytes.as_bytes()]));
    }

    /// Guarantees: however the bytes arrive, messages and errors are the same.
    #[test]
    fn any_split_gives_the_same_messages(
        bytes in prop::collection::vec(prop::sample::select(b"113 <a\xc3\xa4\n\r\x00".to_vec()), 0..80),
        cuts in prop::collection::vec(0usize..80, 0..9),
        max in 1usize..12,
    ) {
        prop_assert_eq!(found(max, &splits(&bytes, &cuts)), found(max, &[&bytes]));
    }

    /// Guarantees: what a sender counted comes out as it went in, unless it ends with what ends messages.
    #[test]
    fn counted_messages_come_back(messages in prop::collection::vec("[^\n\r\0]{1,30}", 1..9), cuts in prop::collection::vec(0usize..300, 0..9)) {
        let bytes: Vec<u8> =
            messages.iter().flat_map(|message| format!("{} {message}", message.len()).into_bytes()).collect();
        prop_assert_eq!(found(1000, &splits(&bytes, &cuts)).unwrap().texts(), messages);
    }
}
