//! Counts what is answered, of every protocol that comes by HTTP: each request once, and each refusal once, whatever status its
//! protocol answers it with.
//!
//! Refusals of senders that are known are counted where they happen ([`Intake::refuse`]), with the tenant. What is refused by its head is
//! found here, by what [`answer::refused`](super::answer::refused) left with the answer.

use std::future::ready;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, map_response};
use axum::response::Response;

use super::answer::Refused;
use super::router::not_allowed;
use crate::intake::Intake;
use crate::protocols::Protocol;
use crate::tarpit;

/// Marks the answers of these paths as this protocol's, to methods that they don't take, too.
pub(super) fn of(protocol: Protocol, paths: Router<Arc<Intake>>) -> Router<Arc<Intake>> {
    // The layer reaches what is there before it.
    sharing(protocol, paths.method_not_allowed_fallback(not_allowed))
}

/// The same for paths that another protocol has, too: what neither takes is the other's.
pub(super) fn sharing(protocol: Protocol, paths: Router<Arc<Intake>>) -> Router<Arc<Intake>> {
    paths.layer(map_response(move |mut response: Response| {
        let _before = response.extensions_mut().insert(protocol);
        ready(response)
    }))
}

/// Counts a request, once it is answered. Who is refused for something of his own gets the answer a little later.
pub(super) async fn counted(State(intake): State<Arc<Intake>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let response = next.run(request).await;
    let extensions = response.extensions();
    if let (Some(refused), Some(protocol)) = (extensions.get::<Refused>(), extensions.get::<Protocol>())
        && !refused.is_counted
    {
        intake.meters.batch(*protocol, refused.kind.name());
    }
    intake.meters.answered(response.status(), started.elapsed());
    if let Some(refused) = response.extensions().get::<Refused>() {
        tarpit::pause(refused.kind).await;
    }
    response
}
