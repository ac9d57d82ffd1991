//! What differs between the template that a server has and the one that it should have.
//!
//! Servers give settings back as text, spelled as nested objects however they came, and add members of their own. So both
//! sides are laid out as dotted paths to scalars in text form, of the members that a client writes.

use std::collections::{BTreeMap, BTreeSet};

use forebay_store::Difference;
use serde_json::Value;

/// The members of a template that a client writes.
const OURS: [&str; 7] =
    ["index_patterns", "template", "priority", "version", "_meta", "composed_of", "data_stream"];

/// The fields that differ, by path.
pub(crate) fn between(present: &Value, wanted: &Value) -> Vec<Difference> {
    let (present, wanted) = (flat(present), flat(wanted));
    differ(&present, &wanted, present.keys().chain(wanted.keys()).collect())
}

/// The fields of `wanted` that differ, by path: what is there besides is the server's own.
pub(crate) fn lacking(present: &Value, wanted: &Value) -> Vec<Difference> {
    let of = |value: &Value| {
        let mut out = BTreeMap::new();
        lay_out(&mut out, String::new(), value);
        out
    };
    let wanted = of(wanted);
    differ(&of(present), &wanted, wanted.keys().collect())
}

fn differ(
    present: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
    paths: BTreeSet<&String>,
) -> Vec<Difference> {
    paths
        .into_iter()
        .map(|path| Difference {
            path: path.clone(),
            from: present.get(path).cloned(),
            to: wanted.get(path).cloned(),
        })
        .filter(|difference| difference.from != difference.to)
        .collect()
}

fn flat(template: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for member in OURS {
        if let Some(value) = template.get(member) {
            lay_out(&mut out, member.to_owned(), value);
        }
    }
    out
}

/// Empty objects and lists say nothing, and servers add some.
fn lay_out(out: &mut BTreeMap<String, String>, path: String, value: &Value) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                lay_out(out, path, value);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                lay_out(out, format!("{path}[{number}]"), value);
            }
        }
        Value::String(text) => {
            let _none = out.insert(path, text.clone());
        }
        scalar => {
            let _none = out.insert(path, scalar.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spelling_is_no_difference() {
        let wanted = json!({"index_patterns": ["a-*"], "priority": 200, "template": {
            "settings": {"index.number_of_shards": 1, "index.mapping.total_fields.limit": 2000}}});
        let present = json!({"index_patterns": ["a-*"], "priority": 200, "composed_of": [], "modified": 17, "template": {
            "settings": {"index": {"number_of_shards": "1", "mapping": {"total_fields": {"limit": "2000"}}}},
            "mappings": {}}});
        assert_eq!(between(&present, &wanted), []);
    }

    #[test]
    fn each_field_that_differs_is_named() {
        let present = json!({"template": {"mappings": {"properties": {"a": {"type": "long"}, "mine": {"type": "ip"}}}}});
        let wanted = json!({"template": {"mappings": {"properties": {"a": {"type": "keyword"}, "b": {"type": "date"}}}}});
        let differences: Vec<String> = between(&present, &wanted).iter().map(ToString::to_string).collect();
        assert_eq!(
            differences,
            [
                "~ template.mappings.properties.a.type: long -> keyword",
                "+ template.mappings.properties.b.type: date",
                "- template.mappings.properties.mine.type: ip",
            ]
        );
    }
}
