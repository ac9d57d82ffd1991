//! The kinds of secrets and personal data that are known, in the order in which they are asked.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A kind of secret or personal data.
///
/// All of them read ASCII. A word ends at a byte that is no ASCII letter or digit, so that a value glued to another one
/// is taken for part of it, and left.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Detector {
    /// Private keys in PEM form (RFC 7468), whole: `-----BEGIN ... PRIVATE KEY-----` to its end line, with real or with
    /// escaped line ends. A block that is cut off is masked as far as it looks like one.
    ///
    /// Not found: keys in binary or JWK form, PuTTY's files, and a piece of a key without its first line.
    PrivateKey,
    /// Keys and tokens of well-known vendors, by their prefix: see the table in `detect/api_key/vendors.rs`. The
    /// characters and the length behind the prefix are checked.
    ///
    /// Not found: keys without a prefix (Datadog, AWS secret keys, Azure storage keys, Twilio's auth token) unless they
    /// stand behind a name, which [`Detector::KeyValue`] sees.
    ApiKey,
    /// JSON Web Tokens (RFC 7519): signed, unsigned, encrypted, and those cut off behind the second part.
    ///
    /// Not found: a token of which only the first part is there, and one whose header has white space in front.
    Jwt,
    /// Credentials behind `Authorization:` and `Proxy-Authorization:` (RFC 9110), whatever their scheme, and behind the
    /// words `Bearer` and `Basic` (RFC 6750, RFC 7617). `Basic` has to decode to `user:password`; a bearer token has to
    /// look like one (at least 8 characters, not a plain word) unless the header's name is in front.
    ///
    /// Not found: other schemes without the header's name.
    Bearer,
    /// The password in `scheme://user:PASSWORD@host` (RFC 3986), also where the slashes are escaped as JSON allows.
    ///
    /// Not found: a token in the place of the user's name (unless it is an [`Detector::ApiKey`]), a URL that is itself
    /// percent-encoded, and a password of more than 512 bytes.
    UrlPassword,
    /// The value behind a name that says secret (see [`crate::is_secret_name`]): `name=value`, `name: value`,
    /// `"name":"value"`, `name => value`, `--name value`, `<name>value</name>`, `"name":"DB_PASSWORD","value":"..."`,
    /// and SQL's `PASSWORD '...'`; quoted or not, also with escaped quotes. Behind `Cookie:` it is the rest of the
    /// line.
    ///
    /// Names that often stand in plain sentences (`token`, `pass`) need a value that isn't a plain word. An unquoted
    /// value ends at white space and at what looks like the next pair.
    ///
    /// Left: `PWD=/a/directory`, and values that say that there is none (`null`, `true`, `***`, `[redacted]`). Not
    /// found: other languages' names, prose (`the password is x`), one-letter options (`-p x`, `-u user:x`),
    /// `IDENTIFIED BY`, the rest of an unquoted value with blanks in it, and of an array or object what is behind the
    /// first 8 KiB.
    KeyValue,
    /// IBANs (ISO 13616), together or in groups, upper or lower case: country, its length, and the check digits (mod
    /// 97).
    ///
    /// Not found: countries that aren't in the registry, and national account numbers.
    Iban,
    /// Payment cards (ISO/IEC 7812), together or in groups with spaces or dashes: prefix and length of a known network,
    /// and the Luhn check. A tenth of all numbers with such a prefix and length pass it.
    ///
    /// Not found: numbers that are already shortened, and groups with anything else in between.
    Card,
    /// US social security numbers as `AAA-GG-SSSS`, in the ranges that the administration gives out (no 000, 666 and
    /// 9xx, no group 00, no serial 0000).
    ///
    /// Not found: nine digits without dashes.
    UsSsn,
    /// IPv4 addresses: four numbers up to 255.
    ///
    /// What follows a product's name and a slash and ends in `.0.0` (`Chrome/126.0.0.0`), the word version or a
    /// comparison (`>= 1.2.3.4`) is left; other versions of four numbers are taken for addresses. Not found: five
    /// numbers in a row (an OID, tcpdump's `address.port`), other notations.
    Ipv4,
    /// IPv6 addresses (RFC 4291, section 2.2) as the standard library reads them; a zone behind `%` stays.
    ///
    /// Left: `::`, and what has no digit (`dead::beef` is a path in some languages).
    Ipv6,
    /// Telephone numbers: `+` and 8 to 15 digits (E.164) with the usual separators; North American ones as `(212)
    /// 555-0123` and `212-555-0123`, also with dots; those of other countries that begin with 0 and have separators.
    ///
    /// Not found: digits without any separator or `+`, extensions, and short numbers.
    Phone,
    /// E-mail addresses (the addr-spec of RFC 5322 as it is used), also with `%40`. The last label has to be of
    /// letters. Letters beyond ASCII count as part of the address where their script separates words by spaces.
    ///
    /// Left: what ends like a file (`icon@2x.png`) or a systemd unit, version specifications (`pkg@v1.2.3`), and
    /// `git@host:`. Not found: quoted local parts, and domains without a dot.
    Email,
}

/// A name that is no detector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownDetector(String);

// === impl Detector ===

impl Detector {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them. Where two see something at the same byte, the earlier one decides.
    pub const ALL: [Self; 13] = [
        Self::PrivateKey,
        Self::ApiKey,
        Self::Jwt,
        Self::Bearer,
        Self::UrlPassword,
        Self::KeyValue,
        Self::Iban,
        Self::Card,
        Self::UsSsn,
        Self::Ipv4,
        Self::Ipv6,
        Self::Phone,
        Self::Email,
    ];

    /// The name in the configuration and in the marker.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "private_key",
            Self::ApiKey => "api_key",
            Self::Jwt => "jwt",
            Self::Bearer => "bearer",
            Self::UrlPassword => "url_password",
            Self::KeyValue => "key_value",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::UsSsn => "us_ssn",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }

    /// The place in [`Detector::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Detector {
    type Err = UnknownDetector;

    fn from_str(name: &str) -> Result<Self, UnknownDetector> {
        let snake = name.replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|detector| detector.name() == snake)
            .ok_or_else(|| UnknownDetector(name.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Detector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Detector {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Detector")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::name) })
    }
}

// === impl UnknownDetector ===

impl fmt::Display for UnknownDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = Detector::ALL.into_iter().map(Detector::name).collect();
        write!(f, "there is no detector `{}`: use one of {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownDetector {}
