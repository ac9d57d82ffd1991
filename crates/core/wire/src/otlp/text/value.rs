//! Values in JSON: `AnyValue`, pairs of them with keys, and scalars in the forms that they may have.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use crate::json::write;
use crate::rejections::Reason;

use super::super::record::{Depth, UID, is_uid};

/// A string, borrowed where it has no escapes. `null` is the empty one, as for every field.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A whole number, or a string of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Int(pub(super) i128);

/// Writes an `AnyValue`, and tells whether it is anything else than null.
#[derive(Debug)]
pub(super) struct Value<'o> {
    pub(super) out: &'o mut Vec<u8>,
    pub(super) depth: Depth,
    pub(super) refused: &'o mut Option<Reason>,
}

/// Writes the members of an object from an array of keys and values.
#[derive(Debug)]
pub(super) struct Pairs<'o> {
    pub(super) out: &'o mut Vec<u8>,
    pub(super) depth: Depth,
    pub(super) refused: &'o mut Option<Reason>,
    /// Where the id goes that is among them.
    pub(super) uid: Option<&'o mut Option<String>>,
}

/// Writes the elements of an array.
struct Elements<'o>(Value<'o>);

/// Writes one key and its value.
struct Pair<'p, 'o>(&'p mut Pairs<'o>);

/// The object around an array or list: `{"values": [...]}`.
struct Values<S>(S);

/// What an id may be.
#[derive(serde::Deserialize)]
struct Uid {
    #[serde(default, rename = "stringValue")]
    text: Option<String>,
}

// === impl Text ===

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

// === impl Int ===

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ints;
        impl Visitor<'_> for Ints {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E>(self, value: u64) -> Result<Int, E> {
                Ok(Int(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Int, E> {
                Ok(Int(value.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Int, E> {
                text.parse().map(Int).map_err(|_| E::custom("no number"))
            }

            fn visit_unit<E>(self) -> Result<Int, E> {
                Ok(Int(0))
            }
        }
        deserializer.deserialize_any(Ints)
    }
}

/// Writes a floating-point number, which may be a string of one, among them `NaN`, `Infinity` and `-Infinity`. Digits stay as
/// they are: reading them could change the last one.
fn double<E: Error>(out: &mut Vec<u8>, raw: &RawValue) -> Result<(), E> {
    match raw.get().as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => out.extend_from_slice(raw.get().as_bytes()),
        Some(b'"') => {
            let text: Text<'_> = serde_json::from_str(raw.get()).map_err(E::custom)?;
            write::float(out, text.0.parse().map_err(|_| E::custom("no number"))?);
        }
        _ => return Err(E::custom("no number")),
    }
    Ok(())
}

// === impl Value ===

impl Value<'_> {
    fn enter<E: Error>(&mut self) -> Result<Depth, E> {
        self.depth.enter(self.out.len()).map_err(|reason| {
            *self.refused = Some(reason);
            E::custom("too deep")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an AnyValue")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        write::null(self.out);
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        let start = self.out.len();
        let mut is_value = false;
        while let Some(kind) = map.next_key::<Text<'_>>()? {
            // The last one counts, as in protobuf.
            let known = matches!(
                &*kind.0,
                "stringValue"
                    | "boolValue"
                    | "intValue"
                    | "doubleValue"
                    | "arrayValue"
                    | "kvlistValue"
                    | "bytesValue"
            );
            if !known {
                let _unknown: IgnoredAny = map.next_value()?;
                continue;
            }
            self.out.truncate(start);
            is_value = true;
            match &*kind.0 {
                "boolValue" => write::bool(self.out, map.next_value()?),
                "intValue" => {
                    let Int(value) = map.next_value()?;
                    write::int(self.out, i64::try_from(value).map_err(|_| A::Error::custom("out of range"))?);
                }
                "doubleValue" => double(self.out, map.next_value()?)?,
                "arrayValue" => {
                    let depth = self.enter()?;
                    self.out.push(b'[');
                    map.next_value_seed(Values(Elements(Value {
                        out: &mut *self.out,
                        depth,
                        refused: &mut *self.refused,
                    })))?;
                    self.out.push(b']');
                }
                "kvlistValue" => {
                    let depth = self.enter()?;
                    self.out.push(b'{');
                    let (out, refused) = (&mut *self.out, &mut *self.refused);
                    map.next_value_seed(Values(Pairs { out, depth, refused, uid: None }))?;
                    self.out.push(b'}');
                }
                // Bytes are base64 already.
                _ => {
                    let Text(text) = map.next_value()?;
                    write::string(self.out, &text);
                }
            }
        }
        if !is_value {
            write::null(self.out);
        }
        Ok(is_value)
    }
}

// === impl Elements ===

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self(Value { out, depth, refused }) = self;
        let start = out.len();
        loop {
            let comma = out.len();
            if comma > start {
                out.push(b',');
            }
            if elements.next_element_seed(Value { out, depth, refused })?.is_none() {
                out.truncate(comma);
                return Ok(());
            }
        }
    }
}

// === impl Pairs ===

impl<'de> DeserializeSeed<'de> for Pairs<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pairs<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut pairs: A) -> Result<(), A::Error> {
        while pairs.next_element_seed(Pair(&mut self))?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Pair<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl Pair<'_, '_> {
    fn value(&mut self) -> Value<'_> {
        Value { out: &mut *self.0.out, depth: self.0.depth, refused: &mut *self.0.refused }
    }

    /// Writes a value that came before its key, or that may be an id.
    fn late<E: Error>(&mut self, key: &str, raw: &RawValue) -> Result<(), E> {
        if key == UID
            && let Some(slot @ None) = self.0.uid.as_deref_mut()
            && let Ok(Uid { text: Some(text) }) = serde_json::from_str(raw.get())
            && is_uid(&text)
        {
            *slot = Some(text);
            return Ok(());
        }
        write::member(self.0.out, key);
        let mut json = serde_json::Deserializer::from_str(raw.get());
        let _is_value = self.value().deserialize(&mut json).map_err(|_| E::custom("no AnyValue"))?;
        Ok(())
    }
}

impl<'de> Visitor<'de> for Pair<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let (mut key, mut early, mut is_written) = (None::<Text<'_>>, None::<&RawValue>, false);
        while let Some(name) = map.next_key::<Text<'_>>()? {
            match (&*name.0, &key) {
                ("key", _) => key = Some(map.next_value()?),
                ("value", Some(Text(key))) if !is_written && key != UID => {
                    is_written = true;
                    write::member(self.0.out, key);
                    let _is_value = map.next_value_seed(self.value())?;
                }
                ("value", _) if !is_written => early = Some(map.next_value()?),
                _ => {
                    let _unknown: IgnoredAny = map.next_value()?;
                }
            }
        }
        if is_written {
            return Ok(());
        }
        let key = key.unwrap_or_default().0;
        match early {
            Some(raw) => self.late(&key, raw),
            None => {
                write::member(self.0.out, &key);
                write::null(self.0.out);
                Ok(())
            }
        }
    }
}

// === impl Values ===

impl<'de, S: DeserializeSeed<'de, Value = ()>> DeserializeSeed<'de> for Values<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de, Value = ()>> Visitor<'de> for Values<S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seed = Some(self.0);
        while let Some(name) = map.next_key::<Text<'_>>()? {
            match (&*name.0, seed.take()) {
                ("values", Some(seed)) => map.next_value_seed(seed)?,
                (_, kept) => {
                    seed = kept;
                    let _unknown: IgnoredAny = map.next_value()?;
                }
            }
        }
        Ok(())
    }
}
