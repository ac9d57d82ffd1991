//! The names of all metrics, in one place, and the only ways to make a metric.
//!
//! Names follow the conventions of Prometheus: the prefix `forebay_`, base units, `_total` on counters, the unit at the
//! end (<https://prometheus.io/docs/practices/naming/>). The reference page is generated from these tables.

mod counters;
mod gauges;
mod handles;
mod histograms;
mod label;

pub use counters::CounterName;
pub use gauges::GaugeName;
pub use handles::{SecondsCounter, counter, gauge, histogram};
pub use histograms::HistogramName;
pub use label::Label;

/// What a metric's number counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// Things: events, requests, files.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// The unit's name in the reference manual.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
        }
    }
}

/// All there is to know about a metric before it has a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Definition {
    /// The name as Prometheus sees it.
    pub name: &'static str,
    /// What the number counts.
    pub unit: Unit,
    /// The labels that every series of this metric carries.
    pub labels: &'static [Label],
    /// One sentence for `# HELP` and the reference manual.
    pub help: &'static str,
}

/// Declares an enum of metric names with its table of definitions.
macro_rules! metric_names {
    ($(#[$meta:meta])* $enum:ident {
        $($variant:ident => $name:literal, $unit:ident, [$($label:ident),*], $help:literal;)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $enum {
            $(#[doc = concat!("`", $name, "`: ", $help)] $variant,)+
        }

        impl $enum {
            /// Every name, in the order of the reference manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its definition.
            #[must_use]
            pub const fn definition(self) -> $crate::names::Definition {
                match self {
                    $(Self::$variant => $crate::names::Definition {
                        name: $name,
                        unit: $crate::names::Unit::$unit,
                        labels: &[$($crate::names::Label::$label),*],
                        help: $help,
                    },)+
                }
            }

            /// The name as Prometheus sees it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                self.definition().name
            }
        }
    };
}
use metric_names;

#[cfg(test)]
mod tests;
