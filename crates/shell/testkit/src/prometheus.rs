//! What a process says about itself, in Prometheus' text format.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

/// The series of one name: labels as they stand between the braces, and the value.
pub fn series<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
    text.lines().filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}')?,
            None if rest.starts_with(' ') => ("", rest),
            None => return None,
        };
        Some((labels, value.trim().parse().ok()?))
    })
}

/// The sum of a metric's series that have all these words in their labels, such as `outcome="busy"`.
#[must_use]
pub fn sum(text: &str, name: &str, words: &[&str]) -> f64 {
    let fits = |labels: &str| words.iter().all(|word| labels.contains(word));
    series(text, name).filter(|(labels, _)| fits(labels)).map(|(_, value)| value).sum()
}

/// The value of one label among those of a series.
#[must_use]
pub fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_not_taken_for_one_with_a_longer_name() {
        let text = "# HELP a_total x\na_total{t=\"1\",f=\"json\"} 2\na_total 5\na_total_more 7\na_total{t=\"2\",f=\"raw\"} 4\n";
        let found: Vec<(&str, f64)> = series(text, "a_total").collect();
        assert_eq!(found, [("t=\"1\",f=\"json\"", 2.0), ("", 5.0), ("t=\"2\",f=\"raw\"", 4.0)]);
        assert_eq!(label("t=\"1\",f=\"json\"", "f"), Some("json"));
        assert_eq!(label("", "f"), None);
        assert_eq!((sum(text, "a_total", &[]), sum(text, "a_total", &["t=\"2\"", "raw"])), (11.0, 4.0));
        assert_eq!(sum(text, "a_total", &["json", "raw"]), 0.0);
    }
}
