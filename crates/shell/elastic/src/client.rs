//! One request, one answer, or a typed failure.
//!
//! The transport keeps connections open and makes as many as there are requests under way. It never retries, and
//! neither does this module: what is sent again, and when, is decided elsewhere. A failure's words name the cause at the
//! bottom ("Connection refused"), not the layers above it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Method;
use elasticsearch::http::headers::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use elasticsearch::http::response::Response;
use elasticsearch::http::transport::{BuildError, SingleNodeConnectionPool, Transport, TransportBuilder};
use forebay_bulk::RequestFailure;
use forebay_settings::secret::SecretError;
use forebay_settings::sections::SearchSettings;
use thiserror::Error;
use tracing::warn;
use url::{Host, Url};

use crate::auth::Auth;

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 256 << 20;

/// The longest pause that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// Settings that no client can be made of.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("search.url: `{url}` is not the http or https address of a cluster: {reason}")]
    Url {
        /// What stands there.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file of the certificate authority can't be used.
    #[error("search.ca_file: {path}: {reason}")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file with the password or the key can't be used.
    #[error("search: {0}")]
    Secret(#[from] SecretError),
    /// The client can't be made.
    #[error("search: the client can't be made: {0}")]
    Client(#[from] BuildError),
}

/// Where each node says how long a request may be.
const CONTENT_LIMITS: &str = "/_nodes/http?filter_path=nodes.*.http.max_content_length_in_bytes";

/// The way to one cluster.
#[derive(Debug)]
pub(crate) struct Client {
    transport: Transport,
    auth: Auth,
    address: String,
    timeout: Duration,
}

/// What is sent.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) content_type: &'static str,
    pub(crate) gzipped: bool,
    pub(crate) body: Option<Bytes>,
    /// The trace that it is part of, which the servers' slow logs and tasks show.
    pub(crate) traceparent: Option<&'a str>,
}

/// An exchange without an answer.
#[derive(Debug)]
struct Broken {
    /// Whether a connection stood, and the other side ended it.
    off: bool,
    failure: RequestFailure,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Bytes,
}

// === impl ConnectError ===

impl ConnectError {
    fn authority(path: &Path, error: &(dyn Error + 'static)) -> Self {
        Self::Authority { path: path.display().to_string(), reason: deepest(error) }
    }
}

// === impl Client ===

impl Client {
    pub(crate) fn new(settings: &SearchSettings) -> Result<Self, ConnectError> {
        let url = address(&settings.url)?;
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let address = url.to_string();
        let auth = Auth::new(settings);
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url)).enable_meta_header(false);
        if is_loopback {
            // The environment's proxy can't know this machine's own ports.
            builder = builder.disable_proxy();
        }
        if let Some(path) = &settings.ca_file {
            builder = builder.cert_validation(CertificateValidation::Full(authority(path)?));
        }
        if let Some(credentials) = auth.first()? {
            builder = builder.auth(credentials);
        }
        // Only here are the certificates looked into.
        let transport = builder.build().map_err(|error| match (&settings.ca_file, error) {
            (Some(path), BuildError::Cert(error)) => ConnectError::authority(path, &error),
            (_, error) => ConnectError::Client(error),
        })?;
        Ok(Self { transport, auth, address, timeout: settings.request_timeout.0 })
    }

    /// Sends `request` and reads the answer to its end.
    ///
    /// A server that finds a body too long says so and hangs up while we still write, and then its answer may be lost with
    /// the connection. So after a connection that broke off, the server is asked for its limit.
    ///
    /// # Errors
    /// [`RequestFailure::Unreachable`], and [`RequestFailure::TooLarge`] for such a body: whatever has a status is an answer.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Reply, RequestFailure> {
        let length = request.body.as_ref().map_or(0, Bytes::len);
        match self.exchange(request).await {
            Err(Broken { off: true, failure }) if length > 0 => match self.content_limit().await {
                Some(limit) if length > limit => Err(RequestFailure::TooLarge),
                _ => Err(failure),
            },
            answer => answer.map_err(|broken| broken.failure),
        }
    }

    /// How long a request may be, in bytes, for every node of the cluster. None when it can't be learnt.
    async fn content_limit(&self) -> Option<usize> {
        let reply = self.exchange(Request::get(CONTENT_LIMITS)).await.ok()?;
        let said: serde_json::Value = serde_json::from_slice(&reply.body).ok()?;
        let limits = said.get("nodes")?.as_object()?.values();
        let limits = limits.filter_map(|node| node.pointer("/http/max_content_length_in_bytes")?.as_u64());
        limits.min().and_then(|limit| usize::try_from(limit).ok())
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Reply, Broken> {
        if let Some(credentials) = self.auth.changed() {
            self.transport.set_auth(credentials);
        }
        let mut headers = HeaderMap::with_capacity(4);
        let _none = headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
        // Answers are short; inflating them would cost more than the network does.
        let _none = headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if request.gzipped {
            let _none = headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(trace) = request.traceparent.and_then(|text| HeaderValue::from_str(text).ok()) {
            let _none = headers.insert("traceparent", trace);
        }
        let Request { method, path, query, body, .. } = request;
        let response = self
            .transport
            .send(method, path, headers, Some(query), body, Some(self.timeout))
            .await
            .map_err(|error| self.unreachable(&error, error.is_timeout()))?;
        self.read(response).await
    }

    async fn read(&self, response: Response) -> Result<Reply, Broken> {
        let status = response.status_code().as_u16();
        let retry_after = retry_after(response.headers());
        if response.content_length().is_some_and(|length| length > MAX_ANSWER) {
            let reason = format!("{}: an answer of more than {MAX_ANSWER} bytes", self.address);
            return Err(Broken { off: false, failure: RequestFailure::Unreachable { reason } });
        }
        for warning in response.warning_headers() {
            warn!(warning, "the search server warns");
        }
        let body = response.bytes().await.map_err(|error| self.unreachable(&error, error.is_timeout()))?;
        Ok(Reply { status, retry_after, body })
    }

    fn unreachable(&self, error: &(dyn Error + 'static), timed_out: bool) -> Broken {
        let reason = if timed_out {
            format!("{}: no answer within {:?}", self.address, self.timeout)
        } else {
            format!("{}: {}", self.address, deepest(error))
        };
        Broken { off: broke_off(error), failure: RequestFailure::Unreachable { reason } }
    }
}

// === impl Request ===

impl<'a> Request<'a> {
    /// A request without a body.
    pub(crate) fn get(path: &'a str) -> Self {
        Self {
            method: Method::Get,
            path,
            query: &[],
            content_type: "application/json",
            gzipped: false,
            body: None,
            traceparent: None,
        }
    }

    /// A request with JSON.
    pub(crate) fn json(method: Method, path: &'a str, body: &serde_json::Value) -> Self {
        Self { method, body: Some(body.to_string().into()), ..Self::get(path) }
    }
}

// === impl Reply ===

impl Reply {
    /// The body of a success; any other answer as the failure that it is.
    pub(crate) fn success(self) -> Result<Bytes, RequestFailure> {
        match self.status {
            200..=299 => Ok(self.body),
            status => Err(RequestFailure::from_response(status, self.retry_after, &self.body)),
        }
    }
}

fn address(text: &str) -> Result<Url, ConnectError> {
    let wrong = |reason: &str| ConnectError::Url { url: without_secrets(text), reason: reason.to_owned() };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("put the user into `username` and the password into the file `password_file`"));
    }
    Ok(url)
}

