use std::convert::Infallible;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::handshake::{Helo, Ping, refused};
use super::*;
use crate::batch::Limits;

const LIMITS: Limits = Limits { max_event: 1000, max_depth: 8, max_events: 50, max_inflated: 100_000 };

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(0xd9);
    out.push(u8::try_from(text.len()).unwrap());
    out.extend_from_slice(text.as_bytes());
}

fn bin(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(0xc6);
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend_from_slice(bytes);
}

fn event_time(out: &mut Vec<u8>, seconds: u32, nanoseconds: u32) {
    out.extend_from_slice(&[0xd7, 0]);
    out.extend_from_slice(&seconds.to_be_bytes());
    out.extend_from_slice(&nanoseconds.to_be_bytes());
}

fn record(out: &mut Vec<u8>, message: &str) {
    out.push(0x81);
    text(out, "m");
    text(out, message);
}

/// Entries with these messages, at 7.000000005 s.
fn entries(messages: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        out.push(0x92);
        event_time(&mut out, 7, 5);
        record(&mut out, message);
    }
    out
}

/// How the events of a message are carried.
#[derive(Clone, Copy, Debug)]
enum Mode {
    /// A message for each event.
    Message,
    Forward,
    Packed,
    Gzip,
    Zstd,
}

const MODES: [Mode; 5] = [Mode::Message, Mode::Forward, Mode::Packed, Mode::Gzip, Mode::Zstd];

fn message(mode: Mode, tag: &str, messages: &[&str], chunk: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Mode::Message = mode {
        for message in messages {
            out.push(0x93 + u8::from(chunk.is_some()));
            text(&mut out, tag);
            event_time(&mut out, 7, 5);
            record(&mut out, message);
            options(&mut out, chunk, None);
        }
        return out;
    }
    let stream = entries(messages);
    let compressed = match mode {
        Mode::Gzip => Some("gzip"),
        Mode::Zstd => Some("zstd"),
        _ => None,
    };
    out.push(if chunk.is_none() && compressed.is_none() { 0x92 } else { 0x93 });
    text(&mut out, tag);
    match mode {
        Mode::Forward => {
            out.push(0xdc);
            out.extend_from_slice(&u16::try_from(messages.len()).unwrap().to_be_bytes());
            out.extend_from_slice(&stream);
        }
        Mode::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&stream).unwrap();
            bin(&mut out, &encoder.finish().unwrap());
        }
        Mode::Zstd => bin(&mut out, &zstd::encode_all(&stream[..], 1).unwrap()),
        _ => bin(&mut out, &stream),
    }
    options(&mut out, chunk, compressed);
    out
}

fn options(out: &mut Vec<u8>, chunk: Option<&str>, compressed: Option<&str>) {
    let all: Vec<_> = [("chunk", chunk), ("compressed", compressed)]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect();
    if all.is_empty() {
        return;
    }
    out.push(0x81 + u8::try_from(all.len()).unwrap());
    text(out, "size");
    out.push(3);
    for (name, value) in all {
        text(out, name);
        text(out, value);
    }
}

/// What comes of bytes in these pieces.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// Tag, time and JSON of every event.
    events: Vec<(String, u64, String)>,
    refused: Vec<&'static str>,
    answer: Vec<u8>,
    portions: usize,
    fault: Option<String>,
}

fn read<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::new(limits);
    let mut outcome = Outcome::default();
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next(|_| Ok::<_, Infallible>(())) {
                Ok(Some(portion)) => take(&mut outcome, portion),
                Ok(None) => break,
                Err(failure) => {
                    outcome.fault = Some(failure.to_string());
                    return outcome;
                }
            }
        }
    }
    outcome
}

fn take(outcome: &mut Outcome, portion: Portion) {
    let batch = &portion.batch;
    let mut events = batch.events.iter();
    for group in &batch.groups {
        let tag = group.facts.attributes.iter().find(|(name, _)| name == TAG).map_or("", |(_, tag)| tag);
        assert_eq!(group.facts.format, "json");
        for event in events.by_ref().take(group.len) {
            let json = String::from_utf8(batch.bytes[event.span.clone()].to_vec()).unwrap();
            outcome.events.push((tag.to_owned(), event.observed_at, json));
        }
    }
    assert!(events.next().is_none());
    outcome.refused.extend(batch.rejections.listed().iter().map(|one| one.error));
    outcome.answer.extend_from_slice(&portion.answer);
    outcome.portions += 1;
}

