//! Documents become one bulk body, appended to a single buffer.
//!
//! Nothing is parsed or serialised again: a document goes in byte for byte. What would shift the lines of the body, and
//! so give its neighbours each other's outcome, is refused: a newline in a document, or no document at all.

use bytes::BytesMut;
use thiserror::Error;

use crate::request::{AFTER_ID, BEFORE_ID, BEFORE_TARGET, BulkRequest, Span};

/// The largest body, in bytes. Servers take 100 MB unless told otherwise; a useful request is far smaller.
pub const MAX_BODY: usize = 128 << 20;

/// Collects documents for one request.
#[derive(Debug, Default)]
pub struct BulkBuilder {
    body: BytesMut,
    spans: Vec<Span>,
    /// The target of the last item, as given.
    target: String,
    /// All that stands before the id while the target stays the same.
    head: Vec<u8>,
    /// How large the last request was: the next one is likely to be as large.
    last: usize,
}

/// Why a document can't be part of a request. The builder is as it was before.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PushError {
    /// The body would grow beyond [`MAX_BODY`]: finish it first. With an empty builder, the document alone is too large.
    #[error("the bulk body would be larger than {MAX_BODY} bytes")]
    Full,
    /// The document has a newline, or is empty.
    #[error("the document is not one line of JSON")]
    NotOneLine,
}

// === impl BulkBuilder ===

impl BulkBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `document` (one line of JSON, without a newline) to be created as `id` in `target`. `tag` is the caller's:
    /// it comes back with the item.
    ///
    /// # Errors
    /// When the document would break the body.
    pub fn push(&mut self, target: &str, id: &str, document: &[u8], tag: u32) -> Result<(), PushError> {
        if document.is_empty() || memchr::memchr(b'\n', document).is_some() {
            return Err(PushError::NotOneLine);
        }
        // An escaped byte takes six at most.
        let most = BEFORE_TARGET.len()
            + 6 * target.len()
            + BEFORE_ID.len()
            + 6 * id.len()
            + AFTER_ID.len()
            + document.len()
            + 1;
        if self.body.len() + most > MAX_BODY {
            return Err(PushError::Full);
        }
        if self.head.is_empty() || self.target != target {
            self.aim(target);
        }
        if self.body.capacity() == 0 {
            // A little more, so that a slightly longer body doesn't end in a buffer of twice its length.
            self.body.reserve(self.last + self.last / 8);
        }
        let start = self.mark();
        self.body.extend_from_slice(&self.head);
        let id_at = self.mark();
        if needs_escape(id) {
            push_escaped(&mut self.body, id);
        } else {
            self.body.extend_from_slice(id.as_bytes());
        }
        self.body.extend_from_slice(AFTER_ID.as_bytes());
        let document_at = self.mark();
        self.body.extend_from_slice(document);
        self.body.extend_from_slice(b"\n");
        self.spans.push(Span { start, id: id_at, document: document_at, end: self.mark(), tag });
        Ok(())
    }

    /// The body's length in bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// The number of items so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether nothing was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The request of all that was pushed; the builder begins anew.
    #[must_use]
    pub fn finish(&mut self) -> BulkRequest {
        self.last = self.body.len();
        let spans = Vec::with_capacity(self.spans.len());
        // A buffer of its own for each request: one that is still under way would hold the next one's beginning in memory.
        BulkRequest {
            body: std::mem::take(&mut self.body).freeze(),
            spans: std::mem::replace(&mut self.spans, spans),
            traceparent: None,
        }
    }

    fn aim(&mut self, target: &str) {
        target.clone_into(&mut self.target);
        let mut head = BytesMut::with_capacity(BEFORE_TARGET.len() + target.len() + BEFORE_ID.len());
        head.extend_from_slice(BEFORE_TARGET.as_bytes());
        push_escaped(&mut head, target);
        head.extend_from_slice(BEFORE_ID.as_bytes());
        self.head.clear();
        self.head.extend_from_slice(&head);
    }

    /// Here. `MAX_BODY` keeps it within 32 bits.
    fn mark(&self) -> u32 {
        u32::try_from(self.body.len()).unwrap_or(u32::MAX)
    }
}

fn needs_escape(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
}

/// Appends `text` as the content of a JSON string (RFC 8259, section 7).
fn push_escaped(out: &mut BytesMut, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                let low = HEX[usize::from(byte & 0xf)];
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), low]);
            }
            _ => out.extend_from_slice(&[byte]),
        }
    }
}

#[cfg(test)]
mod tests;
