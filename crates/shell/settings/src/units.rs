//! Numbers with a unit, as a person writes them: `10MiB`, `5s`.
//!
//! A bare number is refused: whoever reads `timeout: 30` next year has to guess, and half guess milliseconds.

mod byte_size;
mod listen_address;
pub mod moment;
mod period;

pub use byte_size::ByteSize;
pub use listen_address::{ListenAddress, ListenAddressError};
pub use period::Period;

/// Why a number with a unit can't be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}; {}", self.what(), self.remedy())]
pub enum UnitError {
    /// A size without a unit.
    BareSize(String),
    /// Not a size.
    Size(String),
    /// A length of time without a unit.
    BarePeriod(String),
    /// Not a length of time.
    Period(String),
}

// === impl UnitError ===

impl UnitError {
    /// What is wrong.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::BareSize(text) => format!("the size `{text}` has no unit"),
            Self::Size(text) => format!("`{text}` is not a size"),
            Self::BarePeriod(text) => format!("the length of time `{text}` has no unit"),
            Self::Period(text) => format!("`{text}` is not a length of time"),
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::BareSize(text) => format!("write it as `{text}B`, `{text}KiB` or `{text}MiB`"),
            Self::Size(_) => {
                "write a number and a unit (B, KiB, MiB, GiB; KB, MB, GB), such as `10MiB`".to_owned()
            }
            Self::BarePeriod(text) => format!("write it as `{text}ms`, `{text}s` or `{text}m`"),
            Self::Period(_) => {
                "write numbers with units (ms, s, m, h, d), such as `5s` or `1h 30m`".to_owned()
            }
        }
    }
}

/// Whether this is a number and nothing else.
fn is_bare(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b'+'))
}
