use proptest::prelude::*;
use serde_json::{Value, json};

use super::answer::Answer;
use super::filter::Filter;
use super::*;
use crate::ids::Ids;

const LIMITS: Limits = Limits { max_event: 64, max_depth: 4, max_events: 8, max_inflated: 1 << 20 };

fn read(body: &[u8]) -> Result<Bulk, BulkError> {
    decode(&Bytes::copy_from_slice(body), Defaults { index: "logs", pipeline: "" }, &LIMITS)
}

fn texts(batch: &Batch) -> Vec<&str> {
    batch.events.iter().map(|event| std::str::from_utf8(&batch.bytes[event.span.clone()]).unwrap()).collect()
}

fn indices(batch: &Batch) -> Vec<(&str, usize)> {
    batch.groups.iter().map(|group| (group.facts.attributes[0].1.as_str(), group.len)).collect()
}

fn answer(bulk: &Bulk, filter: &str) -> Value {
    let answer = Answer::new(bulk, "logs", Filter::new(filter), &mut Ids::from_key("k").unwrap());
    serde_json::from_slice(&answer.finish(7)).unwrap()
}

/// Scenario: what shippers send: actions with and without an index, an id, a pipeline; blank lines, `\r\n`.
/// Guarantees: documents are taken as they came, each with the facts of its action.
#[test]
fn documents_come_out_as_they_were_sent() {
    let body = b"{\"index\":{}}\n{\"n\" : 1}\r\n\n{\"create\":{\"_index\":\"a\\u0062\",\"_id\":\"x\\t\\\"1\"}}\n{\"n\":2}\n\
        {\"create\":{\"_index\":\"ab\",\"_id\":\"id-2\",\"pipeline\":\"p\",\"routing\":\"r\",\"dynamic_templates\":{\"a\":\"b\"}}}\n{\"n\":3}\n\
        {\"index\":{\"_index\":\"ab\",\"_id\":17,\"pipeline\":\"p\"}}\n{\"n\":4}\n{\"index\":{\"_id\":null}}\n{\"n\":5}\n";
    let bulk = read(body).unwrap();
    assert_eq!(texts(&bulk.batch), ["{\"n\" : 1}", "{\"n\":3}", "{\"n\":4}", "{\"n\":5}"]);
    assert_eq!(indices(&bulk.batch), [("logs", 1), ("ab", 2), ("logs", 1)]);
    assert_eq!(bulk.batch.given_ids, ["", "id-2", "17", ""]);
    assert_eq!(bulk.batch.groups[1].facts.attributes[1], ("pipeline".to_owned(), "p".to_owned()));
    let lines: Vec<usize> = bulk.batch.events.iter().map(|event| event.line).collect();
    assert_eq!(lines, [2, 7, 9, 11]);
    let reason = bulk.items[1].refused.as_ref().unwrap().to_string();
    assert_eq!(reason, "the event id has a control character at byte 1");
}

/// Scenario: one item of each kind that is refused, among good ones.
/// Guarantees: the answer has every item, in order, with the status and error that clients expect.
#[test]
fn an_answer_says_of_each_item_what_became_of_it() {
    let long = "x".repeat(80);
    let body = format!(
        "{{\"index\":{{}}}}\n{{\"a\":1}}\n{{\"delete\":{{\"_id\":\"1\"}}}}\n{{\"update\":{{\"_id\":\"2\"}}}}\n{{}}\n\
        {{\"index\":{{}}}}\n{{\"a\":\n{{\"index\":{{}}}}\n[]\n{{\"create\":{{\"_index\":\"b\",\"_id\":\"3\"}}}}\n{{\"a\":2}}\n\
        {{\"index\":{{}}}}\n{{\"a\":\"{long}\"}}\n{{\"index\":{{\"_index\":\"{long}{long}{long}{long}\"}}}}\n{{}}\n"
    );
    let bulk = read(body.as_bytes()).unwrap();
    assert_eq!((bulk.items.len(), bulk.batch.rejections.count()), (8, 6));
    let answer = answer(&bulk, "");
    assert_eq!((answer["took"].as_u64(), answer["errors"].as_bool()), (Some(7), Some(true)));
    let items = answer["items"].as_array().unwrap();
    let taken = json!({"_index": "logs", "_id": "k-1", "_version": 1, "result": "created",
        "_shards": {"total": 1, "successful": 1, "failed": 0}, "_seq_no": 0, "_primary_term": 1, "status": 201});
    assert_eq!(items[0], json!({ "index": taken }));
    assert_eq!(
        items[1],
        json!({"delete": {"_index": "logs", "_id": "1", "status": 400, "error": {"type": "illegal_argument_exception",
            "reason": "`delete` is not done here: events are only added, with `index` or `create`"}}})
    );
    let of = |item: &Value| {
        let (name, item) = item.as_object().unwrap().iter().next().unwrap();
        let error = item["error"]["type"].as_str().unwrap_or("").to_owned();
        (name.clone(), item["status"].as_u64().unwrap(), error)
    };
    let statuses: Vec<(String, u64, String)> = items.iter().map(of).collect();
    let parsing = "document_parsing_exception";
    let illegal = "illegal_argument_exception";
    let expected = [
        ("index", 201, ""),
        ("delete", 400, illegal),
        ("update", 400, illegal),
        ("index", 400, parsing),
        ("index", 400, parsing),
        ("create", 201, ""),
        ("index", 413, "content_too_long_exception"),
        ("index", 400, illegal),
    ];
    assert_eq!(statuses, expected.map(|(name, status, error)| (name.to_owned(), status, error.to_owned())));
    assert_eq!((&items[5]["create"]["_index"], &items[5]["create"]["_id"]), (&json!("b"), &json!("3")));
}