fn all(bytes: &[u8]) -> Outcome {
    read(LIMITS, [bytes])
}

fn fault(bytes: &[u8]) -> String {
    all(bytes).fault.expect("a fault")
}

fn expected(messages: &[&str]) -> Vec<(String, u64, String)> {
    let event =
        |message: &&str| ("a.b".to_owned(), 7_000_000_005, serde_json::json!({ "m": message }).to_string());
    messages.iter().map(event).collect()
}

#[test]
fn all_modes_say_the_same() {
    for mode in MODES {
        let outcome = all(&message(mode, "a.b", &["x", "y", "z"], None));
        assert_eq!((outcome.events, outcome.fault), (expected(&["x", "y", "z"]), None), "{mode:?}");
        assert!(outcome.answer.is_empty(), "nobody waits for an answer");
        let outcome = all(&message(mode, "a.b", &["x"], Some("id")));
        assert_eq!((outcome.events, &outcome.answer[..]), (expected(&["x"]), &b"\x81\xa3ack\xd9\x02id"[..]));
    }
}

/// Scenario: many small messages come at once, with and without chunks.
/// Guarantees: one portion for all of them, and answers in their order.
#[test]
fn what_is_there_becomes_one_portion() {
    let bytes = [
        message(Mode::Message, "a.b", &["1", "2"], None),
        vec![0xc0],
        message(Mode::Packed, "a.b", &["3"], Some("x")),
        message(Mode::Forward, "a.b", &["4"], Some("y")),
    ]
    .concat();
    let outcome = all(&bytes);
    assert_eq!((outcome.portions, outcome.events), (1, expected(&["1", "2", "3", "4"])));
    assert_eq!(outcome.answer, b"\x81\xa3ack\xd9\x01x\x81\xa3ack\xd9\x01y");
}

/// Scenario: a chunk of more events than a batch may have, or more bytes.
/// Guarantees: several portions, and no answer before the last.
#[test]
fn large_chunks_are_acknowledged_by_their_last_portion() {
    let numbers: Vec<String> = (0..120).map(|number| format!("{number:030}{}", "\n".repeat(70))).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    for mode in [Mode::Forward, Mode::Packed, Mode::Gzip] {
        for (limits, portions) in
            [(LIMITS, 3), (Limits { max_events: 1000, max_inflated: 20_000, ..LIMITS }, 2)]
        {
            let mut decoder = Decoder::new(limits);
            decoder.buffer().extend_from_slice(&message(mode, "a.b", &numbers, Some("id")));
            let mut outcome = Outcome::default();
            while let Some(portion) = decoder.next(|_| Ok::<_, Infallible>(())).unwrap() {
                assert!(outcome.answer.is_empty(), "the answer comes last");
                assert!(portion.is_awaited && (!decoder.is_idle() || !portion.answer.is_empty()));
                take(&mut outcome, portion);
            }
            assert!(outcome.events == expected(&numbers) && outcome.portions == portions);
            assert!(!outcome.answer.is_empty() && decoder.is_idle());
        }
    }
}

