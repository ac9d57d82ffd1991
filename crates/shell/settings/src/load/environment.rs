//! The environment: `FOREBAY__KAFKA__LINGER=50ms` sets `kafka.linger`.
//!
//! Two underscores stand between levels. In names of the writer's own that have dots, such as librdkafka's, one
//! underscore stands for a dot: `FOREBAY__KAFKA__PROPERTIES__SASL_USERNAME` sets `sasl.username`. A value is read as the
//! kind that its setting takes, so that a user name of digits stays a text.

use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};

use crate::problem::{Place, Problem};
use crate::shape::{Field, Shape};
use forebay_yaml::suggest;

/// What all variables begin with.
const PREFIX: &str = "FOREBAY__";
/// What stands between levels.
const SEPARATOR: &str = "__";

/// The variables that set something.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) table: Map<String, Value>,
    /// The variable that set each key, by path.
    pub(super) variables: BTreeMap<String, String>,
}

// === impl Environment ===

impl Environment {
    /// Takes the variables with our prefix; those that set nothing are problems.
    pub(super) fn read(
        env: impl Iterator<Item = (String, String)>,
        sections: &[Field],
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut environment = Self::default();
        for (variable, value) in env {
            let Some(name) = variable.strip_prefix(PREFIX) else { continue };
            let lower = name.to_lowercase();
            let levels: Vec<&str> = lower.split(SEPARATOR).collect();
            match resolve(&levels, sections) {
                Some((path, shape)) => {
                    insert(&mut environment.table, &path, typed(&value, shape));
                    let _before = environment.variables.insert(path.join("."), variable);
                }
                None => problems.push(unknown(&variable, &levels, sections)),
            }
        }
        environment
    }
}

/// The path that a variable's levels name, and what is to be found there.
fn resolve<'a>(levels: &[&str], fields: &'a [Field]) -> Option<(Vec<String>, &'a Shape)> {
    let (first, rest) = levels.split_first()?;
    let field = fields.iter().find(|field| field.name == *first)?;
    let mut path = vec![field.name.clone()];
    match (&field.shape, rest) {
        (Shape::Section(inner), rest) => {
            let (below, shape) = resolve(rest, inner)?;
            path.extend(below);
            Some((path, shape))
        }
        (Shape::Named(inner), [name, rest @ ..]) if !name.is_empty() => {
            path.push((*name).to_owned());
            let (below, shape) = resolve(rest, inner)?;
            path.extend(below);
            Some((path, shape))
        }
        (Shape::Named(_), []) => None,
        (Shape::Dictionary { dotted }, [name]) if !name.is_empty() => {
            path.push(if *dotted { name.replace('_', ".") } else { (*name).to_owned() });
            Some((path, &Shape::Text))
        }
        (Shape::Dictionary { .. }, _) => None,
        (shape, []) => Some((path, shape)),
        _ => None,
    }
}

/// The value as the kind that the setting takes. What doesn't read as that stays a text, for the check to refuse.
fn typed(value: &str, shape: &Shape) -> Value {
    let text = || ValueKind::String(value.to_owned());
    let kind = match shape {
        Shape::Integer { .. } => value.trim().parse().map_or_else(|_| text(), ValueKind::I64),
        Shape::Number => value.trim().parse().map_or_else(|_| text(), ValueKind::Float),
        Shape::Boolean => value.trim().parse().map_or_else(|_| text(), ValueKind::Boolean),
        _ => text(),
    };
    Value::new(None, kind)
}

fn insert(table: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        let _before = table.insert(first.clone(), value);
        return;
    }
    let below = table.entry(first.clone()).or_insert_with(|| Value::new(None, ValueKind::Table(Map::new())));
    if let ValueKind::Table(below) = &mut below.kind {
        insert(below, rest, value);
    }
}

fn unknown(variable: &str, levels: &[&str], sections: &[Field]) -> Problem {
    let mut names = Vec::new();
    collect_names(PREFIX, sections, &mut names);
    let remedy = match suggest::nearest(variable, names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "unset it, or see the reference manual for the names of all settings".to_owned(),
    };
    let place = Some(Place::Variable(variable.to_owned()));
    Problem { place, ..Problem::new(levels.join("."), "there is no such setting", remedy) }
}

fn collect_names(prefix: &str, fields: &[Field], names: &mut Vec<String>) {
    for field in fields {
        let name = format!("{prefix}{}", field.name.to_uppercase());
        match &field.shape {
            Shape::Section(inner) => collect_names(&format!("{name}{SEPARATOR}"), inner, names),
            _ => names.push(name),
        }
    }
}
