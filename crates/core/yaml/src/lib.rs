//! What people write in YAML, held against the types that read it.
//!
//! A deserializer stops at the first thing that it can't take. People want to know all of it at once, with its place, and
//! what they may have meant. So a file is read into a tree first, in which everything has its place; the tree is held
//! against the shape of its type, which is read off the same docs and attributes as the reference manual; and what is
//! left is deserialized.
//!
//! - [`tree`]: the content of a file, with places
//! - [`shape`]: what a type takes, and what its docs say of that
//! - [`check`](mod@check): all that is wrong with a tree
//! - [`fault`]: one thing that is wrong
//! - [`suggest`]: the name that may have been meant

pub mod check;
pub mod fault;
pub mod shape;
pub mod suggest;
pub mod tree;

pub use check::check;
pub use fault::{Fault, Place};
pub use shape::{Field, Shape};
pub use tree::{Node, Tree};