/// Scenario: times of every kind that clients send, and metadata beside the time.
/// Guarantees: nanoseconds since the epoch; what is no time fails its event alone.
#[test]
fn times_are_nanoseconds() {
    let of = |time: &[u8]| {
        let mut stream = vec![0x92];
        stream.extend_from_slice(time);
        record(&mut stream, "x");
        let mut out = vec![0x92, 0xa0];
        bin(&mut out, &stream);
        let outcome = all(&out);
        outcome.events.first().map(|(tag, time, _)| (tag.clone(), *time)).ok_or(outcome.refused)
    };
    let is = |time: u64| Ok((String::new(), time));
    assert_eq!(of(&[7]), is(7_000_000_000));
    assert_eq!(of(&[0xd2, 0, 0, 0, 7]), is(7_000_000_000));
    assert_eq!(of(&[0xff]), is(0));
    assert_eq!(of(&[&[0xcb][..], &1.5f64.to_be_bytes()].concat()), is(1_500_000_000));
    assert_eq!(of(&[0xc7, 8, 0, 0, 0, 0, 7, 0, 0, 0, 5]), is(7_000_000_005));
    assert_eq!(of(&[0x92, 0xd7, 0, 0, 0, 0, 7, 0, 0, 0, 5, 0x81, 0xa1, b'k', 1]), is(7_000_000_005));
    assert_eq!(of(&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255]), is(0));
    assert_eq!(of(&[0xc0]), Err(vec!["malformed"]));
    assert_eq!(of(&[0xd7, 0, 0, 0, 0, 7, 255, 255, 255, 255]), Err(vec!["malformed"]));
}

/// Scenario: records that can't be events, among others that can.
/// Guarantees: they are refused by themselves, and the chunk is acknowledged.
#[test]
fn a_record_that_cannot_be_an_event_is_refused_alone() {
    let large = "x".repeat(250);
    let mut stream = entries(&["a"]);
    stream.extend_from_slice(&[0x92, 1, 0x90]);
    stream.extend_from_slice(&[0x93, 1, 0x80, 0x80]);
    stream.extend_from_slice(&[0x92, 1, 0x81, 0xa1, b'k']);
    stream.extend(std::iter::repeat_n(0x91, 9));
    stream.push(1);
    stream.extend_from_slice(&[0x92, 1, 0x85]);
    for name in 0..5 {
        stream.push(name);
        text(&mut stream, &large);
    }
    stream.extend(entries(&["b"]));
    let mut out = vec![0x93];
    text(&mut out, "a.b");
    bin(&mut out, &stream);
    options(&mut out, Some("id"), None);
    let outcome = all(&out);
    assert_eq!(outcome.events, expected(&["a", "b"]));
    assert_eq!(outcome.refused, ["not_an_object", "malformed", "too_deep", "too_large"]);
    assert!(!outcome.answer.is_empty());
}

#[test]
fn what_breaks_the_protocol_is_named() {
    let after = message(Mode::Message, "a.b", &["x"], None);
    let http = [&after[..], b"GET / HTTP/1.1"].concat();
    let outcome = all(&http);
    assert_eq!(outcome.events.len(), 1, "what came before counts");
    assert_eq!(
        outcome.fault.unwrap(),
        format!(
            "a message with a value that is no array: the sender doesn't speak Forward (at byte {} of the connection)",
            after.len()
        )
    );
    assert!(fault(&[0xc1]).starts_with("0xc1 is no MessagePack"));
    assert!(fault(&[0x91, 0xa0]).starts_with("a message with an odd number of values"));
    assert!(fault(&[0x92, 1, 0x90]).starts_with("a message with a tag that is no text"));
    assert!(fault(&[0x92, 0xa0, 0x80]).starts_with("a message with neither a time nor entries"));
    assert!(
        fault(&[0x92, 0xa0, 1]).starts_with("a message with values")
            || fault(&[0x92, 0xa0, 1]).contains("early")
    );
    assert!(fault(&[0x93, 0xa0, 0x90, 0x90]).starts_with("a message with options that are no map"));
    assert!(fault(&[0x92, 0xa0, 0xc4, 2, 0x92, 1]).starts_with("the packed entries can't be read"));
    let huge = [0x92, 0xa0, 0xc6, 255, 255, 255, 255];
    assert!(fault(&huge).starts_with("a chunk of more than 100000 bytes"), "{}", fault(&huge));
    let option = |name: &str, value: &[u8]| {
        let mut out = vec![0x93, 0xa0, 0x90, 0x81];
        text(&mut out, name);
        out.extend_from_slice(value);
        out
    };
    assert!(fault(&option("compressed", b"\xa3lz4")).starts_with("the option `compressed` is neither"));
    assert!(fault(&option("fluent_signal", &[2])).starts_with("the chunk has the signal 2 instead of logs"));
    assert_eq!(all(&option("fluent_signal", &[0])).fault, None);
    assert!(fault(&option("chunk", &[7])).starts_with("a message with a `chunk` that is no text"));
}

