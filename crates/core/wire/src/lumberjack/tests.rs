use std::convert::Infallible;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;

use super::*;
use crate::batch::Limits;

const LIMITS: Limits = Limits { max_event: 1000, max_depth: 8, max_events: 50, max_inflated: 100_000 };

/// What a window holds.
#[derive(Clone, Debug)]
enum Sent {
    Json(u32, String),
    Pairs(u32, Vec<(String, String)>),
    Compressed(Vec<Sent>),
}

fn push(out: &mut Vec<u8>, version: u8, sent: &Sent) {
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    match sent {
        Sent::Json(sequence, json) => {
            out.extend_from_slice(&[version, b'J']);
            out.extend_from_slice(&sequence.to_be_bytes());
            text(out, json);
        }
        Sent::Pairs(sequence, pairs) => {
            out.extend_from_slice(&[version, b'D']);
            out.extend_from_slice(&sequence.to_be_bytes());
            out.extend_from_slice(&u32::try_from(pairs.len()).unwrap().to_be_bytes());
            for (name, value) in pairs {
                text(out, name);
                text(out, value);
            }
        }
        Sent::Compressed(inner) => {
            let mut plain = Vec::new();
            inner.iter().for_each(|sent| push(&mut plain, version, sent));
            push_deflated(out, version, &plain);
        }
    }
}

fn push_deflated(out: &mut Vec<u8>, version: u8, plain: &[u8]) {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    let packed = encoder.finish().unwrap();
    out.extend_from_slice(&[version, b'C']);
    out.extend_from_slice(&u32::try_from(packed.len()).unwrap().to_be_bytes());
    out.extend_from_slice(&packed);
}

fn window(version: u8, size: u32, sent: &[Sent]) -> Vec<u8> {
    let mut out = vec![version, b'W'];
    out.extend_from_slice(&size.to_be_bytes());
    sent.iter().for_each(|sent| push(&mut out, version, sent));
    out
}

fn json(sequences: std::ops::RangeInclusive<u32>) -> Vec<Sent> {
    sequences.map(|sequence| Sent::Json(sequence, format!(r#"{{"message":"m{sequence}"}}"#))).collect()
}

/// Every portion of bytes that come in these pieces: its events and the sequence number that it acknowledges.
fn read<'a>(
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<(Vec<String>, u32)>, Option<Broken>) {
    let mut decoder = Decoder::new(limits);
    let mut portions = Vec::new();
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next(|_| Ok::<_, Infallible>(())) {
                Ok(Some(portion)) => portions.push((events(&portion), portion.ack.sequence)),
                Ok(None) => break,
                Err(Failure::Broken(broken)) => return (portions, Some(broken)),
            }
        }
    }
    (portions, None)
}

fn events(portion: &Portion) -> Vec<String> {
    let batch = &portion.batch;
    assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
    let text = |event: &crate::Event| String::from_utf8(batch.bytes[event.span.clone()].to_vec()).unwrap();
    batch.events.iter().map(text).collect()
}

fn all(bytes: &[u8]) -> (Vec<(Vec<String>, u32)>, Option<Broken>) {
    read(LIMITS, [bytes])
}

fn broken(bytes: &[u8]) -> String {
    all(bytes).1.expect("a fault").to_string()
}

