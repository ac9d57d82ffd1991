//! Why something was not taken, as every protocol is told it: a kind, a reason, what to do about it, and when to come again.
//! Each protocol turns the kind into its own status.
//!
//! Every refusal says what to do about it. One with a time to come again loses nothing when what was refused is sent again. A reason
//! never repeats what the sender sent beyond names and sizes.

use std::time::Duration;

/// Why a request, frame or window was refused as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A parameter or header can't be used.
    BadRequest,
    /// Nothing in the body.
    EmptyBody,
    /// The body ended before it was complete.
    IncompleteBody,
    /// The body can't be decompressed.
    BrokenCompression,
    /// The body is no JSON array, though it begins like one.
    MalformedBody,
    /// No token, or an unknown one.
    Unauthorized,
    /// The token may not do this.
    Forbidden,
    /// This address has shown too many wrong passwords or keys.
    TooManyAttempts,
    /// No such path.
    NotFound,
    /// The path takes another method.
    MethodNotAllowed,
    /// The body did not come in time.
    SlowBody,
    /// A limit on size or number.
    TooLarge,
    /// Content type or encoding isn't taken.
    Unsupported,
    /// The tenant has used up one of its quotas.
    Quota,
    /// All memory for requests is in use.
    Busy,
    /// The tenant has its share under way.
    TenantFull,
    /// Kafka takes less than what comes in.
    KafkaSlow,
    /// Kafka does not take events.
    KafkaUnavailable,
    /// Kafka did not acknowledge in time.
    KafkaTimeout,
}

/// A refused request.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// What kind.
    pub kind: Kind,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// The element of an array at which it broke, from 1.
    pub line: Option<usize>,
    /// When to send again, where that helps.
    pub retry_after: Option<Duration>,
    /// The quota that stands in the way.
    pub quota: Option<UsedUp>,
    /// Whether it is counted already: every refusal is, once.
    pub is_counted: bool,
}

/// A quota that is used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsedUp {
    /// Its name.
    pub name: &'static str,
    /// How long it takes until something may be sent again.
    pub room_in: Duration,
}

// === impl Kind ===

impl Kind {
    /// Its stable name.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::EmptyBody => "empty_body",
            Self::IncompleteBody => "incomplete_body",
            Self::BrokenCompression => "broken_compression",
            Self::MalformedBody => "malformed_body",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::TooManyAttempts => "too_many_attempts",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::SlowBody => "slow_body",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::Quota => "quota",
            Self::Busy => "busy",
            Self::TenantFull => "tenant_full",
            Self::KafkaSlow => "kafka_slow",
            Self::KafkaUnavailable => "kafka_unavailable",
            Self::KafkaTimeout => "kafka_timeout",
        }
    }
}

// === impl Refusal ===

impl Refusal {
    /// A refusal that sending again doesn't mend.
    #[must_use]
    pub(crate) fn new(kind: Kind, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        let (reason, hint) = (reason.into(), hint.into());
        Self { kind, reason, hint, line: None, retry_after: None, quota: None, is_counted: false }
    }

    /// Names the element at which the body broke.
    #[must_use]
    pub(crate) fn at_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// Asks the client to send again after a while.
    #[must_use]
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// Whether sending the same again may help.
    #[must_use]
    pub(crate) const fn may_come_again(&self) -> bool {
        self.retry_after.is_some()
    }
}

impl AsMut<Self> for Refusal {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}
