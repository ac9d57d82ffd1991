//! Posts a batch until it is taken or refused for good.

use std::time::{Duration, Instant};

use rand::Rng;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Url};

use super::answer::{Refusal, Taken, read};
use super::batches::Batch;
use super::key::KeyBase;
use super::trouble::refusal;
use crate::exit::Failure;
use crate::output;

/// The first pause before a batch is posted again; it doubles up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(200);

/// The longest pause of our own choice.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// How long one request may take: longer than ingest waits for Kafka.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);

/// How batches are posted.
#[derive(Debug)]
pub(crate) struct PosterOptions {
    /// The full address.
    pub(crate) url: Url,
    /// The bearer token, as the header's value.
    pub(crate) token: Option<HeaderValue>,
    /// Certificates that make the other side's known, beside those that everybody knows.
    pub(crate) known: Vec<Certificate>,
    /// `application/x-ndjson` or `text/plain`.
    pub(crate) content_type: &'static str,
    /// How long a batch that isn't taken is tried again.
    pub(crate) patience: Duration,
    /// What the keys begin with.
    pub(crate) keys: KeyBase,
}

/// Posts batches, one after another.
#[derive(Debug)]
pub(crate) struct Poster {
    client: Client,
    options: PosterOptions,
}

// === impl Poster ===

impl Poster {
    pub(crate) fn new(options: PosterOptions) -> Result<Self, Failure> {
        let known = options.known.iter().cloned();
        let client = known
            .fold(Client::builder(), reqwest::ClientBuilder::add_root_certificate)
            .user_agent(concat!("forebay/", env!("CARGO_PKG_VERSION")))
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| Failure::failed(format!("can't set up an HTTP client: {error}")))?;
        Ok(Self { client, options })
    }

    /// Answers once ingest has the batch, safe in Kafka, or refuses it for good.
    ///
    /// # Errors
    /// `unreachable` when ingest didn't take it for as long as we are patient.
    pub(crate) async fn post(&self, batch: &Batch) -> Result<Taken, Failure> {
        let key = self.options.keys.of(batch);
        let (started, mut pause, mut told) = (Instant::now(), PAUSE_FIRST, false);
        loop {
            let (what, after) = match self.post_once(batch, &key).await {
                Ok(taken) => return Ok(taken),
                Err(Refusal::Never { what, hint }) => {
                    let lines =
                        format!("lines {} to {}", batch.first_line, batch.first_line + batch.lines - 1);
                    return Err(Failure::failed(format!("{what} ({lines}, {})", self.options.url)).hint(hint));
                }
                Err(Refusal::Later { what, after }) => (what, after),
            };
            if started.elapsed() >= self.options.patience {
                let tried = format!("{what} (tried for {:?}, {})", self.options.patience, self.options.url);
                return Err(Failure::unreachable(tried).hint("is ingest running? `forebay status` says more"));
            }
            if !told {
                output::note(format!("{what}; trying again for up to {:?}", self.options.patience));
                told = true;
            }
            let jitter = rand::rng().random_range(0.75..1.25);
            tokio::time::sleep(after.unwrap_or(pause).mul_f64(jitter)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn post_once(&self, batch: &Batch, key: &str) -> Result<Taken, Refusal> {
        let failed = |error| refusal(&causes(&error), self.options.url.scheme() == "https");
        let mut request = self
            .client
            .post(self.options.url.clone())
            .header(CONTENT_TYPE, self.options.content_type)
            .header("idempotency-key", key)
            .body(batch.body.clone());
        if let Some(token) = &self.options.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.bytes().await.map_err(failed)?;
        read(status, after.as_deref(), &body)
    }
}

/// An error and all its causes, the outermost first.
fn causes(error: &reqwest::Error) -> Vec<String> {
    let outermost: &dyn std::error::Error = error;
    std::iter::successors(Some(outermost), |error| error.source()).map(ToString::to_string).collect()
}
