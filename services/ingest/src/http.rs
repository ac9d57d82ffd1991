//! HTTP: connections, bodies, answers, and the paths of all protocols that come by it.

pub mod answer;
pub mod body;
pub(crate) mod connection;
mod counted;
pub(crate) mod grpc;
pub(crate) mod request;
pub(crate) mod router;
pub(crate) mod take;
pub mod unpack;
