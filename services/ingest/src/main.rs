//! `forebay-ingest`: takes events in.

use std::process::ExitCode;

use forebay_service::Tier;

/// Bodies of some MiB come and go on several threads; jemalloc gives their memory back, and keeps little for each thread.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const TIER: Tier = Tier {
    name: "forebay-ingest",
    about: "Takes events in by every protocol and puts them into forebay.raw",
    workers: 2,
    listen: |listen| &listen.ingest,
};

fn main() -> ExitCode {
    forebay_service::main(&TIER, |settings, context, shutdown| async move {
        forebay_ingest::start(&settings, &context, shutdown).await
    })
}
