//! Requests as they are meant, which both encodings are made of.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::protobuf::{push_bytes, push_text, push_varint};

/// A value of the schema, to be encoded in both ways.
#[derive(Clone, Debug)]
pub(super) enum Any {
    Nothing,
    Text(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    Array(Vec<Any>),
    Map(Vec<(String, Any)>),
    Bytes(Vec<u8>),
}

#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) time: u64,
    pub(super) observed: u64,
    pub(super) severity: u8,
    pub(super) severity_text: String,
    pub(super) body: Any,
    pub(super) attributes: Vec<(String, Any)>,
    pub(super) dropped: u32,
    pub(super) flags: u32,
    pub(super) trace: Vec<u8>,
    pub(super) span: Vec<u8>,
    pub(super) event: String,
}

#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) attributes: Vec<(String, Any)>,
    pub(super) schema_url: String,
    pub(super) records: Vec<Record>,
}

#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) attributes: Vec<(String, Any)>,
    pub(super) dropped: u32,
    pub(super) scopes: Vec<Scope>,
}

pub(super) fn sub(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn fixed64(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn bool_or_int(out: &mut Vec<u8>, field: u8, mut value: u64) {
    out.push(field << 3);
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

impl Any {
    pub(super) fn protobuf(&self) -> Vec<u8> {
        sub(|out| match self {
            Self::Nothing => {}
            Self::Text(text) => push_bytes(out, 1, text.as_bytes()),
            Self::Bool(value) => bool_or_int(out, 2, u64::from(*value)),
            Self::Int(value) => bool_or_int(out, 3, value.cast_unsigned()),
            Self::Double(value) => fixed64(out, 4, value.to_bits()),
            Self::Array(elements) => {
                let array = sub(|out| elements.iter().for_each(|one| push_bytes(out, 1, &one.protobuf())));
                push_bytes(out, 5, &array);
            }
            Self::Map(members) => push_bytes(out, 6, &sub(|out| pairs(out, 1, members))),
            Self::Bytes(bytes) => push_bytes(out, 7, bytes),
        })
    }

    fn json(&self) -> Json {
        match self {
            Self::Nothing => json!({}),
            Self::Text(text) => json!({"stringValue": text}),
            Self::Bool(value) => json!({"boolValue": value}),
            Self::Int(value) if value % 2 == 0 => json!({"intValue": value.to_string()}),
            Self::Int(value) => json!({"intValue": value}),
            Self::Double(value) if value.is_finite() => json!({"doubleValue": value}),
            Self::Double(_) => json!({"doubleValue": "NaN"}),
            Self::Array(elements) => {
                json!({"arrayValue": {"values": elements.iter().map(Self::json).collect::<Vec<_>>()}})
            }
            Self::Map(members) => json!({"kvlistValue": {"values": pairs_json(members)}}),
            Self::Bytes(bytes) => {
                use base64::Engine;
                json!({"bytesValue": base64::engine::general_purpose::STANDARD.encode(bytes)})
            }
        }
    }
}

fn pairs(out: &mut Vec<u8>, field: u32, pairs: &[(String, Any)]) {
    for (key, value) in pairs {
        let pair = sub(|out| {
            push_text(out, 1, key);
            push_bytes(out, 2, &value.protobuf());
        });
        push_bytes(out, field, &pair);
    }
}

fn pairs_json(pairs: &[(String, Any)]) -> Json {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value.json()})).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

impl Record {
    pub(super) fn protobuf(&self) -> Vec<u8> {
        sub(|out| {
            fixed64(out, 1, self.time);
            push_varint(out, 2, self.severity.into());
            push_text(out, 3, &self.severity_text);
            // Fields may come in any order.
            pairs(out, 6, &self.attributes);
            push_bytes(out, 5, &self.body.protobuf());
            push_varint(out, 7, self.dropped.into());
            out.push(8 << 3 | 5);
            out.extend_from_slice(&self.flags.to_le_bytes());
            push_bytes(out, 9, &self.trace);
            push_bytes(out, 10, &self.span);
            fixed64(out, 11, self.observed);
            push_text(out, 12, &self.event);
            push_text(out, 100, "of a later version");
        })
    }

    fn json(&self) -> Json {
        json!({
            "timeUnixNano": self.time.to_string(), "observedTimeUnixNano": self.observed,
            "severityNumber": self.severity, "severityText": self.severity_text, "body": self.body.json(),
            "attributes": pairs_json(&self.attributes), "droppedAttributesCount": self.dropped,
            "flags": self.flags, "traceId": hex(&self.trace), "spanId": hex(&self.span),
            "eventName": self.event, "ofALaterVersion": {"a": [1]},
        })
    }
}

pub(super) fn protobuf_of(resources: &[Resource]) -> Vec<u8> {
    sub(|out| {
        for resource in resources {
            let message = sub(|out| {
                for scope in &resource.scopes {
                    let message = sub(|out| {
                        for record in &scope.records {
                            push_bytes(out, 2, &record.protobuf());
                        }
                        // Behind what it is the scope of.
                        let own = sub(|out| {
                            push_text(out, 1, &scope.name);
                            push_text(out, 2, &scope.version);
                            pairs(out, 3, &scope.attributes);
                        });
                        push_bytes(out, 1, &own);
                        push_text(out, 3, &scope.schema_url);
                    });
                    push_bytes(out, 2, &message);
                }
                let own = sub(|out| {
                    pairs(out, 1, &resource.attributes);
                    push_varint(out, 2, resource.dropped.into());
                });
                push_bytes(out, 1, &own);
            });
            push_bytes(out, 1, &message);
        }
    })
}

pub(super) fn json_of(resources: &[Resource]) -> Vec<u8> {
    let scopes = |resource: &Resource| -> Json {
        let scope = |scope: &Scope| {
            let records: Vec<Json> = scope.records.iter().map(Record::json).collect();
            let own = json!({
                "name": scope.name, "version": scope.version, "attributes": pairs_json(&scope.attributes),
            });
            json!({"scope": own, "logRecords": records, "schemaUrl": scope.schema_url})
        };
        resource.scopes.iter().map(scope).collect()
    };
    let resources: Vec<Json> = resources
        .iter()
        .map(|one| {
            let own = json!({
                "attributes": pairs_json(&one.attributes), "droppedAttributesCount": one.dropped,
            });
            json!({"resource": own, "scopeLogs": scopes(one)})
        })
        .collect();
    json!({"resourceLogs": resources}).to_string().into_bytes()
}

fn any_value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        Just(Any::Nothing),
        ".{0,12}".prop_map(Any::Text),
        any::<bool>().prop_map(Any::Bool),
        any::<i64>().prop_map(Any::Int),
        any::<f64>().prop_map(Any::Double),
        any::<Vec<u8>>().prop_map(Any::Bytes),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Any::Array),
            prop::collection::vec(("[a-z.]{0,5}", inner), 0..4).prop_map(Any::Map),
        ]
    })
}

