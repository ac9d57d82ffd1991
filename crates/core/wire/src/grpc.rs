//! gRPC's framing of messages: a byte that says whether it is compressed, four for its length, the message.
//!
//! Source: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

/// What stands before a message, in bytes.
pub const HEAD: usize = 5;

/// A message as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Whether it is compressed, by the call's `grpc-encoding`.
    pub compressed: bool,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Bytes that are no messages, or too large ones. There is no going on then.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum GrpcError {
    /// The first byte is neither 0 nor 1.
    #[error("a message begins with {0}, neither 0 nor 1")]
    Flag(u8),
    /// Larger than allowed.
    #[error("a message has {len} bytes; at most {max} are allowed")]
    TooLarge {
        /// What it announces.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// The call ends inside of a message.
    #[error("the call ended inside of a message")]
    Truncated,
}

/// Takes bytes as they come, and gives messages.
#[derive(Debug)]
pub struct Messages {
    max: usize,
    buffer: BytesMut,
}

impl Messages {
    /// None yet; each has at most `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, buffer: BytesMut::new() }
    }

    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// The next message; none if it isn't there as a whole.
    ///
    /// # Errors
    /// When what comes is none.
    pub fn read(&mut self) -> Result<Option<Message>, GrpcError> {
        let Some([flag, len @ ..]) = self.buffer.first_chunk::<HEAD>() else { return Ok(None) };
        let (flag, len) = (*flag, u32::from_be_bytes(*len));
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if flag > 1 {
            return Err(GrpcError::Flag(flag));
        }
        if len > self.max {
            return Err(GrpcError::TooLarge { len, max: self.max });
        }
        if self.buffer.len() - HEAD < len {
            return Ok(None);
        }
        self.buffer.advance(HEAD);
        let bytes = self.buffer.split_to(len).freeze();
        Ok(Some(Message { compressed: flag == 1, bytes }))
    }

    /// Whether the call may end here.
    ///
    /// # Errors
    /// When it would be inside of a message.
    pub fn finish(&self) -> Result<(), GrpcError> {
        if self.buffer.is_empty() { Ok(()) } else { Err(GrpcError::Truncated) }
    }
}

/// The only message of a call, which `body` holds as a whole. It isn't copied.
///
/// # Errors
/// When it is no message, too large, or more than one.
pub fn only(body: &Bytes, max: usize) -> Result<Message, GrpcError> {
    let Some([flag, len @ ..]) = body.first_chunk::<HEAD>() else { return Err(GrpcError::Truncated) };
    let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
    if *flag > 1 {
        return Err(GrpcError::Flag(*flag));
    }
    if len > max {
        return Err(GrpcError::TooLarge { len, max });
    }
    if body.len() - HEAD != len {
        return Err(GrpcError::Truncated);
    }
    Ok(Message { compressed: *flag == 1, bytes: body.slice(HEAD..) })
}

/// A message, not compressed, with what stands before it.
#[must_use]
pub fn framed(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEAD + message.len());
    out.extend_from_slice(&[0]);
    out.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(message);
    out.freeze()
}

/// The header `grpc-timeout`: up to eight digits and a unit. None for what is no timeout.
#[must_use]
pub fn timeout(header: &str) -> Option<Duration> {
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// The header `grpc-message`: visible ASCII but `%` as it is, all else percent-encoded.
#[must_use]
pub fn message_header(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::splits;

    /// The messages of a call whose bytes come in these pieces, and how it ends.
    fn read(pieces: &[&[u8]]) -> (Vec<Message>, Result<(), GrpcError>) {
        let (mut messages, mut found) = (Messages::new(30), Vec::new());
        for piece in pieces {
            messages.push(piece);
            loop {
                match messages.read() {
                    Ok(Some(message)) => found.push(message),
                    Ok(None) => break,
                    Err(error) => return (found, Err(error)),
                }
            }
        }
        (found, messages.finish())
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let mut messages = Messages::new(4);
        messages.push(b"\0\0\0\0\x05");
        assert_eq!(messages.read(), Err(GrpcError::TooLarge { len: 5, max: 4 }), "before any of it is there");
        let mut messages = Messages::new(4);
        messages.push(b"GET / HTTP/1.1");
        assert_eq!(messages.read(), Err(GrpcError::Flag(b'G')));
        let mut messages = Messages::new(4);
        messages.push(b"\x01\0\0\0\x02a");
        assert_eq!((messages.read(), messages.finish()), (Ok(None), Err(GrpcError::Truncated)));
        for body in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x01", b"\0\0\0\0\x01ab"] {
            assert_eq!(only(&Bytes::from_static(body), 4), Err(GrpcError::Truncated), "{body:?}");
        }
    }

    #[test]
    fn headers_are_read_and_written() {
        assert_eq!(timeout("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(timeout("2H"), Some(Duration::from_secs(7200)));
        for wrong in ["", "S", "1", "123456789S", "-1S", "1x", "é"] {
            let answer = timeout(wrong);
            assert!(answer.is_none() || wrong == "S", "{wrong}");
        }
        assert_eq!(message_header("50 % of é\n"), "50 %25 of %C3%A9%0A");
    }

    proptest! {
        /// Scenario: messages whose bytes come in pieces of any size. Guarantees: the same messages.
        #[test]
        fn pieces_make_no_difference(texts in prop::collection::vec(".{0,9}", 0..5), pieces in prop::collection::vec(1usize..9, 1..60)) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| framed(text.as_bytes())).collect();
            let (mut messages, mut found, mut rest) = (Messages::new(100), Vec::new(), &bytes[..]);
            for piece in pieces.into_iter().chain([usize::MAX]) {
                let (now, later) = rest.split_at(piece.min(rest.len()));
                messages.push(now);
                rest = later;
                while let Some(message) = messages.read().unwrap() {
                    prop_assert!(!message.compressed);
                    found.push(String::from_utf8(message.bytes.to_vec()).unwrap());
                }
            }
            prop_assert_eq!(messages.finish(), Ok(()));
            prop_assert_eq!(&found, &texts);
            if let [text] = &found[..] {
                prop_assert_eq!(only(&Bytes::from(bytes), 100).unwrap().bytes, text.as_bytes());
            }
        }

        /// Scenario: messages, some compressed, some too large or none, some cut short, whose bytes come in pieces of any size.
        /// Guarantees: the same messages, and the same end.
        #[test]
        fn any_split_gives_the_same(
            given in prop::collection::vec((prop::sample::select(b"\0\0\0\x01\x01\x02".to_vec()), ".{0,9}", prop::sample::select(vec![0u32, 0, 0, 3, 50])), 0..6),
            cuts in prop::collection::vec(0usize..90, 0..9),
        ) {
            let mut bytes = Vec::new();
            for (flag, text, more) in given {
                bytes.push(flag);
                bytes.extend((u32::try_from(text.len()).unwrap() + more).to_be_bytes());
                bytes.extend(text.into_bytes());
            }
            prop_assert_eq!(read(&splits(&bytes, &cuts)), read(&[&bytes]));
        }

        #[test]
        fn survives_anything(bytes: Vec<u8>) {
            let mut messages = Messages::new(50);
            messages.push(&bytes);
            while let Ok(Some(message)) = messages.read() {
                prop_assert!(message.bytes.len() <= 50);
            }
        }
    }
}
