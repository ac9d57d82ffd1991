//! Where a value ends whose bytes come in pieces.

use super::prefix::prefix;
use super::{Fault, MsgpackError};

/// Looks for the end of one value, and goes on where it was when more bytes are there: however the bytes are cut, each
/// is looked at once. It needs no stack, since it only counts how many values are left.
#[derive(Clone, Debug)]
pub struct Walk {
    at: usize,
    left: usize,
    max: usize,
}

impl Walk {
    /// A walk over a value of at most `max` bytes.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { at: 0, left: 1, max }
    }

    /// Goes on with `bytes`: what has come since the value's first byte, more of it each time. Returns the value's
    /// length once all of it is there.
    ///
    /// # Errors
    /// As soon as it is clear that it is no value, or has more bytes than the limit.
    pub fn go_on(&mut self, bytes: &[u8]) -> Result<Option<usize>, MsgpackError> {
        while self.left > 0 {
            let found = match prefix(bytes, self.at) {
                Ok(found) => found,
                Err(MsgpackError { fault: Fault::Ends, .. }) => {
                    return self.within(bytes.len().saturating_add(1)).map(|()| None);
                }
                Err(error) => return Err(error),
            };
            let left = (self.left - 1).saturating_add(found.inside());
            // Each value that is left takes a byte at least.
            self.within(found.end().saturating_add(left))?;
            if found.end() > bytes.len() {
                return Ok(None);
            }
            (self.at, self.left) = (found.end(), left);
        }
        Ok(Some(self.at))
    }

    const fn within(&self, len: usize) -> Result<(), MsgpackError> {
        let max = self.max;
        if len > max {
            Err(MsgpackError { at: self.at, fault: Fault::TooLarge { len, max } })
        } else {
            Ok(())
        }
    }
}
