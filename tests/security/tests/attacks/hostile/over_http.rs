//! What an attacker makes of the protocols that come by HTTP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde_json::json;

use crate::driver::Door;
use crate::firehose::Put;
use crate::http::{Bulk, Events, Hec, Loki, Ndjson, Otlp, Post};
use crate::missile::{Missile, gzip_bomb, zstd_bomb};
use crate::protocols::{Hostile, Monster, monster};

/// The headers in which some system or other takes a tenant.
const CLAIMS: [&str; 6] = [
    "x-forebay-tenant",
    "x-scope-orgid",
    "x-tenant",
    "x-splunk-request-channel",
    "x-amz-firehose-common-attributes",
    "x-forwarded-user",
];

/// The message as it is, and with each of the headers.
fn claims(message: impl Fn() -> Missile) -> Vec<Missile> {
    let with = |name: &&'static str| message().with(name, "honest");
    std::iter::once(message()).chain(CLAIMS.iter().map(with)).collect()
}

/// What is too much for every path. `over` are the words for what is too large there.
fn too_much(door: &Door, path: &str, kind: &'static str) -> Vec<Monster> {
    let post = |body: Vec<u8>| Missile::post(door, path, body).with("content-type", kind);
    let announced = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {kind}\r\ncontent-length: 4294967296\r\n\r\nx",
        door.token
    );
    vec![
        monster("gzip that inflates", post(gzip_bomb(2_000)).with("content-encoding", "gzip")),
        monster("zstd that inflates", post(zstd_bomb().to_vec()).with("content-encoding", "zstd")),
        monster("a large body", post(vec![b' '; 5 << 20])),
        monster("4 GiB announced", Missile::Bytes(announced.into_bytes())),
    ]
}

fn deep() -> String {
    format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000))
}

impl Hostile for Post<Ndjson> {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let body =
            json!({"id": "shared", "message": text, "tenant": "honest", "_tenant": "honest"}).to_string();
        let mut lies = claims(|| Missile::post(door, "/v1/ingest", body.clone()));
        for query in [
            "?id_field=id",
            "?stream=honest",
            "?attr.tenant=honest",
            "?source=honest",
            "?tenant=honest",
            "?stream=honest%09x",
        ] {
            lies.push(Missile::post(door, &format!("/v1/ingest{query}"), body.clone()));
        }
        lies.push(Missile::post(door, "/v1/ingest", body).with("idempotency-key", "shared"));
        lies
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let mut monsters = too_much(door, "/v1/ingest", "application/json");
        let post = |body: String| Missile::post(door, "/v1/ingest", body);
        monsters.push(monster("a deep event", post(deep())));
        monsters.push(monster("many events", post("{}\n".repeat(200_000))));
        monsters.push(monster("a large event", post(json!({"m": "x".repeat(1 << 20)}).to_string())));
        monsters
            .push(monster("a large key", post("{}".to_owned()).with("idempotency-key", &"k".repeat(2_000))));
        let packed = [&[0xdd, 0xff, 0xff, 0xff, 0xff][..], &[0x91; 100_000]].concat();
        let packed = Missile::post(door, "/v1/ingest", packed).with("content-type", "application/msgpack");
        monsters.push(monster("4 Gi elements announced", packed));
        monsters
    }
}

impl Hostile for Post<Bulk> {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let event = json!({"message": text, "tenant": "honest", "_index": "honest"});
        let body = format!(
            "{{\"create\":{{\"_index\":\"honest\",\"_id\":\"shared\",\"routing\":\"honest\"}}}}\n{event}\n"
        );
        let mut lies = claims(|| Missile::post(door, "/_bulk", body.clone()));
        lies.push(Missile::post(door, "/honest/_bulk", body));
        lies.push(Missile::post(door, "/honest/_doc/shared", event.to_string()));
        lies.push(Missile::post(door, "/honest/_create/shared", event.to_string()));
        lies
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let mut monsters = too_much(door, "/_bulk", "application/x-ndjson");
        let post = |body: String| Missile::post(door, "/_bulk", body);
        let item = |action: &str, event: &str| format!("{action}\n{event}\n");
        monsters.push(monster("a deep event", post(item("{\"create\":{}}", &deep()))));
        monsters.push(monster("a deep action", post(item(&deep(), "{}"))));
        monsters.push(monster("many events", post(item("{\"index\":{}}", "{}").repeat(150_000))));
        let large = json!({"m": "x".repeat(1 << 20)}).to_string();
        monsters.push(monster("a large event", post(item("{\"index\":{}}", &large))));
        let long = json!({"index": {"_id": "i".repeat(10_000)}}).to_string();
        monsters.push(monster("a large id", post(item(&long, "{}"))));
        monsters
    }
}

