//! Access logs of AWS load balancers: application (`aws_alb`) and classic (`aws_elb`) ones.
//!
//! `type time elb client:port target:port timers statuses bytes "request" "user agent" ...`, a classic one without the type
//! and without what follows the TLS protocol. What AWS appends in the future goes to `labels.aws_elb_rest`.
//!
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>,
//! names: <https://www.elastic.co/guide/en/beats/filebeat/current/exported-fields-aws.html>.

use super::columns::{Column, SOURCE, put_all, split_words, text};
use super::members::To;
use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::line::set_request;
use crate::shape::{EventTime, Shape};
use crate::tree::Value;

/// Application load balancers, whose lines begin with one of six words.
pub(crate) const ALB: Reader = Reader {
    guess: Some(Guess {
        first: |byte| matches!(byte, b'h' | b'w' | b'g'),
        looks_like: |line| line.split_once(' ').is_some_and(|(kind, _)| TYPES.contains(&kind)),
    }),
    read: |line, context, shape| read(line, &ALB_COLUMNS, 1, context, shape),
};

/// Classic load balancers, whose lines begin with a time.
pub(crate) const ELB: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte.is_ascii_digit(),
        looks_like: |line| {
            matches!(line.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _, b'T', ..]) && line.contains(" \"")
        },
    }),
    read: |line, context, shape| read(line, &ELB_COLUMNS, 0, context, shape),
};

const TYPES: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];

const fn aws(name: &'static str) -> Column {
    Column::Text(To::Name(name))
}

const fn number(name: &'static str) -> Column {
    Column::Number(To::Name(name))
}

const TIMERS: [Column; 3] = [
    number("aws.elb.request_processing_time.sec"),
    number("aws.elb.backend_processing_time.sec"),
    number("aws.elb.response_processing_time.sec"),
];

const ALB_COLUMNS: [Column; 30] = [
    aws("aws.elb.type"),
    Column::Taken,
    aws("aws.elb.name"),
    SOURCE,
    TARGET,
    TIMERS[0],
    TIMERS[1],
    TIMERS[2],
    text(Field::HttpResponseStatusCode),
    number("aws.elb.backend.http.response.status_code"),
    text(Field::HttpRequestBytes),
    text(Field::HttpResponseBytes),
    Column::Taken,
    text(Field::UserAgentOriginal),
    text(Field::TlsCipher),
    text(Field::TlsVersion),
    aws("aws.elb.target_group.arn"),
    aws("aws.elb.trace_id"),
    text(Field::UrlDomain),
    aws("aws.elb.chosen_cert.arn"),
    number("aws.elb.matched_rule_priority"),
    text(Field::EventStart),
    aws("aws.elb.action_executed"),
    aws("aws.elb.redirect_url"),
    aws("aws.elb.error.reason"),
    aws("aws.elb.target_port"),
    aws("aws.elb.target_status_code"),
    aws("aws.elb.classification"),
    aws("aws.elb.classification_reason"),
    aws("aws.elb.connection_trace_id"),
];

const ELB_COLUMNS: [Column; 15] = [
    Column::Taken,
    aws("aws.elb.name"),
    SOURCE,
    TARGET,
    TIMERS[0],
    TIMERS[1],
    TIMERS[2],
    text(Field::HttpResponseStatusCode),
    number("aws.elb.backend.http.response.status_code"),
    text(Field::HttpRequestBytes),
    text(Field::HttpResponseBytes),
    Column::Taken,
    text(Field::UserAgentOriginal),
    text(Field::TlsCipher),
    text(Field::TlsVersion),
];

const TARGET: Column =
    Column::Endpoint((Field::DestinationIp, Field::DestinationAddress, Field::DestinationPort));

