//! The formats that events come in: the one table of them.

use std::fmt;

use crate::formats::{Reader, access_log, error_log, logfmt, syslog};

/// The table. A row has what the reference says of the format, its variant, its name, and its reader.
///
/// `auto` tries readers in this order, so that the more special ones stand before those that take more lines.
macro_rules! formats {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $reader:path;)*) => {
        /// A format, as it was declared or found.
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
        pub enum Format {
            /// Found out for each event, with a memory of what its stream sent before.
            #[default]
            Auto,
            /// One JSON text.
            Json,
            $($(#[doc = $doc])+ $variant,)*
            /// Text that is taken as it is.
            Raw,
            /// A regular expression from the configuration, by its position there.
            Regex(u16),
        }

        impl Format {
            /// The formats with a fixed name, in the order in which they are listed to people.
            pub const NAMED: &[Self] = &[Self::Auto, Self::Json, $(Self::$variant,)* Self::Raw];

            /// The format's name; of a regular expression just `regex`, which keeps metric labels few.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::Auto => "auto",
                    Self::Json => "json",
                    $(Self::$variant => $name,)*
                    Self::Raw => "raw",
                    Self::Regex(_) => "regex",
                }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self {
                    Self::Auto => "Found out for each event, with a memory of what its stream sent before.",
                    Self::Json => "One JSON text.",
                    $(Self::$variant => concat!($($doc),+).trim_ascii_start(),)*
                    Self::Raw => "Text that is taken as it is.",
                    Self::Regex(_) => "A regular expression from the configuration.",
                }
            }

            /// How it is read, if it is a text format with a fixed name.
            pub(crate) const fn reader(self) -> Option<&'static Reader> {
                match self {
                    $(Self::$variant => Some(&$reader),)*
                    Self::Auto | Self::Json | Self::Raw | Self::Regex(_) => None,
                }
            }
        }

        /// The formats that have a reader, in the order in which `auto` tries them.
        pub(crate) const READERS: &[(Format, Reader)] = &[$((Format::$variant, $reader),)*];
    };
}

formats! {
    /// RFC 5424, RFC 3164, or what syslog daemons write to files.
    Syslog "syslog" syslog::READER;
    /// The same as `common` with referrer and user agent, nginx's and Apache's `combined`.
    Combined "combined" access_log::COMBINED;
    /// The Common Log Format of access logs.
    Common "common" access_log::COMMON;
    /// The error logs of nginx and Apache.
    Error "error" error_log::READER;
    /// logfmt: `key=value` pairs between white space.
    Logfmt "logfmt" logfmt::READER;
}

impl Format {
    /// The format with this fixed name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().copied().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name_and_described() {
        for format in Format::NAMED {
            assert_eq!(Format::named(format.as_str()), Some(*format));
            assert!(format.about().ends_with('.') && !format.about().starts_with(' '), "{format}");
        }
        // The table of first bytes has a bit for each.
        assert!(READERS.len() <= 128);
    }
}
