//! The attributes that have a type of their own in an index, and the names that are theirs alone.
//!
//! What a field of ECS becomes keeps the field's type, in every document. So whatever else wants such a name has to take
//! what that type takes, and no other attribute may be inside of one, or around it.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use crate::ecs::{FIELDS, FieldType};

use super::names::{NAMED, Section, plain_section};
use super::prefixes;

/// Fields that become no attribute.
const ELSEWHERE: &[&str] = &[
    "message",
    "log.level",
    "log.logger",
    "event.created",
    "log.syslog.structured_data",
    "container.labels",
];

/// What is known of attributes before there is any document.
#[derive(Debug, Default)]
pub(super) struct Known {
    fields: BTreeMap<(Section, &'static str), FieldType>,
    /// What names with dots begin with.
    objects: HashSet<(Section, &'static str)>,
    /// The paths of ECS.
    paths: HashSet<&'static str>,
}

pub(super) static KNOWN: LazyLock<Known> = LazyLock::new(Known::build);

/// Every attribute that has a type of its own: where it belongs, its name, the type.
pub fn attributes() -> impl Iterator<Item = (Section, &'static str, FieldType)> {
    KNOWN.fields.iter().map(|((section, name), kind)| (*section, *name, *kind))
}

// === impl Known ===

impl Known {
    fn build() -> Self {
        let mut known = Self { paths: FIELDS.iter().map(|(_, path, _)| *path).collect(), ..Self::default() };
        let attributes = || {
            FIELDS
                .iter()
                .filter(|(_, path, _)| !ELSEWHERE.contains(path) && !path.starts_with("data_stream."))
        };
        for (_, path, kind) in attributes() {
            let (section, name) = NAMED.get(path).copied().unwrap_or((plain_section(path), path));
            known.add(section, name, *kind);
        }
        // Where a field goes when its name in the conventions is taken.
        for (_, path, kind) in attributes().filter(|(_, path, _)| NAMED.contains_key(path)) {
            if known.is_free(plain_section(path), path) {
                known.add(plain_section(path), path, *kind);
            }
        }
        known
    }

    /// Of two types for one name, as of an address and a host's name, keywords take both.
    fn add(&mut self, section: Section, name: &'static str, kind: FieldType) {
        let _type = self
            .fields
            .entry((section, name))
            .and_modify(|known| {
                if *known != kind {
                    *known = FieldType::Keyword;
                }
            })
            .or_insert(kind);
        self.objects.extend(prefixes(name).map(|prefix| (section, prefix)));
    }

    fn is_free(&self, section: Section, name: &'static str) -> bool {
        !self.objects.contains(&(section, name))
            && !prefixes(name).any(|prefix| self.fields.contains_key(&(section, prefix)))
    }

    /// Whether the field with this path in ECS, or outside of it, may have this name.
    pub(super) fn admits(&self, path: &str, section: Section, name: &str) -> bool {
        if self.paths.contains(path) {
            return true;
        }
        match self.fields.get(&(section, name)) {
            Some(kind) => matches!(kind, FieldType::Keyword | FieldType::Text),
            None => {
                !self.objects.contains(&(section, name))
                    && !prefixes(name).any(|prefix| self.fields.contains_key(&(section, prefix)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(section: Section, name: &str) -> Option<FieldType> {
        KNOWN.fields.get(&(section, name)).copied()
    }

    #[test]
    fn attributes_have_the_types_of_the_fields_that_they_were() {
        assert_eq!(kind(Section::Attributes, "http.response.status_code"), Some(FieldType::Long));
        assert_eq!(kind(Section::Attributes, "code.line.number"), Some(FieldType::Long));
        assert_eq!(kind(Section::Resource, "os.name"), Some(FieldType::Keyword));
        assert_eq!(
            kind(Section::Attributes, "source.address"),
            Some(FieldType::Keyword),
            "addresses and names"
        );
        assert_eq!(kind(Section::Attributes, "source.ip"), Some(FieldType::Ip));
        assert_eq!(kind(Section::Attributes, "message"), None);
        assert_eq!(kind(Section::Attributes, "network.protocol"), None, "an object");
    }

    /// Guarantees: a mapping can have all of them at once.
    #[test]
    fn no_attribute_is_inside_of_another() {
        for (section, name, _) in attributes() {
            assert!(!KNOWN.objects.contains(&(section, name)), "{name}");
        }
    }

    #[test]
    fn names_are_kept_from_what_they_would_clash_with() {
        let admits = |name| KNOWN.admits(name, Section::Attributes, name);
        assert!(admits("anything") && admits("anything.else") && admits("http.response.other"));
        assert!(admits("user.id"), "a field");
        assert!(admits("thread.name"), "a keyword");
        assert!(!admits("code.line.number"), "a number");
        assert!(!admits("exception") && !admits("exception.type.deep"));
    }
}
