//! One file per subcommand: its arguments and what it does with them.

pub(crate) mod audit;
pub(crate) mod bootstrap;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod dev;
pub(crate) mod dlq;
pub(crate) mod generate;
pub(crate) mod preview;
pub(crate) mod profile;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod size;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod token;

use std::future::Future;

use forebay_telemetry::{LogForm, logs};
use tokio::runtime;

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Data;

/// Does what was asked for.
pub(crate) fn run(cli: Cli) -> Outcome {
    let target = cli.target;
    match cli.command {
        // `dev` sets up logs by itself.
        Command::Dev(args) => return dev::run(&target, args),
        Command::Completions(args) => return completions::run(&args),
        Command::Version => return version(),
        Command::Size(args) => return size::run(&args),
        Command::Check(args) => return check::run(&target, &args),
        Command::Test(args) => return test::run(&target, &args),
        Command::Status(ref args) if args.draws() => quiet_logs(SILENT)?,
        _ => quiet_logs("error")?,
    }
    match cli.command {
        Command::Send(args) => wait_for(send::run(&target, args)),
        Command::Generate(args) => wait_for(generate::run(&target, args)),
        Command::Search(args) => wait_for(search::run(&target, args)),
        Command::Status(args) => wait_for(status::run(&target, args)),
        Command::Try(args) => wait_for(preview::run(&target, args)),
        Command::Profile(args) => wait_for(profile::run(&target, args)),
        Command::Bootstrap(args) => wait_for(bootstrap::run(&target, args)),
        Command::Dlq(args) => to_end(dlq::run(&target, *args)),
        // Not broken off between a change and the record of it.
        Command::Token(args) => to_end(token::run(&target, args)),
        Command::Retention(args) => to_end(retention::run(&target, args)),
        Command::Audit(args) => wait_for(audit::run(&target, args)),
        Command::Dev(_)
        | Command::Completions(_)
        | Command::Version
        | Command::Size(_)
        | Command::Check(_)
        | Command::Test(_) => Ok(Exit::Done),
    }
}

fn version() -> Outcome {
    let mut data = Data::new();
    data.line(concat!("forebay ", env!("CARGO_PKG_VERSION")))?;
    data.flush()?;
    Ok(Exit::Done)
}

/// No logs at all: they would be written over what is drawn.
const SILENT: &str = "off,librdkafka=off,reqwest=off,hyper=off,hyper_util=off,tantivy=off";

/// A command's own messages are for people; the log is for when something goes wrong.
fn quiet_logs(default: &str) -> Result<(), Failure> {
    let filter = std::env::var("FOREBAY_LOG").unwrap_or_else(|_| default.to_owned());
    logs::init(LogForm::Text, &filter)
        .map_err(|error| Failure::usage(format!("FOREBAY_LOG can't be used: {error}")))
}

/// Runs a command to its end or to the first Ctrl-C.
fn wait_for(command: impl Future<Output = Outcome>) -> Outcome {
    to_end(interruptible(command))
}

/// Something that ends with Ctrl-C, wherever it is.
async fn interruptible(command: impl Future<Output = Outcome>) -> Outcome {
    tokio::select! {
        outcome = command => outcome,
        signal = tokio::signal::ctrl_c() => match signal {
            Ok(()) => Ok(Exit::Interrupted),
            Err(error) => Err(Failure::failed(format!("can't listen for Ctrl-C: {error}"))),
        },
    }
}

/// Runs a command to its end.
fn to_end(command: impl Future<Output = Outcome>) -> Outcome {
    let runtime = runtime()?;
    let outcome = runtime.block_on(command);
    // A blocking read of standard input would otherwise be waited for.
    runtime.shutdown_background();
    outcome
}

fn runtime() -> Result<runtime::Runtime, Failure> {
    runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the system gives no threads: {error}")))
}
