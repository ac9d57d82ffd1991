//! The text formats, a module each, and what they have in common.
//!
//! A format is a row in the table of [`Format`](crate::Format) and a [`Reader`] in its module here. `auto` asks a reader only for
//! lines that begin with one of its first bytes and pass its cheap look; what it then reads it must recognise for sure,
//! since a line that is read wrongly is worse than one that stays text.

pub(crate) mod access_log;
pub(crate) mod auditd;
pub(crate) mod aws_elb;
pub(crate) mod cef;
pub(crate) mod cloudfront;
mod columns;
pub(crate) mod container;
pub(crate) mod csv;
pub(crate) mod elasticsearch;
pub(crate) mod error_log;
pub(crate) mod gelf;
pub(crate) mod haproxy;
pub(crate) mod iptables;
pub(crate) mod java;
pub(crate) mod journald;
pub(crate) mod kafka;
pub(crate) mod key_value;
pub(crate) mod klog;
pub(crate) mod kubernetes_audit;
pub(crate) mod leef;
pub(crate) mod logfmt;
mod members;
pub(crate) mod mozdef;
pub(crate) mod mysql;
pub(crate) mod otlp;
pub(crate) mod postgresql;
pub(crate) mod python;
mod quoted;
pub(crate) mod redis;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod stack_trace;
mod stamp;
pub(crate) mod syslog;
pub(crate) mod vpc_flow;
pub(crate) mod windows_event;

use crate::json::Limits;
use crate::shape::{EventTime, Shape};
use crate::timestamp::Clock;

/// How a format is told and read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    /// How `auto` knows a line that may be in it; none where it is read only when declared.
    pub(crate) guess: Option<Guess>,
    /// Places all parts of the line and gives its time. None where the line isn't in this format; nothing has been set then.
    pub(crate) read: for<'a> fn(&'a str, Context<'_>, &mut Shape<'a, '_>) -> Option<EventTime<'a>>,
}

/// A look at a line that costs next to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guess {
    /// Whether a line of the format may begin with this byte. Asked once per byte and process.
    pub(crate) first: fn(u8) -> bool,
    /// Whether the line may be in the format. Asked of every line that begins so.
    pub(crate) looks_like: fn(&str) -> bool,
}

/// What a reader has to know besides the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'c> {
    pub(crate) clock: &'c Clock,
    /// The time of receipt, in milliseconds since the Unix epoch.
    pub(crate) received: i64,
    pub(crate) limits: Limits,
    /// The event's bytes as they came, for what isn't text.
    pub(crate) body: &'c [u8],
}
