//! The command as a person or a script meets it: the binary itself, its output, its exit codes.

mod arguments;
mod dev;
mod dlq;
mod send;
mod support;
