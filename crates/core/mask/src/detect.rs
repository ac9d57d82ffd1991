//! The verifiers: a place in the text where something may be, looked at closely.
//!
//! Each is a plain function of the text and the end of what the automaton found there. What they look at has an upper
//! limit, or is skipped afterwards, so that the time stays linear.

mod api_key;
mod bearer;
mod card;
mod email;
mod iban;
mod ipv4;
mod ipv6;
mod jwt;
mod key_value;
mod pair;
mod phone;
mod private_key;
mod url_password;
mod us_ssn;

use std::ops::Range;

use crate::detector::Detector;
use crate::hit::{Hit, Verdict};
use crate::names::Names;
use crate::view::View;

pub(crate) use api_key::VENDORS;

/// What the automaton found: the beginning of a question to one detector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trigger {
    /// The first line of a PEM block.
    Pem,
    /// The head of a vendor's prefix.
    Vendor,
    /// `eyJ`.
    Jwt,
    /// The word authorization.
    Authorization,
    /// `Bearer` or `Basic`, and a blank.
    Scheme,
    /// `://`.
    Authority,
    /// A word that names of secrets have.
    Name,
    /// Two letters and two digits.
    Iban,
    /// Seven digits, together or 4 + 3.
    Card,
    /// Digits, 3-2-1.
    Ssn,
    /// Two dots between digits.
    Dots,
    /// Two colons, hex digits in between.
    Colons,
    /// A plus and a digit.
    Plus,
    /// Three digits in brackets.
    Brackets,
    /// Digits, 3-3-1.
    Groups,
    /// A zero, some digits, a separator, a digit.
    Zero,
    /// `@`.
    At,
    /// `%40`.
    EncodedAt,
}

/// What the verifiers know besides the text.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The detectors that are on.
    pub(crate) on: [bool; Detector::COUNT],
    /// The names of secrets.
    pub(crate) names: Names,
}

// === impl Rules ===

impl Rules {
    /// Whether this detector is on.
    pub(crate) fn is_on(&self, detector: Detector) -> bool {
        self.on.get(detector.index()) == Some(&true)
    }
}

// === impl Trigger ===

impl Trigger {
    /// Whom it asks.
    pub(crate) fn detector(self) -> Detector {
        match self {
            Self::Pem => Detector::PrivateKey,
            Self::Vendor => Detector::ApiKey,
            Self::Jwt => Detector::Jwt,
            Self::Authorization | Self::Scheme => Detector::Bearer,
            Self::Authority => Detector::UrlPassword,
            Self::Name => Detector::KeyValue,
            Self::Iban => Detector::Iban,
            Self::Card => Detector::Card,
            Self::Ssn => Detector::UsSsn,
            Self::Dots => Detector::Ipv4,
            Self::Colons => Detector::Ipv6,
            Self::Plus | Self::Brackets | Self::Groups | Self::Zero => Detector::Phone,
            Self::At | Self::EncodedAt => Detector::Email,
        }
    }

    /// How many kinds of questions there are: one for each detector, and one more.
    pub(crate) const KINDS: usize = Detector::COUNT + 1;

    /// The kind of question: a no to one says nothing about the others.
    pub(crate) fn kind(self) -> usize {
        match self {
            Self::Scheme => Detector::COUNT,
            _ => self.detector().index(),
        }
    }

    /// Whether it is what it looks like; `end` is where the automaton stopped.
    pub(crate) fn verify(self, text: &View<'_>, end: usize, rules: &Rules) -> Verdict {
        match self {
            Self::Pem => private_key::verify(text, end),
            Self::Vendor => api_key::verify(text, end),
            Self::Jwt => jwt::verify(text, end),
            Self::Authorization => bearer::verify_header(text, end),
            Self::Scheme => bearer::verify_scheme(text, end),
            Self::Authority => url_password::verify(text, end),
            Self::Name => key_value::verify(text, end, rules),
            Self::Iban => iban::verify(text, end),
            Self::Card => card::verify(text, end),
            Self::Ssn => us_ssn::verify(text, end),
            Self::Dots => ipv4::verify(text, end),
            Self::Colons => ipv6::verify(text, end),
            Self::Plus => phone::verify_international(text, end),
            Self::Brackets => phone::verify_brackets(text, end),
            Self::Groups => phone::verify_groups(text, end),
            Self::Zero => phone::verify_national(text, end),
            Self::At => email::verify(text, end, 1),
            Self::EncodedAt => email::verify(text, end, 3),
        }
    }
}

/// The more telling detector that sees all of the value at `span`, and where it ends: a card's number or an IBAN may
/// have blanks, which end a value without quotes.
fn specific(text: &View<'_>, span: &Range<usize>, rules: &Rules) -> Option<(Detector, usize)> {
    let found = |detector, verdict| match verdict {
        Verdict::Found(Hit { span: found, .. }) if found.start == span.start && found.end >= span.end => {
            Some((detector, found.end))
        }
        _ => None,
    };
    let start = span.start;
    if rules.is_on(Detector::Jwt) && text.starts_with(start, b"eyJ") {
        return found(Detector::Jwt, jwt::verify(text, start + 3));
    }
    if rules.is_on(Detector::ApiKey) && api_key::is_key(text, start, span.end) {
        return Some((Detector::ApiKey, span.end));
    }
    if rules.is_on(Detector::Card) && text.get(start).is_ascii_digit() {
        return card::ends(text, start).filter(|end| *end >= span.end).map(|end| (Detector::Card, end));
    }
    if rules.is_on(Detector::Iban) && text.get(start + 2).is_ascii_digit() {
        return found(Detector::Iban, iban::verify(text, start + 4));
    }
    None
}
