//! The port for operators: `/metrics`, `/livez` and `/readyz`.

mod guard;

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use self::guard::Guard;
use self::guard::guarded;
use crate::health::{Health, Verdict};
use crate::scrape::Scrape;

/// A port that is bound and served until the shutdown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bound {
    /// Where it listens, with the real number where port 0 was asked for.
    pub address: SocketAddr,
}

/// Why the port isn't served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Another process has the port.
    #[error(
        "telemetry.listen: {listen} is taken by another process; set another port, in FOREBAY__TELEMETRY__LISTEN__PARSER for instance, or port 0 for a free one"
    )]
    Taken {
        /// What was to be bound.
        listen: String,
    },
    /// It can't be bound for another reason.
    #[error("telemetry.listen: can't listen on {listen}")]
    Bind {
        /// What was to be bound.
        listen: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Binds the port, then serves it and keeps the metrics up until the shutdown. `guard` says who may read the metrics.
///
/// # Errors
///
/// When the address can't be bound; nothing runs then.
pub async fn serve(
    listen: &str,
    scrape: Scrape,
    health: Health,
    guard: Guard,
    shutdown: CancellationToken,
) -> Result<Bound, AdminError> {
    let bind_error = |source: io::Error| {
        let listen = listen.to_owned();
        if source.kind() == io::ErrorKind::AddrInUse {
            AdminError::Taken { listen }
        } else {
            AdminError::Bind { listen, source }
        }
    };
    let listener = TcpListener::bind(listen).await.map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;

    let _upkeep = tokio::spawn(scrape.clone().upkeep(shutdown.clone()));
    let server = axum::serve(
        listener,
        router(scrape, health, guard).into_make_service_with_connect_info::<SocketAddr>(),
    );
    let _server = tokio::spawn(async move {
        // Not a graceful stop: an open keep-alive connection of a scraper must not hold up the process.
        if let Some(Err(error)) = shutdown.run_until_cancelled(server.into_future()).await {
            tracing::error!(%error, "the port for metrics and health stopped");
        }
    });
    tracing::info!(%address, "serving metrics and health");
    Ok(Bound { address })
}

/// The routes. Probes show no credentials, so that theirs are open whatever the guard says.
fn router(scrape: Scrape, health: Health, guard: Guard) -> Router {
    let probes = Router::new()
        .route("/livez", get(|State(health): State<Health>| async move { probe(&health.livez()) }))
        .route("/readyz", get(|State(health): State<Health>| async move { probe(&health.readyz()) }))
        .with_state(health);
    let metrics = Router::new()
        .route("/metrics", get(|State(scrape): State<Scrape>| async move { text(&scrape) }))
        .route_layer(from_fn_with_state(guard, guarded))
        .with_state(scrape);
    probes.merge(metrics)
}

fn probe(verdict: &Verdict) -> Response {
    let status = if verdict.passes() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let json = [(header::CONTENT_TYPE, "application/json")];
    (status, json, verdict.to_json().to_string()).into_response()
}

fn text(scrape: &Scrape) -> Response {
    // The format's version is part of its type: https://prometheus.io/docs/instrumenting/exposition_formats/
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], scrape.render()).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use forebay_access::secret::TokenHash;
    use forebay_operators::OperatorFile;
    use tokio_util::sync::CancellationToken;

    use super::{AdminError, Guard, serve};
    use crate::{CounterName, Health, Label, Scrape, counter};

    async fn get(address: std::net::SocketAddr, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Scenario: a process starts, comes up, and counts.
    /// Guarantees: each path tells the truth of the moment, with the status that probes go by.
    #[tokio::test]
    async fn serves_metrics_and_probes() {
        let (health, shutdown) = (Health::new(Duration::from_secs(60)), CancellationToken::new());
        let kafka = health.component("admin-test");
        let scrape = Scrape::install().unwrap();
        let bound = serve("127.0.0.1:0", scrape, health, Guard::Open, shutdown.clone()).await.unwrap();

        let (status, body) = get(bound.address, "/readyz").await;
        assert_eq!((status, body.contains("admin-test") && body.contains("starting")), (503, true), "{body}");
        assert_eq!(get(bound.address, "/livez").await.0, 200);
        kafka.ready();
        assert_eq!(get(bound.address, "/readyz").await, (200, r#"{"status":"ok"}"#.to_owned()));

        counter(CounterName::Retries, &[(Label::Stage, "admin-test")]).increment(2);
        let (status, body) = get(bound.address, "/metrics").await;
        assert_eq!(status, 200);
        assert!(body.contains(r#"forebay_retries_total{stage="admin-test"} 2"#), "{body}");
        shutdown.cancel();
    }

    /// Scenario: metrics are closed; somebody shows nothing, a wrong token, one to send, one to read of a single tenant, one to
    /// read of all; then that one is revoked.
    /// Guarantees: only the one who may see all tenants sees them, as long as he may; probes go on without a token.
    #[tokio::test]
    async fn closed_metrics_are_for_who_may_see_all_tenants() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        let one = |name: &str, more: &str| {
            let token = TokenHash::of(name.as_bytes()).to_text();
            format!("- {{name: {name}, tenant: acme, token: \"{token}\", {more}}}\n")
        };
        let file = |of_all: &str| {
            let own = [one("sender", "may_choose: [\"*\"]"), one("own", "roles: [read]"), one("all", of_all)];
            std::fs::write(&path, format!("credentials:\n{}", own.concat())).unwrap();
        };
        file("roles: [read], may_choose: [\"*\"]");
        let operators = Arc::new(OperatorFile::load(path.clone()).unwrap());
        let (health, shutdown) = (Health::new(Duration::from_secs(60)), CancellationToken::new());
        let guard = Guard::File(operators);
        let bound =
            serve("127.0.0.1:0", Scrape::install().unwrap(), health, guard, shutdown.clone()).await.unwrap();
        let ask = async |path: &str, token: Option<&str>| {
            let request = reqwest::Client::new().get(format!("http://{}{path}", bound.address));
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            let answer = request.send().await.unwrap();
            let asks = answer.headers().contains_key("www-authenticate");
            (answer.status().as_u16(), asks, answer.text().await.unwrap())
        };
        for (token, status) in
            [(None, 401), (Some("wrong"), 401), (Some("sender"), 403), (Some("own"), 403), (Some("all"), 200)]
        {
            let (answered, asks, body) = ask("/metrics", token).await;
            assert_eq!((answered, asks), (status, status == 401), "{token:?}: {body}");
            assert_eq!(body.contains("forebay_build_info"), status == 200, "{token:?}: {body}");
        }
        assert_eq!(ask("/livez", None).await.0, 200);
        file("roles: [read], may_choose: [\"*\"], disabled: true");
        assert_eq!(ask("/metrics", Some("all")).await.0, 403);
        shutdown.cancel();
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let shutdown = CancellationToken::new();
        let scrape = Scrape::install().unwrap();
        let health = Health::new(Duration::from_secs(60));
        let bound = serve("127.0.0.1:0", scrape.clone(), health.clone(), Guard::Open, shutdown.clone())
            .await
            .unwrap();
        let error = serve(&bound.address.to_string(), scrape, health, Guard::Open, shutdown.clone())
            .await
            .unwrap_err();
        assert!(matches!(error, AdminError::Taken { .. }));
        assert!(error.to_string().contains(&bound.address.to_string()), "{error}");
        shutdown.cancel();
    }
}
