//! "Did you mean ...?"

/// The known name that comes closest to what was written, where one is close enough to be meant.
#[must_use]
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&written, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// What to do about a word that isn't one of the known ones.
#[must_use]
pub fn remedy(written: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    match nearest(written, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? Known are: {list}"),
        None => format!("known are: {list}"),
    }
}

/// The known name that was meant by one that is nearly the same, with a letter or two more, less, changed or swapped; `None` if it is known,
/// or may well be a name of its own.
#[must_use]
pub fn misspelt<'a>(written: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if known.clone().into_iter().any(|name| name == written) {
        return None;
    }
    let lowercase = written.to_lowercase();
    let distance = |name: &str| {
        let most = if name.len().min(lowercase.len()) > 4 { 2 } else { 1 };
        Some(strsim::osa_distance(&lowercase, name)).filter(|distance| *distance <= most)
    };
    let near = known.into_iter().filter_map(|name| Some((distance(name)?, name)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{nearest, remedy};

    #[test]
    fn suggests_only_what_is_close() {
        let known = ["max_body", "max_event", "listen"];
        assert_eq!(nearest("max-bdy", known), Some("max_body"));
        assert_eq!(nearest("Listen", known), Some("listen"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(remedy("lisen", &["listen"]), "did you mean `listen`? Known are: listen");
        assert_eq!(remedy("colour", &["listen"]), "known are: listen");
    }
}
