//! The `Content-Encoding` header (RFC 9110, section 8.4).

use thiserror::Error;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952; several members one after another are one body.
    Gzip,
    /// RFC 8878; several frames one after another are one body.
    Zstd,
    /// One block of Snappy, without a frame: what Loki's clients and Fluent Bit send.
    /// <https://github.com/google/snappy/blob/main/format_description.txt>
    Snappy,
    /// RFC 1950, as the standard has it, or bare RFC 1951, as many clients have it.
    Deflate,
}

/// An encoding that isn't taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("content encoding `{0}` is not supported")]
pub struct UnknownEncoding(pub String);

impl Encoding {
    /// Reads the header; a missing one means [`Encoding::Identity`].
    ///
    /// # Errors
    /// When it names anything else than one of the encodings above, a list of them included.
    pub fn from_header(header: Option<&str>) -> Result<Self, UnknownEncoding> {
        let name = header.unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            "snappy" => Ok(Self::Snappy),
            "deflate" => Ok(Self::Deflate),
            _ => Err(UnknownEncoding(name.to_owned())),
        }
    }

    /// Its name in the header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
            Self::Deflate => "deflate",
        }
    }
}
