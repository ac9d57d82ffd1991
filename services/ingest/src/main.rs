//! `forebay-ingest`: takes events in over HTTP.

use std::process::ExitCode;

fn main() -> ExitCode {
    forebay_service::main(
        "forebay-ingest",
        "Takes events in over HTTP and puts them into forebay.raw",
        2,
        |settings, context, shutdown| async move { forebay_ingest::start(&settings, &context, shutdown).await },
    )
}
