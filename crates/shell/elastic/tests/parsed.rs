//! Parser and template together: what the parser writes, the servers take.

use anyhow::Result;
use forebay_bulk::BulkBuilder;
use forebay_elastic::ElasticStore;
use forebay_parse::{OnUnparsed, OutputSchema, ParseConfig, Parsed, Parser, ReadEvent, WriteOptions};
use forebay_record::RawEvent;
use forebay_settings::sections::SearchSettings;
use forebay_store::{ItemOutcome, Store};
use forebay_testkit::servers::{Server, shared};

/// 2026-11-21T10:00:00Z, in nanoseconds since the Unix epoch.
const RECEIVED: u64 = 1_795_255_200_000_000_000;

/// Bodies that a search server would refuse, or take for something else, as they come.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        r#"{"http":"yes","host":"web-1","error":"boom","user":"bob","service":"checkout","source":"x","process":7}"#,
        r#"{"http":{"response":{"status_code":"many","body":"text"}},"source":{"ip":"web-1","port":"http"}}"#,
        r#"{"message":{"text":"an object"},"tags":"one","labels":"none","unmapped":"text"}"#,
        r#"{"message":["a","list"],"tags":{"an":"object"},"labels":{"deep":{"er":1},"n":1},"unmapped":[1,{"a":2}]}"#,
        r#"{"log":{"level":{"name":"x"},"syslog":"y","file":"z"},"event":["a"],"url":{"port":1e99,"path":{}}}"#,
        r#"{"@timestamp":"not a time","event":{"created":"soon","ingested":7,"duration":1.5,"severity":"high"}}"#,
        r#"{"a1.b":1,"a1":{"b":{"c":2}},"a2":{"b":1},"a2.b":{"c":1},"a3":1,"a3.b":2}"#,
        r#"{"":1," ":2,".":3,"..":4,".a":5,"a.":6,"a..b":7,"x":{"":{"":1}}}"#,
        r#"{"_id":"1","_index":"2","_source":{"a":1},"_routing":"r","_type":"t","_version":"x","_seq_no":"s"}"#,
        r#"{"twice":1,"twice":"two","nested":{"twice":1,"twice":{"o":1}}}"#,
        r#"{"big":18446744073709551616,"bigger":1e400,"small":1e-400,"neg":-9223372036854775809,"float":3.5e38}"#,
        r#"{"mixed":[1,"two",{"three":3},[4]],"objects":[{"k":1},{"k":2,"l":"x"}],"nulls":[null,null]}"#,
        r#"{"null":null,"empty":{},"list":[],"nul":"a\u0000b","lone":"\ud800","bom":"\ufeff"}"#,
        r#"42"#,
        r#"["a",1]"#,
        r#""text""#,
        r#"{"broken": "#,
        r#"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvig on /dev/pts/8"#,
        r#"<165>1 2026-11-21T09:59:59.003Z host app 123 ID47 [ex@32473 iut="3" src="App"][b a="1"] An event"#,
        r#"<165>1 - - - - - -"#,
        r#"198.51.100.7 - bob [21/Nov/2026:09:59:59 +0000] "GET /a?b=c HTTP/1.1" 200 612 "-" "curl/8.1""#,
        r#"not-an-ip - - [21/Nov/2026:09:59:59 +0000] "-" 400 - "-" "-""#,
        r#"2026/11/21 09:59:59 [error] 12#12: *3 connect() failed, client: 198.51.100.7, server: _, request: "GET / HTTP/1.1""#,
        "just a line \u{1b}[31mred\u{1b}[0m",
        "",
    ]
    .iter()
    .map(|body| body.as_bytes().to_vec())
    .collect();
    bodies.push(b"broken \xff\xfe utf-8 \x00".to_vec());
    bodies.push(format!("{{\"name\":\"{}\",\"{}\":1}}", "x".repeat(50_000), "k".repeat(3_000)).into_bytes());
    bodies.push(format!("{{\"words\":\"{}\"}}", "é ".repeat(40_000)).into_bytes());
    bodies.push(format!("{}1{}", r#"{"deep":"#.repeat(60), "}".repeat(60)).into_bytes());
    bodies.push(format!(r#"{{"mixed":["{0}",1],"status":{{"a":"{0}"}},"unmapped":{{"l":"{0}","o":{{"l":"{0}"}}}},"unmapped_long":1}}"#, "long ".repeat(20_000)).into_bytes());
    bodies.push(
        format!(r#"{{"message":{{"l":"{0}"}},"container":{{"labels":{{"l":"{0}"}}}}}}"#, "é".repeat(20_000))
            .into_bytes(),
    );
    bodies.push(format!("{{\"deep\":{}1{}}}", "[".repeat(60), "]".repeat(60)).into_bytes());
    bodies.push(format!("{{\"unmapped\":{}1{}}}", r#"{"d":"#.repeat(40), "}".repeat(40)).into_bytes());
    bodies.push(format!("{{\"list\":{}1{}}}", "[".repeat(15), "]".repeat(15)).into_bytes());
    bodies
}

async fn takes_what_the_parser_writes(server: &Server) -> Result<()> {
    let settings = SearchSettings {
        url: server.url(),
        index_prefix: "parsed".to_owned(),
        replicas: 0,
        ..SearchSettings::default()
    };
    let store = ElasticStore::connect(&settings)?;
    let _changes = store.bootstrap(false).await?;
    let config = ParseConfig { on_unparsed: OnUnparsed::PassRaw, ..ParseConfig::default() };
    let mut parser = Parser::new(config)?;
    let (mut builder, mut refused) = (BulkBuilder::new(), Vec::new());
    let bodies = bodies();
    for (tag, body) in (0..).zip(&bodies) {
        let event = RawEvent { id: "e", tenant: "acme", received_at: RECEIVED, body, ..RawEvent::default() };
        let mut parsed = Parsed::default();
        parser.parse(&event, 0, &mut parsed)?;
        // An index each, so that two events can't contradict each other: only the template can.
        builder.push(&format!("parsed-t{tag}-2026.11.21"), "e", &parsed.document, tag)?;
        for (schema, name) in [(OutputSchema::Otel, "otel"), (OutputSchema::Raw, "raw")] {
            let (mut read, mut parsed) = (ReadEvent::default(), Parsed::default());
            parser.read(&event, None, 0, &mut read)?;
            let options = WriteOptions { schema, ..WriteOptions::default() };
            parser.write(&event, &read.value, &read.origin, &options, 0, &mut parsed)?;
            builder.push(&format!("parsed-t{tag}.{name}-2026.11.21"), "e", &parsed.document, tag)?;
        }
        // Few at a time: a cluster gives up on indices that it can't make within half a minute.
        let request = builder.finish();
        let answer = store.write(&request).await?;
        for (item, outcome) in request.items().zip(&answer.outcomes) {
            if *outcome != ItemOutcome::Indexed {
                let document = String::from_utf8_lossy(item.document).chars().take(600).collect::<String>();
                refused.push(format!("{}: {document}\n  {outcome:?}", item.target));
            }
        }
    }
    assert!(refused.is_empty(), "{:?} refuses:\n{}", server.kind(), refused.join("\n"));
    Ok(())
}

/// Scenario: events of every format, and JSON made to be refused, go through the parser to Elasticsearch, in each schema.
/// Guarantees: none is refused.
#[tokio::test]
async fn elasticsearch_takes_what_the_parser_writes() -> Result<()> {
    takes_what_the_parser_writes(shared::elasticsearch().await?).await
}

/// The same on OpenSearch.
#[tokio::test]
async fn opensearch_takes_what_the_parser_writes() -> Result<()> {
    takes_what_the_parser_writes(shared::opensearch().await?).await
}
