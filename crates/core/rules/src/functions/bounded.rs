//! Functions of VRL whose result may be far larger than what they are given: the size is worked out first.
//!
//! Memory is looked at between expressions, so a single call has to be bounded before it is made. The arguments are
//! worked out, [`sizes`] says what might come of them, and only then VRL's own function gets them: they stand in a
//! target of their own, and the function is compiled to read them there. So every argument is worked out once, and what a
//! function does, its parameters and its types stay VRL's.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use vrl::compiler::expression::{Expr, Query, Target as QueryTarget};
use vrl::compiler::function::{ArgumentList, Compiled, Example, FunctionCompileContext, closure};
use vrl::compiler::state::{ExternalEnv, TypeState};
use vrl::compiler::{
    Context, Expression, ExpressionError, Function, FunctionExpression, Parameter, Resolved, SecretTarget,
    Target, TypeDef,
};
use vrl::path::{OwnedSegment, OwnedTargetPath, OwnedValuePath, PathPrefix};
use vrl::value::kind::Collection;
use vrl::value::{Kind, Value};

use super::sizes::{Arguments, Size};
use super::{redact, replace_with, sizes, unnest};

/// How many bytes a single call may make, as programs are compiled with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MostBytes(pub(crate) u64);

/// The longest message of an error: each function that a failing call is nested in keeps one of its own.
const MAX_MESSAGE: usize = 4 << 10;

/// What has to be known at compile time, and is handed to VRL's function as it was written.
const STATIC: &[&str] =
    &["filters", "redactor", "patterns", "aliases", "alias_sources", "except", "query", "whitespace"];

/// A function of VRL, bounded.
#[derive(Debug)]
pub(super) struct Bounded(Box<dyn Function>);

/// A call whose size is worked out first.
#[derive(Clone)]
struct Call {
    arguments: Vec<Argument>,
    size: Size,
    most: u64,
    /// VRL's function, which reads its arguments from [`Given`].
    inner: Box<dyn Expression>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    pub(super) keyword: &'static str,
    pub(super) expr: Box<dyn Expression>,
    /// Its value, where it is handed on as it was written.
    pub(super) constant: Option<Value>,
}

/// A call as VRL makes it, with its errors cut.
#[derive(Clone, Debug)]
struct Plain(Box<dyn Expression>);

/// Arguments that were worked out: what VRL's function sees as `.`, an array of them.
#[derive(Debug)]
pub(super) struct Given(pub(super) Vec<Value>);

// === impl Bounded ===

impl Bounded {
    pub(super) fn new(inner: Box<dyn Function>) -> Self {
        Self(inner)
    }
}

impl Function for Bounded {
    fn identifier(&self) -> &'static str {
        self.0.identifier()
    }

    fn summary(&self) -> &'static str {
        self.0.summary()
    }

    fn usage(&self) -> &'static str {
        self.0.usage()
    }

    fn category(&self) -> &'static str {
        self.0.category()
    }

    fn return_kind(&self) -> u16 {
        self.0.return_kind()
    }

    fn pure(&self) -> bool {
        self.0.pure()
    }

    fn examples(&self) -> &'static [Example] {
        self.0.examples()
    }

    fn parameters(&self) -> &'static [Parameter] {
        self.0.parameters()
    }

    fn closure(&self) -> Option<closure::Definition> {
        self.0.closure()
    }

    fn compile(
        &self,
        state: &TypeState,
        ctx: &mut FunctionCompileContext,
        arguments: ArgumentList,
    ) -> Compiled {
        let most = ctx.get_external_context::<MostBytes>().map_or(u64::MAX, |most| most.0);
        let call = match self.identifier() {
            "unnest" => unnest::compile(self.0.as_ref(), state, ctx, arguments, most)?,
            "replace_with" => replace_with::compile(&arguments, most)?,
            "redact" => redact::compile(self.0.as_ref(), state, ctx, &arguments, most)?,
            name => match sizes::of(name) {
                Some(size) => {
                    let (arguments, given, state) = worked_out(self.0.as_ref(), state, &arguments);
                    let inner = self.0.compile(&state, ctx, given.into())?;
                    Call { arguments, size, most, inner }.as_expr()
                }
                None => self.0.compile(state, ctx, arguments)?,
            },
        };
        Ok(Box::new(Plain(call)))
    }
}

/// The arguments of a call, those for VRL's function, which reads them from [`Given`], and the types it sees there.
pub(super) fn worked_out(
    function: &dyn Function,
    state: &TypeState,
    list: &ArgumentList,
) -> (Vec<Argument>, HashMap<&'static str, Expr>, TypeState) {
    let name = function.identifier();
    let mut arguments = Vec::new();
    let mut given: HashMap<&'static str, Expr> = HashMap::new();
    let mut kinds = BTreeMap::new();
    for Parameter { keyword, .. } in function.parameters() {
        let Some(expr) = list.optional(keyword) else { continue };
        let written = list.required_expr(keyword);
        // A variable with a known value is none: inside of a closure it may have another by then. A pattern is looked up by VRL
        // itself at compile time, and what it found there counts.
        let constant = match &written {
            Expr::Literal(_) => expr.resolve_constant(state),
            _ if STATIC.contains(keyword) => Some(expr.resolve_constant(state).unwrap_or(Value::Null)),
            _ if *keyword == "pattern" && name.starts_with("parse_") => expr.resolve_constant(state),
            _ => None,
        };
        let seen = match constant {
            Some(_) => written,
            None => {
                kinds.insert(arguments.len().into(), expr.type_def(state).kind().clone());
                place(arguments.len())
            }
        };
        given.insert(keyword, seen);
        arguments.push(Argument { keyword, expr, constant });
    }
    (arguments, given, seen(state, kinds))
}

