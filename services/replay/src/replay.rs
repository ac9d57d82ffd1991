//! The job: progress in the log, a stop that leaves nothing half done, and how it ended.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use forebay_deadletters::{DeadLettersError, Progress, Report, run as work};
use forebay_kafka::KafkaError;
use forebay_service::stop_signal;
use forebay_settings::Settings;

use crate::arguments::Arguments;
use crate::exit::Exit;

/// How often the log hears how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Runs it to its end, or to the first signal.
pub(crate) async fn run(settings: &Settings, arguments: Arguments) -> Exit {
    let signal = match stop_signal() {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "can't listen for signals");
            return Exit::Failed;
        }
    };
    let job = arguments.job();
    let conditions: Vec<String> =
        job.filter.conditions().into_keys().map(|name| format!("--{name}")).collect();
    tracing::info!(dry_run = job.dry_run, conditions = conditions.join(" "), "replay begins");
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let mut told = Instant::now();
    let working = work(settings, job, move |progress| {
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            tell(progress);
        }
        if stopping.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    tokio::pin!(working);
    let outcome = tokio::select! {
        outcome = &mut working => outcome,
        signal = signal => {
            tracing::info!(signal, "stopping after the batch that is under way");
            stop.store(true, Ordering::Relaxed);
            working.await
        }
    };
    conclude(outcome)
}

fn tell(Progress { read, remaining, done }: Progress) {
    tracing::info!(read, remaining, done, "replaying");
}

fn conclude(outcome: Result<Report, DeadLettersError>) -> Exit {
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            tracing::error!(%error, "the replay could not begin");
            return match error {
                DeadLettersError::Kafka(KafkaError::Unreachable(_) | KafkaError::Timeout(_)) => {
                    Exit::Unreachable
                }
                DeadLettersError::Kafka(KafkaError::Settings(_)) | DeadLettersError::Rules(_) => {
                    Exit::Settings
                }
                _ => Exit::Failed,
            };
        }
    };
    let Report { run, matched, replayed, parked, superseded, failed, .. } = &report;
    let skipped: u64 = report.skipped.values().sum();
    let kept: u64 = report.kept.values().sum();
    let error = report.error.as_deref().unwrap_or_default();
    if let Some(forecast) = &report.forecast {
        let fail: u64 = forecast.fail.values().sum();
        tracing::info!(
            pass = forecast.pass,
            fail,
            needs_cluster = forecast.needs_cluster,
            "what would come of it"
        );
    }
    if report.is_complete() {
        tracing::info!(run, matched, replayed, parked, superseded, kept, "replay done");
        return Exit::Done;
    }
    tracing::warn!(
        run,
        matched,
        replayed,
        parked,
        superseded,
        skipped,
        failed,
        stopped = report.stopped,
        error,
        "replay not complete, what is left is open still"
    );
    Exit::Failed
}
