//! `forebay status`: is anything lost, where is it stuck, why.

mod kafka;
mod letters;
mod prober;
mod processes;
mod watch;

use std::io::{self, IsTerminal};
use std::time::Duration;

use forebay_access::Role;
use jiff::tz::TimeZone;

use self::prober::Prober;
use crate::exit::{Exit, Failure, Outcome};
use crate::operator::out_of_scope;
use crate::output::{Data, lines, term};
use crate::status::model::Model;
use crate::status::report::Report;
use crate::target::TargetArgs;

/// Says in its first line whether anything is lost or stuck, and where. Then: how many events pass each tier in a second, how many wait for it
/// and for how long, when Kafka would delete them; what was found, and why; indices that aren't written; the newest dead letters' reasons;
/// what became of each tenant's events; the slowest rules; who was asked. Rates are measured over --interval. What nobody tells is "not told".
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One JSON object instead of text; with --watch, one each interval, a line each
    #[arg(long)]
    json: bool,

    /// Go on until q or Ctrl-C, on the whole screen
    #[arg(long, short)]
    watch: bool,

    /// How many seconds lie between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,

    /// Where processes serve their metrics; several times for several. All addresses of a name are asked, as those of a headless service in
    /// Kubernetes (default: those of telemetry.listen)
    #[arg(long, value_name = "URL|HOST:PORT", alias = "indexer")]
    target: Vec<String>,
}

impl Args {
    /// Whether it takes the whole screen.
    pub(crate) const fn draws(&self) -> bool {
        self.watch && !self.json
    }
}

pub(crate) async fn run(target: &TargetArgs, args: Args) -> Outcome {
    let (found, operator) = target.ask(Role::Read)?;
    operator.scope.everybody().map_err(|error| out_of_scope(&error))?;
    let token = target.token.shown(found.settings.operators_file())?;
    let interval = Duration::from_secs(args.interval);
    let prober = Prober::new(target.clone(), found, &args.target, token)?;
    match (args.watch, args.json) {
        (false, _) => once(prober, interval, args.json).await,
        (true, true) => watch::lines(prober, interval).await,
        (true, false) if !io::stdout().is_terminal() => {
            Err(Failure::usage("--watch draws on a terminal, and standard output is none")
                .hint("add --json for a line each interval, or leave --watch out"))
        }
        (true, false) => watch::screen(prober, interval).await,
    }
}

async fn once(mut prober: Prober, interval: Duration, as_json: bool) -> Outcome {
    let mut model = Model::default();
    let first = prober.look().await;
    let mut report = model.look(first);
    // Without Kafka there is nothing to compare.
    if report.servers.iter().any(|server| server.name == "kafka" && server.reachable) {
        tokio::time::sleep(interval).await;
        report = model.look(prober.look().await);
    }
    let mut data = Data::new();
    if as_json {
        data.line(json(&report)?)?;
    } else {
        lines::write(&mut data, term::stdout(), &report.lines(&TimeZone::system()))?;
    }
    data.flush()?;
    Ok(if report.all_reachable() { Exit::Done } else { Exit::Unreachable })
}

/// The report as a line of JSON. What a server says in it must not steer the terminal.
fn json(report: &Report) -> Result<String, Failure> {
    let json = serde_json::to_string(report).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(term::safe_json(&json).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::report::Server;

    /// Scenario: a server whose error has C1 control characters in it, which JSON may hold as they are (0x9b begins a terminal's
    /// command).
    /// Guarantees: none reaches the terminal, and the JSON says what was said.
    #[test]
    fn json_does_not_steer_the_terminal() {
        let detail = "\u{9b}2J\u{7f}\x1b[31m";
        let server = Server { name: "search", detail: detail.to_owned(), ..Server::default() };
        let line = json(&Report { servers: vec![server], ..Report::default() }).unwrap();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["servers"][0]["detail"], detail);
    }
}
