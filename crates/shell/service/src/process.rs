//! The `main` of every tier's binary: arguments, settings, logs, metrics, health, signals.
//!
//! Exit codes: 0 stopped as asked, 1 failed, 2 wrong arguments, 78 wrong settings (`EX_CONFIG` of sysexits.h).

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Arg, Command, value_parser};
use forebay_settings::Settings;
use forebay_settings::sections::telemetry::{ListenSettings, LogFormat};
use forebay_telemetry::{LogForm, Scrape, admin, logs};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::{Context, Running, metrics_guard, stop_signal};

const EXIT_SETTINGS: u8 = 78;

/// How many turns of tasks a busy thread gives before it looks which sockets have something new, or have room again. Tokio's own 61 are
/// for turns of microseconds; with some of a millisecond, as in handshakes or decoding, who has just sent waits for 61 of them.
const TURNS_BETWEEN_EVENTS: u32 = 8;

/// The part of the process that isn't ready until the tier has named parts of its own.
const START: &str = "start";

/// What a tier's process is.
#[derive(Clone, Copy, Debug)]
pub struct Tier {
    /// The binary's name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// How many threads serve its asynchronous part, whatever the cores: ingest on one core with one thread had a p99 of 65 ms, with two 9 ms.
    pub workers: usize,
    /// Where it serves metrics and health.
    pub listen: fn(&ListenSettings) -> &str,
}

/// Runs a tier as a process of its own until a signal stops it.
pub fn main<F, R>(tier: &Tier, start: F) -> ExitCode
where
    F: FnOnce(Settings, Context, CancellationToken) -> R,
    R: Future<Output = Result<Running>>,
{
    let Tier { name, about, .. } = *tier;
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .env("FOREBAY_CONFIG")
        .value_parser(value_parser!(PathBuf))
        .help("The settings file; without one the defaults and the environment (FOREBAY__...) hold");
    let arguments =
        Command::new(name).about(about).version(env!("CARGO_PKG_VERSION")).arg(config).get_matches();

    let settings = match forebay_settings::load(
        arguments.get_one::<PathBuf>("config").map(PathBuf::as_path),
        std::env::vars(),
    ) {
        Ok(settings) => settings,
        Err(error) => {
            complain(name, &error.to_string());
            return ExitCode::from(EXIT_SETTINGS);
        }
    };
    match run(tier, settings, start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped by an error");
            complain(name, &format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run<F, R>(tier: &Tier, settings: Settings, start: F) -> Result<()>
where
    F: FnOnce(Settings, Context, CancellationToken) -> R,
    R: Future<Output = Result<Running>>,
{
    let form = match settings.telemetry.log_format {
        LogFormat::Text => LogForm::Text,
        LogFormat::Json => LogForm::Json,
    };
    logs::init(form, &settings.telemetry.log_filter)?;
    let scrape = Scrape::install()?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(tier.workers.max(1))
        .event_interval(TURNS_BETWEEN_EVENTS)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        // Metrics outlive the drain, so that the last scrape sees what it did.
        let admin_shutdown = CancellationToken::new();
        let signal = stop_signal().context("can't listen for signals")?;
        let context = Context::new(&settings);
        // `/readyz` answers from here on; without a part that starts it would pass.
        let starting = context.health.component(START);
        let admin = admin::serve(
            (tier.listen)(&settings.telemetry.listen),
            scrape.clone(),
            context.health.clone(),
            metrics_guard(&settings)?,
            admin_shutdown.clone(),
        )
        .await?;
        let upkeep = tokio::spawn(scrape.upkeep(admin_shutdown.clone()));
        tracing::info!(name = tier.name, version = env!("CARGO_PKG_VERSION"), metrics = %admin.address, "starting");
        let running = start(settings, context, shutdown.clone()).await?;
        starting.ready();
        let stopped = tokio::spawn(running.stopped());
        tokio::pin!(stopped);
        let outcome = tokio::select! {
            outcome = &mut stopped => outcome,
            signal = signal => {
                tracing::info!(signal, "stopping");
                shutdown.cancel();
                (&mut stopped).await
            }
        };
        admin_shutdown.cancel();
        upkeep.await?;
        tracing::info!("stopped");
        outcome?
    })
}

#[expect(clippy::print_stderr, reason = "the log is not set up yet, or may be filtered; a person reads this")]
fn complain(name: &str, message: &str) {
    eprintln!("{name}: {message}");
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Scenario: a tier is asked whether it is ready before it has said anything about its parts.
    /// Guarantees: it isn't, so that nobody sends it what it would refuse.
    #[test]
    fn a_process_that_starts_is_not_ready() {
        let mut settings = Settings::default();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        settings.telemetry.listen = ListenSettings::all(&address);
        let tier = Tier { name: "test", about: "", workers: 2, listen: |listen| &listen.ingest };
        let outcome = run(&tier, settings, async |_, context: Context, _| {
            let answer = tokio::task::spawn_blocking(move || readyz(&address)).await??;
            context.health.component("parts of its own").ready();
            anyhow::bail!(answer)
        });
        let answer = outcome.unwrap_err().to_string();
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"start\""), "{answer}");
    }

    fn readyz(address: &str) -> Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        let _read = stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