/// Scenario: clients ask for parts of the answer only. Guarantees: those, and what is left empty is left out.
#[test]
fn an_answer_is_filtered() {
    let good = read(b"{\"index\":{}}\n{}\n").unwrap();
    let mixed = read(b"{\"index\":{}}\n{}\n{\"delete\":{}}\n").unwrap();
    let filebeat = "errors,items.*.error,items.*.status";
    assert_eq!(answer(&good, filebeat), json!({"errors": false, "items": [{"index": {"status": 201}}]}));
    assert_eq!(answer(&good, "errors,items.*.error"), json!({"errors": false}));
    assert_eq!(answer(&good, "took"), json!({"took": 7}));
    let error = answer(&mixed, "items.*.error.type");
    let kind = json!({"delete": {"error": {"type": "illegal_argument_exception"}}});
    assert_eq!(error, json!({ "items": [kind] }));
    assert_eq!(
        answer(&good, "items.*._shards.total"),
        json!({"items": [{"index": {"_shards": {"total": 1}}}]})
    );
}

/// Scenario: Kafka takes nothing. Guarantees: what could have been taken is to come again, what is refused stays refused.
#[test]
fn items_may_be_put_off_one_by_one() {
    let bulk = read(b"{\"create\":{}}\n{}\n{\"delete\":{}}\n").unwrap();
    let answer: Value = serde_json::from_slice(&answer::put_off(&bulk.items, "come \"again\"", 7)).unwrap();
    let again = json!({"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "come \"again\""}});
    assert_eq!((&answer["errors"], &answer["took"]), (&json!(true), &json!(7)));
    assert_eq!(answer["items"][0], json!({ "create": again }));
    assert_eq!(answer["items"][1]["delete"]["status"], json!(400));
}

#[test]
fn a_request_that_cannot_be_read_says_why() {
    let message = |body: &[u8]| read(body).unwrap_err().to_string();
    assert_eq!(message(b""), "the request has no items: send lines of actions and documents");
    assert_eq!(message(b"\n \n"), "the request has no items: send lines of actions and documents");
    assert_eq!(
        message(b"{\"index\":{}}\n{}"),
        "the last line has no line break: a bulk request ends with one"
    );
    assert_eq!(message(b"{\"index\":{}}\n"), "line 1: the document that belongs to the action is missing");
    assert_eq!(
        message(b"{\"index\":{}}\n{}\n{\"add\":{}}\n{}\n"),
        "line 3: an action is `index`, `create`, `update` or `delete`"
    );
    assert_eq!(message(b"{\"index\":1}\n{}\n"), "line 1: expected a value at byte 9");
    assert_eq!(
        message(b"{\"index\":{\"_index\":1}}\n{}\n"),
        "line 1: `_index`, `pipeline` and `_id` are strings"
    );
    assert_eq!(
        message(b"{\"index\":{},\"index\":{}}\n{}\n"),
        "line 1: there is more than one action in the line"
    );
    assert_eq!(message(b"{}\n{}\n"), "line 1: there is no action in the line");
    assert_eq!(message(b"{\"index\":{}} x\n{}\n"), "line 1: there is something behind the action");
    assert_eq!(message(&b"{\"index\":{}}\n{}\n".repeat(9)), "the request has more than 8 items");
    let bulk = decode(&Bytes::from_static(b"{\"index\":{}}\n{}\n"), Defaults::default(), &LIMITS);
    let error = bulk.unwrap_err().to_string();
    assert_eq!(error, "line 1: the action names no index, and neither does the path");
}