/// Scenario: a chunk whose last entry is broken. Guarantees: none of it is taken, however often it is sent.
#[test]
fn a_broken_chunk_gives_no_events() {
    let mut stream = entries(&["a", "b"]);
    let _last = stream.pop();
    let mut out = vec![0x92, 0xa0];
    bin(&mut out, &stream);
    let outcome = all(&out);
    assert!(outcome.events.is_empty() && outcome.fault.is_some());
}

/// Scenario: a bomb, and entries that aren't gzip. Guarantees: named, and nothing inflated beyond the limit.
#[test]
fn bombs_stop_at_the_limit() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    for (packed, reason) in [
        (encoder.finish().unwrap(), "a chunk of more than 100000 bytes"),
        (b"no".to_vec(), "the compressed entries are not valid gzip"),
    ] {
        let mut out = vec![0x93, 0xa0];
        bin(&mut out, &packed);
        options(&mut out, None, Some("gzip"));
        assert!(fault(&out).starts_with(reason), "{}", fault(&out));
    }
}

/// Scenario: there is no memory to decompress a chunk, then there is.
/// Guarantees: what came before it comes first, and nothing is lost.
#[test]
fn a_chunk_that_is_not_granted_waits() {
    let mut decoder = Decoder::new(LIMITS);
    decoder.buffer().extend_from_slice(&message(Mode::Packed, "a", &["x"], None));
    decoder.buffer().extend_from_slice(&message(Mode::Gzip, "a", &["y"], Some("id")));
    assert_eq!(decoder.next(|_| Err("full")).unwrap().unwrap().batch.events.len(), 1);
    assert_eq!(decoder.next(|_| Err("full")).unwrap_err(), Failure::Refused("full"));
    let portion = decoder.next(|_| Ok::<_, &str>(())).unwrap().unwrap();
    assert!(portion.batch.events.len() == 1 && !portion.answer.is_empty());
}

/// Scenario: the handshake, with the digests as the specification says them.
/// Guarantees: only the right key and the right password are proven, and the answers are those of the specification.
#[test]
fn the_handshake_proves_keys_and_passwords() {
    use sha2::{Digest, Sha512};
    let helo = Helo { nonce: *b"0123456789abcdef", auth: Some(*b"fedcba9876543210") };
    assert!(helo.encode().starts_with(b"\x92\xa4HELO\x83\xa5nonce\xc4\x100123456789abcdef\xa4auth\xc4\x10"));
    let keys_only = Helo { auth: None, ..helo };
    assert!(keys_only.encode().ends_with(b"\xa4auth\xc4\x00\xa9keepalive\xc3"));
    let digest = |text: &str| hex::encode(Sha512::digest(text));
    let mut ping = vec![0x96];
    for value in [
        "PING",
        "web-1",
        "salt",
        &digest("saltweb-10123456789abcdefkey"),
        "u",
        &digest("fedcba9876543210upass"),
    ] {
        text(&mut ping, value);
    }
    let mut decoder = Decoder::new(LIMITS);
    decoder.buffer().extend_from_slice(&ping[..9]);
    assert_eq!(decoder.ping(), Ok(None));
    decoder.buffer().extend_from_slice(&ping[9..]);
    let ping = decoder.ping().unwrap().unwrap();
    assert_eq!((ping.hostname.as_str(), ping.user.as_str()), ("web-1", "u"));
    assert!(
        ping.proves_key(&helo, b"key") && !ping.proves_key(&helo, b"kez") && !ping.proves_key(&helo, b"")
    );
    assert!(ping.proves_password(&helo, b"pass") && !ping.proves_password(&helo, b"pas"));
    let other = Helo { nonce: [0; 16], auth: Some([0; 16]) };
    assert!(!ping.proves_key(&other, b"key") && !ping.proves_password(&other, b"pass"));
    let pong = ping.accepted(&helo, "in-1", b"key");
    let proof = digest("saltin-10123456789abcdefkey");
    assert_eq!(pong, [b"\x95\xa4PONG\xc3\xa0\xa4in-1\xda\x00\x80", proof.as_bytes()].concat());
    assert_eq!(refused("in-1", "no"), b"\x95\xa4PONG\xc2\xa2no\xa4in-1\xa0");
    assert!(!format!("{ping:?}").contains(&digest("saltweb-10123456789abcdefkey")));
}

