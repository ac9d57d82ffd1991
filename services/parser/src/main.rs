//! `forebay-parser`: turns the bytes of `forebay.raw` into the documents of `forebay.events`.

use std::process::ExitCode;

use forebay_service::Tier;

/// Parsing allocates little, but does so on several lanes at once.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const TIER: Tier = Tier {
    name: "forebay-parser",
    about: "Turns the bytes of forebay.raw into the documents of forebay.events",
    workers: 1,
    listen: |listen| &listen.parser,
};

fn main() -> ExitCode {
    forebay_service::main(&TIER, |settings, context, shutdown| async move {
        forebay_parser::start(&settings, &context, shutdown)
    })
}
