//! The page of all that an access file may say.

use forebay_yaml::Shape;

use super::rules::section;

const HEAD: &str = "\
# The access file

<!-- Generated from crates/core/access/src/spec.rs by `cargo run --package xtask -- docs`; change the docs of the fields there. -->

All that the file of `ingest.access_file` may say: tenants, what each may send, and who may send as them.
[Ingest](../../services/ingest/README.md#who-may-send) has an example and what holds. A key that isn't listed here is an error, since it
is nearly always a misspelt one; all that is wrong is named at once, with its place.

[access.schema.json](access.schema.json) lets an editor check and complete a file while it is written, for many of them by a first line
`# yaml-language-server: $schema=` and the path or address of that file.

Keys in bold have to be there.
";

/// The page, from the shape of the file.
pub(super) fn page(shape: &Shape) -> String {
    let mut text = HEAD.to_owned();
    section(&mut text, "The file", "", "", shape);
    text
}

#[cfg(test)]
mod tests {
    use super::page;

    /// Guarantees: each kind of key has a row that says what it takes, and each section is there.
    #[test]
    fn rows_say_what_the_file_may_say() {
        let page = page(&forebay_access::spec::shape());
        for part in [
            "| `tenants` | names, each with keys, see below |",
            "| **`name`** | text |",
            "## `credentials`\n",
            "### `credentials.password`\n",
            "| `weight` |",
        ] {
            assert!(page.contains(part), "no {part} in\n{page}");
        }
    }
}
