//! `redact`, one pattern after the other: each may put more there than it finds, and the next one works on what came of it.

use std::collections::HashMap;

use regex::Regex;
use vrl::compiler::expression::Expr;
use vrl::compiler::function::{ArgumentList, Compiled, FunctionCompileContext};
use vrl::compiler::state::TypeState;
use vrl::compiler::{Context, Expression, Function, FunctionExpression, Resolved, TypeDef};
use vrl::value::Value;

use super::bounded::{Argument, Given, place, too_much, type_of, worked_out};
use super::sizes::found;
use super::weight::length;

/// The longest of hashes, as text: 512 bits in base 16.
const HASH: u64 = 128;

/// A number as people in the United States have it, as text.
const US_SSN: u64 = 11;

#[derive(Clone, Debug)]
struct Redact {
    arguments: Vec<Argument>,
    /// Which of them is the value.
    at: usize,
    passes: Vec<Pass>,
    /// How long what is put in place of a match may be.
    put: u64,
    most: u64,
    /// With all filters, for its type.
    whole: Box<dyn Expression>,
}

/// VRL's function with one pattern.
#[derive(Clone, Debug)]
struct Pass {
    finds: Finds,
    inner: Box<dyn Expression>,
}

#[derive(Clone, Debug)]
enum Finds {
    Regex(Regex),
    Text(String),
    UsSsn,
}

pub(super) fn compile(
    function: &dyn Function,
    state: &TypeState,
    ctx: &mut FunctionCompileContext,
    list: &ArgumentList,
    most: u64,
) -> Compiled {
    let (arguments, given, state) = worked_out(function, state, list);
    let whole = function.compile(&state, ctx, given.clone().into())?;
    let constant = |name: &str| {
        arguments
            .iter()
            .find(|argument| argument.keyword == name)
            .and_then(|argument| argument.constant.as_ref())
    };
    let at = arguments.iter().position(|argument| argument.keyword == "value").unwrap_or_default();
    let filters = constant("filters").and_then(Value::as_array).unwrap_or_default();
    let mut passes = Vec::new();
    for (filter, finds) in filters.iter().flat_map(patterns) {
        let mut given: HashMap<&'static str, Expr> = given.clone();
        // A literal too: the second pattern works on what the first one left of it.
        given.insert("value", place(at));
        given.insert("filters", Expr::from(Value::Array(vec![filter])));
        passes.push(Pass { finds, inner: function.compile(&state, ctx, given.into())? });
    }
    let put = constant("redactor").map_or(length("[REDACTED]".len()), put);
    Ok(Redact { arguments, at, passes, put, most, whole }.as_expr())
}

/// A filter as filters of one pattern each.
fn patterns(filter: &Value) -> Vec<(Value, Finds)> {
    let several = filter.as_object().and_then(|fields| fields.get("patterns")).and_then(Value::as_array);
    match (filter, several) {
        (Value::Regex(regex), _) => vec![(filter.clone(), Finds::Regex((**regex).clone()))],
        (Value::Object(fields), Some(several)) => {
            let one = |pattern: &Value| {
                let mut fields = fields.clone();
                fields.insert("patterns".into(), Value::Array(vec![pattern.clone()]));
                let finds = match pattern {
                    Value::Regex(regex) => Finds::Regex((**regex).clone()),
                    text => Finds::Text(text.to_str_lossy().unwrap_or_default().into_owned()),
                };
                (Value::Object(fields), finds)
            };
            several.iter().map(one).collect()
        }
        _ => vec![(filter.clone(), Finds::UsSsn)],
    }
}

/// How long what a redactor puts there is.
fn put(redactor: &Value) -> u64 {
    let text =
        redactor.as_object().and_then(|fields| fields.get("replacement")).and_then(Value::to_str_lossy);
    text.map_or(HASH, |text| length(text.len())).max(length("[REDACTED]".len()))
}

impl FunctionExpression for Redact {
    fn resolve(&self, ctx: &mut Context) -> Resolved {
        let given = Given::resolve(&self.arguments, ctx)?;
        // A literal isn't among what was worked out.
        let written = self.arguments.get(self.at).and_then(|argument| argument.constant.clone());
        let mut value = written.or_else(|| given.0.into_iter().nth(self.at)).unwrap_or(Value::Null);
        for pass in &self.passes {
            let size = pass.finds.size(&value, self.put, self.most);
            if size > self.most {
                return Err(too_much(size, self.most));
            }
            let mut given = vec![Value::Null; self.arguments.len()];
            if let Some(place) = given.get_mut(self.at) {
                *place = value;
            }
            value = Given(given).call(&*pass.inner, ctx)?;
        }
        Ok(value)
    }

    fn type_def(&self, state: &TypeState) -> TypeDef {
        type_of(&*self.whole, &self.arguments, state)
    }
}

impl Finds {
    /// How large what comes of a value may be.
    fn size(&self, value: &Value, put: u64, most: u64) -> u64 {
        match value {
            Value::Array(values) => {
                values.iter().fold(0, |sum: u64, value| sum.saturating_add(self.size(value, put, most)))
            }
            Value::Object(fields) => {
                fields.values().fold(0, |sum: u64, value| sum.saturating_add(self.size(value, put, most)))
            }
            Value::Bytes(_) | Value::String(_) => {
                let text = value.to_str_lossy().unwrap_or_default();
                let own = length(text.len());
                let quick = (own + 1).saturating_mul(put);
                let put =
                    if quick.saturating_add(own) <= most / 64 { quick } else { self.times(&text) * put };
                own.saturating_add(put)
            }
            _ => 0,
        }
    }

    fn times(&self, text: &str) -> u64 {
        match self {
            Self::Regex(regex) => length(regex.find_iter(text).count()),
            Self::Text(pattern) => length(found(text, pattern)),
            Self::UsSsn => length(text.len()) / US_SSN,
        }
    }
}
