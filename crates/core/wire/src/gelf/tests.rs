use std::borrow::Cow;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

const LIMITS: AssemblyLimits = AssemblyLimits {
    max_bytes: 100_000,
    max_messages: 10,
    max_message: 1000,
    timeout: Duration::from_secs(5),
};

const START: Duration = Duration::ZERO;

fn chunked(id: u64, number: u8, count: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1e, 0x0f];
    bytes.extend(id.to_be_bytes());
    bytes.extend([number, count]);
    bytes.extend(data);
    bytes
}

fn whole(
    assembly: &mut Assembly<u8>,
    sender: u8,
    datagram: &[u8],
    now: Duration,
) -> Result<Option<Vec<u8>>, Loss> {
    assembly.datagram(sender, datagram, now).map(|message| message.map(Cow::into_owned))
}

/// Scenario: chunks of two senders with the same id, in any order, some twice; and a message that is no chunk.
/// Guarantees: each sender's message is put together from its own chunks.
#[test]
fn chunks_become_the_message_of_their_sender() {
    let mut assembly = Assembly::new(LIMITS);
    let mut put = |sender, datagram: &[u8]| whole(&mut assembly, sender, datagram, START);
    assert_eq!(put(1, b"{}"), Ok(Some(b"{}".to_vec())));
    assert_eq!(put(1, &chunked(7, 0, 1, b"{1}")), Ok(Some(b"{1}".to_vec())));
    assert_eq!(put(1, &chunked(7, 2, 3, b"c")), Ok(None));
    assert_eq!(put(2, &chunked(7, 0, 2, b"A")), Ok(None));
    assert_eq!(put(1, &chunked(7, 0, 3, b"a")), Ok(None));
    assert_eq!(put(1, &chunked(7, 0, 3, b"x")), Ok(None));
    assert_eq!(put(1, &chunked(7, 1, 3, b"b")), Ok(Some(b"abc".to_vec())));
    assert_eq!(put(2, &chunked(7, 1, 2, b"B")), Ok(Some(b"AB".to_vec())));
    assert_eq!((assembly.messages(), assembly.bytes()), (0, 0));
}

#[test]
fn a_chunk_that_can_not_be_is_lost_and_its_message_with_it() {
    let mut assembly = Assembly::new(LIMITS);
    for broken in [
        &[0x1e, 0x0f][..],
        &chunked(1, 0, 0, b"a"),
        &chunked(1, 2, 2, b"a"),
        &chunked(1, 0, 129, b"a"),
        &chunked(1, 0, 2, b""),
    ] {
        assert_eq!(whole(&mut assembly, 1, broken, START), Err(Loss::Malformed));
    }
    assert_eq!(whole(&mut assembly, 1, &chunked(1, 0, 2, b"a"), START), Ok(None));
    assert_eq!(whole(&mut assembly, 1, &chunked(1, 1, 3, b"a"), START), Err(Loss::Malformed));
    assert_eq!(whole(&mut assembly, 1, &chunked(1, 0, 2, &[b'a'; 1001]), START), Err(Loss::TooLarge));
    assert_eq!((assembly.messages(), assembly.bytes()), (0, 0));
}

/// Scenario: there is less room than a message's first chunk needs, and messages go on beginning.
/// Guarantees: none is begun, so that nothing of it is left to be cleared away; those that are there go on.
#[test]
fn what_has_no_room_is_not_begun() {
    let mut assembly = Assembly::new(AssemblyLimits { max_bytes: 2_300, ..LIMITS });
    assert_eq!(whole(&mut assembly, 1, &chunked(0, 0, 3, &[b'a'; 900]), START), Ok(None));
    for id in 1..100 {
        assert_eq!(whole(&mut assembly, 1, &chunked(id, 0, 2, &[b'b'; 900]), START), Err(Loss::NoRoom));
    }
    assert_eq!((assembly.ends.len(), assembly.messages()), (1, 1));
    assert_eq!(whole(&mut assembly, 1, &chunked(0, 1, 3, b"a"), START), Ok(None));
    assert!(matches!(whole(&mut assembly, 1, &chunked(0, 2, 3, b"a"), START), Ok(Some(_))));
}

