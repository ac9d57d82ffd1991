//! `forebay-replay`: sends dead letters through the pipeline again, as a job that nobody watches.
//!
//! The same library and the same words as `forebay dlq replay`. Killed at any moment and started again, it goes on where it
//! was; nothing is sent twice.

mod arguments;
mod exit;
mod operator;
mod replay;

use std::process::ExitCode;

use forebay_settings::sections::telemetry::LogFormat;
use forebay_telemetry::{LogForm, logs};
use tokio::runtime;

use crate::arguments::Arguments;
use crate::exit::Exit;

/// Dead letters come and go in bursts: jemalloc gives memory back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let settings = match forebay_settings::load(arguments.config.as_deref(), std::env::vars()) {
        Ok(settings) => settings,
        Err(error) => return exit::complain(Exit::Settings, &error.to_string()),
    };
    let form = match settings.telemetry.log_format {
        LogFormat::Text => LogForm::Text,
        LogFormat::Json => LogForm::Json,
    };
    if let Err(error) = logs::init(form, &settings.telemetry.log_filter) {
        return exit::complain(Exit::Settings, &error.to_string());
    }
    let job = operator::ask(&settings, &arguments)
        .and_then(|operator| arguments.job(&operator).map_err(|error| (Exit::Denied, error.to_string())));
    let job = match job {
        Ok(job) => job,
        Err((exit, message)) => return exit::complain(exit, &message),
    };
    let runtime = match runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::complain(Exit::Failed, &error.to_string()),
    };
    runtime.block_on(replay::run(&settings, job)).into()
}
