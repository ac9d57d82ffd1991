//! Standard access logs of CloudFront: W3C's extended format, tab separated, in CloudFront's fixed order.
//!
//! Values are percent-encoded; the user agent is decoded, URLs stay as they are. The two lines at the head of each file,
//! `#Version` and `#Fields`, are messages. What AWS appends in the future goes to `labels.cloudfront_rest`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>,
//! names: <https://www.elastic.co/docs/reference/integrations/aws/cloudfront>.

use std::borrow::Cow;

use super::columns::{Column, put_all, text};
use super::members::{To, put};
use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// A date, and a tab behind it.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_digit(),
        looks_like: |line| matches!(line.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, b'\t', ..]),
    }),
    read,
};

const fn aws(name: &'static str) -> Column {
    Column::Text(To::Name(name))
}

const fn number(name: &'static str) -> Column {
    Column::Number(To::Name(name))
}

/// Date and time are taken before; the user agent is decoded.
const COLUMNS: [Column; 33] = [
    Column::Taken,
    Column::Taken,
    aws("aws.cloudfront.edge_location"),
    text(Field::HttpResponseBytes),
    text(Field::SourceIp),
    text(Field::HttpRequestMethod),
    aws("aws.cloudfront.domain"),
    text(Field::UrlPath),
    text(Field::HttpResponseStatusCode),
    text(Field::HttpRequestReferrer),
    Column::Taken,
    text(Field::UrlQuery),
    aws("aws.cloudfront.cookies"),
    aws("aws.cloudfront.edge_result_type"),
    text(Field::HttpRequestId),
    text(Field::UrlDomain),
    text(Field::UrlScheme),
    text(Field::HttpRequestBytes),
    number("aws.cloudfront.time_taken"),
    aws("network.forwarded_ip"),
    text(Field::TlsVersion),
    text(Field::TlsCipher),
    aws("aws.cloudfront.edge_response_result_type"),
    Column::Taken,
    aws("aws.cloudfront.fle_status"),
    aws("aws.cloudfront.fle_encrypted_fields"),
    text(Field::SourcePort),
    number("aws.cloudfront.time_to_first_byte"),
    aws("aws.cloudfront.edge_detailed_result_type"),
    text(Field::HttpResponseMimeType),
    number("aws.cloudfront.content_length"),
    number("aws.cloudfront.range_start"),
    number("aws.cloudfront.range_end"),
];

/// Where the columns are that need more than a place.
const METHOD: usize = 5;
const STATUS: usize = 8;
const USER_AGENT: usize = 10;
const VERSION: usize = 23;

/// The oldest logs have the columns up to here.
const LEAST: usize = 12;

fn read<'a>(line: &'a str, context: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    if line.starts_with("#Version:") || line.starts_with("#Fields:") {
        let _free = shape.set_text(Field::Message, line);
        return Some(EventTime::Unknown);
    }
    let (date, rest) = line.split_once('\t')?;
    let (time, _) = rest.split_once('\t')?;
    // Always UTC.
    let ms = context.clock.read_iso(format!("{date}T{time}Z").as_bytes())?;
    let stamp = line.get(..date.len() + 1 + time.len())?;
    let mut columns = line.splitn(COLUMNS.len() + 1, '\t');
    let values: Vec<&str> = columns.by_ref().take(COLUMNS.len()).collect();
    let value = |at: usize| values.get(at).copied().unwrap_or("-");
    let is_method = value(METHOD).bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    let is_status = value(STATUS).bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if values.len() < LEAST || !is_method || !is_status {
        return None;
    }
    put_all(shape, &COLUMNS, &values);
    let _free = shape.set_text(Field::CloudProvider, "aws");
    if value(USER_AGENT) != "-" {
        put(shape, To::Field(Field::UserAgentOriginal), Value::Text(decoded(value(USER_AGENT))));
    }
    match value(VERSION).strip_prefix("HTTP/") {
        Some(version) => put(shape, To::Field(Field::HttpVersion), Value::Text(Cow::Borrowed(version))),
        None if value(VERSION) != "-" => {
            put(
                shape,
                To::Name("aws.cloudfront.protocol_version"),
                Value::Text(Cow::Borrowed(value(VERSION))),
            );
        }
        None => {}
    }
    if let Some(rest) = columns.next() {
        shape.labelled("cloudfront_rest", Value::Text(Cow::Borrowed(rest)));
    }
    Some(EventTime::of(Some((ms, stamp))))
}

/// Text without percent-encoding, unless it were no text then.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let code = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        out.push(code.unwrap_or(*byte));
        rest = after.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use super::*;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "cloudfront",
        auto: &[Format::Cloudfront, Format::Raw],
        read: &[
            (
                "2026-11-21\t08:59:58\tLAX1\t2390282\t192.0.2.24\tGET\td111.cloudfront.net\t/view/my%20file.html\t200\t-\tMozilla/4.0%20(compatible)\ta=b\t-\tHit\tRC4VN\twww.example.com\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA\tHit\tHTTP/2.0\t-\t-\t52366\t0.001\tHit\ttext/html\t78\t-\t-\tnew",
                r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "cloud": {"provider": "aws"},
                "source": {"ip": "192.0.2.24", "port": 52366}, "url": {"path": "/view/my%20file.html", "query": "a=b",
                "domain": "www.example.com", "scheme": "https"},
                "http": {"request": {"method": "GET", "id": "RC4VN", "bytes": 23}, "version": "2.0",
                "response": {"status_code": 200, "bytes": 2390282, "mime_type": "text/html"}},
                "user_agent": {"original": "Mozilla/4.0 (compatible)"}, "tls": {"version": "TLSv1.2", "cipher": "ECDHE-RSA"},
                "aws": {"cloudfront": {"edge_location": "LAX1", "domain": "d111.cloudfront.net", "edge_result_type": "Hit",
                "time_taken": 0.001, "edge_response_result_type": "Hit", "time_to_first_byte": 0.001,
                "edge_detailed_result_type": "Hit", "content_length": 78}}, "labels": {"cloudfront_rest": "new"}}"#,
            ),
            ("#Version: 1.0", r##"{"@timestamp": "2026-11-21T09:00:00.000Z", "message": "#Version: 1.0"}"##),
        ],
        refused: &[
            "",
            "#",
            "2026-11-21\t08:59:58",
            "2026-11-21\tnoon\tLAX1\t1\t192.0.2.24\tGET\td\t/\t200\t-\tx\t-",
            "2026-11-21 08:59:58 LAX1 1 192.0.2.24 GET d / 200 - x -",
        ],
    };

    #[test]
    fn what_is_no_text_stays_encoded() {
        assert_eq!(decoded("a%20b%2"), "a b%2");
        assert_eq!(decoded("%ff"), "%ff");
        assert_eq!(decoded("100%"), "100%");
    }
}
