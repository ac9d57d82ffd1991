//! `mask`: secrets and personal data in all of an event, or in some of its fields.

mod names;
mod open;

use forebay_mask::{Detector, HashKey, MaskCache, MaskConfig, MaskError, Masker};
use vrl::path::{OwnedSegment, OwnedValuePath};
use vrl::value::{KeyString, ObjectMap, Value};

use crate::spec::step::MaskSpec;
use crate::target::path;

/// How deep values are looked through; parsers and documents stay far below it.
const MAX_DEPTH: usize = 200;

/// What stands in place of a value that is nested deeper.
const TOO_DEEP: &str = "[too deep to be masked]";

/// The shortest name that could be a secret itself.
const SHORTEST_NAME: usize = 3;

/// A compiled `mask`.
#[derive(Debug)]
pub(crate) struct Mask {
    pub(crate) masker: Masker,
    fields: Vec<OwnedValuePath>,
    except_fields: Vec<OwnedValuePath>,
}

/// What one lane keeps for one `mask`.
#[derive(Debug)]
pub(crate) struct Scratch {
    cache: MaskCache,
    /// What the last text became.
    pub(crate) text: String,
}

// === impl Mask ===

impl Mask {
    /// `hash_key` is the content of the file that the rule names.
    pub(crate) fn new(spec: &MaskSpec, hash_key: Option<&[u8]>) -> Result<Self, String> {
        let hash_key =
            hash_key.map(|key| HashKey::new(key.trim_ascii().to_vec())).transpose().map_err(message);
        let default = MaskConfig::default();
        let config = MaskConfig {
            detectors: spec.detectors.clone().unwrap_or(default.detectors),
            except: spec.except.clone(),
            mode: spec.mode,
            modes: spec.modes.clone(),
            custom: spec.custom.clone(),
            secret_names: spec.secret_names.clone(),
            hash_key: hash_key?,
        };
        let named =
            config.detectors.contains(&Detector::KeyValue) && !config.except.contains(&Detector::KeyValue);
        if !config.secret_names.is_empty() && !named {
            return Err("`secret_names` need the detector `key_value`".to_owned());
        }
        let paths = |names: &[String]| names.iter().map(|name| path(name)).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            masker: Masker::new(&config).map_err(message)?,
            fields: paths(&spec.fields)?,
            except_fields: paths(&spec.except_fields)?,
        })
    }

    /// Masks an event; answers how many secrets there were.
    pub(crate) fn apply(&self, value: &mut Value, scratch: &mut Scratch) -> u64 {
        let spare = |path| Some((path, std::mem::replace(value.get_mut(path)?, Value::Null)));
        let spared: Vec<_> = self.except_fields.iter().filter_map(spare).collect();
        let found = if self.fields.is_empty() {
            self.all(value, false, scratch)
        } else {
            let mut found = 0;
            for path in &self.fields {
                let name = path.segments.iter().rev().find_map(field_name);
                let secret = name.is_some_and(|name| self.masker.is_secret_name(name));
                found += self.field(value, &path.segments, secret, scratch);
            }
            // A second member of the same name is there.
            for aside in ["unmapped", "unmapped_long"] {
                if let Some(aside) = value.as_object_mut().and_then(|members| members.get_mut(aside)) {
                    found += self.all(aside, false, scratch);
                }
            }
            found
        };
        // The other way round, so that a field that lies in another finds its place again.
        for (path, then) in spared.into_iter().rev() {
            match value.get_mut(path) {
                Some(place) => *place = then,
                // An object around it has another name now.
                None => {
                    let _none = value.insert(path, then);
                }
            }
        }
        found
    }

    /// Masks a field, however much of its path is one name with dots: such a name stays where something is in its way.
    fn field(&self, value: &mut Value, path: &[OwnedSegment], secret: bool, scratch: &mut Scratch) -> u64 {
        let mut found = 0;
        for length in 2..=path.iter().take_while(|segment| segment.is_field()).count() {
            let (names, rest) = path.split_at(length);
            let joined = names.iter().filter_map(field_name).collect::<Vec<_>>().join(".");
            let member = value.as_object_mut().and_then(|members| members.get_mut(joined.as_str()));
            found += member.map_or(0, |member| self.field(member, rest, secret, scratch));
        }
        let Some((first, rest)) = path.split_first() else { return self.all(value, secret, scratch) };
        let member = value.get_mut(&OwnedValuePath::from(vec![first.clone()]));
        found + member.map_or(0, |member| self.field(member, rest, secret, scratch))
    }

    /// Masks all of a value. `secret` says whether a name above tells that all of it is one.
    fn all(&self, value: &mut Value, secret: bool, scratch: &mut Scratch) -> u64 {
        self.walk(value, secret, 0, scratch) + self.names_in_pieces(value, scratch)
    }

    fn walk(&self, value: &mut Value, secret: bool, depth: usize, scratch: &mut Scratch) -> u64 {
        match value {
            Value::Object(_) | Value::Array(_) if depth >= MAX_DEPTH => {
                *value = Value::from(TOO_DEEP);
                1
            }
            Value::Object(members) => {
                let mut found = 0;
                let mut renamed = Vec::new();
                for (name, member) in members.iter_mut() {
                    let secret = secret || self.is_secret(name);
                    found += self.walk(member, secret, depth + 1, scratch);
                    if name.len() >= SHORTEST_NAME && self.masker.finds(name.as_str(), &mut scratch.cache) {
                        renamed.push(name.clone());
                    }
                }
                found + self.rename(members, renamed, scratch)
            }
            Value::Array(elements) => {
                elements.iter_mut().map(|element| self.walk(element, secret, depth + 1, scratch)).sum()
            }
            scalar => self.scalar(scalar, secret, scratch),
        }
    }

    /// Whether a name, or a part of one with dots, tells of a secret.
    pub(crate) fn is_secret(&self, name: &str) -> bool {
        self.masker.is_secret_name(name)
            || name.contains('.') && name.split('.').any(|part| self.masker.is_secret_name(part))
    }

    fn scalar(&self, value: &mut Value, secret: bool, scratch: &mut Scratch) -> u64 {
        if matches!(value, Value::Null | Value::Timestamp(_)) {
            return 0;
        }
        if !secret && matches!(value, Value::Boolean(_)) {
            return 0;
        }
        let found = self.text(&value.to_string_lossy(), secret, scratch);
        if found > 0 {
            *value = Value::from(scratch.text.as_str());
        }
        found
    }

    /// Masks the text of a scalar, into `scratch.text`; nothing of use is there where nothing was found.
    pub(crate) fn text(&self, text: &str, secret: bool, scratch: &mut Scratch) -> u64 {
        scratch.text.clear();
        if secret && self.masker.mask_value(text, &mut scratch.text) {
            return 1;
        }
        scratch.text.clear();
        self.masker.mask(text, &mut scratch.cache, &mut scratch.text).total()
    }

    /// Masks the name of a field in the same way.
    pub(crate) fn name(&self, name: &str, scratch: &mut Scratch) -> u64 {
        if name.len() < SHORTEST_NAME { 0 } else { self.text(name, false, scratch) }
    }

    /// Gives members whose name is a secret another one. Of two that get the same, both stay, the second with a number.
    fn rename(&self, members: &mut ObjectMap, names: Vec<KeyString>, scratch: &mut Scratch) -> u64 {
        let (mut found, mut number) = (0, 1);
        for name in names {
            scratch.text.clear();
            found += self.masker.mask(&name, &mut scratch.cache, &mut scratch.text).total();
            let Some(member) = members.remove(&name) else { continue };
            let mut free = KeyString::from(scratch.text.as_str());
            while members.contains_key(&free) {
                number += 1;
                free = KeyString::from(format!("{}_{number}", scratch.text));
            }
            let _none = members.insert(free, member);
        }
        found
    }
}

