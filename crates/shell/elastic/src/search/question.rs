//! A question in the search API's words.

use forebay_store::{Order, SearchRequest};
use serde_json::{Value, json};

use super::cursor::Position;

pub(super) fn body(request: &SearchRequest, position: Option<&Position>) -> Value {
    let mut filter = Vec::new();
    filter.extend(request.since_ms.map(|ms| range("gte", ms)));
    filter.extend(request.until_ms.map(|ms| range("lt", ms)));
    if let Some(position) = position {
        filter.push(range(if request.order == Order::NewestFirst { "lte" } else { "gte" }, position.ms));
    }
    let shown = position.map(|position| &position.shown);
    let shown: Vec<Value> = shown
        .into_iter()
        .flatten()
        .map(|(index, ids)| json!({"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": ids}}]}}))
        .collect();
    let order = if request.order == Order::NewestFirst { "desc" } else { "asc" };
    json!({
        "size": request.limit,
        "sort": [{"@timestamp": {"order": order, "unmapped_type": "date"}}],
        // The order is by time: a score is not needed.
        "query": {"bool": {"filter": [words(&request.query), {"bool": {"filter": filter, "must_not": shown}}]}},
    })
}

fn range(side: &str, ms: i64) -> Value {
    json!({"range": {"@timestamp": {side: ms, "format": "epoch_millis"}}})
}

/// Words without a field are looked for in all fields. A word that can't be a field's value (text for a number) just
/// doesn't match there.
fn words(query: &str) -> Value {
    match query.trim() {
        "" | "*" => json!({"match_all": {}}),
        query => json!({"query_string": {"query": query, "lenient": true}}),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn times_and_place_become_filters() {
        let request = SearchRequest {
            query: "level:error".to_owned(),
            since_ms: Some(10),
            until_ms: Some(20),
            limit: 5,
            ..SearchRequest::default()
        };
        let position = Position { ms: 15, shown: BTreeMap::from([("i".to_owned(), vec!["a".to_owned()])]) };
        assert_eq!(
            body(&request, Some(&position)),
            json!({
                "size": 5,
                "sort": [{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                "query": {"bool": {"filter": [
                    {"query_string": {"query": "level:error", "lenient": true}},
                    {"bool": {
                        "filter": [
                            {"range": {"@timestamp": {"gte": 10, "format": "epoch_millis"}}},
                            {"range": {"@timestamp": {"lt": 20, "format": "epoch_millis"}}},
                            {"range": {"@timestamp": {"lte": 15, "format": "epoch_millis"}}},
                        ],
                        "must_not": [
                            {"bool": {"filter": [{"term": {"_index": "i"}}, {"ids": {"values": ["a"]}}]}}
                        ],
                    }},
                ]}},
            })
        );
    }

    #[test]
    fn all_is_all() {
        for query in ["", " ", "*"] {
            assert_eq!(words(query), json!({"match_all": {}}));
        }
    }
}
