//! Settings as the file that a process reads.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

/// Writes settings to a file for `--config`. JSON is YAML too; what is not set is left out, since the file has no word for
/// that.
///
/// # Errors
/// When they can't be written.
pub fn settings_file(path: &Path, settings: &impl Serialize) -> Result<()> {
    let tree = present(serde_json::to_value(settings)?);
    let written = std::fs::write(path, serde_json::to_vec_pretty(&tree)?);
    written.with_context(|| format!("writing {}", path.display()))
}

fn present(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name, present(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_set_is_left_out_at_any_depth() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        settings_file(file.path(), &json!({"a": {"b": null, "c": [1]}, "d": null})).expect("writes");
        let text = std::fs::read(file.path()).expect("reads");
        assert_eq!(serde_json::from_slice::<Value>(&text).expect("json"), json!({"a": {"c": [1]}}));
    }
}
