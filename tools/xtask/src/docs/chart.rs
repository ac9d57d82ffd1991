//! The schema of the Helm chart's values: what the chart adds is written by hand (`chart/values.json`), and its `config` is the
//! settings, key by key, from their types.

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The chart's own values.
const OWN: &str = include_str!("chart/values.json");

/// The whole schema, from that of the settings.
pub(super) fn schema(settings: Value) -> Result<Value> {
    let mut schema: Value = serde_json::from_str(OWN).context("chart/values.json")?;
    let Value::Object(mut settings) = settings else { anyhow::bail!("the settings' schema is no object") };
    let (types, draft) = (settings.remove("$defs"), settings.remove("$schema"));
    let (Some(Value::Object(types)), Some(draft)) = (types, draft) else {
        anyhow::bail!("the settings' schema has no `$defs` or no `$schema`");
    };
    // Types are referred to from the root of the file, so that is where they go.
    let own =
        schema.get_mut("$defs").and_then(Value::as_object_mut).context("chart/values.json has no `$defs`")?;
    for (name, shape) in types {
        anyhow::ensure!(
            own.insert(name.clone(), shape).is_none(),
            "chart/values.json has a type `{name}` too"
        );
    }
    let root = schema.as_object_mut().context("chart/values.json is no object")?;
    let _before = root.insert("$schema".to_owned(), draft);
    let values = root.get_mut("properties").and_then(Value::as_object_mut);
    let _before = values
        .context("chart/values.json has no `properties`")?
        .insert("config".to_owned(), Value::Object(settings));
    let _before = root.insert(
        "$comment".to_owned(),
        json!("Generated from crates/shell/settings and tools/xtask/src/docs/chart/values.json."),
    );
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// Guarantees: each setting is known where the chart has it, and whatever is referred to is there.
    #[test]
    fn settings_are_part_of_the_values() {
        let schema = super::schema(forebay_settings::schema()).unwrap();
        let config = &schema["properties"]["config"];
        assert_eq!(config["additionalProperties"], false, "a misspelt key is refused");
        for section in forebay_settings::shape::sections() {
            assert!(config["properties"].get(&section.name).is_some(), "no {}", section.name);
        }
        let mut referred = Vec::new();
        references(&schema, &mut referred);
        assert!(referred.contains(&"#/$defs/ByteSize".to_owned()), "{referred:?}");
        for reference in referred {
            let found = schema.pointer(reference.trim_start_matches('#'));
            assert!(found.is_some(), "{reference} leads nowhere");
        }
    }

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
}