#[test]
fn a_window_is_one_portion_and_its_last_event_is_acknowledged() {
    for sent in [json(1..=3), vec![Sent::Compressed(json(1..=3))]] {
        let (portions, fault) = all(&window(b'2', 3, &sent));
        let expected = [r#"{"message":"m1"}"#, r#"{"message":"m2"}"#, r#"{"message":"m3"}"#];
        assert_eq!((portions, fault), (vec![(expected.map(str::to_owned).to_vec(), 3)], None));
    }
    assert_eq!(Ack { version: b'2', sequence: 258 }.encode(), *b"2A\x00\x00\x01\x02");
    assert_eq!(Ack { version: b'1', sequence: 258 }.keepalive().encode(), *b"1A\x00\x00\x00\x00");
}

/// Scenario: events of version 1, with odd characters and bytes that are no UTF-8.
/// Guarantees: objects of strings, escaped.
#[test]
fn pairs_become_objects() {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let sent = [Sent::Pairs(8, pairs(&[("line", "a\"b\n"), ("host", "ü")])), Sent::Pairs(9, pairs(&[]))];
    let expected = vec![(vec![r#"{"line":"a\"b\n","host":"ü"}"#.to_owned(), "{}".to_owned()], 9)];
    assert_eq!(all(&window(b'1', 2, &sent)), (expected.clone(), None));
    assert_eq!(all(&window(b'1', 2, &[Sent::Compressed(sent.to_vec())])), (expected, None));
    let odd = b"1W\0\0\0\x011D\0\0\0\x01\0\0\0\x01\0\0\0\x01a\0\0\0\x01\xff";
    assert_eq!(all(odd).0, [(vec!["{\"a\":\"\u{fffd}\"}".to_owned()], 1)]);
}

/// Scenario: a sender of version 1 announces its window once, then sends on and on.
/// Guarantees: each full window is acknowledged.
#[test]
fn a_window_holds_until_another_is_announced() {
    let (portions, fault) = all(&window(b'1', 2, &json(1..=5)));
    assert_eq!(portions.iter().map(|(_, sequence)| *sequence).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(fault, None);
}

/// Scenario: a sender announces a new window before the old one is full.
/// Guarantees: what there was is acknowledged by itself.
#[test]
fn a_new_window_ends_the_old_one() {
    let mut bytes = window(b'2', 10, &json(1..=2));
    bytes.extend(window(b'2', 1, &json(1..=1)));
    let sequences: Vec<_> =
        all(&bytes).0.into_iter().map(|(events, sequence)| (events.len(), sequence)).collect();
    assert_eq!(sequences, [(2, 2), (1, 1)]);
}

/// Scenario: frames of all kinds in one window.
/// Guarantees: portions in the order of the events, none missing.
#[test]
fn kinds_of_frames_make_portions_of_their_own() {
    let pairs = |sequence| Sent::Pairs(sequence, vec![("n".to_owned(), sequence.to_string())]);
    let sent =
        [json(1..=1), vec![pairs(2), Sent::Compressed([json(3..=4), vec![pairs(5)]].concat())], json(6..=7)]
            .concat();
    let sequences: Vec<_> = all(&window(b'2', 7, &sent))
        .0
        .into_iter()
        .map(|(events, sequence)| (events.len(), sequence))
        .collect();
    assert_eq!(sequences, [(1, 1), (1, 2), (2, 4), (1, 5), (2, 7)]);
}

/// Scenario: a window with more events, or more bytes, than a batch may have.
/// Guarantees: it is acknowledged in parts, compressed or not.
#[test]
fn large_windows_are_acknowledged_in_parts() {
    for sent in [json(1..=120), vec![Sent::Compressed(json(1..=120))]] {
        let parts: Vec<_> =
            all(&window(b'2', 120, &sent)).0.into_iter().map(|(_, sequence)| sequence).collect();
        assert_eq!(parts, [50, 100, 120]);
    }
    let limits = Limits { max_inflated: 600, ..LIMITS };
    let parts = read(limits, [&window(b'2', 100, &json(1..=100))[..]]).0;
    assert_eq!(parts.iter().map(|(events, _)| events.len()).sum::<usize>(), 100);
    assert!(parts.len() > 3);
}

/// Scenario: a sender sends less than it announced, and waits.
/// Guarantees: what there is can be acknowledged, and the window goes on.
#[test]
fn what_there_is_of_a_window_can_be_shipped() {
    let mut decoder = Decoder::new(LIMITS);
    let grant = |_| Ok::<_, Infallible>(());
    assert!(decoder.is_idle());
    decoder.buffer().extend_from_slice(&window(b'1', 3, &json(1..=2)));
    assert!(decoder.next(grant).unwrap().is_none());
    assert!(decoder.events() == 2 && !decoder.is_idle());
    let part = decoder.flush().unwrap();
    assert_eq!((events(&part).len(), part.ack), (2, Ack { version: b'1', sequence: 2 }));
    assert!(decoder.flush().is_none() && decoder.events() == 0 && !decoder.is_idle());
    let mut rest = Vec::new();
    push(&mut rest, b'1', &json(3..=3)[0]);
    decoder.buffer().extend_from_slice(&rest);
    assert_eq!(decoder.next(grant).unwrap().unwrap().ack.sequence, 3);
    assert!(decoder.is_idle());
}

/// Scenario: an event that no record can hold, among others; as JSON, as pairs, and far too large.
/// Guarantees: it is refused by itself, and acknowledged with the others, since the sender would send it for ever.
#[test]
fn an_event_that_is_too_large_is_refused_alone() {
    for len in [1000, 5000] {
        let text = "x".repeat(len);
        let pairs = Sent::Pairs(2, vec![("a".to_owned(), text.clone())]);
        for large in [Sent::Json(2, text), pairs] {
            let sent = [json(1..=1), vec![large], json(3..=3)].concat();
            let mut decoder = Decoder::new(Limits { max_event: 999, ..LIMITS });
            decoder.buffer().extend_from_slice(&window(b'2', 3, &sent));
            let (mut taken, mut refused, mut last) = (0, Vec::new(), 0);
            while let Some(portion) = decoder.next(|_| Ok::<_, Infallible>(())).unwrap() {
                taken += portion.batch.events.len();
                refused.extend(portion.batch.rejections.listed().to_vec());
                last = portion.ack.sequence;
            }
            assert_eq!((taken, last), (2, 3));
            assert_eq!(
                refused.iter().map(|one| (one.line, one.error)).collect::<Vec<_>>(),
                [(2, "too_large")]
            );
        }
    }
}

#[test]
fn what_breaks_the_protocol_is_named_with_its_place() {
    assert_eq!(
        broken(b"\x16\x03\x01"),
        "a frame begins with byte 0x16 instead of `1` or `2`: the sender doesn't speak Lumberjack, or speaks TLS \
         (at byte 0 of the connection)"
    );
    let mut bytes = window(b'2', 1, &json(1..=1));
    let at = bytes.len();
    bytes.extend_from_slice(b"2A\0\0\0\0");
    assert_eq!(
        broken(&bytes),
        format!("frame type 0x41 is none that a sender sends (at byte {at} of the connection)")
    );
    let without = window(b'2', 1, &json(1..=1)).split_off(6);
    assert_eq!(broken(&without), "events without a window frame before them (at byte 0 of the connection)");
    assert!(broken(&window(b'2', 0, &json(1..=1))).starts_with("events without a window"));
    let huge = b"2W\0\0\0\x012J\0\0\0\x01\xff\xff\xff\xff";
    assert!(broken(huge).starts_with("a frame of at least 4294967295 bytes; at most 100000 are allowed"));
    let pairs = b"1W\0\0\0\x011D\0\0\0\x01\xff\xff\xff\xff";
    assert!(broken(pairs).starts_with("a frame of at least 34359738360 bytes"));
}

/// Scenario: compressed frames in compressed frames, a window in one, one that ends within an event, one that isn't zlib,
/// and a bomb.
/// Guarantees: each is named, and nothing is inflated beyond the limit.
#[test]
fn compressed_frames_hold_whole_events_and_nothing_else() {
    let nested = [Sent::Compressed(vec![Sent::Compressed(json(1..=1))])];
    assert_eq!(
        broken(&window(b'2', 1, &nested)),
        "frame type 0x43 inside a compressed frame (at byte 6 of the connection)"
    );
    let around = |plain: &[u8]| {
        let mut bytes = window(b'2', 1, &[]);
        push_deflated(&mut bytes, b'2', plain);
        broken(&bytes)
    };
    assert!(around(&window(b'2', 1, &[])).starts_with("frame type 0x57 inside"));
    assert!(around(b"2J\0\0\0\x01\0\0\0\x09{").starts_with("a compressed frame ends within an event"));
    assert!(around(&vec![0; 200_000]).starts_with("a compressed frame that grows beyond 100000 bytes"));
    assert!(broken(b"2W\0\0\0\x012C\0\0\0\x02no").starts_with("a compressed frame that isn't valid zlib"));
}

/// Scenario: there is no memory to inflate a frame, then there is.
/// Guarantees: nothing is lost.
#[test]
fn a_frame_that_is_not_granted_waits() {
    let mut decoder = Decoder::new(LIMITS);
    decoder.buffer().extend_from_slice(&window(b'2', 3, &[Sent::Compressed(json(1..=3))]));
    assert_eq!(decoder.next(|_| Err("full")).unwrap_err(), Failure::Refused("full"));
    assert_eq!(decoder.next(|_| Ok::<_, &str>(())).unwrap().unwrap().ack.sequence, 3);
}

/// Scenario: a frame of many pairs comes byte by byte.
/// Guarantees: time in proportion to the bytes; were every byte a reason to begin anew, this would take minutes.
#[test]
fn frames_that_come_slowly_are_read_once() {
    let pairs = (0..40_000).map(|_| (String::new(), String::new())).collect();
    let bytes = window(b'1', 1, &[Sent::Pairs(1, pairs)]);
    let limits = Limits { max_event: 400_000, max_inflated: 400_000, ..LIMITS };
    let (portions, fault) = read(limits, bytes.chunks(1));
    assert_eq!((portions.len(), fault), (1, None));
}

fn sent() -> impl Strategy<Value = Sent> {
    let json = (any::<u32>(), "[ -~]{0,40}").prop_map(|(sequence, text)| Sent::Json(sequence, text));
    let pairs = (any::<u32>(), prop::collection::vec((".{0,5}", ".{0,20}"), 0..4))
        .prop_map(|(sequence, pairs)| Sent::Pairs(sequence, pairs));
    let data = prop_oneof![json, pairs];
    let compressed = prop::collection::vec(data.clone(), 0..5).prop_map(Sent::Compressed);
    prop_oneof![4 => data, 1 => compressed]
}

proptest! {
    /// Scenario: windows of any frames, cut into pieces anywhere.
    /// Guarantees: the same events, portions and acknowledgements as in one piece.
    #[test]
    fn any_split_gives_the_same(
        windows in prop::collection::vec((1u32..9, prop::collection::vec(sent(), 0..9)), 0..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes: Vec<u8> = windows.iter().flat_map(|(size, sent)| window(b'2', *size, sent)).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(read(LIMITS, pieces), all(&bytes));
    }

    /// Scenario: arbitrary bytes, and arbitrary bytes inside a compressed frame.
    /// Guarantees: an answer, within the limits.
    #[test]
    fn survives_anything(bytes: Vec<u8>, size in 0u32..5) {
        let _portions_or_fault = all(&bytes);
        let mut inside = window(b'2', size, &[]);
        push_deflated(&mut inside, b'2', &bytes);
        let _portions_or_fault = all(&inside);
        let _portions_or_fault = all(&[b"2W\0\0\0\x032", &bytes[..]].concat());
    }
}

/// Scenario: what clients that others wrote have sent: go-lumber 0.1.0, pylogbeat 2.1.0.
/// Guarantees: their events are read.
#[test]
fn what_clients_sent_is_read() {
    // The two bytes before are the fuzz target's.
    let windows: [&[u8]; 2] = [
        include_bytes!("../../../../../fuzz/seeds/lumberjack/go_lumber"),
        include_bytes!("../../../../../fuzz/seeds/lumberjack/pylogbeat"),
    ];
    for window in windows {
        let (portions, fault) = all(&window[2..]);
        let [(events, 3)] = &portions[..] else { panic!("{portions:?}, {fault:?}") };
        for (n, event) in events.iter().enumerate() {
            let event: serde_json::Value = serde_json::from_str(event).unwrap();
            assert_eq!(event["id"], format!("c-{n}"));
        }
    }
}
