//! `forebay-ingest`: takes events in over HTTP.

use std::process::ExitCode;

use forebay_service::Tier;

const TIER: Tier = Tier {
    name: "forebay-ingest",
    about: "Takes events in over HTTP and puts them into forebay.raw",
    workers: 2,
    listen: |listen| &listen.ingest,
};

fn main() -> ExitCode {
    forebay_service::main(&TIER, |settings, context, shutdown| async move {
        forebay_ingest::start(&settings, &context, shutdown).await
    })
}
