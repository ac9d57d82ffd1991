//! The codes of answers, and the answers.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// What an answer says. The numbers and texts are Splunk's, since clients compare both.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// Every event is taken.
    Success,
    /// The token is disabled or expired.
    TokenDisabled,
    /// There is no token.
    TokenRequired,
    /// The header that should have the token can't be read.
    InvalidAuthorization,
    /// Nobody knows the token, or it may not do this.
    InvalidToken,
    /// There is no event.
    NoData,
    /// It isn't JSON, or not of the form that is expected.
    InvalidDataFormat,
    /// Something is broken here.
    InternalError,
    /// Nothing can be taken now.
    ServerBusy,
    /// Acknowledgements are asked for without a channel.
    ChannelMissing,
    /// The channel is no GUID.
    InvalidChannel,
    /// There is no member `event`.
    EventRequired,
    /// `event` is an empty string.
    EventBlank,
    /// `fields` can't be taken.
    IndexedFields,
    /// The token stands in the address, where logs of proxies would have it.
    QueryAuthorization,
    /// All is well.
    Healthy,
    /// Nothing can be taken now.
    Unhealthy,
    /// The process is about to end.
    ShuttingDown,
}

/// Why nothing of a request is taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{}: {reason}", code.text())]
pub struct HecError {
    /// What the answer says.
    pub code: Code,
    /// The event that it is about, from 0.
    pub event: Option<usize>,
    /// What is wrong, in words.
    pub reason: Cow<'static, str>,
    /// Whether a limit on size or number is exceeded, which has a status of its own.
    pub too_large: bool,
}

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Answer<'a> {
    text: &'static str,
    code: u16,
    #[serde(rename = "invalid-event-number", skip_serializing_if = "Option::is_none")]
    event: Option<usize>,
    #[serde(rename = "ackId", skip_serializing_if = "Option::is_none")]
    ack: Option<u64>,
    /// Not Splunk's: what is wrong, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Code {
    /// Its status in HTTP, its number and its text.
    const fn row(self) -> (u16, u16, &'static str) {
        match self {
            Self::Success => (200, 0, "Success"),
            Self::TokenDisabled => (403, 1, "Token disabled"),
            Self::TokenRequired => (401, 2, "Token is required"),
            Self::InvalidAuthorization => (401, 3, "Invalid authorization"),
            Self::InvalidToken => (403, 4, "Invalid token"),
            Self::NoData => (400, 5, "No data"),
            Self::InvalidDataFormat => (400, 6, "Invalid data format"),
            Self::InternalError => (500, 8, "Internal server error"),
            Self::ServerBusy => (503, 9, "Server is busy"),
            Self::ChannelMissing => (400, 10, "Data channel is missing"),
            Self::InvalidChannel => (400, 11, "Invalid data channel"),
            Self::EventRequired => (400, 12, "Event field is required"),
            Self::EventBlank => (400, 13, "Event field cannot be blank"),
            Self::IndexedFields => (400, 15, "Error in handling indexed fields"),
            Self::QueryAuthorization => (400, 16, "Query string authorization is not enabled"),
            Self::Healthy => (200, 17, "HEC is healthy"),
            Self::Unhealthy => (503, 18, "HEC is unhealthy, queues are full"),
            Self::ShuttingDown => (503, 23, "Server is shutting down"),
        }
    }

    /// Its status in HTTP.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().0
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.row().1
    }

    /// Its text.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.row().2
    }

    /// The answer that says it.
    #[must_use]
    pub const fn answer<'a>(self) -> Answer<'a> {
        Answer { text: self.text(), code: self.number(), event: None, ack: None, reason: None }
    }
}

impl HecError {
    /// An error that is about the request as a whole.
    #[must_use]
    pub fn new(code: Code, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, event: None, reason: reason.into(), too_large: false }
    }

    /// A limit on size or number is exceeded.
    #[must_use]
    pub fn too_large(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { too_large: true, ..Self::new(Code::InvalidDataFormat, reason) }
    }

    /// It is about this event, from 0.
    #[must_use]
    pub fn at(self, event: usize) -> Self {
        Self { event: Some(event), ..self }
    }

    /// The status in HTTP.
    #[must_use]
    pub const fn status(&self) -> u16 {
        if self.too_large { 413 } else { self.code.status() }
    }

    /// The answer that says it.
    #[must_use]
    pub fn answer(&self) -> Answer<'_> {
        Answer { event: self.event, reason: Some(&self.reason), ..self.code.answer() }
    }
}

impl<'a> Answer<'a> {
    /// With the number under which the request is acknowledged.
    #[must_use]
    pub fn acknowledged_as(self, ack: u64) -> Self {
        Self { ack: Some(ack), ..self }
    }

    /// With a reason for people.
    #[must_use]
    pub fn because(self, reason: &'a str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Numbers and strings: this can't fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