/// Scenario: messages that never end, too many of them, and with too many bytes.
/// Guarantees: memory stays within its limit; after five seconds there is room again, and what was lost is counted.
#[test]
fn incomplete_messages_have_little_room_and_time() {
    let mut assembly = Assembly::new(LIMITS);
    for id in 0..10 {
        assert_eq!(whole(&mut assembly, 1, &chunked(id, 0, 2, b"a"), START), Ok(None));
    }
    assert_eq!(whole(&mut assembly, 1, &chunked(10, 0, 2, b"a"), START), Err(Loss::NoRoom));
    assert_eq!(assembly.expire(Duration::from_millis(4999), usize::MAX), 0);
    assert_eq!(assembly.expire(Duration::from_secs(5), 4), 4);
    assert_eq!((assembly.messages(), assembly.expire(Duration::from_secs(5), usize::MAX)), (6, 6));
    assert_eq!((assembly.messages(), assembly.bytes()), (0, 0));

    let mut assembly = Assembly::new(AssemblyLimits { max_bytes: 2000, ..LIMITS });
    assert_eq!(whole(&mut assembly, 1, &chunked(1, 0, 2, &[b'a'; 900]), START), Ok(None));
    assert_eq!(whole(&mut assembly, 1, &chunked(2, 0, 2, &[b'a'; 900]), START), Err(Loss::NoRoom));
    assert_eq!(
        whole(&mut assembly, 1, &chunked(1, 1, 2, b"b"), START).unwrap().map(|message| message.len()),
        Some(901)
    );
    assert_eq!(assembly.bytes(), 0);
}

/// Scenario: many messages, each whole after two chunks, and one that isn't.
/// Guarantees: those that are done leave nothing behind, and don't make the other one wait longer.
#[test]
fn what_is_done_is_forgotten() {
    let mut assembly = Assembly::new(LIMITS);
    assert_eq!(whole(&mut assembly, 2, &chunked(0, 0, 2, b"a"), START), Ok(None));
    for id in 0..1000 {
        assert_eq!(whole(&mut assembly, 1, &chunked(id, 0, 2, b"a"), START), Ok(None));
        assert_eq!(whole(&mut assembly, 1, &chunked(id, 1, 2, b"b"), START), Ok(Some(b"ab".to_vec())));
        assert!(assembly.ends.len() <= 22);
    }
    assert_eq!(assembly.expire(Duration::from_secs(5), usize::MAX), 1);
    assert!(assembly.ends.is_empty());
}

#[test]
fn messages_are_unpacked() {
    let json = br#"{"version":"1.1","host":"a","short_message":"b"}"#;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(json).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(json).unwrap();
    let (zlib, gzip) = (zlib.finish().unwrap(), gzip.finish().unwrap());
    for packed in [&json[..], &zlib, &gzip] {
        let mut out = Vec::new();
        assert_eq!(unpack(packed, 48, &mut out), Ok(48));
        assert_eq!(out, json);
        assert_eq!(unpack(packed, 47, &mut out), Err(Loss::TooLarge));
        assert_eq!(out, json);
    }
    assert_eq!(unpack(&gzip[..20], 48, &mut Vec::new()), Err(Loss::Compression));
    assert_eq!(unpack(b"<13>no", 48, &mut Vec::new()), Err(Loss::Malformed));
    assert_eq!(unpack(b"", 48, &mut Vec::new()), Err(Loss::Malformed));
}

proptest! {
    /// Guarantees: a message comes out of its chunks, in whatever order they arrive.
    #[test]
    fn any_order_gives_the_message(order in (2usize..=128).prop_flat_map(|count| Just((0..count).collect::<Vec<_>>()).prop_shuffle())) {
        let mut assembly = Assembly::new(LIMITS);
        let count = u8::try_from(order.len()).unwrap();
        let mut done = Vec::new();
        for at in &order {
            let number = u8::try_from(*at).unwrap();
            let datagram = chunked(1, number, count, &[number; 3]);
            done.extend(whole(&mut assembly, 1, &datagram, START).unwrap());
        }
        let expected: Vec<u8> = (0..count).flat_map(|number| [number; 3]).collect();
        prop_assert_eq!(done, vec![expected]);
    }

    /// Scenario: any datagrams. Guarantees: memory stays within its limit, and all of it comes back.
    #[test]
    fn survives_anything(datagrams in prop::collection::vec((0u8..3, 0u64..4, 0u8..4, 0u8..4, 0usize..900), 0..60)) {
        let mut assembly = Assembly::new(AssemblyLimits { max_bytes: 4000, ..LIMITS });
        for (sender, id, number, count, len) in datagrams {
            let _any = assembly.datagram(sender, &chunked(id, number, count, &vec![0; len]), START);
            prop_assert!(assembly.bytes() <= 4000);
        }
        let left = assembly.messages();
        prop_assert_eq!(assembly.expire(LIMITS.timeout, usize::MAX), left);
        prop_assert_eq!(assembly.bytes(), 0);
    }
}
