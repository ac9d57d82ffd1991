//! A collector of the OpenTelemetry project, which others wrote, and what it made of the spans that it was sent.
//!
//! It takes spans as any collector does, and hands them on as OTLP in JSON to a listener of ours: what it can't read doesn't get there.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use forebay_testkit::{eventually, free_port};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::stack::PATIENCE;

/// How long a collector may take to start, on a machine that is busy.
const START: Duration = Duration::from_secs(60);

/// A running collector; it ends when this is dropped.
#[derive(Debug)]
pub struct Collector {
    port: u16,
    seen: Seen,
    _process: Child,
    listener: JoinHandle<()>,
    _folder: TempDir,
}

/// A span as the collector has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SeenSpan {
    /// `service.name`.
    pub service: String,
    /// The trace's id, in hexadecimal digits.
    pub trace: String,
    /// The span's.
    pub span: String,
    /// Its parent's; empty for none.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// Its kind, by its number in the protocol.
    pub kind: i64,
    /// The traces that it is linked to.
    pub links: Vec<String>,
    /// What it failed with.
    pub error: Option<String>,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
}

type Seen = Arc<Mutex<Vec<SeenSpan>>>;

// === impl Collector ===

impl Collector {
    /// Starts one.
    ///
    /// # Errors
    /// When it isn't laid out (`make clients`), or doesn't listen.
    pub async fn start() -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat/client.sh");
        let output = Command::new("bash").arg(script).arg("--collector").output().await?;
        let program = String::from_utf8(output.stdout)?.trim().to_owned();
        ensure!(Path::new(&program).exists(), "there is no collector at `{program}`: run `make clients`");

        let seen = Seen::default();
        let sink = TcpListener::bind("127.0.0.1:0").await?;
        let address = sink.local_addr()?;
        let routes = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&seen));
        let listener = tokio::spawn(async move {
            // It ends with the test.
            let _ended = axum::serve(sink, routes).await;
        });

        let (folder, port) = (TempDir::new()?, free_port()?);
        let config = folder.path().join("config.yaml");
        let receivers =
            json!({ "otlp": { "protocols": { "http": { "endpoint": format!("127.0.0.1:{port}") } } } });
        let exporter = json!({
            "endpoint": format!("http://{address}"),
            "encoding": "json",
            "compression": "none",
            "sending_queue": { "enabled": false },
        });
        let pipelines = json!({ "traces": { "receivers": ["otlp"], "exporters": ["otlphttp"] } });
        // JSON is YAML.
        let text = json!({
            "receivers": receivers,
            "exporters": { "otlphttp": exporter },
            "service": { "pipelines": pipelines },
        });
        std::fs::write(&config, text.to_string())?;
        let mut process = Command::new(&program)
            .arg("--config")
            .arg(format!("file:{}", config.display()))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the collector")?;
        let listens = eventually("the collector listens", START, async || {
            TcpStream::connect(("127.0.0.1", port)).await.is_ok() || !matches!(process.try_wait(), Ok(None))
        });
        listens.await?;
        ensure!(matches!(process.try_wait(), Ok(None)), "the collector has ended");
        Ok(Self { port, seen, _process: process, listener, _folder: folder })
    }

    /// Where it takes spans.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/v1/traces", self.port)
    }

    /// All spans so far.
    #[must_use]
    pub fn spans(&self) -> Vec<SeenSpan> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a trace has so many spans, and gives them in the order from parent to child.
    ///
    /// # Errors
    /// When they don't come, or are no chain.
    pub async fn wait_for_trace(&self, trace: &str, count: usize) -> Result<Vec<SeenSpan>> {
        let of_trace = || self.spans().into_iter().filter(|span| span.trace == trace).collect::<Vec<_>>();
        let what = format!("{count} spans of {trace}");
        let waited = eventually(&what, PATIENCE, async || of_trace().len() >= count).await;
        waited.with_context(|| format!("{:#?}", self.spans()))?;
        let mut spans = of_trace();
        let is_first = |span: &SeenSpan| !spans.iter().any(|other| other.span == span.parent);
        let mut at = spans.iter().position(is_first).context("no span is the first")?;
        let mut chain = Vec::new();
        loop {
            let span = spans.swap_remove(at);
            let next = spans.iter().position(|other| other.parent == span.span);
            chain.push(span);
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        ensure!(spans.is_empty(), "spans beside the chain {chain:#?}: {spans:#?}");
        Ok(chain)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn take(State(seen): State<Seen>, body: Bytes) -> &'static str {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in list(&request, "resourceSpans") {
        let about = attributes(&resource["resource"]);
        for span in list(resource, "scopeSpans").flat_map(|scope| list(scope, "spans")) {
            seen.push(read(span, about.get("service.name").cloned().unwrap_or_default()));
        }
    }
    "{}"
}

fn read(span: &Value, service: String) -> SeenSpan {
    let text = |name: &str| span[name].as_str().unwrap_or_default().to_owned();
    let links = list(span, "links").map(|link| link["traceId"].as_str().unwrap_or_default().to_owned());
    SeenSpan {
        service,
        trace: text("traceId"),
        span: text("spanId"),
        parent: text("parentSpanId"),
        name: text("name"),
        kind: span["kind"].as_i64().unwrap_or_default(),
        links: links.collect(),
        error: span["status"]["message"].as_str().map(str::to_owned),
        attributes: attributes(span),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[name].as_array().into_iter().flatten()
}

fn attributes(value: &Value) -> BTreeMap<String, String> {
    let pairs = list(value, "attributes").map(|pair| {
        let value = &pair["value"];
        let text = value["stringValue"].as_str().or_else(|| value["intValue"].as_str());
        (pair["key"].as_str().unwrap_or_default().to_owned(), text.unwrap_or_default().to_owned())
    });
    pairs.collect()
}
