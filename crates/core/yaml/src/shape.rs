//! What a type takes, read off the JSON schema that `schemars` derives from it.

mod order;
mod read;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

pub use order::declared;

/// What may stand somewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Anything.
    Anything,
    /// A text.
    Text,
    /// One character.
    Character,
    /// `true` or `false`.
    Boolean,
    /// A whole number in this range.
    Whole {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A number that may have a fraction.
    Number,
    /// One of these words.
    Words(Vec<Word>),
    /// Any number of these.
    List(Box<Shape>),
    /// Names with one of these each.
    Names {
        /// The names that there are; any, where they are the writer's own.
        known: Option<Vec<String>>,
        /// What each takes.
        value: Box<Shape>,
    },
    /// Keys, all of them known.
    Section(Vec<Field>),
    /// One of several.
    Either(Vec<Shape>),
}

/// A word that may stand somewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Word {
    /// The word.
    pub name: String,
    /// What it means, in one paragraph; empty, where its name says it.
    pub doc: String,
}

/// A key and all there is to say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The key.
    pub name: String,
    /// What it takes.
    pub shape: Shape,
    /// Whether it can't be left out.
    pub required: bool,
    /// Its documentation, in one paragraph.
    pub doc: String,
}

/// The JSON schema of a type, for editors.
#[must_use]
pub fn schema<T: JsonSchema>() -> Value {
    generate::<T>(false)
}

fn generate<T: JsonSchema>(inline: bool) -> Value {
    let generator = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = inline);
    generator.into_generator().into_root_schema_for::<T>().to_value()
}

// === impl Shape ===

impl Shape {
    /// What a type takes. It must not hold itself.
    #[must_use]
    pub fn of<T: JsonSchema>() -> Self {
        read::shape(&generate::<T>(true))
    }

    /// What a key takes; where it takes a list, what each element of that is.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<&Self> {
        let Self::Section(fields) = self else { return None };
        let field = fields.iter().find(|field| field.name == key)?;
        Some(match &field.shape {
            Self::List(element) => element,
            shape => shape,
        })
    }

    /// Sorts keys as the code has them, which schemas lose: `orders` has the keys of each section ([`declared`]).
    pub fn sort(&mut self, orders: &[&[&str]]) {
        match self {
            Self::Section(fields) => {
                let all = |order: &&&[&str]| fields.iter().all(|field| order.contains(&field.name.as_str()));
                if let Some(order) = orders.iter().find(all) {
                    fields.sort_by_key(|field| order.iter().position(|name| *name == field.name));
                }
                fields.iter_mut().for_each(|field| field.shape.sort(orders));
            }
            Self::List(inner) | Self::Names { value: inner, .. } => inner.sort(orders),
            Self::Either(options) => options.iter_mut().for_each(|option| option.sort(orders)),
            _ => {}
        }
    }

    /// The keys whose documentation is missing or ends in the middle of a sentence, by their paths. For tests: the manual has no holes.
    #[must_use]
    pub fn undocumented(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.find_undocumented("", &mut found);
        found
    }

    fn find_undocumented(&self, path: &str, found: &mut Vec<String>) {
        match self {
            Self::Section(fields) => {
                for field in fields {
                    let path = format!("{path}.{}", field.name);
                    field.shape.find_undocumented(&path, found);
                    if !field.doc.ends_with(['.', '`', ')', ']']) {
                        found.push(path);
                    }
                }
            }
            Self::List(inner) | Self::Names { value: inner, .. } => inner.find_undocumented(path, found),
            Self::Either(options) => options.iter().for_each(|option| option.find_undocumented(path, found)),
            Self::Anything
            | Self::Text
            | Self::Character
            | Self::Boolean
            | Self::Whole { .. }
            | Self::Number
            | Self::Words(_) => {}
        }
    }

    /// What is expected, for messages: `text`, `a whole number from 1`.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Anything => "anything".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Character => "one character".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            // The end of a type is nobody's limit.
            Self::Whole { min, max } if *max >= u32::MAX.into() => format!("a whole number from {min}"),
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Number => "a number".to_owned(),
            Self::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{}`", word.name)).collect();
                match words.as_slice() {
                    [word] => word.clone(),
                    words => format!("one of {}", words.join(", ")),
                }
            }
            Self::List(_) => "a list".to_owned(),
            Self::Names { .. } => "names with a value each".to_owned(),
            Self::Section(fields) => match fields.as_slice() {
                [] => "`{}`".to_owned(),
                [field] => format!("`{{{}: ...}}`", field.name),
                _ => "keys".to_owned(),
            },
            Self::Either(options) => {
                let options: Vec<String> = options.iter().map(Self::expected).collect();
                options.join(" or ")
            }
        }
    }
}

#[cfg(test)]
mod tests;
