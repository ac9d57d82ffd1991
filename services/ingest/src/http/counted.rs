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
use crate::intake::Intake;
use crate::protocols::Protocol;

/// Marks the answers of these paths as this protocol's.
pub(super) fn of(protocol: Protocol, paths: Router<Arc<Intake>>) -> Router<Arc<Intake>> {
    paths.layer(map_response(move |mut response: Response| {
        let _before = response.extensions_mut().insert(protocol);
        ready(response)
    }))
}

/// Counts a request, once it is answered.
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
    response
}