fn authority(path: &Path) -> Result<Certificate, ConnectError> {
    let pem = std::fs::read(path).map_err(|error| ConnectError::authority(path, &error))?;
    Certificate::from_pem(&pem).map_err(|error| ConnectError::authority(path, &error))
}

/// The address up to where a password could stand.
fn without_secrets(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => format!("...@{host}"),
        None => text.to_owned(),
    }
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3). The form with a date is passed over: the caller has a pause of
/// its own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

fn broke_off(error: &(dyn Error + 'static)) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| {
        matches!(
            error.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
        )
    })
}

/// What is behind an error, from the outermost cause to the innermost.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut behind = error.source();
    std::iter::from_fn(move || {
        let cause = behind?;
        behind = cause.source();
        Some(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_and_a_password_in_it_never_shown() {
        for (text, words) in [
            ("localhost:9200", "it must begin with http"),
            ("ftp://search", "it must begin with http"),
            ("http://", "empty host"),
            ("https://elastic:hunter2@search:9200", "put the user into `username`"),
        ] {
            let message = address(text).unwrap_err().to_string();
            assert!(message.contains(words) && !message.contains("hunter2"), "{message}");
        }
        assert!(address("https://search.example:9243/behind/a/proxy").is_ok());
    }

    #[test]
    fn a_wish_to_wait_is_in_seconds_and_bounded() {
        let of = |value: &'static str| {
            retry_after(&[(RETRY_AFTER, HeaderValue::from_static(value))].into_iter().collect())
        };
        assert_eq!(of("7"), Some(Duration::from_secs(7)));
        assert_eq!(of("999999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(of("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(of("-1"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn an_authority_that_is_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let message = || {
            let settings = SearchSettings { ca_file: Some(path.clone()), ..SearchSettings::default() };
            Client::new(&settings).unwrap_err().to_string()
        };
        assert!(message().contains("ca.pem: No such file"), "{}", message());
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(message().starts_with("search.ca_file: ") && message().contains("ca.pem: "), "{}", message());
        std::fs::write(&path, "no certificate").unwrap();
        assert!(message().contains("ca.pem: could not find PEM certificate"), "{}", message());
    }
}
