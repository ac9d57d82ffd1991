//! The way to the collector: OpenTelemetry's exporter, with our certificates and credentials.

mod bounded;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_settings::secret::{Secret, SecretError, read_secret};
use forebay_settings::sections::telemetry::TracesSettings;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use thiserror::Error;
use url::{Host, Url};

use self::bounded::Bounded;
use crate::span::Span;

/// Settings that no exporter can be made of.
#[derive(Debug, Error)]
pub enum TracesError {
    /// The address is none.
    #[error("telemetry.traces.endpoint: {0}")]
    Endpoint(#[from] url::ParseError),
    /// The file of the certificate authority can't be used.
    #[error("telemetry.traces.ca_file: {path}: {reason}")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file with the token can't be used.
    #[error("telemetry.traces.token_file: {0}")]
    Token(#[from] SecretError),
    /// The client can't be made.
    #[error("telemetry.traces: the client can't be made: {0}")]
    Client(reqwest::Error),
    /// The exporter can't be made.
    #[error("telemetry.traces: the exporter can't be made: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// Sends spans.
#[derive(Debug)]
pub(crate) struct Sink {
    endpoint: String,
    timeout: Duration,
    client: Bounded,
    resource: Resource,
    scope: InstrumentationScope,
    token: Option<Token>,
    exporter: SpanExporter,
}

/// A token, and the file that it comes from.
#[derive(Debug)]
struct Token {
    path: PathBuf,
    secret: Secret,
}

// === impl Sink ===

impl Sink {
    /// As the settings say; nothing without an endpoint.
    pub(crate) fn new(settings: &TracesSettings, service: &'static str) -> Result<Option<Self>, TracesError> {
        let Some(endpoint) = settings.endpoint.clone() else { return Ok(None) };
        let timeout = settings.timeout.0;
        let client = Bounded::new(client(&endpoint, settings)?);
        let token = match &settings.token_file {
            Some(path) => Some(Token { path: path.clone(), secret: read_secret(path)? }),
            None => None,
        };
        let version = env!("CARGO_PKG_VERSION");
        let resource = Resource::builder_empty()
            .with_attribute(KeyValue::new("service.namespace", "forebay"))
            .with_attribute(KeyValue::new("service.name", service))
            .with_attribute(KeyValue::new("service.version", version))
            .with_attribute(KeyValue::new("service.instance.id", format!("{:016x}", rand::random::<u64>())))
            .build();
        let scope = InstrumentationScope::builder("forebay").with_version(version).build();
        let secret = token.as_ref().map(|token| &token.secret);
        let exporter = exporter(&endpoint, timeout, &client, secret, &resource)?;
        Ok(Some(Self { endpoint, timeout, client, resource, scope, token, exporter }))
    }

    /// Sends spans, once.
    ///
    /// # Errors
    /// The collector's or the network's reason why it has none of them.
    pub(crate) async fn send(&mut self, spans: Vec<Span>) -> Result<(), String> {
        self.look_at_token();
        let spans = spans.into_iter().map(|span| span.into_data(&self.scope)).collect();
        self.exporter.export(spans).await.map_err(|error| error.to_string())
    }

    /// Operators rotate tokens by replacing files. Looked at before each request, of which there is one a second at most. A file
    /// that can't be read leaves the last good token in use.
    fn look_at_token(&mut self) {
        let Some(token) = &mut self.token else { return };
        match read_secret(&token.path) {
            Ok(secret) if secret == token.secret => {}
            Ok(secret) => {
                let made =
                    exporter(&self.endpoint, self.timeout, &self.client, Some(&secret), &self.resource);
                if let Ok(exporter) = made {
                    tracing::info!(path = %token.path.display(), "token for traces read again");
                    self.exporter = exporter;
                    token.secret = secret;
                }
            }
            Err(error) => {
                tracing::debug!(path = %token.path.display(), %error, "token for traces can't be read, the old one stays in use");
            }
        }
    }
}

fn client(endpoint: &str, settings: &TracesSettings) -> Result<Client, TracesError> {
    let url = Url::parse(endpoint)?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    // A token isn't carried elsewhere. Nobody reads what an answer says, so that none need be inflated.
    let mut builder =
        Client::builder().timeout(settings.timeout.0).redirect(Policy::none()).no_gzip().no_zstd();
    if is_loopback {
        // The environment's proxy can't know this machine's own ports.
        builder = builder.no_proxy();
    }
    if let Some(path) = &settings.ca_file {
        for certificate in authorities(path)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(TracesError::Client)
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, TracesError> {
    let wrong = |reason: String| TracesError::Authority { path: path.display().to_string(), reason };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() { Err(wrong("no certificate is in it".to_owned())) } else { Ok(certificates) }
}

fn exporter(
    endpoint: &str,
    timeout: Duration,
    client: &Bounded,
    token: Option<&Secret>,
    resource: &Resource,
) -> Result<SpanExporter, TracesError> {
    let token = token.map(|token| ("authorization".to_owned(), format!("Bearer {}", token.expose())));
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(timeout)
        .with_headers(HashMap::from_iter(token))
        .build()?;
    exporter.set_resource(resource);
    Ok(exporter)
}
