//! `replace_with` of VRL, written anew, since a closure can't be handed on to VRL's own.
//!
//! As [VRL describes it](https://vector.dev/docs/reference/vrl/functions/#replace_with): each match becomes what the closure answers
//! for an object with the match (`string`), its groups (`captures`), and those with names under their names. The closure is made
//! of expressions, between which memory is looked at; what a match is copied to, and what is put there, is looked at here.

use regex::Captures;
use vrl::compiler::function::{ArgumentList, Closure, Compiled, closure};
use vrl::compiler::state::TypeState;
use vrl::compiler::{Context, Expression, ExpressionError, FunctionExpression, Resolved, TypeDef};
use vrl::value::{ObjectMap, Value};

use super::bounded::too_much;
use super::weight::length;

/// What the closure sees besides groups with names.
const RESERVED: [&str; 2] = ["string", "captures"];

#[derive(Clone, Debug)]
struct ReplaceWith {
    value: Box<dyn Expression>,
    pattern: Box<dyn Expression>,
    count: Option<Box<dyn Expression>>,
    closure: Closure,
    most: u64,
}

pub(super) fn compile(list: &ArgumentList, most: u64) -> Compiled {
    let (value, pattern) = (list.required("value"), list.required("pattern"));
    let (count, closure) = (list.optional("count"), list.required_closure()?);
    Ok(ReplaceWith { value, pattern, count, closure, most }.as_expr())
}

impl FunctionExpression for ReplaceWith {
    fn resolve(&self, ctx: &mut Context) -> Resolved {
        let value = self.value.resolve(ctx)?;
        let pattern = self.pattern.resolve(ctx)?;
        let Value::Regex(pattern) = &pattern else {
            return Err("the pattern is no regular expression".into());
        };
        if pattern.capture_names().flatten().any(|name| RESERVED.contains(&name)) {
            return Err("a group can't be named `string` or `captures`".into());
        }
        let times = match &self.count {
            None => usize::MAX,
            Some(count) => match count.resolve(ctx)? {
                Value::Integer(count) if count < 0 => usize::MAX,
                Value::Integer(count) => usize::try_from(count).unwrap_or(usize::MAX),
                _ => return Err("`count` is no integer".into()),
            },
        };
        if times == 0 {
            return Ok(value);
        }
        let Some(text) = value.to_str_lossy() else { return Err("the value is no text".into()) };
        let runner = closure::Runner::new(&self.closure.variables, |ctx| self.closure.block.resolve(ctx));
        let (mut replaced, mut end) = (String::with_capacity(text.len()), 0);
        for captures in pattern.captures_iter(&text).take(times) {
            let Some(found) = captures.get(0) else { continue };
            let mut seen = self.seen(&captures, pattern.capture_names())?;
            runner.map_value(ctx, &mut seen)?;
            let Some(put) = seen.to_str_lossy() else { return Err("the closure answers no text".into()) };
            let size = length(replaced.len()) + length(put.len()) + length(text.len());
            if size > self.most {
                return Err(too_much(size, self.most));
            }
            replaced.push_str(text.get(end..found.start()).unwrap_or_default());
            replaced.push_str(&put);
            end = found.end();
        }
        replaced.push_str(text.get(end..).unwrap_or_default());
        Ok(replaced.into())
    }

    fn type_def(&self, _state: &TypeState) -> TypeDef {
        TypeDef::bytes().infallible()
    }
}

impl ReplaceWith {
    /// What the closure sees of a match.
    fn seen(
        &self,
        captures: &Captures<'_>,
        names: regex::CaptureNames<'_>,
    ) -> Result<Value, ExpressionError> {
        // A group with a name is there twice, though with one text.
        let size =
            captures.iter().flatten().fold(0, |sum: u64, group| sum.saturating_add(length(group.len())));
        if size > self.most {
            return Err(too_much(size, self.most));
        }
        let text = |at: usize| captures.get(at).map_or(Value::Null, |group| group.as_str().into());
        let mut seen = ObjectMap::new();
        seen.insert("string".into(), text(0));
        let mut groups = Vec::with_capacity(captures.len());
        for (at, name) in names.enumerate().skip(1) {
            let group = text(at);
            if let Some(name) = name {
                seen.insert(name.into(), group.clone());
            }
            groups.push(group);
        }
        seen.insert("captures".into(), Value::Array(groups));
        Ok(Value::Object(seen))
    }
}
