//! `forebay dev`: the whole pipeline in one process.

use std::path::Path;
use std::time::{Duration, Instant};

use forebay_service::stop_signal;
use forebay_settings::Settings;
use forebay_settings::sections::telemetry::LogFormat;
use forebay_telemetry::{LogForm, logs};

use crate::dev::banner::Banner;
use crate::dev::paths::DataDir;
use crate::dev::settings::adapt;
use crate::dev::state::Instance;
use crate::dev::tiers::{Tiers, ready};
use crate::exit::{Exit, Failure, Outcome};
use crate::operator::no_file;
use crate::output::term::Colour;
use crate::output::{entry, note, warn};
use crate::send::ingest_url;
use crate::target::{TargetArgs, load};

/// How long the start waits for all parts.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs ingest, parser, indexer, an embedded broker and an embedded store in one process. Events are kept in the data
/// folder over restarts. Ctrl-C stops it; a second Ctrl-C does so at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port for events, on 127.0.0.1; 0 takes a free one (default: 8080, or ingest.listen of --config)
    #[arg(long)]
    port: Option<u16>,

    /// Read files from the start and follow them: files, folders or patterns
    #[arg(long, value_name = "PATH", num_args = 1..)]
    tail: Vec<String>,
}

pub(crate) fn run(target: &TargetArgs, args: Args) -> Outcome {
    let data = target.data_dir()?;
    let settings = settings(target, args.port)?;
    let mut files = settings.ingest.access_file.as_deref().into_iter().chain(settings.operators_file());
    if let Some(missing) = files.find(|file| !file.exists()) {
        let (what, hint) = no_file(missing);
        return Err(Failure::settings(what).hint(hint));
    }
    let form = match settings.telemetry.log_format {
        LogFormat::Text => LogForm::Text,
        LogFormat::Json => LogForm::Json,
    };
    logs::init(form, &settings.telemetry.log_filter).map_err(|error| Failure::settings(error.to_string()))?;
    // Settings are this one's, and would lead others elsewhere. Other commands are run in other folders.
    let data_option =
        target.data.as_deref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    let words = TargetArgs { config: None, data: data_option, ..target.clone() }.words();
    super::runtime()?.block_on(serve(settings, &data, &words, target.names_settings(), args.tail))
}

/// The settings of --config, or the defaults, as one process needs them.
fn settings(target: &TargetArgs, port: Option<u16>) -> Result<Settings, Failure> {
    let mut settings = load(target.config.as_deref())?;
    let untouched = settings.telemetry.log_filter == Settings::default().telemetry.log_filter;
    if untouched {
        // A person reads this beside the banner; a file that asks for more gets it.
        settings.telemetry.log_filter =
            std::env::var("FOREBAY_LOG").unwrap_or_else(|_| "warn,forebay_rule_files=info".to_owned());
    }
    adapt(&mut settings, port);
    Ok(settings)
}

async fn serve(
    settings: Settings,
    data: &DataDir,
    words: &str,
    is_hidden: bool,
    tail: Vec<String>,
) -> Outcome {
    let started = Instant::now();
    let signal =
        stop_signal().map_err(|error| Failure::failed(format!("can't listen for signals: {error}")))?;
    std::fs::create_dir_all(data.path()).map_err(|error| {
        Failure::failed(format!("can't make the data folder {}: {error}", data.path().display()))
    })?;
    let listen = settings.ingest.listen.clone();
    let following = tail.len();
    let mut tiers =
        Tiers::start(settings.clone(), data, tail).await.map_err(|error| explain(&error, data, &listen))?;
    let health = tiers.health();
    let ready = tokio::select! {
        error = tiers.failed() => return Err(Failure::failed(format!("{error:#}"))),
        ready = ready(health, PATIENCE) => ready,
    };
    if !ready {
        warn(format!("not every part is ready after {PATIENCE:?}: see http://{}/readyz", tiers.metrics()));
    }
    // Other commands are run elsewhere.
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parser = settings.parser.clone();
    parser.rules.folder = parser.rules.folder.as_deref().map(whole);
    let instance = Instance {
        pid: std::process::id(),
        ingest_url: ingest_url(&settings.ingest, tiers.ingest()),
        ca_file: settings.ingest.tls.certificate_file.as_deref().map(whole),
        kafka: tiers.kafka(),
        metrics: tiers.metrics(),
        senders_file: settings.ingest.access_file.as_deref().map(whole),
        access_file: settings.operators_file().map(whole),
        parser,
        retention: settings.search.retention.clone(),
    };
    if let Err(error) = instance.save(data) {
        warn(format!("other commands won't find this instance: {}: {error}", data.state().display()));
    }
    let state = if ready { "is ready" } else { "runs, and is not ready yet" };
    note(format!("forebay dev {state} ({:.1} s)", started.elapsed().as_secs_f64()));
    let banner = Banner { instance: &instance, data, settings: &settings, words, is_hidden, following };
    for (name, text, is_command) in banner.lines() {
        entry(name, &text, is_command.then_some(Colour::Bold));
    }

    let outcome = tokio::select! {
        name = signal => {
            note(format!("{name}: stopping; once more stops at once"));
            Ok(Exit::Done)
        }
        error = tiers.failed() => Err(Failure::failed(format!("{error:#}"))),
    };
    let again =
        stop_signal().map_err(|error| Failure::failed(format!("can't listen for signals: {error}")))?;
    let stopped = tokio::select! {
        stopped = tiers.stop() => stopped,
        _ = again => return Ok(Exit::Interrupted),
    };
    if let Err(error) = Instance::forget(data) {
        warn(format!("can't remove {}: {error}", data.state().display()));
    }
    stopped.map_err(|error| Failure::failed(format!("the stop was not clean: {error:#}")))?;
    if outcome.is_ok() {
        note("stopped; everything that was acknowledged is kept");
    }
    outcome
}

/// The causes that a person meets, with what to do.
fn explain(error: &anyhow::Error, data: &DataDir, listen: &str) -> Failure {
    let text = told(error);
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    if io.is_some_and(|io| io.kind() == std::io::ErrorKind::AddrInUse) {
        return Failure::failed(format!("{listen} is taken by another process"))
            .hint("give another port with --port, or --port 0 for a free one");
    }
    if text.contains("in use by another forebay process") {
        return Failure::failed(format!("another `forebay dev` runs on {}", data.path().display()))
            .hint("stop it, or give this one a folder of its own with --data DIR");
    }
    Failure::failed(text)
}

/// An error with its causes, but for those whose words it has already.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        match told.as_str() {
            "" => cause,
            told if told.ends_with(&cause) => told.to_owned(),
            told => format!("{told}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::Error::new(forebay_operators::FileError::Read(io::Error::other("no disk")));
        assert_eq!(told(&error.context("access file a.yaml")), "access file a.yaml: can't read it: no disk");
    }
}
