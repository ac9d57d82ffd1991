//! The job: progress in the log, a stop that leaves nothing half done, and how it ended.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use forebay_deadletters::{DeadLettersError, Filter, Job, Progress, Report, run as work};
use forebay_kafka::KafkaError;
use forebay_service::stop_signal;
use forebay_settings::Settings;

use crate::exit::Exit;

/// How often the log hears how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Runs it to its end, or to the first signal.
pub(crate) async fn run(settings: &Settings, job: Job) -> Exit {
    let signal = match stop_signal() {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "can't listen for signals");
            return Exit::Failed;
        }
    };
    let dry_run = job.dry_run;
    tracing::info!(dry_run, actor = job.actor, conditions = conditions(&job.filter), "replay begins");
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
    conclude(outcome, dry_run)
}

/// The conditions as they are given on a command line.
fn conditions(filter: &Filter) -> String {
    let words: Vec<String> =
        filter.conditions().into_iter().map(|(name, value)| format!("--{name} {value}")).collect();
    words.join(" ")
}

fn tell(Progress { read, remaining, done }: Progress) {
    tracing::info!(read, remaining, done, "replaying");
}

fn conclude(outcome: Result<Report, DeadLettersError>, dry_run: bool) -> Exit {
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            tracing::error!(%error, "the replay could not begin");
            return match error {
                DeadLettersError::Kafka(KafkaError::Unreachable(_) | KafkaError::Timeout(_))
                | DeadLettersError::Audit(KafkaError::Unreachable(_) | KafkaError::Timeout(_)) => {
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
    if dry_run {
        tracing::info!(
            matched,
            would_replay = replayed,
            would_park = parked,
            skipped,
            kept,
            stopped = report.stopped,
            error,
            "dry run done, nothing was sent"
        );
    } else if report.is_complete() {
        tracing::info!(run, matched, replayed, parked, superseded, kept, "replay done");
    } else {
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
    }
    if report.is_complete() { Exit::Done } else { Exit::Failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_which_letters_are_meant() {
        let [tenant, error_type] = ["acme", "json_invalid"].map(|value| Some(value.to_owned()));
        let filter = Filter { tenant, error_type, ..Filter::default() };
        assert_eq!(conditions(&filter), "--error-type json_invalid --tenant acme");
    }
}
