//! `*` is for numbers: a text times a number would be as long as the number says, in one step.
//!
//! VRL allows it, and no function can take its place: an operand may fail, an argument may not. So the syntax tree is changed before it
//! is compiled: `a * b` becomes `(a - 0) * (b - 0)`, which is the same for numbers, in value and in type, and fails for a text (with
//! VRL's words for the subtraction). Two literals are worked out at once.

use vrl::parser::Program;
use vrl::parser::ast::{
    Array, Assignment, Block, Container, Expr, FunctionCall, Group, IfStatement, Literal, Node, Not, Object,
    Op, Opcode, Predicate, QueryTarget, RootExpr, Unary,
};
use vrl::parser::template_string::{StringSegment, TemplateString};

/// The longest text that two literals make.
const MAX_LITERAL: usize = 64 << 10;

/// A text that is multiplied by something that isn't known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TextTimes {
    /// Where it stands in the program, in bytes.
    pub(super) at: usize,
}

/// What there is to say about a text that is multiplied.
pub(super) const REMARK: &str = "`*` is for numbers in rules: a text times a number may be huge. Write the text out, or `join` an array of it";

/// Whether a program multiplies, and the program that only multiplies numbers.
pub(super) fn of_numbers(program: Program) -> Result<(Program, bool), TextTimes> {
    let mut pass = Pass { multiplies: false, found: None };
    let nodes = program.0.into_iter().map(|root| {
        root.map(|root| match root {
            RootExpr::Expr(expr) => RootExpr::Expr(pass.node(expr)),
            error @ RootExpr::Error(_) => error,
        })
    });
    let program = Program(nodes.collect());
    match pass.found {
        Some(found) => Err(found),
        None => Ok((program, pass.multiplies)),
    }
}

struct Pass {
    multiplies: bool,
    found: Option<TextTimes>,
}

impl Pass {
    fn node(&mut self, node: Node<Expr>) -> Node<Expr> {
        let span = node.span();
        Node::new(span, self.expr(node.into_inner()))
    }

    fn boxed(&mut self, node: Node<Expr>) -> Box<Node<Expr>> {
        Box::new(self.node(node))
    }

    fn nodes(&mut self, nodes: Vec<Node<Expr>>) -> Vec<Node<Expr>> {
        nodes.into_iter().map(|node| self.node(node)).collect()
    }

    fn expr(&mut self, expr: Expr) -> Expr {
        match expr {
            Expr::Container(node) => Expr::Container(node.map(|container| self.container(container))),
            Expr::IfStatement(node) => Expr::IfStatement(node.map(|statement| self.statement(statement))),
            Expr::Op(node) => {
                let span = node.span();
                let Op(left, opcode, right) = node.into_inner();
                let (left, right) = (self.boxed(*left), self.boxed(*right));
                if *opcode.inner() != Opcode::Mul {
                    return Expr::Op(Node::new(span, Op(left, opcode, right)));
                }
                self.multiplies = true;
                if let Some(text) = written_out(left.inner(), right.inner()) {
                    return Expr::Literal(Node::new(span, Literal::RawString(text)));
                }
                for side in [&left, &right] {
                    if matches!(side.inner(), Expr::Literal(literal) if is_text(literal.inner())) {
                        self.found.get_or_insert(TextTimes { at: side.start() });
                    }
                }
                Expr::Op(Node::new(span, Op(number(left), opcode, number(right))))
            }
            Expr::Assignment(node) => Expr::Assignment(node.map(|assignment| match assignment {
                Assignment::Single { target, op, expr } => {
                    Assignment::Single { target, op, expr: self.boxed(*expr) }
                }
                Assignment::Infallible { ok, err, op, expr } => {
                    Assignment::Infallible { ok, err, op, expr: self.boxed(*expr) }
                }
            })),
            Expr::Query(node) => Expr::Query(node.map(|mut query| {
                query.target = query.target.map(|target| match target {
                    QueryTarget::FunctionCall(call) => QueryTarget::FunctionCall(self.call(call)),
                    QueryTarget::Container(container) => QueryTarget::Container(self.container(container)),
                    other => other,
                });
                query
            })),
            Expr::FunctionCall(node) => Expr::FunctionCall(node.map(|call| self.call(call))),
            Expr::Unary(node) => Expr::Unary(node.map(|Unary::Not(not)| {
                let span = not.span();
                let (sign, inner) = not.into_inner().take();
                Unary::Not(Node::new(span, Not::new(sign.span(), self.node(*inner))))
            })),
            Expr::Abort(node) => Expr::Abort(node.map(|mut abort| {
                abort.message = abort.message.map(|message| self.boxed(*message));
                abort
            })),
            Expr::Return(node) => Expr::Return(node.map(|mut back| {
                back.expr = self.boxed(*back.expr);
                back
            })),
            other @ (Expr::Literal(_) | Expr::Variable(_) | Expr::Break(_)) => other,
        }
    }

