//! One source against the shape of the settings: every key known, every value of the kind that its key takes.

use config::{Map, Value, ValueKind};

use crate::problem::{Place, Problem};
use crate::shape::{Field, Shape};
use crate::units::{ByteSize, Period, UnitError};
use forebay_yaml::suggest;

/// Finds all that is wrong in a table of settings and takes it out, so that the rest can be checked further. `place`
/// says where the source sets a path.
pub(super) fn table(
    table: &mut Map<String, Value>,
    sections: &[Field],
    place: &impl Fn(&str) -> Option<Place>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    section(table, sections, "", sections, &mut problems);
    for problem in &mut problems {
        problem.place = place(&problem.path);
    }
    problems
}

fn section(
    table: &mut Map<String, Value>,
    fields: &[Field],
    path: &str,
    sections: &[Field],
    problems: &mut Vec<Problem>,
) {
    table.retain(|key, value| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(field) = fields.iter().find(|field| field.name == *key) else {
            problems.push(unknown(key, path, fields, sections));
            return false;
        };
        match (&field.shape, &mut value.kind) {
            (Shape::Section(inner), ValueKind::Table(below)) => {
                section(below, inner, &path, sections, problems);
                true
            }
            (Shape::Named(inner), ValueKind::Table(below)) => {
                named(below, inner, &path, sections, problems);
                true
            }
            // A section or key whose lines are all commented out.
            (Shape::Section(_) | Shape::Named(_) | Shape::Dictionary { .. }, ValueKind::Nil) => false,
            (_, ValueKind::Nil) if field.optional => true,
            (_, ValueKind::String(text)) if field.optional && text.is_empty() => {
                value.kind = ValueKind::Nil;
                true
            }
            (shape, kind) => match leaf(kind, shape) {
                Ok(()) => true,
                Err((what, remedy)) => {
                    problems.push(Problem::new(path, what, remedy));
                    false
                }
            },
        }
    });
}

/// Checks sections that have names of the writer's own.
fn named(
    table: &mut Map<String, Value>,
    fields: &[Field],
    path: &str,
    sections: &[Field],
    problems: &mut Vec<Problem>,
) {
    table.retain(|name, value| {
        let path = format!("{path}.{name}");
        let ValueKind::Table(below) = &mut value.kind else {
            let what = format!("is {}", kind_of(&value.kind));
            problems.push(Problem::new(path, what, "write further keys, indented"));
            return false;
        };
        let before = problems.len();
        section(below, fields, &path, sections, problems);
        // Half a section can't be read further.
        problems.len() == before
    });
}

/// Takes out the named sections of all sources together that lack a key that nothing stands in for; what is missing.
pub(super) fn missing(table: &mut Map<String, Value>, fields: &[Field]) -> Vec<Problem> {
    let mut problems = Vec::new();
    missing_in(table, fields, "", &mut problems);
    problems
}

fn missing_in(table: &mut Map<String, Value>, fields: &[Field], path: &str, problems: &mut Vec<Problem>) {
    for field in fields {
        let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
        let Some(ValueKind::Table(below)) = table.get_mut(&field.name).map(|value| &mut value.kind) else {
            continue;
        };
        match &field.shape {
            Shape::Section(inner) => missing_in(below, inner, &path, problems),
            Shape::Named(inner) => below.retain(|name, value| {
                let ValueKind::Table(section) = &value.kind else { return false };
                let is_required = |field: &&Field| {
                    !field.optional && field.default.is_none() && !matches!(field.shape, Shape::Section(_))
                };
                let before = problems.len();
                for field in inner.iter().filter(is_required) {
                    if !section.contains_key(&field.name) {
                        let remedy = format!("write {}", field.shape.expected());
                        let what = format!("`{}` is missing", field.name);
                        problems.push(Problem::new(format!("{path}.{name}"), what, remedy));
                    }
                }
                problems.len() == before
            }),
            _ => {}
        }
    }
}