impl Hostile for Post<Events> {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let details = json!({"tenant": "honest"});
        let event = json!({"category": "honest", "hostname": "honest", "summary": text, "tenant": "honest", "details": details});
        claims(|| Missile::post(door, "/events", event.to_string()))
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let mut monsters = too_much(door, "/events", "application/json");
        let post = |body: String| Missile::post(door, "/events", body);
        monsters.push(monster("a deep event", post(format!("{{\"summary\":\"s\",\"details\":{}}}", deep()))));
        monsters.push(monster("many events", post("{\"summary\":\"s\"}\n".repeat(200_000))));
        monsters.push(monster("a large event", post(json!({"summary": "x".repeat(1 << 20)}).to_string())));
        monsters
    }
}

impl Hostile for Post<Hec> {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let event = json!({"event": text, "index": "honest", "host": "honest", "source": "honest", "fields": {"tenant": "honest"}});
        let mut lies = claims(|| Missile::post(door, "/services/collector/event", event.to_string()));
        let channel = "11111111-1111-1111-1111-111111111111";
        for path in
            ["/services/collector/event?index=honest", "/services/collector/raw?index=honest&source=honest"]
        {
            let post = Missile::post(door, path, event.to_string());
            lies.push(post.with("x-splunk-request-channel", channel));
        }
        lies
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let mut monsters = too_much(door, "/services/collector/event", "application/json");
        let post = |body: String| Missile::post(door, "/services/collector/event", body);
        monsters.push(monster("a deep event", post(format!("{{\"event\":{}}}", deep()))));
        monsters.push(monster("many events", post("{\"event\":\"e\"}".repeat(200_000))));
        monsters.push(monster("a large event", post(json!({"event": "x".repeat(1 << 20)}).to_string())));
        let fields: serde_json::Map<_, _> = (0..10_000).map(|n| (format!("f{n}"), json!("x"))).collect();
        monsters.push(monster("many fields", post(json!({"event": "e", "fields": fields}).to_string())));
        let acks: Vec<u64> = (0..200_000).collect();
        let asked = Missile::post(
            door,
            "/services/collector/ack?channel=11111111-1111-1111-1111-111111111111",
            json!({"acks": acks}).to_string(),
        );
        monsters.push(monster("many acks", asked));
        monsters
    }
}

impl Hostile for Post<Loki> {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let labels = json!({"tenant": "honest", "__tenant_id__": "honest", "job": "honest"});
        let values = json!([["1795251598250000000", text, {"tenant": "honest"}]]);
        let push = json!({"streams": [{"stream": labels, "values": values}]}).to_string();
        claims(|| {
            Missile::post(door, "/loki/api/v1/push", push.clone()).with("content-type", "application/json")
        })
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let mut monsters = too_much(door, "/loki/api/v1/push", "application/json");
        let post =
            |body: Vec<u8>, kind| Missile::post(door, "/loki/api/v1/push", body).with("content-type", kind);
        let inflated = snap::raw::Encoder::new().compress_vec(&vec![0; 32 << 20]).unwrap();
        monsters.push(monster("snappy that inflates", post(inflated, "application/x-protobuf")));
        let announced = [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0; 100]].concat();
        monsters.push(monster("snappy that announces 4 GiB", post(announced, "application/x-protobuf")));
        let json = |values: serde_json::Value, labels: serde_json::Value| {
            let push = json!({"streams": [{"stream": labels, "values": values}]});
            post(push.to_string().into_bytes(), "application/json")
        };
        let line = json!(["1795251598250000000", "a"]);
        monsters.push(monster("many lines", json(json!(vec![line.clone(); 110_000]), json!({"app": "a"}))));
        let large = json!([["1795251598250000000", "x".repeat(1 << 20)]]);
        monsters.push(monster("a large line", json(large, json!({"app": "a"}))));
        let labels: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("l{n}"), json!("x"))).collect();
        monsters.push(monster("many labels", json(json!([line]), json!(labels))));
        monsters
    }
}

impl Hostile for Post<Otlp> {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let attribute = |name: &str| json!({"key": name, "value": {"stringValue": "honest"}});
        let attributes = ["tenant", "forebay.tenant", "service.namespace", "host.name"].map(attribute);
        let record = json!({"body": {"stringValue": text}, "attributes": attributes, "timeUnixNano": "1"});
        let logs = json!([{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]);
        let body = json!({"resourceLogs": logs}).to_string();
        claims(|| Missile::post(door, "/v1/logs", body.clone()).with("content-type", "application/json"))
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let mut monsters = too_much(door, "/v1/logs", "application/json");
        let json =
            |body: String| Missile::post(door, "/v1/logs", body).with("content-type", "application/json");
        let of = |records: &str| {
            format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{records}]}}]}}]}}")
        };
        let value = format!("{}{{}}{}", "{\"arrayValue\":{\"values\":[".repeat(20_000), "]}}".repeat(20_000));
        monsters.push(monster("a deep value", json(of(&format!("{{\"body\":{value}}}")))));
        let record = "{\"body\":{\"stringValue\":\"a\"}}";
        monsters.push(monster("many records", json(of(&vec![record; 110_000].join(",")))));
        let large = json!({"body": {"stringValue": "x".repeat(1 << 20)}}).to_string();
        monsters.push(monster("a large record", json(of(&large))));
        // Field 1, of 4 GiB, as protobuf writes lengths.
        let announced = vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        let binary =
            Missile::post(door, "/v1/logs", announced).with("content-type", "application/x-protobuf");
        monsters.push(monster("a message of 4 GiB announced", binary));
        let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
        let call = Missile::call(door, path, vec![0, 0xff, 0xff, 0xff, 0xff, 0]);
        monsters.push(monster("a call of 4 GiB announced", call));
        monsters
    }
}

