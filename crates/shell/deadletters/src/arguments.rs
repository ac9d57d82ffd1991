//! Which letters are meant, on a command line: the same words for the command and for the job.

use std::num::NonZeroU32;

use clap::Args;
use forebay_record::Stage;
use forebay_settings::units::moment;

use crate::decide::Destination;
use crate::filter::{Filter, Like, Pattern, Source};
use crate::place::Place;

/// Which dead letters are meant; all conditions must hold.
#[derive(Clone, Debug, Default, Args)]
pub struct FilterArgs {
    /// This text, or /regular expression/, stands in the reason or in the error's type
    #[arg(long, value_name = "TEXT", value_parser = pattern)]
    pub reason: Option<Pattern>,

    /// The error's type, such as document_parsing_exception
    #[arg(long, value_name = "TYPE")]
    pub error_type: Option<String>,

    /// The tenant
    #[arg(long)]
    pub tenant: Option<String>,

    /// The rule at work: the format's name while there are no rules
    #[arg(long)]
    pub rule: Option<String>,

    /// Where the record that failed stood: a topic, or some of it as TOPIC:PARTITION[:OFFSET[-OFFSET]]
    #[arg(long, value_name = "TOPIC[:..]", value_parser = source)]
    pub source: Option<Source>,

    /// The stage that refused it: decode, parse, transform, index or oversize
    #[arg(long, value_parser = stage)]
    pub stage: Option<Stage>,

    /// It failed last at or after then: a length of time before now (1h, 7d), a day or a moment
    #[arg(long, value_name = "TIME", value_parser = moment::argument)]
    pub since: Option<i64>,

    /// It failed last before then
    #[arg(long, value_name = "TIME", value_parser = moment::argument)]
    pub until: Option<i64>,

    /// The event's id
    #[arg(long)]
    pub id: Option<String>,

    /// The same kind of failure as the letter at this place (of --tenant, if given): its error type, and its reason but for the values in it
    #[arg(long, value_name = "PARTITION:OFFSET")]
    pub like: Option<Place>,
}

impl From<FilterArgs> for Filter {
    fn from(args: FilterArgs) -> Self {
        let FilterArgs { reason, error_type, tenant, rule, source, stage, since, until, id, like } = args;
        let like = like.map(Like::Letter);
        Self { reason, error_type, tenant, rule, source, stage, since_ms: since, until_ms: until, id, like }
    }
}

/// Reads where events are to go back to: `raw` or `events`.
///
/// # Errors
/// Says what can be given.
pub fn destination(text: &str) -> Result<Destination, String> {
    match text {
        "raw" => Ok(Destination::Raw),
        "events" => Ok(Destination::Events),
        _ => Err("give `raw` (through the parser) or `events` (straight to the indexer)".to_owned()),
    }
}

/// Reads how many events a second are sent at most.
///
/// # Errors
/// Says what can be given.
pub fn rate(text: &str) -> Result<NonZeroU32, String> {
    text.parse()
        .map_err(|_| "give a number of events a second, from 1; without it, nothing is held back".to_owned())
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.to_string())
}

fn source(text: &str) -> Result<Source, String> {
    text.parse().map_err(|error: crate::filter::SourceError| error.to_string())
}

fn stage(text: &str) -> Result<Stage, String> {
    text.parse().map_err(|()| {
        let names: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
        format!("the stages are {}", names.join(", "))
    })
}
