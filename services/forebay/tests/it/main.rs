//! The command as a person or a script meets it: the binary itself, its output, its exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is the report"
)]

mod arguments;
mod audit_real;
mod dev;
mod dlq;
mod dlq_real;
mod installation;
mod retention;
mod retention_real;
mod roles;
mod rules;
mod send;
mod status;
mod support;
