//! Request bodies with gzip (RFC 1952), at the fastest level: logs shrink about tenfold there already, and the higher
//! levels cost several times the CPU for little more.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Below this a body is compressed where it stands; above, away from the threads that serve connections. In bytes.
const INLINE: usize = 16 * 1024;

/// `body`, compressed.
///
/// # Errors
/// When the runtime is shutting down.
pub(crate) async fn compress(body: Bytes) -> io::Result<Bytes> {
    if body.len() <= INLINE {
        return encode(&body);
    }
    tokio::task::spawn_blocking(move || encode(&body)).await.map_err(io::Error::other)?
}

fn encode(body: &[u8]) -> io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 6), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn what_is_compressed_comes_back() {
        for len in [0, 10, INLINE, INLINE + 1] {
            let body: Bytes = (0..len).map(|n| b"log line "[n % 9]).collect();
            let mut inflated = Vec::new();
            let packed = compress(body.clone()).await.unwrap();
            let _len = flate2::read::GzDecoder::new(packed.as_ref()).read_to_end(&mut inflated).unwrap();
            assert_eq!(inflated, body);
        }
    }
}