/// What to do about it, in a rule's own terms: its key is in a file.
fn message(error: MaskError) -> String {
    match error {
        MaskError::NoKey(name) => {
            format!("`{name}` has the mode `hash`: name the file with the key in `hash_key_file`")
        }
        MaskError::ShortKey(bytes) => {
            format!("the key in `hash_key_file` has {bytes} bytes: it needs {}", HashKey::MIN)
        }
        other => other.to_string(),
    }
}

fn field_name(segment: &OwnedSegment) -> Option<&str> {
    match segment {
        OwnedSegment::Field(name) => Some(name),
        OwnedSegment::Index(_) => None,
    }
}

// === impl Scratch ===

impl Scratch {
    pub(crate) fn of(masker: &Masker) -> Self {
        Self { cache: masker.cache(), text: String::new() }
    }

    /// Masks text that is no event; `None` where nothing was found.
    pub(crate) fn mask(&mut self, masker: &Masker, text: &str) -> Option<String> {
        let mut out = String::new();
        let tally = masker.mask(text, &mut self.cache, &mut out);
        (!tally.is_empty()).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guarantees: names that are masked alike cost no more each, however many there are.
    #[test]
    fn many_names_that_are_alike_are_told_apart_in_time() {
        let members = (0..20_000).map(|n| format!(r#""a{n}@example.org":{n}"#)).collect::<Vec<_>>();
        let (text, found) = masked("detectors: [email]", &format!("{{{}}}", members.join(",")));
        assert_eq!(found, 20_000);
        assert!(text.contains(r#""[email]_20000":"#), "{}", &text[..200]);
    }

    #[test]
    fn names_of_secrets_need_their_detector() {
        let spec = serde_saphyr::from_str("{detectors: [email], secret_names: [my_pin]}").unwrap();
        assert!(Mask::new(&spec, None).unwrap_err().contains("key_value"));
    }

    fn masked(yaml: &str, event: &str) -> (String, u64) {
        let mask = Mask::new(&serde_saphyr::from_str(yaml).unwrap(), Some(b"0123456789abcdef")).unwrap();
        let mut value: Value = serde_json::from_str(event).unwrap();
        let found = mask.apply(&mut value, &mut Scratch::of(&mask.masker));
        (serde_json::to_string(&value).unwrap(), found)
    }

    /// Guarantees: nothing is passed over for where it stands: nested objects, arrays, numbers, names.
    #[test]
    fn everything_is_looked_through() {
        let (text, found) = masked(
            "detectors: [email, card, key_value]",
            r#"{"a":{"b":[["x jane@example.org y"],{"password":[1,true,{"p":"hunter2"}]}]},
                "card":4111111111111111,"jane@example.org":1,"joe@example.org":2,"n":7,"free":"text"}"#,
        );
        for secret in ["jane", "joe", "hunter2", "4111111111111111", "true", "[1,"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(
            text.contains("x [email] y") && text.contains(r#""n":7"#) && text.contains(r#""free":"text""#),
            "{text}"
        );
        assert!(text.contains(r#""[email]":1"#) && text.contains(r#""[email]_2":2"#), "{text}");
        assert_eq!(found, 7, "{text}");
    }

    /// Guarantees: a name that was taken apart at its dots is found, wherever it stands; other names stay in their places.
    #[test]
    fn a_name_in_pieces_is_found() {
        let (text, found) = masked(
            "detectors: [email, ipv4]",
            r#"{"jane":{"roe@example":{"org":1}},"hosts":{"10":{"1":{"2":{"3":[{"joe@example":{"org":{}}}],"4":{"up":7}}}},"up":1},
                "v":{"1":{"2":3}}}"#,
        );
        assert_eq!(
            text,
            r#"{"[email]":1,"hosts":{"[ipv4]":[{"[email]":{}}],"[ipv4]_2":{"up":7},"up":1},"v":{"1":{"2":3}}}"#
        );
        assert_eq!(found, 4);
    }

    /// Guarantees: members don't cost the length of the name above them, each.
    #[test]
    fn a_long_name_is_not_joined_with_each_of_its_members() {
        let members = (0..20_000).map(|n| format!(r#""{n}":0"#)).collect::<Vec<_>>().join(",");
        let event = format!(r#"{{"1{}":{{"2":{{{members}}}}}}}"#, "x".repeat(200_000));
        let start = std::time::Instant::now();
        let (_, found) = masked("detectors: [email, ipv4]", &event);
        assert_eq!(found, 0);
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }

    #[test]
    fn fields_bound_the_work_and_exceptions_are_spared() {
        let event = r#"{"a":"jane@example.org","b":{"c":"joe@example.org","d":"jim@example.org"}}"#;
        let (text, found) = masked("{detectors: [email], fields: [b], except_fields: [b.d]}", event);
        assert_eq!(text, r#"{"a":"jane@example.org","b":{"c":"[email]","d":"jim@example.org"}}"#);
        assert_eq!(found, 1);
        let event = r#"{"a":["keep@x.org","mask@x.org","z"],"o":{"b":"in@x.org","c":"in@x.org"}}"#;
        let (text, _) = masked("{detectors: [email], except_fields: ['a[0]', o.b, o]}", event);
        assert_eq!(text, r#"{"a":["keep@x.org","[email]","z"],"o":{"b":"in@x.org","c":"in@x.org"}}"#);
        let (text, _) = masked("{detectors: [email], mode: hash}", r#"{"a":"jane@example.org"}"#);
        assert!(text.starts_with(r#"{"a":"[email:"#) && !text.contains("jane"), "{text}");
    }
}
