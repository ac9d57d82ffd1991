//! Asking a store what it would say to a document, without writing it.

/// A document that might be written.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Candidate<'a> {
    /// The index that it would go to.
    pub target: &'a str,
    /// Its id.
    pub id: &'a str,
    /// The document: one JSON object.
    pub document: &'a [u8],
}

/// What a store would say to a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It would take it, as its mappings are now.
    Takes,
    /// It would refuse it.
    Refuses {
        /// The error's type, in the store's words.
        error_type: String,
        /// The reason in words. It may quote the document.
        reason: String,
    },
}

/// Shows sizes only: documents hold what customers log.
impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Candidate({}, {} bytes)", self.target, self.document.len())
    }
}
