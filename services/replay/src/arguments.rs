//! Arguments, each of which may stand in the environment instead: `--error-type` as `FOREBAY_REPLAY_ERROR_TYPE`.

use std::ffi::OsStr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser};
use forebay_access::{Operator, ScopeError};
use forebay_deadletters::arguments::{FilterArgs, destination, rate};
use forebay_deadletters::{DEFAULT_MAX_REPLAYS, Delivery, Destination, Filter, Job, LetterTopic, Task};

/// What the names of the variables begin with.
const PREFIX: &str = "FOREBAY_REPLAY_";

/// Sends dead letters through the pipeline again, as a job.
///
/// Every option may stand in the environment instead: --error-type as FOREBAY_REPLAY_ERROR_TYPE.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "forebay-replay",
    version,
    after_help = "\
Exit codes:
  0    all that matched was replayed
  1    some was not: started again, it goes on with it
  2    wrong arguments
  69   Kafka can't be reached
  77   the access file wants another token for this
  78   the settings are wrong"
)]
pub(crate) struct Arguments {
    /// The settings file; without one the defaults and the environment (FOREBAY__...) hold
    #[arg(long, value_name = "FILE", env = "FOREBAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) which: Which,

    /// Those in the parked topic, however often they were replayed
    #[arg(long)]
    pub(crate) parked: bool,

    /// Not to where it failed but `raw` (through the parser again) or `events` (parsed here, straight to the indexer)
    #[arg(long, value_parser = destination)]
    pub(crate) to: Option<Destination>,

    /// Leave those open that the parser, with these settings, would refuse again
    #[arg(long)]
    pub(crate) passing: bool,

    /// At most so many events a second
    #[arg(long, value_name = "NUMBER", value_parser = rate)]
    pub(crate) rate: Option<NonZeroU32>,

    /// The most letters; 0 means all that match
    #[arg(long, default_value_t = 0)]
    pub(crate) limit: u64,

    /// How often an event is replayed before it is parked
    #[arg(long, value_name = "TIMES", default_value_t = DEFAULT_MAX_REPLAYS)]
    pub(crate) max_replays: u32,

    /// The file that holds the token of an administrator, in place of FOREBAY_TOKEN, where the settings name an access file
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// The name of the run, such as that of the Kubernetes Job: a pod that takes over goes on with its limit
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,

    /// Only log what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// For a broker without transactions: a batch that was under way at a kill is sent again
    #[arg(long)]
    pub(crate) at_least_once: bool,

    /// Leave no audit record, for when the audit topic can't be written
    #[arg(long)]
    pub(crate) unaudited: bool,
}

/// Which letters.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which letters (all conditions must hold)")]
pub(crate) struct Which {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// All that are open: needed where no other condition is given
    #[arg(long)]
    pub(crate) all: bool,
}

impl Arguments {
    /// Reads them, or ends the process with what is wrong.
    pub(crate) fn read() -> Self {
        let mut command = command();
        if let Some(what) =
            std::env::vars_os().find_map(|(name, value)| wrong_variable(&command, &name, &value))
        {
            command.error(clap::error::ErrorKind::UnknownArgument, what).exit()
        }
        let arguments = match Self::from_arg_matches(&command.get_matches_mut()) {
            Ok(arguments) => arguments,
            Err(error) => error.format(&mut command).exit(),
        };
        if arguments.which.all || !Filter::from(arguments.which.filter.clone()).is_empty() {
            return arguments;
        }
        let what =
            "no condition is given: say which letters are meant (--error-type, --tenant, ...), or --all";
        command.error(clap::error::ErrorKind::MissingRequiredArgument, what).exit()
    }

    /// The job that they describe, on the letters that are the operator's.
    ///
    /// # Errors
    /// When others are asked for.
    pub(crate) fn job(mut self, operator: &Operator) -> Result<Job, ScopeError> {
        let tenant = &mut self.which.filter.tenant;
        *tenant = operator.scope.narrow(tenant.as_deref())?;
        let run = self.run.map(|run| operator.scope.name_work(tenant.as_deref(), &run));
        let task = Task::Replay { to: self.to.unwrap_or_default(), max_replays: self.max_replays };
        Ok(Job {
            filter: self.which.filter.into(),
            topic: if self.parked { LetterTopic::Parked } else { LetterTopic::DeadLetters },
            limit: (self.limit > 0).then_some(self.limit),
            rate: self.rate,
            passing: self.passing,
            dry_run: self.dry_run,
            delivery: if self.at_least_once { Delivery::AtLeastOnce } else { Delivery::ExactlyOnce },
            run,
            unaudited: self.unaudited,
            ..Job::new(task, operator.actor.name())
        })
    }
}

