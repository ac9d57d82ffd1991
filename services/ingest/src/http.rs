//! HTTP: connections, bodies, answers, and the paths of all protocols that come by it.

mod activity;
pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod connection;
mod counted;
pub(crate) mod grpc;
mod pace;
pub(crate) mod request;
pub(crate) mod router;
pub(crate) mod take;
pub(crate) mod unpack;
