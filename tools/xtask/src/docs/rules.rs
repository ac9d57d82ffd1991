//! The page of all that a rule file may say.

use forebay_yaml::Shape;
use forebay_yaml::shape::{Field, Word};

use super::table::table;

const HEAD: &str = "\
# Rule files

<!-- Generated from crates/core/rules/src/spec by `cargo run --package xtask -- docs`; change the docs of the fields there. -->

All that a rule file may say; [Rules](../rules.md) is the guide to it. A file is one rule: what it is for (`match`), and what is
done (`steps`). A key that isn't listed here is an error, since it is nearly always a misspelt one: `forebay check` names all of
them at once, with their places.

[rules.schema.json](rules.schema.json) lets an editor check and complete a rule while it is written, for many of them by a first line
`# yaml-language-server: $schema=` and the path or address of that file.

Keys in bold have to be there.
";

/// The page, from the shape of a rule.
pub(super) fn page(shape: &Shape) -> String {
    let mut text = HEAD.to_owned();
    section(&mut text, "A rule", "", "", shape);
    text
}

/// A heading (of the file itself: `whole`), what the section is, a table of its keys, what their words mean; then the sections below it.
pub(super) fn section(text: &mut String, whole: &str, path: &str, doc: &str, shape: &Shape) {
    let Some(fields) = keys(shape) else { return };
    if path.is_empty() {
        text.push_str(&format!("\n## {whole}\n\n"));
    } else {
        text.push_str(&format!("\n##{} `{path}`\n\n{doc}\n\n", "#".repeat(path.matches('.').count())));
    }
    let rows = fields.iter().map(|field| [name(field), takes(&field.shape), field.doc.clone()]);
    text.push_str(&table(["Key", "Takes", "Meaning"], rows));
    for field in fields {
        let words = words(&field.shape);
        if words.iter().any(|word| !word.doc.is_empty()) {
            text.push_str(&format!("\n`{}`:\n", field.name));
            for Word { name, doc } in words {
                text.push_str(&format!("- `{name}`: {doc}\n"));
            }
        }
    }
    for field in fields {
        // A step's own sections stand beside `match`, as they do in people's minds.
        let path = match path {
            "" | "steps" => field.name.clone(),
            path => format!("{path}.{}", field.name),
        };
        section(text, whole, &path, &field.doc, &field.shape);
    }
}

/// The keys of a section, or of what a list has of them. A single key is shown where it is taken.
fn keys(shape: &Shape) -> Option<&[Field]> {
    match shape {
        Shape::Section(fields) if fields.len() > 1 => Some(fields),
        Shape::List(inner) => keys(inner),
        Shape::Either(options) => options.iter().find_map(keys),
        _ => None,
    }
}

/// The words that a key takes, itself or in a list.
fn words(shape: &Shape) -> Vec<&Word> {
    match shape {
        Shape::Words(words) => words.iter().collect(),
        Shape::List(inner) => words(inner),
        Shape::Either(options) => options.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

fn name(field: &Field) -> String {
    if field.required { format!("**`{}`**", field.name) } else { format!("`{}`", field.name) }
}

fn takes(shape: &Shape) -> String {
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Boolean => "`true`, `false`".to_owned(),
        Shape::Whole { min, max } if *max >= u32::MAX.into() => format!("whole number from {min}"),
        Shape::Words(words) => list(words.iter().map(|word| word.name.as_str())),
        Shape::List(inner) if **inner == Shape::Text => "list of texts".to_owned(),
        Shape::List(inner) => format!("list of {}", takes(inner)),
        Shape::Names { known: None, value } => format!("names, each with {}", takes(value)),
        Shape::Names { known: Some(known), value } => {
            format!("{}, each with {}", list(known.iter().map(String::as_str)), takes(value))
        }
        Shape::Section(fields) if fields.len() > 1 => "keys, see below".to_owned(),
        Shape::Section(fields) => match fields.as_slice() {
            [field] => format!("`{{{}}}` with {}", field.name, takes(&field.shape)),
            _ => "`{}`".to_owned(),
        },
        Shape::Either(options) => options.iter().map(takes).collect::<Vec<_>>().join("; or "),
        other => other.expected(),
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::page;

    /// Guarantees: each kind of key has a row that says what it takes, and each kind of step a section.
    #[test]
    fn rows_say_what_a_rule_may_say() {
        let page = page(&forebay_rules::spec::shape());
        for part in [
            "## A rule\n\n| Key | Takes | Meaning |\n| --- | --- | --- |\n| `description` | text |",
            "| **`steps`** | list of keys, see below |",
            "## `match`\n",
            "| `tenant` | text; or list of texts |",
            "## `steps`\n",
            "- `dead_letter`: It goes to the dead-letter topic",
            "\n## `parse`\n",
            "| **`format`** | text |",
            "\n### `mask.custom`\n",
            "`{keep_last}` with a whole number from 0 to 255",
            "\n### `enrich.table`\n",
            "| **`target`** | text |",
        ] {
            assert!(page.contains(part), "no {part} in\n{page}");
        }
    }
}
