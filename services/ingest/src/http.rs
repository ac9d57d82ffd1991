//! HTTP: connections, bodies, answers, and the paths of all protocols that come by it.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod connection;
mod counted;
pub(crate) mod grpc;
pub(crate) mod request;
pub(crate) mod router;
pub(crate) mod take;
pub(crate) mod unpack;
