//! `unnest`: each element of an array gets a copy of all the rest, so its size is that of the rest times the elements.

use vrl::compiler::expression::{Expr, Query, Target};
use vrl::compiler::function::{ArgumentList, Compiled, Error, FunctionCompileContext};
use vrl::compiler::state::TypeState;
use vrl::compiler::{Context, Expression, Function, FunctionExpression, Resolved, TypeDef};
use vrl::path::OwnedTargetPath;
use vrl::value::Value;

use super::bounded::too_much;
use super::weight::{copy, length};

#[derive(Clone, Debug)]
struct Unnest {
    path: Query,
    inner: Box<dyn Expression>,
    most: u64,
}

pub(super) fn compile(
    function: &dyn Function,
    state: &TypeState,
    ctx: &mut FunctionCompileContext,
    list: ArgumentList,
    most: u64,
) -> Compiled {
    let path = list.required_query("path")?;
    if !matches!(path.target(), Target::External(_) | Target::Internal(_)) {
        let expected = "a path of the event, or of a variable: assign it to one first";
        let expr = Box::new(Expr::Query(path));
        return Err(Error::UnexpectedExpression { keyword: "path", expected, expr }.into());
    }
    let inner = function.compile(state, ctx, list)?;
    Ok(Unnest { path, inner, most }.as_expr())
}

impl FunctionExpression for Unnest {
    fn resolve(&self, ctx: &mut Context) -> Resolved {
        let root = match self.path.target() {
            Target::External(prefix) => {
                ctx.target().target_get(&OwnedTargetPath::root(*prefix)).ok().flatten()
            }
            Target::Internal(variable) => ctx.state().variable(variable.ident()),
            _ => None,
        };
        let size = root.map_or(0, |root| size(root, &self.path));
        if size > self.most {
            return Err(too_much(size, self.most));
        }
        self.inner.resolve(ctx)
    }

    fn type_def(&self, state: &TypeState) -> TypeDef {
        self.inner.type_def(state)
    }
}

fn size(root: &Value, path: &Query) -> u64 {
    let whole = copy(root);
    let Some(Value::Array(elements)) = root.get(path.path()) else { return whole };
    let rest = whole.saturating_sub(elements.iter().map(copy).sum());
    length(elements.len()).saturating_mul(rest).saturating_add(whole.saturating_mul(2))
}
