//! The formats that events come in.

use std::fmt;

/// A format, as it was declared or found.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Format {
    /// Found out for each event, with a memory of what its stream sent before.
    #[default]
    Auto,
    /// One JSON text.
    Json,
    /// RFC 5424, RFC 3164, or what syslog daemons write to files.
    Syslog,
    /// The Common Log Format of access logs.
    Common,
    /// The same with referrer and user agent, nginx's and Apache's `combined`.
    Combined,
    /// The error logs of nginx and Apache.
    Error,
    /// Text that is taken as it is.
    Raw,
    /// A regular expression from the configuration, by its position there.
    Regex(u16),
}

impl Format {
    /// The formats with a fixed name, in the order in which they are listed to people.
    pub const NAMED: [Self; 7] =
        [Self::Auto, Self::Json, Self::Syslog, Self::Common, Self::Combined, Self::Error, Self::Raw];

    /// The format's name; of a regular expression just `regex`, which keeps metric labels few.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Syslog => "syslog",
            Self::Common => "common",
            Self::Combined => "combined",
            Self::Error => "error",
            Self::Raw => "raw",
            Self::Regex(_) => "regex",
        }
    }

    /// The format with this fixed name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
