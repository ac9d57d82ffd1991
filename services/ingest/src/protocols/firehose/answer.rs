//! What producers are answered, and the errors that they know.
//!
//! Source: <https://docs.aws.amazon.com/firehose/latest/APIReference/CommonErrors.html>.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use forebay_wire::Ids;
use forebay_wire::firehose::{Action, Put, Record};
use forebay_wire::json::write;

use crate::http::answer::refused;
use crate::refusal::{Kind, Refusal};

const INVALID: &str = "InvalidArgumentException";

/// The answer to what was put, to be given once the brokers have it: the id of each record's first event, or why the record is refused.
///
/// # Errors
/// When the only record is refused.
pub(super) fn of_put(action: Action, put: &Put, ids: &mut Ids) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(put.records.len() * 64);
    let mut events = put.batch.events.iter();
    let mut id_of = |len: usize| {
        let mut first = None;
        for event in events.by_ref().take(len) {
            let id = ids.next(event.line);
            let _kept = first.get_or_insert_with(|| id.to_owned());
        }
        first.unwrap_or_else(|| "empty".to_owned())
    };
    match (action, put.records.as_slice()) {
        (Action::PutRecord, [Record::Refused(reason), ..]) => {
            Err(Refusal::new(Kind::BadRequest, reason.clone(), "mend the record"))
        }
        (Action::PutRecord, records) => {
            let taken = records.iter().find_map(|record| match record {
                Record::Taken(events) => Some(events.len()),
                Record::Refused(_) => None,
            });
            out.extend_from_slice(b"{\"Encrypted\":false");
            write::member(&mut out, "RecordId");
            write::string(&mut out, &id_of(taken.unwrap_or(0)));
            out.push(b'}');
            Ok(out)
        }
        (Action::PutRecordBatch, records) => {
            let failed = records.iter().filter(|record| matches!(record, Record::Refused(_))).count();
            out.extend_from_slice(b"{\"Encrypted\":false");
            write::member(&mut out, "FailedPutCount");
            write::uint(&mut out, failed as u64);
            write::member(&mut out, "RequestResponses");
            out.push(b'[');
            for (at, record) in records.iter().enumerate() {
                out.extend_from_slice(if at == 0 { b"{" } else { b",{" });
                match record {
                    Record::Taken(events) => {
                        write::member(&mut out, "RecordId");
                        write::string(&mut out, &id_of(events.len()));
                    }
                    Record::Refused(reason) => {
                        write::member(&mut out, "ErrorCode");
                        write::string(&mut out, INVALID);
                        write::member(&mut out, "ErrorMessage");
                        write::string(&mut out, reason);
                    }
                }
                out.push(b'}');
            }
            out.extend_from_slice(b"]}");
            Ok(out)
        }
    }
}

/// An error that clients know. Whatever may be sent again is a service that isn't available, after which they do so.
pub(super) fn failed(refusal: &Refusal, request_id: &str) -> Response {
    let (status, name) = match refusal.kind {
        _ if refusal.may_come_again() => (503, "ServiceUnavailableException"),
        Kind::Unauthorized => (403, "UnrecognizedClientException"),
        Kind::Forbidden => (403, "AccessDeniedException"),
        Kind::NotFound => (400, "UnknownOperationException"),
        Kind::TooLarge => (413, "RequestEntityTooLargeException"),
        Kind::SlowBody => (408, "RequestTimeoutException"),
        Kind::MalformedBody | Kind::EmptyBody | Kind::IncompleteBody | Kind::BrokenCompression => {
            (400, "SerializationException")
        }
        _ => (400, INVALID),
    };
    let mut body = b"{".to_vec();
    write::member(&mut body, "__type");
    write::string(&mut body, name);
    write::member(&mut body, "message");
    write::string(&mut body, &format!("{}; {}", refusal.reason, refusal.hint));
    body.push(b'}');
    refused(said(status, body, request_id), refusal)
}

/// JSON as AWS has it.
pub(super) fn said(status: u16, body: Vec<u8>, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/x-amz-json-1.1");
    let _before = headers.insert(CONTENT_TYPE, json);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        let _before = headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
