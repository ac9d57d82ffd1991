//! Decompresses a body piece by piece, and stops at a limit: a few KiB can hold gigabytes of zeros.
//!
//! The caller grants memory before each piece is taken, so that bodies being decompressed count as bytes in flight.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use thiserror::Error;

use crate::encoding::Encoding;

/// How much is decompressed between two looks at the limits, in bytes.
const PIECE: usize = 64 * 1024;

/// The window of a zstd frame that is accepted, as a power of two: 8 MiB, what RFC 8878 recommends to support. The
/// frame's header asks for this memory, so that a few bytes could ask for much.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Why a body can't be decompressed.
#[derive(Debug, Error)]
pub enum InflateError<R> {
    /// The bytes are not what the header says, or end early.
    #[error("the body is not valid {}: {reason}", encoding.name())]
    Broken {
        /// What it should be.
        encoding: Encoding,
        /// What the decoder says.
        reason: String,
    },
    /// It grows beyond the limit.
    #[error("the body grows beyond {max} bytes when it is decompressed")]
    TooLarge {
        /// The limit, in bytes.
        max: usize,
    },
    /// The caller has no memory to grant now.
    #[error("too many bytes are in flight")]
    Refused(R),
}

/// Decompresses `body` to at most `max` bytes. `grant` is asked before the result grows to a new size.
///
/// # Errors
/// When the body is broken, too large, or not granted.
pub fn inflate<R>(
    body: &[u8],
    encoding: Encoding,
    max: usize,
    grant: impl FnMut(usize) -> Result<(), R>,
) -> Result<Vec<u8>, InflateError<R>> {
    let broken = |error: io::Error| InflateError::Broken { encoding, reason: error.to_string() };
    match encoding {
        Encoding::Identity => drain(body, encoding, body.len(), max, grant),
        Encoding::Gzip => drain(MultiGzDecoder::new(body), encoding, body.len(), max, grant),
        Encoding::Deflate if is_zlib(body) => drain(ZlibDecoder::new(body), encoding, body.len(), max, grant),
        Encoding::Deflate => drain(DeflateDecoder::new(body), encoding, body.len(), max, grant),
        Encoding::Snappy => unsnap(body, max, grant),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(broken)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(broken)?;
            drain(decoder, encoding, body.len(), max, grant)
        }
    }
}

/// A block of Snappy says first how large it becomes. That is believed only as far as its bytes can reach: three bytes
/// stand for 64 at most.
fn unsnap<R>(
    body: &[u8],
    max: usize,
    mut grant: impl FnMut(usize) -> Result<(), R>,
) -> Result<Vec<u8>, InflateError<R>> {
    let broken = |reason: String| InflateError::Broken { encoding: Encoding::Snappy, reason };
    let len = snap::raw::decompress_len(body).map_err(|error| broken(error.to_string()))?;
    if len > max {
        return Err(InflateError::TooLarge { max });
    }
    if len / 64 > body.len() / 3 + 1 {
        return Err(broken(format!("it announces {len} bytes, which {} can't hold", body.len())));
    }
    grant(len).map_err(InflateError::Refused)?;
    snap::raw::Decoder::new().decompress_vec(body).map_err(|error| broken(error.to_string()))
}

/// Whether a deflated body has zlib's header: method 8, a window of at most 32 KiB, and a check that divides by 31.
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            method & 0x0f == 8 && method >> 4 <= 7 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0
        }
        _ => false,
    }
}

