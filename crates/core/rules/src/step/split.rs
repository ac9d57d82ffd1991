//! `split`: each element of an array becomes an event of its own.

use vrl::path::OwnedValuePath;
use vrl::value::Value;

use super::{StepFailure, excerpt};
use crate::spec::step::SplitSpec;
use crate::target::path;

/// A compiled `split`.
#[derive(Debug)]
pub(crate) struct Split {
    field: OwnedValuePath,
    name: String,
    max: usize,
}

// === impl Split ===

impl Split {
    pub(crate) fn new(spec: &SplitSpec) -> Result<Self, String> {
        let field = path(&spec.field)?;
        if field.is_root() {
            return Err("field: an event as a whole is no array".to_owned());
        }
        if spec.max == 0 {
            return Err("max is 0; it has to be at least 1".to_owned());
        }
        Ok(Self { field, name: spec.field.clone(), max: spec.max as usize })
    }

    /// The events of one event; `None` where the field isn't there, and the event goes on as it is.
    pub(crate) fn apply(&self, value: &mut Value) -> Result<Option<Vec<Value>>, StepFailure> {
        let elements = match value.get_mut(&self.field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(elements)) => elements,
            Some(other) => {
                let reason = format!("`{}` is no array: {}", self.name, excerpt(other));
                return Err(StepFailure::new("split_no_array", reason));
            }
        };
        if elements.len() > self.max {
            let reason =
                format!("`{}` has {} elements; at most {} are split", self.name, elements.len(), self.max);
            return Err(StepFailure::new("split_too_many", reason));
        }
        if elements.is_empty() {
            return Ok(None);
        }
        let elements = std::mem::take(elements);
        let mut parts = Vec::with_capacity(elements.len());
        for element in elements {
            let mut part = value.clone();
            let _before = part.insert(&self.field, element);
            parts.push(part);
        }
        Ok(Some(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(event: &str) -> Result<Option<Vec<String>>, StepFailure> {
        let split = Split::new(&serde_saphyr::from_str("{field: a.records, max: 3}").unwrap()).unwrap();
        let mut value: Value = serde_json::from_str(event).unwrap();
        let parts = split.apply(&mut value)?;
        Ok(parts.map(|parts| parts.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn each_element_stands_where_the_array_stood() {
        let parts = split(r#"{"h":1,"a":{"x":2,"records":[{"n":1},"two"]}}"#).unwrap().unwrap();
        assert_eq!(
            parts,
            [
                r#"{ "a": { "records": { "n": 1 }, "x": 2 }, "h": 1 }"#,
                r#"{ "a": { "records": "two", "x": 2 }, "h": 1 }"#
            ]
        );
        assert_eq!(split(r#"{"h":1}"#).unwrap(), None);
        assert_eq!(split(r#"{"a":{"records":[]}}"#).unwrap(), None);
        assert_eq!(split(r#"{"a":{"records":7}}"#).unwrap_err().reason, r#"`a.records` is no array: "7""#);
        assert_eq!(split(r#"{"a":{"records":[1,2,3,4]}}"#).unwrap_err().error_type, "split_too_many");
    }
}
