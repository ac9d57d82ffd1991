//! Flow logs of AWS VPCs in their default form, version 2:
//! `version account interface source destination port port protocol packets bytes start end action status`.
//!
//! The end of the flow is the event's time. The line at the head of each file, which names the columns, is a message.
//!
//! Source: <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>, names:
//! <https://www.elastic.co/guide/en/beats/filebeat/current/exported-fields-aws.html>.

use super::columns::{Column, put_all, text};
use super::members::To;
use super::{Context, Guess, Reader};
use crate::ecs::Field;
use crate::line::number;
use crate::shape::{EventTime, Shape};
use crate::timestamp::read_epoch;

/// A two and the twelve digits of an account.
pub(crate) const READER: Reader = Reader {
    guess: Some(Guess {
        first: |byte| byte == b'2',
        looks_like: |line| {
            let account = line.strip_prefix("2 ").and_then(|rest| rest.get(..13));
            account.is_some_and(|account| account.ends_with(' '))
        },
    }),
    read,
};

const COLUMNS: [Column; 14] = [
    Column::Text(To::Name("aws.vpcflow.version")),
    text(Field::CloudAccountId),
    Column::Text(To::Name("aws.vpcflow.interface_id")),
    text(Field::SourceIp),
    text(Field::DestinationIp),
    text(Field::SourcePort),
    text(Field::DestinationPort),
    Column::Text(To::Name("network.iana_number")),
    Column::Number(To::Name("source.packets")),
    text(Field::SourceBytes),
    text(Field::EventStart),
    text(Field::EventEnd),
    Column::Text(To::Name("aws.vpcflow.action")),
    Column::Text(To::Name("aws.vpcflow.log_status")),
];

const STATUSES: [&str; 3] = ["OK", "NODATA", "SKIPDATA"];

fn read<'a>(line: &'a str, _: Context<'_>, shape: &mut Shape<'a, '_>) -> Option<EventTime<'a>> {
    if line.starts_with("version account-id interface-id ") {
        let _free = shape.set_text(Field::Message, line);
        return Some(EventTime::Unknown);
    }
    let mut words = line.split(' ');
    let values: Vec<&str> = words.by_ref().take(COLUMNS.len()).collect();
    let &["2", account, _, _, _, source, destination, protocol, packets, bytes, start, end, action, status] =
        values.as_slice()
    else {
        return None;
    };
    let numbers = [source, destination, protocol, packets, bytes];
    let known = number(account).is_some()
        && numbers.iter().all(|text| *text == "-" || number(text).is_some())
        && STATUSES.contains(&status)
        && words.next().is_none();
    let ms = read_epoch(end.as_bytes())?;
    let _start = read_epoch(start.as_bytes())?;
    if !known {
        return None;
    }
    put_all(shape, &COLUMNS, &values);
    let _free = shape.set_text(Field::CloudProvider, "aws");
    let transport = match protocol {
        "1" => Some("icmp"),
        "6" => Some("tcp"),
        "17" => Some("udp"),
        "58" => Some("ipv6-icmp"),
        _ => None,
    };
    if let Some(name) = transport {
        let _free = shape.set_text(Field::NetworkTransport, name);
    }
    let action = match action {
        "ACCEPT" => Some("accept"),
        "REJECT" => Some("reject"),
        _ => None,
    };
    if let Some(action) = action {
        let _free = shape.set_text(Field::EventAction, action);
    }
    Some(EventTime::of(Some((ms, end))))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::samples::Samples;
    use crate::Format;

    pub(crate) const SAMPLES: Samples = Samples {
        format: "vpc_flow",
        auto: &[Format::VpcFlow, Format::Raw],
        read: &[
            (
                "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1795251530 1795251590 ACCEPT OK",
                r#"{"@timestamp": "2026-11-21T08:59:50.000Z", "cloud": {"provider": "aws", "account": {"id": "123456789010"}},
                "source": {"ip": "172.31.16.139", "port": 20641, "packets": 20, "bytes": 4249},
                "destination": {"ip": "172.31.16.21", "port": 22}, "network": {"iana_number": "6", "transport": "tcp"},
                "event": {"start": "2026-11-21T08:58:50.000Z", "end": "2026-11-21T08:59:50.000Z", "action": "accept"},
                "aws": {"vpcflow": {"version": "2", "interface_id": "eni-1235b8ca123456789", "action": "ACCEPT", "log_status": "OK"}}}"#,
            ),
            (
                "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1795251530 1795251590 - NODATA",
                r#"{"@timestamp": "2026-11-21T08:59:50.000Z", "cloud": {"provider": "aws", "account": {"id": "123456789010"}},
                "event": {"start": "2026-11-21T08:58:50.000Z", "end": "2026-11-21T08:59:50.000Z"},
                "aws": {"vpcflow": {"version": "2", "interface_id": "eni-1235b8ca123456789", "log_status": "NODATA"}}}"#,
            ),
            (
                "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status",
                r#"{"@timestamp": "2026-11-21T09:00:00.000Z",
                "message": "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"}"#,
            ),
        ],
        refused: &[
            "",
            "2 123456789010",
            "3 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1795251530 1795251590 ACCEPT OK",
            "2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 tcp 20 4249 1795251530 1795251590 ACCEPT OK",
            "2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1 2 ACCEPT OK",
            "2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1795251530 1795251590 ACCEPT OK more",
        ],
    };
}