fn drain<R>(
    mut source: impl Read,
    encoding: Encoding,
    compressed: usize,
    max: usize,
    mut grant: impl FnMut(usize) -> Result<(), R>,
) -> Result<Vec<u8>, InflateError<R>> {
    let mut out = Vec::new();
    // Logs shrink to about a fifth; a guess too small costs one copy.
    let mut room = compressed.saturating_mul(4).clamp(PIECE, max.max(PIECE));
    loop {
        // One byte more than allowed tells a body of exactly `max` bytes from a larger one.
        room = room.min(max.saturating_add(1));
        grant(room).map_err(InflateError::Refused)?;
        out.reserve_exact(room - out.len());
        let wanted = room - out.len();
        let taken = Read::by_ref(&mut source)
            .take(wanted as u64)
            .read_to_end(&mut out)
            .map_err(|error| InflateError::Broken { encoding, reason: error.to_string() })?;
        if out.len() > max {
            return Err(InflateError::TooLarge { max });
        }
        if taken < wanted {
            return Ok(out);
        }
        room = room.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    fn inflate(body: &[u8], encoding: Encoding, max: usize) -> Result<Vec<u8>, InflateError<Infallible>> {
        super::inflate(body, encoding, max, |_| Ok(()))
    }

    fn packed(body: &[u8], encoding: Encoding, raw: bool) -> Vec<u8> {
        match encoding {
            Encoding::Identity => body.to_vec(),
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Deflate if raw => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            Encoding::Zstd => zstd::encode_all(body, 1).unwrap(),
            Encoding::Snappy => snap::raw::Encoder::new().compress_vec(body).unwrap(),
        }
    }

    const ALL: [(Encoding, bool); 5] = [
        (Encoding::Gzip, false),
        (Encoding::Deflate, false),
        (Encoding::Deflate, true),
        (Encoding::Zstd, false),
        (Encoding::Snappy, false),
    ];

    /// Scenario: a bomb, a few KiB that hold 64 MiB of zeros.
    /// Guarantees: refused at the limit, and never more memory asked for than the limit and one byte.
    #[test]
    fn a_bomb_stops_at_the_limit() {
        let zeros = vec![0; 64 << 20];
        for (encoding, raw) in ALL {
            let bomb = packed(&zeros, encoding, raw);
            assert!(bomb.len() < 4 << 20);
            let mut most = 0;
            let grant = |size| {
                most = most.max(size);
                Ok::<_, Infallible>(())
            };
            let error = super::inflate(&bomb, encoding, 1 << 20, grant).unwrap_err();
            assert_eq!(error.to_string(), "the body grows beyond 1048576 bytes when it is decompressed");
            // A block of Snappy says how large it becomes, so that nothing is taken at all.
            assert_eq!(most, if encoding == Encoding::Snappy { 0 } else { (1 << 20) + 1 });
        }
    }

    /// Scenario: eight bytes that announce a megabyte. Guarantees: refused before memory is asked for.
    #[test]
    fn snappy_is_believed_only_as_far_as_its_bytes_reach() {
        let error = inflate(b"\x80\x80\x40\x00xxxx", Encoding::Snappy, 1 << 20).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the body is not valid snappy: it announces 1048576 bytes, which 8 can't hold"
        );
    }

    #[test]
    fn exactly_the_limit_is_allowed() {
        for (encoding, raw) in ALL {
            let body = packed(&vec![7; 100_000], encoding, raw);
            assert_eq!(inflate(&body, encoding, 100_000).unwrap().len(), 100_000);
            assert!(matches!(inflate(&body, encoding, 99_999), Err(InflateError::TooLarge { .. })));
            let refused = super::inflate(&body, encoding, 100_000, |_| Err("no room"));
            assert!(matches!(refused, Err(InflateError::Refused("no room"))));
        }
    }

    /// Scenario: a body that was cut off on the way. Guarantees: refused, never taken as a shorter one.
    #[test]
    fn half_a_body_is_broken() {
        let text: Vec<u8> = (0..5000u32).flat_map(u32::to_le_bytes).collect();
        for (encoding, raw) in ALL {
            let body = packed(&text, encoding, raw);
            let error = inflate(&body[..body.len() / 2], encoding, 1 << 20).unwrap_err();
            assert!(error.to_string().starts_with("the body is not valid"), "{error}");
        }
        assert!(inflate(b"plain text", Encoding::Gzip, 100).is_err());
    }

    #[test]
    fn members_and_frames_in_a_row_are_one_body() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let mut body = packed(b"one ", encoding, false);
            body.extend(packed(b"two", encoding, false));
            assert_eq!(inflate(&body, encoding, 100).unwrap(), b"one two");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(text: Vec<u8>) {
            for (encoding, raw) in ALL {
                prop_assert_eq!(&inflate(&packed(&text, encoding, raw), encoding, 1 << 20).unwrap(), &text);
            }
        }

        /// Scenario: arbitrary bytes. Guarantees: an answer within the limit.
        #[test]
        fn survives_anything(body: Vec<u8>) {
            for (encoding, _) in ALL {
                if let Ok(out) = inflate(&body, encoding, 1000) {
                    prop_assert!(out.len() <= 1000);
                }
            }
        }
    }
}