/// Checks a value without keys below it; what is wrong and what to do about it.
fn leaf(value: &ValueKind, shape: &Shape) -> Result<(), (String, String)> {
    let unit = |error: UnitError| (error.what(), error.remedy());
    match (shape, value) {
        (Shape::Text, ValueKind::String(_)) | (Shape::Boolean, ValueKind::Boolean(_)) => Ok(()),
        (Shape::ByteSize, ValueKind::String(text)) => text.parse::<ByteSize>().map(drop).map_err(unit),
        (Shape::ByteSize, ValueKind::I64(number)) => Err(unit(UnitError::BareSize(number.to_string()))),
        (Shape::Period, ValueKind::String(text)) => text.parse::<Period>().map(drop).map_err(unit),
        (Shape::Period, ValueKind::I64(number)) => Err(unit(UnitError::BarePeriod(number.to_string()))),
        (Shape::Integer { min, max }, ValueKind::I64(number)) if (min..=max).contains(&number) => Ok(()),
        (Shape::Integer { .. }, ValueKind::I64(number)) => {
            Err((format!("{number} is out of range"), format!("write {}", shape.expected())))
        }
        // Whether it is in range is for the section's own check, which knows what it means.
        (Shape::Number, ValueKind::I64(_) | ValueKind::Float(_)) => Ok(()),
        (Shape::Word(words), ValueKind::String(word)) if words.contains(word) => Ok(()),
        (Shape::Word(words), ValueKind::String(word)) => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            Err((format!("`{word}` is not known here"), suggest::remedy(word, &words)))
        }
        (Shape::Dictionary { .. }, ValueKind::Table(entries)) => dictionary(entries),
        (Shape::Text, ValueKind::I64(_) | ValueKind::Float(_) | ValueKind::Boolean(_)) => {
            Err((format!("is {}, where text belongs", kind_of(value)), "put it in quotes".to_owned()))
        }
        _ => Err((format!("is {}", kind_of(value)), format!("write {}", shape.expected()))),
    }
}

/// Values of the writer's own names are texts; numbers and booleans stand for their own spelling, as in
/// `socket.timeout.ms: 60000`.
fn dictionary(entries: &Map<String, Value>) -> Result<(), (String, String)> {
    let is_text = |value: &Value| {
        use ValueKind::{Boolean, Float, I64, String};
        matches!(value.kind, String(_) | I64(_) | Float(_) | Boolean(_))
    };
    let mut wrong: Vec<_> = entries.iter().filter(|(_, value)| !is_text(value)).collect();
    wrong.sort_by_key(|(name, _)| *name);
    match wrong.first() {
        None => Ok(()),
        Some((name, value)) => {
            let what = format!("`{name}` is {}, where text belongs", kind_of(&value.kind));
            Err((what, "write one text for each name, dots in names and all".to_owned()))
        }
    }
}

/// The kind of a value, for messages; never the value of a text, which may be a secret in the wrong place.
fn kind_of(value: &ValueKind) -> String {
    match value {
        ValueKind::Nil => "empty".to_owned(),
        ValueKind::Boolean(value) => format!("the truth value {value}"),
        ValueKind::Float(number) => format!("the number {number}"),
        ValueKind::I64(number) => format!("the number {number}"),
        ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => "a number too large".to_owned(),
        ValueKind::String(_) => "text".to_owned(),
        ValueKind::Table(_) => "a section with further keys".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
    }
}

fn unknown(key: &str, path: String, fields: &[Field], sections: &[Field]) -> Problem {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let elsewhere = sections.iter().find(|section| match &section.shape {
        Shape::Section(inner) => inner.iter().any(|field| field.name == key),
        _ => false,
    });
    let remedy = match elsewhere {
        Some(section) if suggest::nearest(key, names.iter().copied()).is_none() => {
            format!("it belongs under `{}`", section.name)
        }
        _ => suggest::remedy(key, &names),
    };
    Problem::new(path, "there is no such setting", remedy)
}