pub(super) fn attributes() -> impl Strategy<Value = Vec<(String, Any)>> {
    let key = prop_oneof![9 => "[a-z.\"é]{0,8}", 1 => Just("log.record.uid".to_owned())];
    prop::collection::vec((key, any_value()), 0..4)
}

pub(super) fn record() -> impl Strategy<Value = Record> {
    let ids = prop_oneof![
        (any::<[u8; 16]>(), any::<[u8; 8]>()).prop_map(|(trace, span)| (trace.to_vec(), span.to_vec())),
        Just((vec![0; 16], vec![1; 7])),
        Just((Vec::new(), Vec::new())),
    ];
    let texts = (".{0,8}", "[a-z.]{0,8}");
    let numbers = (any::<u64>(), any::<u64>(), 0u8..25, any::<u32>(), any::<u32>());
    (numbers, texts, any_value(), attributes(), ids).prop_map(
        |(numbers, texts, body, attributes, (trace, span))| {
            let (time, observed, severity, dropped, flags) = numbers;
            let (severity_text, event) = texts;
            let attributes = attributes
                .into_iter()
                .scan(false, |seen, pair| {
                    let is_uid = pair.0 == "log.record.uid";
                    let again = is_uid && std::mem::replace(seen, true);
                    Some((!again).then_some(pair))
                })
                .flatten()
                .collect();
            Record {
                time,
                observed,
                severity,
                severity_text,
                body,
                attributes,
                dropped,
                flags,
                trace,
                span,
                event,
            }
        },
    )
}

pub(super) fn resource() -> impl Strategy<Value = Resource> {
    let scope =
        ("[a-z]{0,4}", "[0-9.]{0,4}", attributes(), "[a-z:/]{0,8}", prop::collection::vec(record(), 0..3))
            .prop_map(|(name, version, attributes, schema_url, records)| Scope {
                name,
                version,
                attributes,
                schema_url,
                records,
            });
    (attributes(), any::<u32>(), prop::collection::vec(scope, 0..3))
        .prop_map(|(attributes, dropped, scopes)| Resource { attributes, dropped, scopes })
}
