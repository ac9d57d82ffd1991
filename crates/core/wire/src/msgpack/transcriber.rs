//! Values as JSON.

use std::io::Write;

use super::prefix::{Kind, Prefix, prefix};
use super::{Fault, MsgpackError, time};
use crate::json::write;

/// Writes values as JSON. Holds the stack of open containers, so that one serves all events of a batch.
#[derive(Debug)]
pub struct Transcriber {
    max_depth: usize,
    max_len: usize,
    open: Vec<Open>,
    replaced: usize,
}

/// A container that has values left.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Values that are left; of a map, keys count as well.
    left: usize,
    is_map: bool,
    is_first: bool,
}

impl Transcriber {
    /// Allows `max_depth` containers inside one another, and stops soon after a value's JSON exceeds `max_len` bytes.
    #[must_use]
    pub fn new(max_depth: usize, max_len: usize) -> Self {
        Self { max_depth, max_len, open: Vec::with_capacity(max_depth.min(128)), replaced: 0 }
    }

    /// How many texts had something in them that is no UTF-8, since the beginning.
    #[must_use]
    pub const fn replaced(&self) -> usize {
        self.replaced
    }

    /// Appends the value at `at` to `out`, and returns where it ends.
    ///
    /// # Errors
    /// When it isn't there as a whole, or has no form in JSON; `out` then ends in a piece of it.
    pub fn value(&mut self, bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Result<usize, MsgpackError> {
        self.open.clear();
        let mut at = at;
        let start = out.len();
        loop {
            let found = prefix(bytes, at)?;
            let Some(own) = bytes.get(found.start..found.end()) else { return Err(MsgpackError::ends(at)) };
            let (len, max) = ((out.len() - start).saturating_add(found.len), self.max_len);
            if len > max {
                return Err(MsgpackError { at, fault: Fault::TooLarge { len, max } });
            }
            if self.separate(out) {
                self.key(found.kind, own, out).map_err(|fault| MsgpackError { at, fault })?;
            } else {
                self.enter(found, bytes.len(), at)?;
                self.scalar(found.kind, own, out);
            }
            at = found.end();
            if self.leave(out) {
                return Ok(at);
            }
        }
    }

    /// Puts what stands before the next value, and says whether that is a key.
    fn separate(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(open) = self.open.last_mut() else { return false };
        let is_key = open.is_map && open.left % 2 == 0;
        if open.is_map && !is_key {
            out.push(b':');
        } else if !open.is_first {
            out.push(b',');
        }
        open.is_first = false;
        open.left -= 1;
        is_key
    }

    /// Opens a container.
    fn enter(&mut self, found: Prefix, len: usize, at: usize) -> Result<(), MsgpackError> {
        let is_map = match found.kind {
            Kind::Array(_) => false,
            Kind::Map(_) => true,
            _ => return Ok(()),
        };
        if self.open.len() >= self.max_depth {
            return Err(MsgpackError { at, fault: Fault::Depth(self.max_depth) });
        }
        // Each value inside takes a byte at least.
        if found.inside() > len.saturating_sub(found.start) {
            return Err(MsgpackError::ends(at));
        }
        self.open.push(Open { left: found.inside(), is_map, is_first: true });
        Ok(())
    }

    /// Closes what has no values left, and says whether that was all.
    fn leave(&mut self, out: &mut Vec<u8>) -> bool {
        while let Some(open) = self.open.last() {
            if open.left > 0 {
                return false;
            }
            out.push(if open.is_map { b'}' } else { b']' });
            let _closed = self.open.pop();
        }
        true
    }

    /// A value, or a container's opening.
    fn scalar(&mut self, kind: Kind, own: &[u8], out: &mut Vec<u8>) {
        match kind {
            Kind::Nil => write::null(out),
            Kind::Bool(value) => write::bool(out, value),
            Kind::Uint(value) => write::uint(out, value),
            Kind::Int(value) => write::int(out, value),
            Kind::Float32(value) => write::float32(out, value),
            Kind::Float(value) => write::float(out, value),
            Kind::Str => self.replaced += usize::from(write::lossy(out, own)),
            Kind::Bin => bin(own, out),
            Kind::Ext(kind) => ext(kind, own, out),
            Kind::Array(_) => out.push(b'['),
            Kind::Map(_) => out.push(b'{'),
        }
    }

    /// A member's name.
    fn key(&mut self, kind: Kind, own: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        match kind {
            Kind::Str | Kind::Bin => self.scalar(kind, own, out),
            Kind::Array(_) | Kind::Map(_) | Kind::Ext(_) => return Err(Fault::Key),
            // Digits, a sign, letters: nothing that a string would have to escape.
            _ => {
                out.push(b'"');
                self.scalar(kind, own, out);
                out.push(b'"');
            }
        }
        Ok(())
    }
}

fn bin(own: &[u8], out: &mut Vec<u8>) {
    match simdutf8::basic::from_utf8(own) {
        Ok(text) => write::string(out, text),
        Err(_) => write::base64(out, own),
    }
}

fn ext(kind: i8, own: &[u8], out: &mut Vec<u8>) {
    let moment = time(kind, own).and_then(|time| jiff::Timestamp::from_nanosecond(time).ok());
    if let Some(moment) = moment {
        out.push(b'"');
        // Writing to a buffer in memory doesn't fail.
        let _written = write!(out, "{moment}").is_ok();
        out.push(b'"');
    } else {
        out.extend_from_slice(b"{\"type\":");
        write::int(out, kind.into());
        out.extend_from_slice(b",\"data\":");
        write::base64(out, own);
        out.push(b'}');
    }
}
