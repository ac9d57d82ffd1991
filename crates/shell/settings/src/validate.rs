//! The settings as a whole: values that are well formed each by itself, and can't be run, or not together.
//!
//! Pure, but for the system's database of time zones: no file is opened and no name looked up, so that
//! `forebay check` says the same everywhere.

mod address;
mod addresses;
mod findings;
mod indexer;
mod ingest;
mod kafka;
mod parser;
mod rules;
mod search;
mod telemetry;
mod tls;

use crate::problem::Problem;
use crate::sections::Settings;
use crate::sections::telemetry::MetricsAccess;

use findings::Findings;

/// All that is wrong with the settings; nothing when they can be run.
#[must_use]
pub fn validate(settings: &Settings) -> Vec<Problem> {
    let mut findings = Findings::default();
    kafka::check(&settings.kafka, &mut findings);
    search::check(&settings.search, &mut findings);
    ingest::check(&settings.ingest, &mut findings);
    parser::check(&settings.parser, &mut findings);
    rules::check(&settings.parser.rules, &mut findings);
    indexer::check(&settings.indexer, &mut findings);
    telemetry::check(&settings.telemetry, &mut findings);
    across(settings, &mut findings);
    findings.into_problems()
}

/// What concerns more than one section.
fn across(settings: &Settings, findings: &mut Findings) {
    findings.require(
        settings.parser.group != settings.indexer.group,
        "indexer.group",
        "the parser's consumer group has the same name",
        "give each tier a group of its own, or one takes the other's records",
    );
    addresses::check(settings, findings);
    findings.require(
        settings.telemetry.metrics == MetricsAccess::Open || settings.operators_file().is_some(),
        "telemetry.metrics",
        "it asks for a token, and there is no access file that has any",
        "set telemetry.access_file or ingest.access_file, or write `open`",
    );
}

#[cfg(test)]
mod tests;