#[test]
fn only_a_ping_is_one() {
    assert!(Ping::read(&message(Mode::Message, "a", &["x"], None)).is_err());
    assert!(Ping::read(b"\x96\xa4PING\xa1h\xa1s\xa1d\x01\xa0").is_err());
    assert!(Ping::read(b"\x96\xa4PING\xa1\xff\xa1s\xa1d\xa0\xa0").is_err());
    assert_eq!(Ping::read(b"\x96\xa4PING\xa1h\xc4\x01\xff\xa1d\xc0\xc0").unwrap().user, "");
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let chunk = prop::option::of("[a-z]{0,9}");
    let messages = prop::collection::vec("[a-z]{0,40}", 0..9);
    (0usize..MODES.len(), "[a-z.]{0,5}", messages, chunk).prop_map(|(mode, tag, messages, chunk)| {
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        message(MODES[mode], &tag, &messages, chunk.as_deref())
    })
}

proptest! {
    /// Scenario: messages of all modes, cut into pieces anywhere.
    /// Guarantees: the same events and answers as in one piece.
    #[test]
    fn any_split_gives_the_same(
        messages in prop::collection::vec(any_message(), 0..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes = messages.concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut split = read(LIMITS, cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]));
        let mut whole = all(&bytes);
        (split.portions, whole.portions) = (0, 0);
        prop_assert_eq!(split, whole);
    }

    /// Scenario: arbitrary bytes: as a message, as packed entries, as options, as a ping.
    /// Guarantees: an answer, within the limits.
    #[test]
    fn survives_anything(bytes: Vec<u8>) {
        let _outcome = all(&bytes);
        let mut packed = vec![0x92, 0xa0];
        bin(&mut packed, &bytes);
        let _outcome = all(&packed);
        let _outcome = all(&[&[0x93, 0xa0, 0x90][..], &bytes].concat());
        let _outcome = all(&[&[0x92, 0xa0][..], &bytes].concat());
        let _ping = Ping::read(&[&b"\x96\xa4PING"[..], &bytes].concat());
    }
}

/// Scenario: what clients that others wrote have sent, each in a mode of its own.
/// Guarantees: their events, tags and chunks are read.
#[test]
fn what_clients_sent_is_read() {
    let bodies =
        |outcome: &Outcome| outcome.events.iter().map(|(_, _, json)| json.clone()).collect::<Vec<_>>();
    // fluent-logger 0.11.1 for Python; the two bytes before are the fuzz target's.
    let outcome = all(&include_bytes!("../../../../../fuzz/seeds/forward/fluent_logger_python")[2..]);
    let expected = (0..3).map(|n| format!(r#"{{"id":"c-{n}","message":"c-{n} through fluent-logger"}}"#));
    assert_eq!(bodies(&outcome), expected.collect::<Vec<_>>());
    assert!(
        outcome
            .events
            .iter()
            .all(|(tag, time, _)| tag == "compat.python" && *time > 1_700_000_000_000_000_000)
    );
    // @fluent-org/logger 1.0.10 for Node.js.
    let modes: [&[u8]; 4] = [
        include_bytes!("../../../../../fuzz/seeds/forward/fluent_org_message"),
        include_bytes!("../../../../../fuzz/seeds/forward/fluent_org_forward"),
        include_bytes!("../../../../../fuzz/seeds/forward/fluent_org_packedforward"),
        include_bytes!("../../../../../fuzz/seeds/forward/fluent_org_compressedpackedforward"),
    ];
    for mode in modes {
        let outcome = all(&mode[2..]);
        let expected = [r#"{"id":1,"message":"one"}"#, r#"{"id":2,"x":[1.5,null,true,{"y":"z"}]}"#];
        assert_eq!((bodies(&outcome), outcome.fault), (expected.map(str::to_owned).to_vec(), None));
        assert!(outcome.answer.starts_with(b"\x81\xa3ack\xb8"));
    }
}