/// Where VRL's function finds an argument.
pub(super) fn place(at: usize) -> Expr {
    let path =
        OwnedValuePath { segments: vec![OwnedSegment::Index(isize::try_from(at).unwrap_or_default())] };
    Expr::Query(Query::new(QueryTarget::External(PathPrefix::Event), path))
}

fn seen(state: &TypeState, kinds: BTreeMap<vrl::value::kind::Index, Kind>) -> TypeState {
    let event = Kind::array(Collection::from(kinds));
    let external = ExternalEnv::new_with_kind(event, Kind::object(Collection::any()));
    TypeState { local: state.local.clone(), external }
}

/// The error of a call that would make too much.
pub(super) fn too_much(size: u64, most: u64) -> ExpressionError {
    let message = format!("the result may take {size} bytes; a single call may make {most}");
    ExpressionError::from(message)
}

// === impl Call ===

impl FunctionExpression for Call {
    fn resolve(&self, ctx: &mut Context) -> Resolved {
        let given = Given::resolve(&self.arguments, ctx)?;
        let size = (self.size)(&Arguments::new(&self.arguments, &given), self.most);
        if size > self.most {
            return Err(too_much(size, self.most));
        }
        given.call(&*self.inner, ctx)
    }

    fn type_def(&self, state: &TypeState) -> TypeDef {
        type_of(&*self.inner, &self.arguments, state)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

/// The type of a call that reads its arguments from [`Given`].
pub(super) fn type_of(inner: &dyn Expression, arguments: &[Argument], state: &TypeState) -> TypeDef {
    let open = arguments.iter().enumerate().filter(|(_, argument)| argument.constant.is_none());
    let kinds = open.map(|(at, argument)| (at.into(), argument.expr.type_def(state).kind().clone()));
    inner.type_def(&seen(state, kinds.collect()))
}

// === impl Plain ===

impl Expression for Plain {
    fn resolve(&self, ctx: &mut Context) -> Resolved {
        self.0.resolve(ctx).map_err(shortened)
    }

    fn resolve_constant(&self, state: &TypeState) -> Option<Value> {
        self.0.resolve_constant(state)
    }

    fn type_info(&self, state: &TypeState) -> vrl::compiler::TypeInfo {
        self.0.type_info(state)
    }
}

fn shortened(error: ExpressionError) -> ExpressionError {
    let ExpressionError::Error { mut message, labels, notes } = error else { return error };
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push_str("...");
    }
    ExpressionError::Error { message, labels, notes }
}

// === impl Given ===

impl Given {
    /// Works out what has to be.
    pub(super) fn resolve(arguments: &[Argument], ctx: &mut Context) -> Result<Self, ExpressionError> {
        let values = arguments.iter().map(|argument| match argument.constant {
            Some(_) => Ok(Value::Null),
            None => argument.expr.resolve(ctx),
        });
        values.collect::<Result<_, _>>().map(Self)
    }

    /// Calls VRL's function on them.
    pub(super) fn call(mut self, inner: &dyn Expression, ctx: &mut Context) -> Resolved {
        let zone = *ctx.timezone();
        inner.resolve(&mut Context::new(&mut self, ctx.state_mut(), &zone))
    }

    fn at(&self, path: &OwnedTargetPath) -> Option<&Value> {
        match path.path.segments.first() {
            Some(OwnedSegment::Index(at)) => self.0.get(usize::try_from(*at).ok()?),
            _ => None,
        }
    }
}

/// Read only: nothing else is compiled to look here.
impl Target for Given {
    fn target_insert(&mut self, _path: &OwnedTargetPath, _value: Value) -> Result<(), String> {
        Err("arguments can't be written".to_owned())
    }

    fn target_get(&self, path: &OwnedTargetPath) -> Result<Option<&Value>, String> {
        Ok(self.at(path))
    }

    fn target_get_mut(&mut self, _path: &OwnedTargetPath) -> Result<Option<&mut Value>, String> {
        Err("arguments can't be written".to_owned())
    }

    fn target_remove(&mut self, _path: &OwnedTargetPath, _compact: bool) -> Result<Option<Value>, String> {
        Err("arguments can't be written".to_owned())
    }
}

impl SecretTarget for Given {
    fn get_secret(&self, _key: &str) -> Option<&str> {
        None
    }

    fn insert_secret(&mut self, _key: &str, _value: &str) {}

    fn remove_secret(&mut self, _key: &str) {}
}
