//! What the honest client sends.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::RequestBuilder;

/// What is in every line of his, and in nobody else's.
pub const LINE: &str = "an honest line";

/// A body of many lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Honest {
    body: Vec<u8>,
    encoding: Option<&'static str>,
}

impl Honest {
    /// A few, as they are.
    #[must_use]
    pub fn plain() -> Self {
        let body = format!("{{\"message\":\"{LINE}\"}}\n").repeat(100).into_bytes();
        Self { body, encoding: None }
    }

    /// As many as a shipper gathers, compressed, to more than ingest inflates where it serves connections: they wait for the same
    /// threads as bombs do.
    ///
    /// # Errors
    /// When it can't be compressed.
    pub fn packed() -> io::Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        for number in 0..500_u32 {
            write!(encoder, "{{\"message\":\"{LINE}\",\"trace\":\"")?;
            // What differs from line to line can't be compressed away.
            for part in 0..4 {
                write!(encoder, "{:016x}", hasher.hash_one((number, part)))?;
            }
            writeln!(encoder, "\"}}")?;
        }
        Ok(Self { body: encoder.finish()?, encoding: Some("gzip") })
    }

    /// Puts it into a request.
    pub fn put(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("content-type", "application/x-ndjson").body(self.body.clone());
        self.encoding
            .into_iter()
            .fold(request, |request, encoding| request.header("content-encoding", encoding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_more_than_is_inflated_at_once() {
        assert!(Honest::packed().unwrap().body.len() > 16 << 10);
    }
}