/// The command line, each option with its variable.
fn command() -> clap::Command {
    Arguments::command().mut_args(|argument| {
        let id = argument.get_id().as_str().to_owned();
        if matches!(id.as_str(), "help" | "version" | "config") {
            return argument;
        }
        // Names live as long as the process; clap wants them so.
        let name: &'static str = Box::leak(format!("{PREFIX}{}", id.to_uppercase()).into_boxed_str());
        argument.env(name)
    })
}

/// What is wrong with a variable of ours. A misspelt condition would let letters through that nobody meant, an empty one
/// would match none.
fn wrong_variable(command: &clap::Command, name: &OsStr, value: &OsStr) -> Option<String> {
    let name = name.to_str().filter(|name| name.starts_with(PREFIX))?;
    let known: Vec<&str> =
        command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).collect();
    if !known.contains(&name) {
        return Some(format!("the variable {name} is none of: {}", known.join(", ")));
    }
    value.is_empty().then(|| format!("the variable {name} is empty: give it a value, or leave it out"))
}

#[cfg(test)]
mod tests {
    use forebay_access::Scope;
    use forebay_record::Tenant;

    use super::*;

    /// Scenario: a condition's variable is misspelt, or a template has left it empty.
    /// Guarantees: both are told, so that no replay is wider or narrower than it was meant.
    #[test]
    fn a_variable_that_says_nothing_is_refused() {
        let command = command();
        let wrong = |name: &str, value: &str| wrong_variable(&command, name.as_ref(), value.as_ref());
        assert_eq!(wrong("FOREBAY_REPLAY_ERROR_TYPE", "json_invalid"), None);
        assert_eq!(wrong("HOME", ""), None);
        let misspelt = wrong("FOREBAY_REPLAY_ERRORTYPE", "json_invalid").unwrap();
        assert!(misspelt.contains("FOREBAY_REPLAY_ERRORTYPE is none of"), "{misspelt}");
        assert!(misspelt.contains("FOREBAY_REPLAY_ERROR_TYPE"), "{misspelt}");
        assert!(wrong("FOREBAY_REPLAY_TENANT", "").unwrap().contains("is empty"));
    }

    #[test]
    fn every_option_has_a_variable() {
        command().debug_assert();
        let command = command();
        let find = |id: &str| command.get_arguments().find(|argument| argument.get_id() == id).unwrap();
        assert_eq!(find("error_type").get_env().unwrap(), "FOREBAY_REPLAY_ERROR_TYPE");
        assert_eq!(find("config").get_env().unwrap(), "FOREBAY_CONFIG");
    }

    #[test]
    fn options_become_a_job() {
        let line = ["forebay-replay", "--tenant", "acme", "--limit", "5", "--rate", "10", "--to", "events"];
        let job = Arguments::parse_from(line).job(&Operator::unasked("os:ann@ops")).unwrap();
        assert_eq!(job.actor, "os:ann@ops");
        assert_eq!((job.limit, job.rate.map(NonZeroU32::get)), (Some(5), Some(10)));
        assert_eq!(job.task, Task::Replay { to: Destination::Events, max_replays: DEFAULT_MAX_REPLAYS });
        assert_eq!(job.filter.tenant.as_deref(), Some("acme"));
    }

    /// Guarantees: who is for one tenant takes over no run of others by its name.
    #[test]
    fn a_run_is_its_tenants_own() {
        let job = |operator: &Operator| {
            let line = ["forebay-replay", "--all", "--run", "nightly"];
            Arguments::parse_from(line).job(operator).unwrap().run.unwrap()
        };
        let all = Operator::unasked("os:ann@ops");
        let scope = Scope::Tenants([Tenant::new("acme").unwrap()].into());
        assert_eq!(
            (job(&all), job(&Operator { scope, ..all.clone() })),
            ("nightly".into(), "acme.nightly".into())
        );
    }
}
