//! Traces of events on their way: which are recorded, and how their spans get to a collector.
//!
//! A tier makes spans of batches, requests and transactions, never of single events, and only for traces that were chosen where they
//! began ([`Tracer::head`]); a sender that has its own chosen is held to its tenant's share. It hands them to its [`Tracer`], which never waits: a queue holds a few thousand, and a task sends
//! them by OTLP over HTTP ([`Exporting`]). What doesn't fit, and what the collector doesn't take, is dropped and counted. Events and
//! their acknowledgements wait for neither.
//!
//! Sources: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>, names of spans and attributes:
//! <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>.

mod allowance;
mod exporting;
mod messaging;
mod sink;
mod span;
mod tracer;

pub use exporting::Exporting;
pub use messaging::{process, send};
pub use sink::TracesError;
pub use span::{Kind, Span};
pub use tracer::{Head, Tracer, span_id};
