//! Generates the types of `schema/` with a compiler written in Rust, so that no system `protoc` is needed.

use std::error::Error;

const SCHEMA: [&str; 2] = ["schema/forebay/v1/raw_event.proto", "schema/forebay/v1/dead_letter.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    for file in SCHEMA {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(SCHEMA, ["schema"])?;
    prost_build::Config::new().bytes(["."]).compile_fds(descriptors)?;
    Ok(())
}