#[test]
fn broken_utf8_harms_its_document_only() {
    let bulk = read(b"{\"index\":{}}\n{\"a\":\"\xff\"}\n{\"index\":{}}\n{\"a\":\"\xc3\xbc\"}\n").unwrap();
    assert_eq!(texts(&bulk.batch), ["{\"a\":\"\u{fc}\"}"]);
    assert!(matches!(bulk.items[0].refused.as_deref(), Some(Reason::Utf8(6))));
    assert!(matches!(read(b"{\"index\":{\"_id\":\"\xff\"}}\n{}\n"), Err(BulkError::Action { line: 1, .. })));
}

#[test]
fn a_single_document_may_have_lines() {
    let one = |body: &'static [u8], id| single(&Bytes::from_static(body), "logs", id, &LIMITS);
    let batch = one(b"{\n \"a\": 1\n}\n", Some("x")).unwrap();
    assert_eq!((texts(&batch), batch.given_ids.clone()), (vec!["{\n \"a\": 1\n}\n"], vec!["x".to_owned()]));
    assert!(one(b"{}", None).unwrap().given_ids.is_empty());
    assert_eq!(one(b"[]", None).unwrap_err(), Reason::NotAnObject);
    assert!(matches!(one(b"{}", Some("a\tb")).unwrap_err(), Reason::Id(_)));
    let failure: Value = serde_json::from_slice(&answer::failure(429, "busy", "come \"again\"")).unwrap();
    let cause = json!({"type": "busy", "reason": "come \"again\""});
    let expected =
        json!({"error": {"root_cause": [cause], "type": "busy", "reason": "come \"again\""}, "status": 429});
    assert_eq!(failure, expected);
    let taken: Value = serde_json::from_slice(&answer::single("logs", "x")).unwrap();
    assert_eq!(
        (&taken["_id"], &taken["result"], taken.get("status")),
        (&json!("x"), &json!("created"), None)
    );
}

proptest! {
    /// Scenario: items of every kind in any order, some with ids.
    /// Guarantees: what is taken and what is refused add up, groups cover the events, and the answer gives each event the id
    /// that it is sent with.
    #[test]
    fn everything_adds_up(kinds in prop::collection::vec(0..6u8, 1..8)) {
        let lines = kinds.iter().enumerate().map(|(at, kind)| match kind {
            0 => "{\"index\":{}}\n{\"a\":1}\n".to_owned(),
            1 => "{\"create\":{\"_index\":\"x\"}}\n{\"a\":1}\n".to_owned(),
            2 => format!("{{\"create\":{{\"_id\":\"given-{at}\"}}}}\n{{\"a\":1}}\n"),
            3 => "{\"delete\":{\"_id\":\"1\"}}\n".to_owned(),
            4 => "{\"update\":{\"_id\":\"1\"}}\n{}\n".to_owned(),
            _ => "{\"index\":{}}\nno\n".to_owned(),
        });
        let body = lines.collect::<String>();
        let bulk = read(body.as_bytes()).unwrap();
        let batch = &bulk.batch;
        prop_assert_eq!(bulk.items.len(), kinds.len());
        prop_assert_eq!(batch.events.len() + batch.rejections.count(), kinds.len());
        prop_assert_eq!(batch.groups.iter().map(|group| group.len).sum::<usize>(), batch.events.len());
        prop_assert!(batch.given_ids.is_empty() || batch.given_ids.len() == batch.events.len());
        prop_assert!(bulk.weight() > 0);
        let made = Ids::made(1, [7; 10]);
        let mut sent = made.clone().or_given(batch.given_ids.clone());
        let sent: Vec<String> = batch.events.iter().map(|event| sent.next(event.line).to_owned()).collect();
        let answer = Answer::new(&bulk, "logs", Filter::default(), &mut made.clone());
        let answer: Value = serde_json::from_slice(&answer.finish(0)).unwrap();
        let items = answer["items"].as_array().unwrap().iter().map(|item| item.as_object().unwrap().values().next().unwrap());
        let taken: Vec<String> = items.filter(|item| item["status"] == 201)
            .map(|item| item["_id"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(taken, sent);
    }

    /// Scenario: arbitrary bytes, and lines of what bulk requests are made of.
    /// Guarantees: an answer; what is taken lies in the body, and the answer is JSON.
    #[test]
    fn survives_anything(bytes: Vec<u8>, lines in r#"(\{"(index|create|delete|update)":\{("_id":"?[a\\1]"?)?\}\}\n|\{"a":1\}\n|[ \{\}\[\]:,"a1\n]{0,16}){0,9}"#) {
        for body in [&bytes[..], lines.as_bytes()] {
            if let Ok(bulk) = read(body) {
                prop_assert!(bulk.batch.events.iter().all(|event| event.span.end <= body.len()));
                let _json = answer(&bulk, "");
            }
        }
    }
}
