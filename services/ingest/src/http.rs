//! HTTP: connections, bodies, answers, and the paths of all protocols that come by it.

pub mod answer;
pub mod body;
pub(crate) mod connection;
pub(crate) mod grpc;
pub(crate) mod request;
pub(crate) mod router;
pub mod unpack;
