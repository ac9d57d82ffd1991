//! The bridge to rules: an event as a [`vrl::value::Value`], and back.
//!
//! An event that a rule touches goes body, tree, value, rules, value, tree, document: it is parsed once, and placed
//! once, after the rules. [`crate::Parser::read`] gives the members of JSON, and the groups of a regular expression,
//! under the names that the sender gave them; text formats under the names of [`crate::ecs`], their time as
//! `@timestamp`. [`crate::Parser::write`] does with the value what [`crate::Parser::parse`] does with a body. A value
//! that no rule changed gives the document that `parse` gives, but for this:
//!
//! - the second of two members with one name is in `unmapped` (two objects are merged);
//! - a number with a fraction or an exponent is written as its 64-bit float, and may be a time even with an exponent;
//! - what is JSON text in `unmapped` is written without white space.
//!
//! What a value doesn't show is kept in [`Origin`]: the order of members, which decides who gets a place that several
//! want; which strings were numbers that no search server holds; how a time was written.

pub(crate) mod order;
pub(crate) mod plant;
pub(crate) mod reap;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use vrl::value::Value;

use crate::{Format, Marks};
use order::Order;

/// An event as rules see it. The caller keeps it between events.
#[derive(Clone, Debug)]
pub struct ReadEvent {
    /// An object. Its strings are slices of one copy of the body, wherever they have no escapes.
    pub value: Value,
    /// What the value doesn't show.
    pub origin: Origin,
}

/// Where a value came from: what [`crate::Parser::write`] has to know besides the value.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The format that the event was read in; never [`Format::Auto`].
    pub format: Format,
    /// What was out of the ordinary.
    pub marks: Marks,
    /// The text that strings are slices of.
    pub(crate) body: Bytes,
    pub(crate) order: Order,
    /// Where in `body` the numbers are that no search server holds; in the value they are strings.
    pub(crate) huge: Vec<usize>,
    /// The time that a reader found, and how it was written.
    pub(crate) stamp: Option<(i64, Bytes)>,
    /// Why it wasn't read in its declared format.
    pub(crate) mismatch: Option<&'static str>,
    /// Whether a reader has placed the members already.
    pub(crate) placed: bool,
}

/// The schema of documents.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OutputSchema {
    /// The Elastic Common Schema, as [`crate::ecs`] has it.
    #[default]
    Ecs,
    /// The log data model of OpenTelemetry, as [`crate::otel`] has it.
    Otel,
    /// The event's own names. Ours are `@timestamp`, `organization.id`, `event.ingested`, `event.created`, `labels`,
    /// `tags` and `unmapped`: what the event has there gives way to `unmapped`, and shippers' attributes are labels.
    /// Names are still made acceptable: dots nest, and what no search server takes goes to `unmapped`.
    Raw,
}

/// How a value is written.
#[derive(Clone, Copy, Debug)]
pub struct WriteOptions<'o> {
    /// The schema of the document.
    pub schema: OutputSchema,
    /// Labels of the caller, which no event can take and no guard refuses, such as `rules_revision`. Names without dots.
    pub labels: &'o [(&'o str, &'o str)],
    /// What counts as one target for the budget of fields, without the day; the tenant if empty.
    pub target: &'o str,
    /// Whether a body that is no UTF-8 is kept in `unmapped.body_base64`. No mask finds anything in there: leave it off
    /// where masks are to be relied on.
    pub keeps_broken_body: bool,
}

// === impl Origin ===

impl Origin {
    /// Forgets the event before.
    pub(crate) fn clear(&mut self) {
        self.order.clear();
        self.huge.clear();
        (self.stamp, self.mismatch) = (None, None);
        self.body = Bytes::new();
    }
}

// === impl ReadEvent ===

impl Default for ReadEvent {
    fn default() -> Self {
        Self { value: Value::Null, origin: Origin::default() }
    }
}

// === impl WriteOptions ===

impl Default for WriteOptions<'_> {
    fn default() -> Self {
        Self { schema: OutputSchema::Ecs, labels: &[], target: "", keeps_broken_body: true }
    }
}
