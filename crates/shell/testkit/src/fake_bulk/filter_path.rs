//! `filter_path`: which parts of an answer the client wants (Elasticsearch's "common options").
//!
//! Names are separated by commas, levels by dots, `*` stands for any one name, and lists are transparent. `**` and
//! exclusion aren't here, since nobody asks for them.

use serde_json::{Map, Value};

/// Keeps what one of the paths names. As in Elasticsearch, a list keeps only elements of which something is left.
pub(super) fn filter(value: Value, paths: &str) -> Value {
    let paths: Vec<Vec<&str>> = paths.split(',').map(|path| path.split('.').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    keep(value, &paths).unwrap_or_else(|| Value::Object(Map::new()))
}

fn keep(value: Value, paths: &[&[&str]]) -> Option<Value> {
    if paths.iter().any(|path| path.is_empty()) {
        return Some(value);
    }
    match value {
        Value::Object(members) => {
            let kept: Map<_, _> = members
                .into_iter()
                .filter_map(|(name, member)| {
                    let below: Vec<&[&str]> = paths
                        .iter()
                        .filter_map(|path| {
                            path.split_first().filter(|(first, _)| **first == "*" || **first == name)
                        })
                        .map(|(_, rest)| rest)
                        .collect();
                    Some((name, keep(member, &below)?))
                })
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(elements) => {
            let kept: Vec<_> = elements.into_iter().filter_map(|element| keep(element, paths)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The bodies are what Elasticsearch 9.5.3 answered, less what isn't looked at.
    #[test]
    fn as_elasticsearch_does_it() {
        let answer = json!({"errors": true, "took": 3, "items": [
            {"create": {"_index": "i", "_id": "a", "status": 201}},
            {"create": {"_index": "i", "_id": "b", "status": 400, "error": {"type": "t", "caused_by": {"type": "c"}}}},
        ]});
        assert_eq!(
            filter(answer.clone(), "errors,items.*.status,items.*.error,items.*.failure_store"),
            json!({"errors": true, "items": [
                {"create": {"status": 201}},
                {"create": {"status": 400, "error": {"type": "t", "caused_by": {"type": "c"}}}},
            ]})
        );
        let only_errors = json!({"items": [{"create": {"error": {"type": "t"}}}]});
        assert_eq!(filter(answer.clone(), "items.*.error.type"), only_errors);
        assert_eq!(filter(answer, "nothing.of.it"), json!({}));
    }
}
