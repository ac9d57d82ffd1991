//! A finished bulk body, and the parts of it that are sent again.
//!
//! A request remembers where each item lies in its body, so that a retry copies bytes and never builds an item anew, and
//! a split shares the body. Each item carries its caller's tag through both: whatever part of a request comes back, the
//! caller knows its own record.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

/// What stands before the target in an action line.
pub(crate) const BEFORE_TARGET: &str = r#"{"create":{"_index":""#;
/// What stands between the target and the id.
pub(crate) const BEFORE_ID: &str = r#"","_id":""#;
/// What stands between the id and the document.
pub(crate) const AFTER_ID: &str = "\"}}\n";

/// One bulk request: the body as it is sent, and where its items lie.
///
/// Cloning shares the body.
#[derive(Clone, Debug, Default)]
pub struct BulkRequest {
    pub(crate) body: Bytes,
    pub(crate) spans: Vec<Span>,
    pub(crate) traceparent: Option<Box<str>>,
}

/// One item of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BulkItem<'a> {
    /// The index it goes to.
    pub target: Cow<'a, str>,
    /// The document's `_id`.
    pub id: Cow<'a, str>,
    /// The document as it was pushed.
    pub document: &'a [u8],
    /// What the caller gave with it.
    pub tag: u32,
}

/// Where an item lies in the body, in bytes from its beginning. The lengths of the fixed parts between are known, so
/// four marks are enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) id: u32,
    pub(crate) document: u32,
    /// Behind the document's newline.
    pub(crate) end: u32,
    pub(crate) tag: u32,
}

// === impl BulkRequest ===

impl BulkRequest {
    /// The body: newline-delimited JSON, two lines an item. Cloning it copies nothing.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The item at `index`, from 0, in the order of the answer's items.
    #[must_use]
    pub fn item(&self, index: usize) -> Option<BulkItem<'_>> {
        let span = self.spans.get(index)?;
        Some(BulkItem {
            target: text(
                self.bytes(span.start as usize + BEFORE_TARGET.len(), span.id as usize - BEFORE_ID.len()),
            ),
            id: text(self.bytes(span.id as usize, span.document as usize - AFTER_ID.len())),
            document: self.bytes(span.document as usize, span.end as usize - 1),
            tag: span.tag,
        })
    }

    /// The tag of the item at `index`.
    #[must_use]
    pub fn tag(&self, index: usize) -> Option<u32> {
        self.spans.get(index).map(|span| span.tag)
    }

    /// How many bytes of the body the item at `index` takes, its action line included.
    #[must_use]
    pub fn item_bytes(&self, index: usize) -> Option<usize> {
        self.spans.get(index).map(|span| (span.end - span.start) as usize)
    }

    /// All items, in order.
    pub fn items(&self) -> impl Iterator<Item = BulkItem<'_>> {
        (0..self.len()).filter_map(|index| self.item(index))
    }

    /// A request of the items at `indices` alone, in that order: what is sent again. Indices beyond the end are passed
    /// over.
    #[must_use]
    pub fn select(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let chosen: Vec<Span> =
            indices.into_iter().filter_map(|index| self.spans.get(index).copied()).collect();
        let size = chosen.iter().map(|span| (span.end - span.start) as usize).sum();
        let mut body = BytesMut::with_capacity(size);
        let mut spans = Vec::with_capacity(chosen.len());
        for span in chosen {
            // Bounded by the builder: a selection without repeats is never larger than its source.
            let at = u32::try_from(body.len()).unwrap_or(u32::MAX);
            body.extend_from_slice(self.bytes(span.start as usize, span.end as usize));
            spans.push(span.moved(span.start, at));
        }
        Self { body: body.freeze(), spans, traceparent: None }
    }

    /// Two halves, by number of items, for a server that finds the whole too large. They share the body. The first half
    /// is never the smaller one; the second is empty where there is only one item.
    #[must_use]
    pub fn split(&self) -> (Self, Self) {
        let middle = self.len().div_ceil(2);
        (self.part(0, middle), self.part(middle, self.len()))
    }

    /// The first items, as many as have `bytes` together but at least one, and the others. They share the body.
    #[must_use]
    pub fn split_within(&self, bytes: usize) -> (Self, Self) {
        let begin = self.spans.first().map_or(0, |span| span.start as usize);
        let fit = self.spans.partition_point(|span| span.end as usize - begin <= bytes).max(1);
        (self.part(0, fit), self.part(fit, self.len()))
    }

    /// One request of all items of these, in this order, with their tags as they are.
    #[must_use]
    pub fn join<'a>(requests: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut body = BytesMut::new();
        let mut spans = Vec::new();
        for request in requests {
            let begin = request.spans.first().map_or(0, |span| span.start);
            let at = u32::try_from(body.len()).unwrap_or(u32::MAX);
            body.extend_from_slice(&request.body);
            spans.extend(request.spans.iter().map(|span| span.moved(begin, at)));
        }
        Self { body: body.freeze(), spans, traceparent: None }
    }

    /// The same request, its items tagged by their positions, from 0.
    #[must_use]
    pub fn renumbered(mut self) -> Self {
        for (tag, span) in (0..).zip(&mut self.spans) {
            span.tag = tag;
        }
        self
    }

    /// The same request, sent as part of this trace: a `traceparent` header's text. Parts of it and copies are sent as part of none.
    #[must_use]
    pub fn traced_by(self, traceparent: String) -> Self {
        Self { traceparent: Some(traceparent.into_boxed_str()), ..self }
    }

    /// The `traceparent` header to send it with, if it is part of a trace
    /// (<https://www.w3.org/TR/trace-context/#traceparent-header>).
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    fn part(&self, from: usize, to: usize) -> Self {
        let spans = self.spans.get(from..to).unwrap_or_default();
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Self::default() };
        Self {
            body: self.body.slice(first.start as usize..last.end as usize),
            spans: spans.iter().map(|span| span.moved(first.start, 0)).collect(),
            traceparent: None,
        }
    }

    fn bytes(&self, from: usize, to: usize) -> &[u8] {
        self.body.get(from..to).unwrap_or_default()
    }
}

impl Span {
    /// The same item after the bytes that began at `from` were moved to `to`.
    fn moved(self, from: u32, to: u32) -> Self {
        let there = |at: u32| at - from + to;
        Self {
            start: there(self.start),
            id: there(self.id),
            document: there(self.document),
            end: there(self.end),
            tag: self.tag,
        }
    }
}

/// A JSON string's content as text.
fn text(escaped: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(escaped) {
        Ok(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        Ok(escaped) => match serde_json::from_str(&format!("\"{escaped}\"")) {
            Ok(plain) => Cow::Owned(plain),
            Err(_) => Cow::Borrowed(escaped),
        },
        Err(_) => String::from_utf8_lossy(escaped),
    }
}

#[cfg(test)]
mod tests;
