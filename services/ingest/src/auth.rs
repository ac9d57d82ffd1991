//! Whose events a request brings: see [`access::http`](crate::access::http).

pub use crate::access::http::{authorize, authorize_signed};
