//! `forebay-parser`: turns the bytes of `forebay.raw` into the documents of `forebay.events`.

use std::process::ExitCode;

/// Parsing allocates little, but does so on several lanes at once.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    forebay_service::main(
        "forebay-parser",
        "Turns the bytes of forebay.raw into the documents of forebay.events",
        1,
        |settings, context, shutdown| async move { forebay_parser::start(&settings, &context, shutdown) },
    )
}
