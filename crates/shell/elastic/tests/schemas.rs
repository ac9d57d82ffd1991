//! The schemas of documents on real servers: types of fields, and names without end.

use anyhow::{Context, Result, ensure};
use forebay_bulk::{BulkBuilder, BulkRequest};
use forebay_elastic::ElasticStore;
use forebay_parse::{
    FieldBudget, Guards, OutputSchema, ParseConfig, Parsed, Parser, ReadEvent, WriteOptions,
};
use forebay_record::RawEvent;
use forebay_settings::Period;
use forebay_settings::sections::SearchSettings;
use forebay_store::{ItemOutcome, Store};
use forebay_testkit::servers::{Server, shared};
use serde_json::Value;

/// 2026-11-21T10:00:00Z, in nanoseconds since the Unix epoch.
const RECEIVED: u64 = 1_795_255_200_000_000_000;

/// How an event becomes a document.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// As one that no rule looks into.
    Short,
    /// As rules leave it.
    Rules(OutputSchema),
}

fn event<'a>(id: &'a str, body: &'a [u8]) -> RawEvent<'a> {
    RawEvent { id, tenant: "acme", format: "json", received_at: RECEIVED, body, ..RawEvent::default() }
}

fn document(parser: &mut Parser, way: Way, event: &RawEvent<'_>) -> Result<Vec<u8>> {
    let mut out = Parsed::default();
    match way {
        Way::Short => parser.parse(event, 0, &mut out)?,
        Way::Rules(schema) => {
            let mut read = ReadEvent::default();
            parser.read(event, None, 0, &mut read)?;
            let options = WriteOptions { schema, ..WriteOptions::default() };
            parser.write(event, &read.value, &read.origin, &options, 0, &mut out)?;
        }
    }
    Ok(out.document)
}

async fn store(server: &Server, prefix: &str) -> Result<ElasticStore> {
    let settings = SearchSettings {
        url: server.url(),
        index_prefix: prefix.to_owned(),
        replicas: 0,
        request_timeout: Period::from_secs(300),
        ..SearchSettings::default()
    };
    let store = ElasticStore::connect(&settings)?;
    let _changes = store.bootstrap(false).await?;
    Ok(store)
}

async fn get(server: &Server, path: &str) -> Result<Value> {
    let text = reqwest::get(format!("{}/{path}", server.url())).await?.text().await?;
    Ok(serde_json::from_str(&text)?)
}

/// Writes what is to be tried again as the indexer does.
async fn write(store: &ElasticStore, request: BulkRequest) -> Result<()> {
    let mut left = request;
    for _again in 0..10 {
        let answer = store.write(&left).await?;
        for (item, outcome) in left.items().zip(&answer.outcomes) {
            let document = String::from_utf8_lossy(item.document).chars().take(300).collect::<String>();
            ensure!(!matches!(outcome, ItemOutcome::Refused(_)), "{}: {document}: {outcome:?}", item.target);
        }
        let again =
            (0..left.len()).filter(|at| matches!(answer.outcomes.get(*at), Some(ItemOutcome::Retry(_))));
        left = left.select(again.collect::<Vec<_>>());
        if left.is_empty() {
            return Ok(());
        }
    }
    anyhow::bail!("{} documents are still to be tried again", left.len())
}