    fn container(&mut self, container: Container) -> Container {
        match container {
            Container::Group(group) => {
                let group = group.map(|group| Group(self.node(group.into_inner())));
                Container::Group(Box::new(group))
            }
            Container::Block(block) => Container::Block(block.map(|block| self.block(block))),
            Container::Array(array) => Container::Array(
                array.map(|array| array.into_iter().map(|node| self.node(node)).collect::<Array>()),
            ),
            Container::Object(object) => Container::Object(object.map(|object| {
                object.into_iter().map(|(name, node)| (name, self.node(node))).collect::<Object>()
            })),
        }
    }

    fn block(&mut self, block: Block) -> Block {
        Block(self.nodes(block.into_inner()))
    }

    fn statement(&mut self, statement: IfStatement) -> IfStatement {
        let IfStatement { predicate, if_node, else_node } = statement;
        IfStatement {
            predicate: predicate.map(|predicate| match predicate {
                Predicate::One(node) => Predicate::One(self.boxed(*node)),
                Predicate::Many(nodes) => Predicate::Many(self.nodes(nodes)),
            }),
            if_node: if_node.map(|block| self.block(block)),
            else_node: else_node.map(|node| node.map(|block| self.block(block))),
        }
    }

    fn call(&mut self, mut call: FunctionCall) -> FunctionCall {
        let arguments = call.arguments.into_iter().map(|argument| {
            argument.map(|mut argument| {
                argument.expr = self.node(argument.expr);
                argument
            })
        });
        call.arguments = arguments.collect();
        call.closure = call.closure.map(|closure| {
            closure.map(|mut closure| {
                closure.block = closure.block.map(|block| self.block(block));
                closure
            })
        });
        call
    }
}

/// The operand, of which only a number is left.
fn number(operand: Box<Node<Expr>>) -> Box<Node<Expr>> {
    if matches!(operand.inner(), Expr::Literal(literal) if is_number(literal.inner())) {
        return operand;
    }
    let span = operand.span();
    let zero = Box::new(Node::new(span, Expr::Literal(Node::new(span, Literal::Integer(0)))));
    let less = Op(operand, Node::new(span, Opcode::Sub), zero);
    Box::new(Node::new(span, Expr::Op(Node::new(span, less))))
}

fn is_number(literal: &Literal) -> bool {
    matches!(literal, Literal::Integer(_) | Literal::Float(_))
}

fn is_text(literal: &Literal) -> bool {
    matches!(literal, Literal::String(_) | Literal::RawString(_))
}

/// The text that two literals make, if it isn't long.
fn written_out(left: &Expr, right: &Expr) -> Option<String> {
    let (Expr::Literal(left), Expr::Literal(right)) = (left, right) else { return None };
    let (text, times) = match (left.inner(), right.inner()) {
        (Literal::Integer(times), text) | (text, Literal::Integer(times)) => (text, *times),
        _ => return None,
    };
    let text = match text {
        Literal::RawString(text) => text,
        Literal::String(TemplateString(parts)) => match parts.as_slice() {
            [StringSegment::Literal(text, _)] => text,
            _ => return None,
        },
        _ => return None,
    };
    let times = usize::try_from(times).unwrap_or(0);
    (text.len().checked_mul(times)? <= MAX_LITERAL).then(|| text.repeat(times))
}
