//! The page of all settings.

use forebay_settings::shape::{Field, Shape};
use serde_json::Value;

use super::table::table;

const HEAD: &str = "\
# Configuration

<!-- Generated from crates/shell/settings by `cargo run --package xtask -- docs`; change the docs of the fields there. -->

All tiers read one YAML file, each the sections that concern it. What the file leaves out has the default given here; a
file isn't needed at all where the defaults and the environment do. [forebay.yaml](forebay.yaml) shows the settings that
are changed most often, and [configuration.schema.json](configuration.schema.json) lets an editor check and complete a
file while it is written.

- **Checked as a whole.** Before any port is bound, the file and the environment are checked, and all problems are told
  at once, each with its line and what to do about it. `forebay check FILE` does the same offline. A key that doesn't
  exist is a problem, since it is nearly always a misspelt one.
- **Units.** A size is a number with a unit: `B`, `KiB`, `MiB`, `GiB`, or `KB`, `MB`, `GB` for powers of ten. A length of
  time has units too, several if need be: `200ms`, `5s`, `1h 30m`, `3d`. A bare number is refused.
- **Environment.** `FOREBAY__` and the path in capitals, with two underscores between levels, wins over the file:
  `FOREBAY__KAFKA__BOOTSTRAP_SERVERS=kafka-0:9092` sets `kafka.bootstrap_servers`. In `kafka.properties`, an underscore
  stands for a dot: `FOREBAY__KAFKA__PROPERTIES__SASL_USERNAME` sets `sasl.username`. An empty value leaves an optional
  setting unset. A variable that sets nothing is a problem too.
- **Secrets** are never written into the file: settings that end in `_file` name a file that holds the secret, and so
  does a value `file:/path` in `kafka.properties`.
";

/// The page, from the shape of the settings.
pub(super) fn page(sections: &[Field]) -> String {
    let mut text = HEAD.to_owned();
    for field in sections {
        section(&mut text, &field.name, field, 2);
    }
    text
}

/// A heading, the section's doc, a table of its keys, then the sections below it.
fn section(text: &mut String, path: &str, field: &Field, level: usize) {
    let (Shape::Section(inner) | Shape::Named(inner)) = &field.shape else { return };
    let path =
        &if matches!(field.shape, Shape::Named(_)) { format!("{path}.<name>") } else { path.to_owned() };
    text.push_str(&format!("\n{} `{path}`\n\n{}\n\n", "#".repeat(level), field.doc));
    let leaves = inner.iter().filter(|field| !matches!(field.shape, Shape::Section(_) | Shape::Named(_)));
    let rows =
        leaves.map(|field| [format!("`{}`", field.name), takes(field), default(field), field.doc.clone()]);
    text.push_str(&table(["Key", "Takes", "Default", "Meaning"], rows));
    for field in inner {
        section(text, &format!("{path}.{}", field.name), field, level + 1);
    }
}

fn takes(field: &Field) -> String {
    match &field.shape {
        Shape::Section(_) => "keys".to_owned(),
        Shape::Named(_) => "names with keys each".to_owned(),
        Shape::Dictionary { .. } => "names with a text each".to_owned(),
        Shape::Text if field.name.ends_with("_file") => "path".to_owned(),
        Shape::Text => "text".to_owned(),
        Shape::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Shape::ByteSize => "size".to_owned(),
        Shape::Period => "time".to_owned(),
        Shape::Integer { min, .. } => format!("number from {min}"),
        Shape::Number => "number".to_owned(),
        Shape::Boolean => "`true`, `false`".to_owned(),
    }
}

fn default(field: &Field) -> String {
    match &field.default {
        None => "none".to_owned(),
        Some(Value::Object(map)) if map.is_empty() => "none".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(other) => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    /// Guarantees: each kind of setting has a row that says what it takes and its default in the form that a file takes.
    #[test]
    fn rows_say_what_a_file_may_say() {
        let page = page(&forebay_settings::shape::sections());
        for row in [
            "| `max_body` | size | `16MiB` | The largest body as it is sent, compressed or not. |",
            "| `access_file` | path | none |",
            "| `lanes` | number from 0 | `0` |",
            "| `on_unparsed` | `dead_letter`, `pass_raw` | `dead_letter` |",
            "| `gzip` | `true`, `false` | `false` |",
            "### `kafka.topics`",
        ] {
            assert!(page.contains(row), "no {row} in\n{page}");
        }
    }
}
