//! The filter of the process's own logs: `info`, or `warn,forebay_parser=debug`.
//!
//! Read strictly: where a misspelt level would be taken for a target, nothing would be logged and nobody told.

use tracing_subscriber::filter::{LevelFilter, Targets};

/// Libraries that say at `info` what is of use only to their authors. A filter that names one of them wins.
const QUIET: &[&str] = &[
    "h2",
    "hyper",
    "hyper_util",
    "librdkafka",
    "opensearch",
    "reqwest",
    "rustls",
    "tansu_broker",
    "tansu_sans_io",
    "tansu_service",
    "tansu_storage",
    "tantivy",
    "tower",
];

/// Why a filter can't be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FilterError {
    /// Not one of the levels.
    #[error("`{0}` is not a level of logs: use off, error, warn, info, debug or trace, or target=level")]
    Level(String),
    /// Nothing stands before the equals sign.
    #[error("`{0}` names no target before `=`")]
    Target(String),
}

/// Reads a filter: a level for everything, `target=level` for a part, several separated by commas.
///
/// # Errors
///
/// When a level is unknown or a target empty.
pub fn parse_filter(filter: &str) -> Result<Targets, FilterError> {
    let mut targets = Targets::new().with_default(LevelFilter::INFO);
    targets.extend(QUIET.iter().map(|target| ((*target).to_owned(), LevelFilter::WARN)));
    for part in filter.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        targets = match part.split_once('=') {
            None => targets.with_default(level(part)?),
            Some((target, _)) if target.trim().is_empty() => {
                return Err(FilterError::Target(part.to_owned()));
            }
            Some((target, word)) => targets.with_target(target.trim(), level(word.trim())?),
        };
    }
    Ok(targets)
}

fn level(word: &str) -> Result<LevelFilter, FilterError> {
    word.parse().map_err(|_| FilterError::Level(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::{FilterError, parse_filter};

    /// Guarantees: the default is `info`, and librdkafka is heard only from `warn` on unless it is named.
    #[test]
    fn levels_targets_and_quiet_libraries() {
        let targets = parse_filter("").unwrap();
        assert!(targets.would_enable("forebay_parser", &Level::INFO));
        assert!(!targets.would_enable("librdkafka", &Level::INFO));

        let targets = parse_filter("warn, forebay_parser=debug,librdkafka=debug").unwrap();
        assert!(targets.would_enable("forebay_parser::lane", &Level::DEBUG));
        assert!(targets.would_enable("librdkafka", &Level::DEBUG));
        assert!(!targets.would_enable("forebay_ingest", &Level::INFO));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse_filter("inof").unwrap_err(), FilterError::Level("inof".to_owned()));
        assert_eq!(parse_filter("=info").unwrap_err(), FilterError::Target("=info".to_owned()));
        let message = parse_filter("warn,forebay=verbose").unwrap_err().to_string();
        assert!(message.starts_with("`verbose` is not a level of logs: use off,"), "{message}");
    }
}
