//! Links in our pages: what they lead to is there.
//!
//! A link of the form ``[`name`](file.rs)`` says that the file has that function, as pages do that name the test behind a
//! promise. So a test can't go, or be renamed, while a page leans on it.

use super::Breach;

/// Checks a page's links. `read` gives the text of a file, by its path from the page's folder; an empty one for a folder.
pub(super) fn check_page(page: &str, text: &str, read: impl Fn(&str) -> Option<String>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (label, target) in links(text) {
        let path = target.split('#').next().unwrap_or_default();
        if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
            continue;
        }
        let breach = match read(path) {
            None => Some(format!("`{target}` isn't there")),
            Some(code) => function(label, path)
                .filter(|name| !code.contains(&format!("fn {name}(")))
                .map(|name| format!("`{target}` has no function `{name}`")),
        };
        breaches.extend(breach.map(|rule| Breach {
            file: page.to_owned(),
            rule,
            remedy: "mend the link, or what the page says",
        }));
    }
    breaches
}

/// Label and target of each link, outside of code.
fn links(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("    ") {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let (before, after) =
                (line.get(..at).unwrap_or_default(), line.get(at + 2..).unwrap_or_default());
            if let (Some(label), Some(target)) = (before.rsplit('[').next(), after.split(')').next()) {
                found.push((label, target));
            }
        }
    }
    found
}

/// The function that a link claims.
fn function<'a>(label: &'a str, path: &str) -> Option<&'a str> {
    let name = label.strip_prefix('`')?.strip_suffix('`')?;
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    (std::path::Path::new(path).extension().is_some_and(|extension| extension == "rs") && plain)
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(text: &str) -> Vec<String> {
        let read = |path: &str| match path {
            "a.rs" => Some("async fn it_holds() {}".to_owned()),
            "../b.md" => Some(String::new()),
            _ => None,
        };
        check_page("p.md", text, read).into_iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn what_is_there_may_be_linked() {
        let text = "| x | [`it_holds`](a.rs), [page](../b.md#part) | [far](https://a.b/c) [here](#part)\n    [code](no.md)";
        assert_eq!(breaches(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_gone_is_told() {
        let text = "[x](gone.md) and [`it_was`](a.rs)";
        assert_eq!(breaches(text), ["`gone.md` isn't there", "`a.rs` has no function `it_was`"]);
    }
}
