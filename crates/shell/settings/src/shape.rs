//! The shape of the settings: which keys there are, what each takes, its default and its documentation.
//!
//! It is read off the JSON schema that `schemars` derives from the sections, once, into types that the checks of a file
//! and the reference manual share.

mod order;
mod read;

use schemars::generate::SchemaSettings;

use crate::sections::Settings;

/// What a key takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Further keys, all of them known.
    Section(Vec<Field>),
    /// Names of the writer's own, each with a text.
    Dictionary {
        /// Whether the names have dots in them, which an environment variable writes as underscores.
        dotted: bool,
    },
    /// Names of the writer's own, each with these keys.
    Named(Vec<Field>),
    /// A text.
    Text,
    /// One of these words.
    Word(Vec<String>),
    /// A size with a unit.
    ByteSize,
    /// A length of time with a unit.
    Period,
    /// A whole number in this range.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A number that may have a fraction.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// A key and all there is to say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The key.
    pub name: String,
    /// What it takes.
    pub shape: Shape,
    /// Whether it may be left without a value.
    pub optional: bool,
    /// The default; `None` where there is none and for sections.
    pub default: Option<serde_json::Value>,
    /// Its documentation, in one paragraph.
    pub doc: String,
}

/// The settings' JSON schema, for editors and charts.
#[must_use]
pub fn schema() -> serde_json::Value {
    generate(false)
}

/// The sections of the file and all that is in them, in the order in which the manual tells of them.
#[must_use]
pub fn sections() -> Vec<Field> {
    let mut fields = read::fields(&generate(true));
    order::as_declared(&mut fields);
    fields
}

// === impl Shape ===

impl Shape {
    /// What is expected, for messages and the manual: `a size with a unit, such as 10MiB`.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Section(_) => "further keys, indented".to_owned(),
            Self::Dictionary { .. } => "names with a text each, indented".to_owned(),
            Self::Named(_) => "names with further keys each, indented".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::ByteSize => "a size with a unit, such as `10MiB`".to_owned(),
            Self::Period => "a length of time with a unit, such as `5s`".to_owned(),
            Self::Integer { min, max: i64::MAX } => format!("a whole number from {min}"),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Number => "a number, such as `0.5`".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
        }
    }
}

fn generate(inline: bool) -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = inline);
    generator.into_generator().into_root_schema_for::<Settings>().to_value()
}

#[cfg(test)]
mod tests {
    use super::{Field, Shape, sections};

    fn every_field(fields: &[Field], visit: &mut impl FnMut(&Field)) {
        for field in fields {
            visit(field);
            if let Shape::Section(inner) | Shape::Named(inner) = &field.shape {
                every_field(inner, visit);
            }
        }
    }

    /// Guarantees: every key is documented and has a default or is optional, so that the manual has no holes.
    #[test]
    fn every_key_is_documented() {
        let mut names = Vec::new();
        every_field(&sections(), &mut |field| {
            names.push(field.name.clone());
            assert!(field.doc.ends_with(['.', ')', '`']), "{}: {}", field.name, field.doc);
            let has_default = field.default.is_some() || matches!(field.shape, Shape::Section(_));
            // Whoever makes a listener says what it speaks, and where.
            let is_required = ["protocol", "address"].contains(&field.name.as_str());
            assert!(has_default || field.optional || is_required, "{} has no default", field.name);
        });
        assert!(names.contains(&"dead_letter_retention".to_owned()), "{names:?}");
    }

    /// Guarantees: the manual keeps the order of the code, where the first key of a section matters most.
    #[test]
    fn keys_are_in_the_order_of_the_code() {
        let names: Vec<String> = sections().into_iter().map(|field| field.name).collect();
        assert_eq!(names, ["kafka", "search", "ingest", "parser", "indexer", "telemetry"]);
        let Shape::Section(kafka) = &sections()[0].shape else { panic!("kafka is a section") };
        assert_eq!((kafka[0].name.as_str(), kafka[1].name.as_str()), ("bootstrap_servers", "topics"));
    }

    /// Guarantees: the kinds that the checks tell apart come out of the derived schema as meant.
    #[test]
    fn kinds_are_recognised() {
        let mut seen = Vec::new();
        every_field(&sections(), &mut |field| {
            seen.push((field.name.clone(), field.shape.clone(), field.optional));
        });
        let has = |name: &str, shape: Shape, optional| {
            assert!(seen.contains(&(name.to_owned(), shape, optional)), "{name}: {seen:#?}");
        };
        has("max_body", Shape::ByteSize, false);
        has("linger", Shape::Period, false);
        has("gzip", Shape::Boolean, false);
        has("max_refused_share", Shape::Number, false);
        has("access_file", Shape::Text, true);
        has("properties", Shape::Dictionary { dotted: true }, false);
        let named = |field: &(String, Shape, bool)| {
            field.0 == "listeners" && matches!(&field.1, Shape::Named(fields) if fields.len() > 2)
        };
        assert!(seen.iter().any(named), "{seen:#?}");
        has("regexes", Shape::Dictionary { dotted: false }, false);
        has("lanes", Shape::Integer { min: 0, max: i64::MAX }, false);
        has("replicas", Shape::Integer { min: 0, max: u32::MAX.into() }, false);
        has("partitions", Shape::Integer { min: 1, max: i32::MAX.into() }, false);
        has("on_unparsed", Shape::Word(vec!["dead_letter".into(), "pass_raw".into()]), false);
    }
}
