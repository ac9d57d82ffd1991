//! A process's page of metrics, in Prometheus' text format.
//!
//! The format: <https://prometheus.io/docs/instrumenting/exposition_formats/>. Whatever else answers on a port gives an empty
//! page.

use std::collections::BTreeMap;

/// The most series that are kept of a page.
const MAX_SERIES: usize = 200_000;

/// The beginning of the names that are ours.
const OURS: &str = "forebay_";

/// A series: a metric's name with labels.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// The series of one process and their values, without histograms' buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    series: BTreeMap<Key, f64>,
}

// === impl Key ===

impl Key {
    /// The value of a label; empty when there is none.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// Whether its number only grows while the process lives.
    pub(crate) fn is_counter(&self) -> bool {
        ["_total", "_sum", "_count"].iter().any(|end| self.name.ends_with(end))
    }
}

// === impl Page ===

impl Page {
    /// Reads a page; lines that can't be understood say nothing.
    pub(crate) fn read(text: &str) -> Self {
        Self { series: text.lines().filter_map(series).take(MAX_SERIES).collect() }
    }

    /// All series.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, f64)> {
        self.series.iter().map(|(key, value)| (key, *value))
    }

    /// The series of one metric.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Key, f64)> {
        let first = Key { name: name.to_owned(), labels: BTreeMap::new() };
        self.series.range(first..).take_while(move |(key, _)| key.name == name).map(|(key, v)| (key, *v))
    }

    /// Whether nothing of ours is on it.
    pub(crate) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }
}

/// A line: the series and its value.
fn series(line: &str) -> Option<(Key, f64)> {
    if !line.starts_with(OURS) {
        return None;
    }
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at_checked(end)?;
    if name.ends_with("_bucket") {
        return None;
    }
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while let Some((label, quoted)) = rest.split_once("=\"") {
            let (value, after) = unquote(quoted)?;
            let _before = labels.insert(label.trim_start_matches([',', ' ']).to_owned(), value);
            rest = after;
            if rest.starts_with('}') {
                break;
            }
        }
        rest = rest.strip_prefix('}')?;
    }
    let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
    value.is_finite().then(|| (Key { name: name.to_owned(), labels }, value))
}

/// The text up to the closing quotation mark, and what follows that.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            '\\' => text.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read() {
        let page = Page::read(
            "# HELP forebay_x Something.\n\
             forebay_retries_total{stage=\"indexer\"} 5\n\
             forebay_rules_masked_total 7\n\
             forebay_target_held_bytes{target=\"odd\\\"}\\\\ one\",reason=\"a b\"} 2048.5 1795255200000\n\
             forebay_bulk_request_seconds_bucket{le=\"0.1\"} 3\n\
             process_cpu_seconds_total 9\n\
             forebay_broken{a=\"b\"} NaN\n",
        );
        let shown: Vec<_> = page.iter().map(|(key, value)| (key.name.as_str(), value)).collect();
        let expected = [
            ("forebay_retries_total", 5.0),
            ("forebay_rules_masked_total", 7.0),
            ("forebay_target_held_bytes", 2048.5),
        ];
        assert_eq!(shown, expected);
        let (held, _) = page.of("forebay_target_held_bytes").next().unwrap();
        assert_eq!(
            (held.label("target"), held.label("reason"), held.label("x")),
            ("odd\"}\\ one", "a b", "")
        );
        assert!(!held.is_counter());
        assert_eq!(page.of("forebay_retries").count(), 0, "the beginning of a name is none");
    }

    #[test]
    fn what_is_no_page_of_metrics_says_nothing() {
        for text in
            ["", "<html>", "forebay_x{", "forebay_x{target=\"x", "forebay_é{\\", "forebay_x", "forebay_x{} "]
        {
            assert!(Page::read(text).is_empty(), "{text}");
        }
    }
}