impl Hostile for Post<Put> {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        let data = STANDARD.encode(text);
        let put = json!({"DeliveryStreamName": "honest", "Records": [{"Data": data}]}).to_string();
        let mut lies = claims(|| {
            let post =
                Missile::post(door, "/", put.clone()).with("content-type", "application/x-amz-json-1.1");
            post.with("x-amz-target", "Firehose_20150804.PutRecordBatch")
        });
        let delivery =
            json!({"requestId": "shared", "timestamp": 1_795_251_598_250_u64, "records": [{"data": data}]});
        let common = "{\"commonAttributes\":{\"tenant\":\"honest\"}}";
        let post = Missile::post(door, "/firehose", delivery.to_string());
        lies.push(
            post.with("x-amz-firehose-request-id", "shared")
                .with("x-amz-firehose-source-arn", "arn:aws:firehose:eu-west-1:1:deliverystream/honest")
                .with("x-amz-firehose-common-attributes", common),
        );
        lies
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let mut monsters = too_much(door, "/firehose", "application/json");
        let put = |records: Vec<serde_json::Value>| {
            let body = json!({"DeliveryStreamName": "web", "Records": records}).to_string();
            let post = Missile::post(door, "/", body).with("content-type", "application/x-amz-json-1.1");
            post.with("x-amz-target", "Firehose_20150804.PutRecordBatch")
        };
        monsters.push(monster("many records", put(vec![json!({"Data": "eA=="}); 10_000])));
        monsters.push(monster(
            "a large record",
            put(vec![json!({"Data": STANDARD.encode(vec![b'x'; 1 << 20])})]),
        ));
        let post = Missile::post(door, "/", deep()).with("content-type", "application/x-amz-json-1.1");
        monsters.push(monster("a deep put", post.with("x-amz-target", "Firehose_20150804.PutRecord")));
        monsters.push(monster("a deep delivery", Missile::post(door, "/firehose", deep())));
        monsters
    }
}

impl Hostile for crate::grpc::Grpc {
    fn lies(door: &Door, text: &str) -> Vec<Missile> {
        use forebay_proto::v1;
        let attribute = v1::Attribute { name: "tenant".to_owned(), value: "honest".to_owned() };
        let event =
            v1::Event { body: text.to_owned().into(), id: "shared".to_owned(), ..v1::Event::default() };
        let batch = v1::SendRequest {
            events: vec![event],
            source: "honest".to_owned(),
            stream: "honest".to_owned(),
            attributes: vec![attribute],
            idempotency_key: "shared".to_owned(),
            ..v1::SendRequest::default()
        };
        let body = forebay_wire::grpc::framed(&batch.encode_to_vec());
        claims(|| Missile::call(door, "/forebay.v1.Ingest/Send", body.to_vec()))
    }

    fn monsters(door: &Door) -> Vec<Monster> {
        let call = |body: Vec<u8>| Missile::call(door, "/forebay.v1.Ingest/Send", body);
        let framed = |flag: u8, message: &[u8]| {
            [&[flag][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
        };
        let stream = |body: Vec<u8>| Missile::call(door, "/forebay.v1.Ingest/Stream", body);
        let long = "m".repeat(15_000);
        vec![
            monster("a message of 4 GiB announced", call(vec![0, 0xff, 0xff, 0xff, 0xff, 0])),
            monster("a stream's message of 4 GiB announced", stream(vec![0, 0xff, 0xff, 0xff, 0xff, 0])),
            monster("a large message", call(framed(0, &vec![0; 5 << 20]))),
            monster("gzip that inflates", call(framed(1, &gzip_bomb(2_000))).with("grpc-encoding", "gzip")),
            monster("many events", call(framed(0, &[0x0a, 0].repeat(200_000)))),
            monster("an event of 4 GiB announced", call(framed(0, &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]))),
            // More than a head may have in HTTP/2: the client hears it from the settings, or from the other side.
            monster(
                "metadata without end",
                call(framed(0, &[])).with("x-long", &long).with("x-longer", &long),
            ),
        ]
    }
}