/// 100 events with 100 names each that no other event has: at the top, with dots, nested, as labels, with words and numbers.
fn events_with_random_names() -> Vec<String> {
    let mut seed = 11_u64;
    let mut key = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("k{:x}", seed >> 20)
    };
    let event = |_| {
        let mut members = vec![r#""message":"hello","level":"info","service":"shop""#.to_owned()];
        for _ in 0..20 {
            members.push(format!(r#""{}":"word""#, key()));
            members.push(format!(r#""{}.x":1"#, key()));
            members.push(format!(r#""{}":{{"y":true}}"#, key()));
            members.push(format!(r#""labels.{}":"l""#, key()));
            members.push(format!(r#""{}":[1.5,2.5]"#, key()));
        }
        format!("{{{}}}", members.join(","))
    };
    (0..100).map(event).collect()
}

async fn takes_random_names(server: &Server) -> Result<()> {
    let store = store(server, "names").await?;
    let bodies = events_with_random_names();
    let budget = || Guards { max_fields: 500, budget: Some(FieldBudget::new(2_000, 10)), all_events: true };
    for (target, way, guards) in [
        ("unguarded", Way::Short, Guards::default()),
        ("short", Way::Short, budget()),
        ("ecs", Way::Rules(OutputSchema::Ecs), budget()),
        ("x.otel", Way::Rules(OutputSchema::Otel), budget()),
        ("x.raw", Way::Rules(OutputSchema::Raw), budget()),
    ] {
        let target = format!("names-{target}-2026.11.21");
        let mut parser = Parser::new(ParseConfig::default())?;
        parser.set_guards(guards);
        for (part, bodies) in bodies.chunks(20).enumerate() {
            let mut builder = BulkBuilder::new();
            for (tag, body) in (0..).zip(bodies) {
                let id = format!("{part}-{tag}");
                let document = document(&mut parser, way, &event(&id, body.as_bytes()))?;
                builder.push(&target, &id, &document, tag)?;
            }
            write(&store, builder.finish()).await.with_context(|| format!("{:?}, {way:?}", server.kind()))?;
        }
        let _refreshed = get(server, &format!("{target}/_refresh")).await?;
        let count = get(server, &format!("{target}/_count")).await?;
        assert_eq!(count["count"], 100, "{:?}, {target}", server.kind());
    }
    // What the guards put aside is found by its name.
    let aside = get(server, "names-short-2026.11.21/_count?q=_exists_:unmapped").await?;
    assert!(aside["count"].as_u64().is_some_and(|count| count > 70), "{aside}");
    Ok(())
}

/// Scenario: 10,000 random names in 100 documents for one index, in each schema, with the parser's guards and without.
/// Guarantees: no document is refused.
#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_takes_ten_thousand_random_names() -> Result<()> {
    takes_random_names(shared::elasticsearch().await?).await
}

/// The same on OpenSearch, which refuses a field too many unless its index was told to ignore it.
#[tokio::test(flavor = "multi_thread")]
async fn opensearch_takes_ten_thousand_random_names() -> Result<()> {
    takes_random_names(shared::opensearch().await?).await
}

const TYPICAL: &str = r#"{"time":"2026-11-21T09:59:00Z","level":"WARN","message":"slow query","logger":"app.db",
    "service":"shop","host":"web-1","trace_id":"463ac35c9f6413ad48485a3953bb6124","span_id":"00f067aa0ba902b7",
    "http":{"response":{"status_code":404},"request":{"method":"GET"}},"source":{"ip":"10.0.0.1"},"took":12,"queue":"q1",
    "user":{"id":17},"list":[{"a":1}]}"#;

/// Scenario: a usual event in each schema.
/// Guarantees: its fields have the types that the schema gives them, whatever JSON they came as.
#[tokio::test(flavor = "multi_thread")]
async fn fields_have_the_types_of_their_schema() -> Result<()> {
    for (server, whole) in
        [(shared::elasticsearch().await?, "flattened"), (shared::opensearch().await?, "flat_object")]
    {
        let store = store(server, "types").await?;
        let mut parser = Parser::new(ParseConfig::default())?;
        let mut builder = BulkBuilder::new();
        for (target, body, schema) in [
            ("t", TYPICAL, OutputSchema::Ecs),
            ("t.otel", TYPICAL, OutputSchema::Otel),
            ("t.otel", r#"{"message":{"a":{"b":[1,"x"]}}}"#, OutputSchema::Otel),
            ("t.otel", r#"{"message":["a",1]}"#, OutputSchema::Otel),
            ("t.raw", TYPICAL, OutputSchema::Raw),
        ] {
            let id = builder.len().to_string();
            let document = document(&mut parser, Way::Rules(schema), &event(&id, body.as_bytes()))?;
            builder.push(&format!("types-{target}-2026.11.21"), &id, &document, 0)?;
        }
        write(&store, builder.finish()).await?;
        for (target, field, wanted) in [
            ("t", "http.response.status_code", "long"),
            ("t", "source.ip", "ip"),
            ("t", "user.id", "keyword"),
            ("t", "queue", "keyword"),
            ("t", "took", "long"),
            ("t", "host.name", "keyword"),
            ("t.otel", "@timestamp", "date"),
            ("t.otel", "observed_timestamp", "date"),
            ("t.otel", "severity_text", "keyword"),
            ("t.otel", "severity_number", "byte"),
            ("t.otel", "body.text", "text"),
            ("t.otel", "body.structured", whole),
            ("t.otel", "trace_id", "keyword"),
            ("t.otel", "span_id", "keyword"),
            ("t.otel", "scope.name", "keyword"),
            ("t.otel", "resource.attributes.service.name", "keyword"),
            ("t.otel", "resource.attributes.host.name", "keyword"),
            ("t.otel", "attributes.http.response.status_code", "long"),
            ("t.otel", "attributes.user.id", "keyword"),
            ("t.otel", "attributes.queue", "keyword"),
            ("t.otel", "attributes.took", "long"),
            ("t.otel", "unmapped", whole),
            ("t.raw", "host", "keyword"),
            ("t.raw", "level", "keyword"),
            ("t.raw", "message", "text"),
            ("t.raw", "http.response.status_code", "long"),
            ("t.raw", "event.ingested", "date"),
            ("t.raw", "organization.id", "keyword"),
        ] {
            let caps = get(server, &format!("types-{target}-2026.11.21/_field_caps?fields={field}")).await?;
            let types: Vec<&String> = caps["fields"][field].as_object().context(field)?.keys().collect();
            assert_eq!(types, [wanted], "{:?}: {target}: {field}", server.kind());
        }
    }
    Ok(())
}
