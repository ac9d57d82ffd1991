//! Protocols over HTTP: a request and its answer.

use std::marker::PhantomData;

use forebay_settings::sections::ingest::ListenerProtocol;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::driver::{Door, Driver, Heard, Oversized, Waiting};

/// What is a protocol's own.
pub(crate) trait Dialect: Send + 'static {
    const PROTOCOL: &'static str;

    /// What tells it from others of the same protocol.
    const WAY: &'static str = Self::PROTOCOL;

    /// The path.
    const PATH: &'static str;

    /// A request with its credential and these events.
    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder;

    /// What an answer of success says.
    fn read(body: &Value) -> Heard;

    /// What a refusal says, other than one to come again.
    fn refused(status: u16, words: String) -> Heard {
        let _any = status;
        Heard::Refused(words)
    }
}

/// A client that posts.
pub(crate) struct Post<T> {
    client: reqwest::Client,
    door: Door,
    _of: PhantomData<T>,
}

impl<T: Dialect> Driver for Post<T> {
    const PROTOCOL: &'static str = T::PROTOCOL;
    const WAY: &'static str = T::WAY;
    const LISTENER: Option<ListenerProtocol> = None;
    const WAITING: Waiting = Waiting::Told;
    const OVERSIZED: Oversized = Oversized::Refused;

    async fn connect(door: &Door) -> Self {
        Self { client: reqwest::Client::new(), door: door.clone(), _of: PhantomData }
    }

    async fn send(&mut self, events: &[String]) -> Heard {
        let request = self.client.post(format!("http://{}{}", self.door.address, T::PATH));
        let Ok(response) = T::fill(request, &self.door.token, events).send().await else {
            return Heard::Closed;
        };
        let status = response.status().as_u16();
        let comes_again = response.headers().contains_key("retry-after");
        let Ok(text) = response.text().await else { return Heard::Closed };
        match status {
            200..300 => T::read(&serde_json::from_str(&text).unwrap_or(Value::Null)),
            429 | 503 => {
                assert!(comes_again, "{status} without Retry-After: {text}");
                Heard::Later
            }
            _ => T::refused(status, text),
        }
    }
}

/// `POST /v1/ingest`.
pub(crate) struct Ndjson;

impl Dialect for Ndjson {
    const PROTOCOL: &'static str = "http";
    const PATH: &'static str = "/v1/ingest";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let lines: Vec<String> = events.iter().map(|text| json!({"message": text}).to_string()).collect();
        let request = request.header("content-type", "application/x-ndjson").body(lines.join("\n"));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    fn read(body: &Value) -> Heard {
        if body["rejected"] == 0 { Heard::Success } else { Heard::Partly(body["errors"].to_string()) }
    }
}

/// Elasticsearch's `_bulk`.
pub(crate) struct Bulk;

impl Dialect for Bulk {
    const PROTOCOL: &'static str = "bulk";
    const PATH: &'static str = "/logs/_bulk";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let item = |text: &String| format!("{{\"create\":{{}}}}\n{}\n", json!({"message": text}));
        let body: String = events.iter().map(item).collect();
        let request = request.header("content-type", "application/x-ndjson").body(body);
        if token.is_empty() { request } else { request.basic_auth("forebay", Some(token)) }
    }

    fn read(body: &Value) -> Heard {
        let items = body["items"].as_array().unwrap();
        let errors: Vec<String> = items
            .iter()
            .map(|item| &item["create"])
            .filter(|item| item["status"] != 201)
            .map(ToString::to_string)
            .collect();
        assert_eq!(body["errors"].as_bool(), Some(!errors.is_empty()), "{body}");
        if errors.is_empty() { Heard::Success } else { Heard::Partly(errors.concat()) }
    }
}

/// Splunk's event collector.
pub(crate) struct Hec;

impl Dialect for Hec {
    const PROTOCOL: &'static str = "hec";
    const PATH: &'static str = "/services/collector/event";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let body: String = events.iter().map(|text| json!({"event": text}).to_string()).collect();
        let request = request.body(body);
        if token.is_empty() { request } else { request.header("authorization", format!("Splunk {token}")) }
    }

    fn read(body: &Value) -> Heard {
        if body["code"] == 0 { Heard::Success } else { Heard::Partly(body.to_string()) }
    }
}

/// Splunk's event collector, with lines.
pub(crate) struct HecRaw;

impl Dialect for HecRaw {
    const PROTOCOL: &'static str = "hec";
    const WAY: &'static str = "hec-raw";
    const PATH: &'static str = "/services/collector/raw";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let request = request.body(events.join("\n"));
        if token.is_empty() { request } else { request.header("authorization", format!("Splunk {token}")) }
    }

    fn read(body: &Value) -> Heard {
        Hec::read(body)
    }
}

/// OTLP in JSON.
pub(crate) struct Otlp;

impl Dialect for Otlp {
    const PROTOCOL: &'static str = "otlp";
    const PATH: &'static str = "/v1/logs";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let records: Vec<Value> =
            events.iter().map(|text| json!({"body": {"stringValue": text}, "timeUnixNano": "1"})).collect();
        let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
        let request = request.json(&body);
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    fn read(body: &Value) -> Heard {
        let partial = &body["partialSuccess"];
        let rejected = &partial["rejectedLogRecords"];
        if rejected.is_null() || *rejected == json!("0") {
            Heard::Success
        } else {
            Heard::Partly(partial.to_string())
        }
    }
}

/// Events as `MozDef` takes them.
pub(crate) struct Events;

impl Dialect for Events {
    const PROTOCOL: &'static str = "events";
    const PATH: &'static str = "/events";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let events: Vec<Value> =
            events.iter().map(|text| json!({"category": "test", "summary": text})).collect();
        let request = request.json(&events);
        if token.is_empty() { request } else { request.header("x-log-key", token) }
    }

    fn read(body: &Value) -> Heard {
        Ndjson::read(body)
    }
}

/// Loki's push in JSON.
pub(crate) struct Loki;

impl Dialect for Loki {
    const PROTOCOL: &'static str = "loki";
    const PATH: &'static str = "/loki/api/v1/push";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let lines: Vec<Value> = events.iter().map(|text| json!(["1795251598250000000", text])).collect();
        let request = request.json(&json!({"streams": [{"stream": {"app": "compliance"}, "values": lines}]}));
        if token.is_empty() { request } else { request.basic_auth("forebay", Some(token)) }
    }

    fn read(_body: &Value) -> Heard {
        Heard::Success
    }

    // Its clients don't send again after 400, so that this answers a push that was taken but for some lines.
    fn refused(status: u16, words: String) -> Heard {
        if status == 400 { Heard::Partly(words) } else { Heard::Refused(words) }
    }
}