/// Reads a line of these columns, the time being the one at `time_at`.
fn read<'a>(
    line: &'a str,
    columns: &[Column],
    time_at: usize,
    context: Context<'_>,
    shape: &mut Shape<'a, '_>,
) -> Option<EventTime<'a>> {
    let (values, rest) = split_words(line, columns.len())?;
    let column = |at: usize| values.get(time_at + at).copied();
    let stamp = column(0).filter(|stamp| stamp.contains('T'))?;
    let ms = context.clock.read_iso(stamp.as_bytes())?;
    let is_number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let numbers = [column(4)?, column(5)?, column(6)?, column(7)?, column(8)?, column(9)?, column(10)?];
    let (client, request) = (column(2)?, column(11)?);
    let is_typed = time_at == 0 || values.first().is_some_and(|kind| TYPES.contains(kind));
    if !is_typed
        || !numbers.iter().all(|text| is_number(text))
        || !client.contains(':')
        || !request.contains(' ')
    {
        return None;
    }
    put_all(shape, columns, &values);
    let _free = shape.set_text(Field::CloudProvider, "aws");
    set_request(shape, request);
    let _free = shape.set_text(Field::Message, request);
    if !rest.is_empty() {
        shape.labelled("aws_elb_rest", Value::Text(rest.into()));
    }
    Some(EventTime::of(Some((ms, stamp))))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const ALB: Samples = Samples {
        format: "aws_alb",
        auto: &[Format::AwsAlb],
        read: &[
            (
                r#"https 2026-11-21T08:59:58.364000Z app/shop/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 34 366 "GET https://shop.example.com:443/a?b=1 HTTP/1.1" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "shop.example.com" "-" 0 2026-11-21T08:59:58.300000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1 new "x y""#,
                r#"{"@timestamp": "2026-11-21T08:59:58.364Z", "message": "GET https://shop.example.com:443/a?b=1 HTTP/1.1",
                "cloud": {"provider": "aws"}, "event": {"start": "2026-11-21T08:59:58.300Z"},
                "source": {"ip": "192.168.131.39", "port": 2817}, "destination": {"ip": "10.0.0.1", "port": 80},
                "http": {"request": {"method": "GET", "bytes": 34}, "version": "1.1", "response": {"status_code": 200, "bytes": 366}},
                "url": {"original": "https://shop.example.com:443/a?b=1", "domain": "shop.example.com"},
                "user_agent": {"original": "curl/8.5.0"}, "tls": {"cipher": "ECDHE-RSA-AES128-GCM-SHA256", "version": "TLSv1.2"},
                "aws": {"elb": {"type": "https", "name": "app/shop/50dc6c495c0c9188",
                "request_processing_time": {"sec": 0.086}, "backend_processing_time": {"sec": 0.048},
                "response_processing_time": {"sec": 0.037}, "backend": {"http": {"response": {"status_code": 200}}},
                "target_group": {"arn": "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73e2d6bc24d8a067"},
                "trace_id": "Root=1-58337262-36d228ad5d99923122bbe354", "matched_rule_priority": 0, "action_executed": "forward",
                "target_port": "10.0.0.1:80", "target_status_code": "200", "connection_trace_id": "TID_1"}},
                "labels": {"aws_elb_rest": "new \"x y\""}}"#,
            ),
            (
                r#"http 2026-11-21T08:59:58.364Z app/shop/50dc [2001:db8::1]:2817 - -1 -1 -1 503 - 34 366 "GET http://shop.example.com:80/ HTTP/1.1" "-" - - - "-" "-" "-" - 2026-11-21T08:59:58.3Z "-" "-" "-" "-" "-" "-" "-""#,
                r#"{"@timestamp": "2026-11-21T08:59:58.364Z", "message": "GET http://shop.example.com:80/ HTTP/1.1",
                "cloud": {"provider": "aws"}, "event": {"start": "2026-11-21T08:59:58.300Z"},
                "source": {"ip": "2001:db8::1", "port": 2817},
                "http": {"request": {"method": "GET", "bytes": 34}, "version": "1.1", "response": {"status_code": 503, "bytes": 366}},
                "url": {"original": "http://shop.example.com:80/"},
                "aws": {"elb": {"type": "http", "name": "app/shop/50dc", "request_processing_time": {"sec": -1},
                "backend_processing_time": {"sec": -1}, "response_processing_time": {"sec": -1}}}}"#,
            ),
        ],
        refused: &[
            "",
            "http server started",
            r#"ftp 2026-11-21T08:59:58.364Z app/shop/50dc 10.0.0.9:2817 - -1 -1 -1 503 - 34 366 "GET / HTTP/1.1" "-" - -"#,
            r#"http 2026-11-21T08:59:58.364Z app/shop/50dc 10.0.0.9:2817 - -1 x -1 503 - 34 366 "GET / HTTP/1.1" "-" - -"#,
            r#"http 2026-11-21T08:59:58.364Z app/shop/50dc 10.0.0.9:2817 - -1 -1 -1 503 - 34 366 "GET / HTTP/1.1"#,
        ],
    };

    pub(crate) const ELB: Samples = Samples {
        format: "aws_elb",
        auto: &[Format::AwsElb],
        read: &[
            (
                r#"2026-11-21T08:59:58.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/8.5.0" - -"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.945Z", "message": "GET http://www.example.com:80/ HTTP/1.1",
                "cloud": {"provider": "aws"}, "source": {"ip": "192.168.131.39", "port": 2817}, "destination": {"ip": "10.0.0.1", "port": 80},
                "http": {"request": {"method": "GET", "bytes": 0}, "version": "1.1", "response": {"status_code": 200, "bytes": 29}},
                "url": {"original": "http://www.example.com:80/"}, "user_agent": {"original": "curl/8.5.0"},
                "aws": {"elb": {"name": "my-lb", "request_processing_time": {"sec": 0.000073},
                "backend_processing_time": {"sec": 0.001048}, "response_processing_time": {"sec": 0.000057},
                "backend": {"http": {"response": {"status_code": 200}}}}}}"#,
            ),
            (
                r#"2026-11-21T08:59:58.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -"#,
                r#"{"@timestamp": "2026-11-21T08:59:58.945Z", "message": "- - - ", "cloud": {"provider": "aws"},
                "source": {"ip": "192.168.131.39", "port": 2817}, "destination": {"ip": "10.0.0.1", "port": 80},
                "http": {"request": {"bytes": 82}, "response": {"bytes": 305}},
                "aws": {"elb": {"name": "my-lb", "request_processing_time": {"sec": 0.001069},
                "backend_processing_time": {"sec": 0.000028}, "response_processing_time": {"sec": 0.000041}}}}"#,
            ),
        ],
        refused: &[
            "",
            "2026-11-21T08:59:58.945958Z my-lb started",
            r#"2026-11-21T08:59:58.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 a b c 200 200 0 29 "GET / HTTP/1.1" "curl" - -"#,
            r#"2026-11-21T08:59:58.945958Z my-lb 192.168.131.39 10.0.0.1:80 1 2 3 200 200 0 29 "GET / HTTP/1.1" "curl" - -"#,
        ],
    };
}
