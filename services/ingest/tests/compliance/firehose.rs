//! Firehose: what producers put, and what it delivers to an HTTP endpoint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::driver::Heard;
use crate::http::Dialect;

/// Firehose's `PutRecordBatch`. The id of the access key is the credential.
pub(crate) struct Put;

impl Dialect for Put {
    const PROTOCOL: &'static str = "firehose";
    const PATH: &'static str = "/";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let records: Vec<Value> = events.iter().map(|text| json!({"Data": STANDARD.encode(text)})).collect();
        let body = json!({"DeliveryStreamName": "compliance", "Records": records});
        let request = request
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "Firehose_20150804.PutRecordBatch")
            .body(body.to_string());
        if token.is_empty() {
            return request;
        }
        let scope = "20260102/eu-central-1/firehose/aws4_request";
        let signed = format!("AWS4-HMAC-SHA256 Credential={token}/{scope}, SignedHeaders=host, Signature=00");
        request.header("authorization", signed)
    }

    fn read(body: &Value) -> Heard {
        if body["FailedPutCount"] == 0 {
            Heard::Success
        } else {
            Heard::Partly(body["RequestResponses"].to_string())
        }
    }
}

/// A delivery, taken as a whole or not at all.
pub(crate) struct Delivery;

impl Dialect for Delivery {
    const PROTOCOL: &'static str = "firehose";
    const WAY: &'static str = "firehose-delivery";
    const PATH: &'static str = "/firehose";

    fn fill(request: RequestBuilder, token: &str, events: &[String]) -> RequestBuilder {
        let records: Vec<Value> = events.iter().map(|text| json!({"data": STANDARD.encode(text)})).collect();
        let id = uuid::Uuid::now_v7().to_string();
        let body = json!({"requestId": id, "timestamp": 1_795_251_598_250_u64, "records": records});
        let request = request.header("x-amz-firehose-request-id", id).body(body.to_string());
        if token.is_empty() { request } else { request.header("x-amz-firehose-access-key", token) }
    }

    fn read(body: &Value) -> Heard {
        assert!(body["errorMessage"].is_null(), "{body}");
        Heard::Success
    }
}
